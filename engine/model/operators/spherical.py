"""Along the sphere: a state keeps its length and is turned towards v by a share of their angle.

Spherical linear interpolation (Shoemake 1985), as steering in arXiv 2602.08169:
n [sin((1-s) w) h/n + sin(s w) v] / sin(w), n = |h|, w the angle between h and v of length 1.
"""

from collections.abc import Mapping

import torch
from jaxtyping import Float
from torch import Tensor

from engine.model.operators.projection import along

LEAST_SINE = 1e-4
"""Below which no great circle is defined: such states point along v, or away from it."""


def change(
    state: Float[Tensor, "rows tokens hidden"],
    strength: Float[Tensor, "rows 1 1"],
    parts: Mapping[str, Tensor],
) -> Float[Tensor, "rows tokens hidden"]:
    """The states turned towards `unit` [rows, 1, hidden]; s = 1 leaves them all along it."""
    length = state.norm(dim=-1, keepdim=True)
    cosine = (along(state, parts["unit"]) / length.clamp_min(1e-30)).clamp_(-1, 1)
    angle = torch.arccos(cosine)
    sine = angle.sin()
    kept = torch.sin((1 - strength) * angle) / sine.clamp_min(LEAST_SINE)
    gained = length * torch.sin(strength * angle) / sine.clamp_min(LEAST_SINE)
    is_lost = sine < LEAST_SINE
    kept, gained = kept.masked_fill(is_lost, 1.0), gained.masked_fill(is_lost, 0.0)
    return torch.addcmul(state * kept, gained, parts["unit"])
