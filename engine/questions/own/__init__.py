"""A reader's own data: bytes of any common layout become rows that every reader here takes.

What was understood can be looked at before it is kept; kept data lies by its content below
`data/own/KIND/`. Nothing in a file is run. Knows nothing of models or screens.
"""

from engine.questions.own.kept import Kept, every, keep
from engine.questions.own.understanding import KINDS, Understood, understand

__all__ = ["KINDS", "Kept", "Understood", "every", "keep", "understand"]
