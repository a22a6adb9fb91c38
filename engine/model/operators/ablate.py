"""Ablation: h - s (h.v) v, with v of length 1.

Arditi et al. 2024 (refusal is mediated by a single direction, arXiv 2406.11717); s = 1 leaves
nothing along v.
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
    """The states with so much of their part along `unit` [rows, 1, hidden] removed."""
    return torch.addcmul(state, strength * along(state, parts["unit"]), parts["unit"], value=-1)
