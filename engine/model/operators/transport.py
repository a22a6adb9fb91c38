"""Linear transport: (1 - s) h + s (w * h + b), coordinate by coordinate.

Rodriguez et al. 2025 (activation transport, Linear-AcT, ICLR; arXiv 2410.23054). `fit` gives the
slope w and the offset b of the least-squares line through the sorted samples of both sides, which
for normal distributions is the optimal transport from one to the other.
"""

from collections.abc import Mapping

import torch
from jaxtyping import Float
from torch import Tensor


def change(
    state: Float[Tensor, "rows tokens hidden"],
    strength: Float[Tensor, "rows 1 1"],
    parts: Mapping[str, Tensor],
) -> Float[Tensor, "rows tokens hidden"]:
    """The states mapped by `gain` and `offset`, both [rows, 1, hidden]."""
    # (1-s) h + s (w h + b) in one pass over the states.
    factor = 1 + strength * (parts["gain"] - 1)
    return torch.addcmul(strength * parts["offset"], state, factor)


def fit(
    source: Float[Tensor, "samples hidden"], destination: Float[Tensor, "samples hidden"]
) -> tuple[Float[Tensor, " hidden"], Float[Tensor, " hidden"]]:
    """Slope and offset of every coordinate, float32.

    Args:
        source: States as they are.
        destination: As many states as they should be; their order does not matter.
    """
    first, second = source.double().sort(dim=0).values, destination.double().sort(dim=0).values
    middle, goal = first.mean(0), second.mean(0)
    around = first - middle
    # A coordinate that never varies can only be shifted.
    spread = around.square().sum(0)
    slope = (around * (second - goal)).sum(0) / spread.clamp_min(1e-30)
    slope = torch.where(spread > 1e-12, slope, 1.0)
    return slope.float(), (goal - slope * middle).float()
