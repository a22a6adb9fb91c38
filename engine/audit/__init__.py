"""The auditor: says in plain sentences what is wrong in a file of vectors or results.

Every sentence rests on a figure that is given with it. Knows nothing of models or screens.

Public: Audit, Finding, SEVERITIES, audit, together.
"""

from engine.audit.auditing import audit as audit
from engine.audit.auditing import audit_upload as audit_upload
from engine.audit.auditing import together as together
from engine.audit.findings import SEVERITIES as SEVERITIES
from engine.audit.findings import Audit as Audit
from engine.audit.findings import Finding as Finding
