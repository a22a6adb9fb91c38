"""Setting to a target: h + s (t - h.v) v, with v of length 1.

The affine edit of Marshall et al. 2024 (refusal as an affine function, arXiv 2411.09003). s = 1
gives every state the projection t, however far it was away; ablation is t = 0.
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
    """The states moved along `unit` [rows, 1, hidden] towards `target` [rows, 1, 1]."""
    missing = parts["target"] - along(state, parts["unit"])
    return torch.addcmul(state, strength * missing, parts["unit"])
