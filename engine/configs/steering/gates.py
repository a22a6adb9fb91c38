"""A gate: an intervention that acts only where a condition vector's projection is high enough.

After Lee et al. 2024 (conditional activation steering, arXiv 2409.05907), who compare a prompt's
pooled state with a condition vector. Knows nothing of states.
"""

import math
import re
from dataclasses import dataclass
from typing import Literal

from engine.errors import ConfigError

Per = Literal["token", "prompt"]
HELP = "Only where, as FILE:INDEX@BLOCK>SDS or ...>SDS:prompt."
_SHAPE = re.compile(
    r"(?P<digest>[^:@]+):(?P<index>\d+)@(?P<block>\d+)(?P<sign>[<>])(?P<level>[^:]+)"
    r"(?P<prompt>:prompt)?"
)


@dataclass(frozen=True)
class Gate:
    """When an intervention acts.

    The projection h.c of the output of `block` on the unit condition vector c is compared with
    the same figure over neutral text: z = (h.c - mean) / sd.
    """

    digest: str
    """Of the set that the condition vector is from."""
    index: int
    block: int
    level: float
    """z above which it acts, or below which where not `is_above`."""
    is_above: bool = True
    per: Per = "token"
    """"token": each position decides for itself. "prompt": the mean over the prompt's tokens
    decides for the whole text, from the unsteered model."""

    @property
    def text(self) -> str:
        """As it is written."""
        sign, pooled = "<>"[self.is_above], ":prompt" if self.per == "prompt" else ""
        return f"{self.digest}:{self.index}@{self.block}{sign}{self.level:g}{pooled}"


def gate(text: str) -> Gate:
    """The gate that a text names.

    Raises:
        ConfigError: If it names none.
    """
    found = _SHAPE.fullmatch(text.replace(" ", ""))
    level = _number(found["level"]) if found else math.nan
    if found is None or not math.isfinite(level):
        raise ConfigError(
            f"The condition {text!r} is not understood: write DIGEST:INDEX@BLOCK>SDS, as "
            "1c0b54aa03fe:5@5>1.5, and :prompt behind it for a whole prompt."
        )
    per: Per = "prompt" if found["prompt"] else "token"
    number = int(found["index"]), int(found["block"])
    return Gate(found["digest"], *number, level, found["sign"] == ">", per)


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return math.nan
