"""Adding: h + s v.

Turner et al. 2023 (activation addition, arXiv 2308.10248). A row's vectors come multiplied by
their strengths, so that several at one site are one sum.
"""

from collections.abc import Mapping

from jaxtyping import Float
from torch import Tensor


def change(
    state: Float[Tensor, "rows tokens hidden"],
    strength: Float[Tensor, "rows 1 1"],  # noqa: ARG001  It is in the vectors.
    parts: Mapping[str, Tensor],
) -> Float[Tensor, "rows tokens hidden"]:
    """The states with `vector` [rows, 1, hidden] added; differentiable in it."""
    return state + parts["vector"]
