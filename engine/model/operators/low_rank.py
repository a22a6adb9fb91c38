"""Projection off a span: h - s V'V h, with the k rows of V orthonormal.

Ablation of several directions at once; the span is that of the first principal directions of
several vectors (`span_of`). s = 1 leaves nothing within the span.
"""

from collections.abc import Mapping

import torch
from jaxtyping import Float
from torch import Tensor

LEAST_SHARE = 1e-6
"""Of the largest singular value, below which a direction is rounding and no direction."""


def change(
    state: Float[Tensor, "rows tokens hidden"],
    strength: Float[Tensor, "rows 1 1"],
    parts: Mapping[str, Tensor],
) -> Float[Tensor, "rows tokens hidden"]:
    """The states with so much of their part within `span` [rows, k, hidden] removed."""
    inside = torch.bmm(state, parts["span"].transpose(1, 2))
    return torch.baddbmm(state, -strength * inside, parts["span"])


def span_of(
    vectors: Float[Tensor, "vectors hidden"], rank: int | None = None
) -> Float[Tensor, "rank hidden"]:
    """Orthonormal principal directions of some vectors, through the origin, the strongest first.

    Args:
        vectors: As they are stored; each counts by its direction alone.
        rank: How many directions; None is all that the vectors span.
    """
    units = vectors.double() / vectors.double().norm(dim=-1, keepdim=True).clamp_min(1e-30)
    _, sizes, rows = torch.linalg.svd(units, full_matrices=False)
    spanned = int((sizes > LEAST_SHARE * sizes.max().clamp_min(1e-30)).sum())
    return rows[: min(rank or spanned, spanned)].float()
