"""One row, whatever its layout, as what it asks and what is answered.

Knows nothing of files or of the rows that are kept.
"""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Item:
    """What a row holds."""

    question: str = ""
    system: str | None = None
    answer: str = ""
    """The one answer, where there is one."""
    positive: str = ""
    negative: str = ""
    options: tuple[str, ...] = ()
    right: tuple[int, ...] = ()
    """Options that match."""
    wrong: tuple[int, ...] = ()
    """Options that do not."""
    as_is: dict[str, Any] | None = None
    """The row itself, where every reader of A/B questions takes it."""
    has_more: bool = False
    """Whether the conversation went on."""
    split: str = ""
    """Such as "held-out", where the row says so."""
