"""Capping: h - s max(h.v - t, 0) v, with v of length 1.

Lu et al. 2026 (the assistant axis: activation capping), there as a floor of the opposite
direction. States that do not reach beyond t stay as they are.
"""

from collections.abc import Mapping

import torch
from jaxtyping import Float
from torch import Tensor

from engine.model.operators.projection import along


def change(
    state: Float[Tensor, "rows tokens hidden"],
    strength: Float[Tensor, "rows 1 1"],
    parts: Mapping[str, Tensor],
) -> Float[Tensor, "rows tokens hidden"]:
    """The states, where they exceed `target` [rows, 1, 1] along `unit`, moved back to it."""
    excess = (along(state, parts["unit"]) - parts["target"]).clamp_min_(0)
    return torch.addcmul(state, strength * excess, parts["unit"], value=-1)
