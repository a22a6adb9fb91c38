"""Gates: where a state's projection on a condition vector lets an operator act.

Knows nothing of sites, positions or models.
"""

from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float
from torch import Tensor


@dataclass(frozen=True, kw_only=True, eq=False)
class TokenGate:
    """Opens at the positions whose state projects far enough on a condition vector."""

    block: int
    """At whose output it reads, before any edit there."""
    unit: Float[Tensor, " hidden"]
    mean: float
    """Of the projection over neutral text."""
    sd: float
    level: float
    """In standard deviations from the mean."""
    is_above: bool = True

    def opens(self, hidden: Float[Tensor, "rows tokens hidden"]) -> Bool[Tensor, "rows tokens"]:
        """Where an edit may act."""
        along = hidden.float() @ self.unit.to(hidden.device, torch.float32)
        z = (along - self.mean) / max(self.sd, 1e-12)
        return z > self.level if self.is_above else z < self.level


class PromptGate(TokenGate):
    """Opens for a whole text or not at all, which its prompt's mean state decides beforehand."""
