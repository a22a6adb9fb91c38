"""Two vectors mixed at every angle of their plane, each at equal cost, beside random planes.

direction(theta) = cos(theta) e1 + sin(theta) e2, with e1 along the first vector and e2 the rest of
the second one (Gram-Schmidt), so that the second vector lies between 0 and 180 degrees. Knows
nothing of records and of what is said of the blend.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import torch
from jaxtyping import Float
from torch import Tensor

from engine.configs.budgets.blends import BlendConfig
from engine.configs.core import Site
from engine.errors import ConfigError
from engine.evaluators import sweeps
from engine.evaluators.equal_cost import halves
from engine.evaluators.equal_cost.cells import Turn
from engine.evaluators.equal_cost.halves import USUAL_TRIES, Halves
from engine.evaluators.rows import Aim, sites_of
from engine.evaluators.steering.directions import Direction, stored_vector
from engine.evaluators.steering.making import Maker
from engine.maths.directions import orthonormal_rows, random_directions
from engine.model.forward import Forward
from engine.progress import Progress
from engine.records.records import Question, VectorSet
from engine.statistics.budgets import choosing

PLANE_SEED = 32452843
"""Sets the random planes apart from other draws of the same seed."""
PLANE = "plane"
BLEND = "blend"
"""Words in tables: random planes, and blends of the two vectors."""
LEAST_SINE = 1e-3


@dataclass(frozen=True, kw_only=True, eq=False)
class Plane:
    """Two orthonormal directions, and where the second vector lies."""

    axes: Float[Tensor, "two hidden"]
    second: float
    """Angle of the second vector, in radians."""
    norms: tuple[float, float]
    """Of both vectors."""

    def at(self, angle: float) -> Float[Tensor, " hidden"]:
        """The unit direction at an angle."""
        return math.cos(angle) * self.axes[0] + math.sin(angle) * self.axes[1]

    def weights(self, angle: float) -> tuple[float, float]:
        """What both vectors are multiplied by to give the unit direction."""
        along, across = math.cos(self.second), math.sin(self.second)
        second = math.sin(angle) / across
        return (math.cos(angle) - second * along) / self.norms[0], second / self.norms[1]


def plane_of(first: Float[Tensor, " hidden"], second: Float[Tensor, " hidden"]) -> Plane:
    """The plane of two vectors.

    Raises:
        ConfigError: If they span none.
    """
    norms = float(first.norm()), float(second.norm())
    if min(norms) == 0:
        raise ConfigError("A vector of the blend is zero, which has no direction: name another.")
    cosine = float(first.double() @ second.double()) / (norms[0] * norms[1])
    if math.sqrt(max(1 - cosine**2, 0.0)) < LEAST_SINE:
        raise ConfigError(
            f"Both vectors lie on one line (cosine {cosine:+.4f}), so there is nothing between "
            "them: name two that differ."
        )
    axes = orthonormal_rows(torch.stack([first, second]))
    return Plane(axes=axes, second=math.acos(cosine), norms=norms)


def random_plane(like: Plane, hidden: int, seed: int) -> Plane:
    """Two random orthonormal directions in a plane's place."""
    axes = orthonormal_rows(random_directions(2, hidden, seed))
    return Plane(axes=axes, second=like.second, norms=like.norms)


def angles(plane: Plane, count: int) -> list[float]:
    """So many angles over the whole circle, and the second vector's both ways, rising."""
    turn = 2 * math.pi
    even = [turn * k / count for k in range(count)]
    own = [plane.second, plane.second + math.pi]
    return sorted([*even, *(one for one in own if min(abs(one - e) for e in even) > 1e-6)])


@dataclass(frozen=True, kw_only=True, eq=False)
class Blended:
    """Every angle of the plane and of the random ones, asked on both halves."""

    plane: Plane
    angles: list[float]
    cells: pd.DataFrame
    """`AtBudget.table` with plane (-1 for the vectors' own), angle (radians), first and second
    (mean change on the choosing and on the reporting half)."""
    changes: tuple[np.ndarray, np.ndarray]
    """[angle, question]: the own plane's, by half."""
    labels: np.ndarray
    choosing: list[str]
    reporting: list[str]
    notes: tuple[str, ...]


def run(
    door: Forward,
    config: BlendConfig,
    sets: Sequence[VectorSet],
    questions: Sequence[Question],
    progress: Progress,
    units: sweeps.Units,
) -> Blended:
    """Find every blend's strength, and ask all on both halves of the questions.

    Args:
        door: The model.
        config: Angles, random planes, budget.
        sets: The stored sets, one per vector that the sweep names.
        questions: All of them; their halves are drawn here.
        progress: May raise to stop.
        units: Keeps what is finished.

    Raises:
        EngineError: As a sweep; also if the vectors are not of one site, or lie on one line.
    """
    site = _site(config, sets)
    search = halves.opened(door, config, sets, questions, progress, units)
    plane = plane_of(*(stored_vector(found, index) for found, index in search.ground.chosen))
    seed = config.sweep.seed + PLANE_SEED
    random = [random_plane(plane, door.hidden, seed + k) for k in range(config.planes)]
    around = angles(plane, config.angles)
    maker = search.aimed(config.sweep.operation, search.ground.chosen, controls=0).maker
    wanted = [
        _turn(search, maker, site, number, one, angle)
        for number, one in enumerate([plane, *random], -1)
        for angle in around
    ]
    search.whole = _whole(search, len(wanted))
    cells, first, second = _asked(search, wanted)
    cells["plane"] = np.repeat(np.arange(-1, config.planes), len(around))
    cells["angle"] = around * (1 + config.planes)
    return Blended(
        plane=plane,
        angles=around,
        cells=cells,
        changes=(first[: len(around)], second[: len(around)]),
        labels=search.labels[1],
        choosing=search.ids(0),
        reporting=search.ids(1),
        notes=tuple(search.notes),
    )


def _asked(search: Halves, wanted: list[Turn]) -> tuple[pd.DataFrame, np.ndarray, np.ndarray]:
    """Every blend at its strength: a table with both means, and the changes on either half."""
    found = search.solve("cells", wanted, search.config.budget)
    rows = found.rows(search.door.hidden)
    first, second = (search.changes(half, f"half{half}", rows) for half in (0, 1))
    means = {"first": choosing.means(first), "second": choosing.means(second)}
    return found.table.assign(**means), first, second


def _site(config: BlendConfig, sets: Sequence[VectorSet]) -> Site:
    """Where both vectors act.

    Raises:
        ConfigError: If they were found at different sites.
    """
    sites = []
    for ref, found in zip(config.sweep.vectors, sets, strict=False):
        index = (ref.indices or (0,))[0]
        if not 0 <= index < len(found.sites):
            raise ConfigError(
                f"Vector {index} was asked for, but {found.method} {found.digest} has vectors 0 "
                f"to {len(found.sites) - 1}: choose one of them."
            )
        sites.append(found.sites[index])
    if sites[0] != sites[1]:
        raise ConfigError(
            f"The vectors are of the {sites[0].words} and of the {sites[1].words}: blend two of "
            "one site."
        )
    return sites[0]


def _turn(
    search: Halves, maker: Maker, site: Site, number: int, plane: Plane, angle: float
) -> Turn:
    """One blend, as long as both vectors are on average."""
    length = sum(plane.norms) / 2
    direction = Direction(vector=plane.at(angle) * length, length=length)
    aim = Aim(
        vector_set=BLEND if number < 0 else PLANE,
        vector=max(number, 0),
        method=BLEND if number < 0 else PLANE,
        site=site,
        norm=length,
        directions=dict.fromkeys(sites_of(site, search.asked, search.door.blocks), direction),
    )
    return Turn(maker=maker, aim=aim, sign=1)


def _whole(search: Halves, cells: int) -> int:
    questions = sum(len(half) for half in search.questions) * search.ground.sweep.orders
    return cells * search.neutral.texts * USUAL_TRIES + (cells + 2) * questions
