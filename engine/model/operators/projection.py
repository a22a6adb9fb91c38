"""How far states reach along a direction."""

import torch
from jaxtyping import Float
from torch import Tensor


def along(
    state: Float[Tensor, "rows tokens hidden"], unit: Float[Tensor, "rows one hidden"]
) -> Float[Tensor, "rows tokens one"]:
    """h.v of every state on its row's unit direction."""
    return torch.bmm(state, unit.transpose(1, 2))
