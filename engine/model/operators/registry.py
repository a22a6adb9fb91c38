"""Every operator by its name.

Knows nothing of rows, positions or models.
"""

from collections.abc import Callable, Mapping
from typing import NamedTuple

from jaxtyping import Float
from torch import Tensor

from engine.model.operators import (
    ablate,
    add,
    angular,
    cap,
    floor,
    low_rank,
    set_to,
    spherical,
    transport,
)

Parts = Mapping[str, Float[Tensor, "rows some features"]]
"""What each row's operator needs, by name."""
States = Float[Tensor, "rows tokens hidden"]
Change = Callable[[States, Float[Tensor, "rows 1 1"], Parts], States]


class Operator(NamedTuple):
    """One way to change states."""

    change: Change
    needs: tuple[str, ...]
    """Names of its parts."""
    adds_up: bool = False
    """Whether several of one row at one site are their sum."""


OPERATORS: dict[str, Operator] = {
    "add": Operator(add.change, ("vector",), adds_up=True),
    "ablate": Operator(ablate.change, ("unit",)),
    "set": Operator(set_to.change, ("unit", "target")),
    "cap": Operator(cap.change, ("unit", "target")),
    "floor": Operator(floor.change, ("unit", "target")),
    "angular": Operator(angular.change, ("unit", "second", "angle")),
    "spherical": Operator(spherical.change, ("unit",)),
    "transport": Operator(transport.change, ("gain", "offset")),
    "low-rank": Operator(low_rank.change, ("span",)),
}
