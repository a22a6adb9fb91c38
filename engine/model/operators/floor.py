"""A floor: h + s max(t - h.v, 0) v, with v of length 1.

Lu et al. 2026 (the assistant axis: activation capping). States that reach t stay as they are.
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
    """The states, where they lack of `target` [rows, 1, 1] along `unit`, raised to it."""
    missing = (parts["target"] - along(state, parts["unit"])).clamp_min_(0)
    return torch.addcmul(state, strength * missing, parts["unit"])
