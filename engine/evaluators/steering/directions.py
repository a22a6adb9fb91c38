"""What an operator is pointed along: a stored vector, or a random one in its place.

A control is the same operator with a random direction: of the same length, with a random span of
the same rank, and with samples whose mean step was turned to that direction.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from engine.maths.directions import orthonormal_rows, random_directions
from engine.model.operators.low_rank import span_of
from engine.records.records import VectorSet

SPAN_SEED = 15485863
"""Sets the further directions of a random span apart from the first one's draw."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Sides:
    """Samples of what states are and of what they should be, row by row."""

    source: Float[Tensor, "samples hidden"]
    destination: Float[Tensor, "samples hidden"]

    @property
    def negated(self) -> "Sides":
        """The same step the other way."""
        return replace(self, destination=2 * self.source - self.destination)

    def turned(self, unit: Float[Tensor, " hidden"]) -> "Sides":
        """The same steps, mirrored so that their mean points along a unit direction.

        A Householder reflection: all lengths and all angles between steps stay.
        """
        steps = self.destination - self.source
        mean = steps.mean(0)
        axis = mean / mean.norm().clamp_min(1e-30) - unit
        axis = axis / axis.norm().clamp_min(1e-30)
        mirrored = steps - 2 * (steps @ axis)[:, None] * axis
        return replace(self, destination=self.source + mirrored)


@dataclass(frozen=True, kw_only=True, eq=False)
class Direction:
    """A vector with its norm, and what some operators take beside it."""

    vector: Float[Tensor, " hidden"]
    span: Float[Tensor, "rank hidden"] | None = None
    """Orthonormal; of operators that remove a span."""
    sides: Sides | None = None
    """Of operators that carry one side's states to the other's."""
    length: float | None = None
    """Of the vector as it was drawn, where rounding would tell another one."""

    @property
    def norm(self) -> float:
        """Of the vector."""
        return float(self.vector.norm()) if self.length is None else self.length

    @property
    def negated(self) -> "Direction":
        """The other way round; a span has no way round."""
        sides = None if self.sides is None else self.sides.negated
        return replace(self, vector=-self.vector, sides=sides)

    def random(self, unit: Float[Tensor, " hidden"], norm: float, seed: int) -> "Direction":
        """A control in its place, along a random unit direction, with the length of its kind."""
        span = None
        if self.span is not None:
            more = random_directions(len(self.span), len(unit), seed + SPAN_SEED)[1:]
            span = orthonormal_rows(torch.cat([unit[None], more.to(unit)]))
        sides = None if self.sides is None else self.sides.turned(unit)
        return Direction(vector=unit * norm, span=span, sides=sides, length=norm)


def stored_vector(found: VectorSet, index: int) -> Float[Tensor, " hidden"]:
    """A stored vector as it is, float32."""
    return torch.from_numpy(np.array(found.vectors[index], dtype=np.float32))


def spanned(vectors: Sequence[Float[Tensor, " hidden"]]) -> Direction:
    """Several vectors as one: the first, with the span of all."""
    return Direction(vector=vectors[0], span=span_of(torch.stack(list(vectors))))
