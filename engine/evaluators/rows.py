"""The rows of a sweep: the baseline once, then every vector at every scale, then the controls.

Every yardstick, a site and norm of the chosen vectors, has controls of its own: the same operator
with random directions. Knows nothing of questions and of how rows are asked.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from engine.configs.core import Site
from engine.configs.sweeps import EvaluateConfig
from engine.errors import ConfigError
from engine.evaluators.steering.directions import Direction, spanned, stored_vector
from engine.evaluators.steering.making import Maker
from engine.evaluators.steering.sides import Samples
from engine.maths.directions import random_directions
from engine.model.edits import Edit
from engine.records.records import VectorSet
from engine.statistics import yardsticks
from engine.statistics.cells import BASELINE, CONTROL
from engine.statistics.yardsticks import Place

CONTROL_SEED = 104729
"""Sets the controls' draws apart from those of a finder with the same seed."""


@dataclass(frozen=True, kw_only=True, eq=False)
class SweepRow:
    """One (vector, scale) cell, asked every question."""

    vector_set: str
    vector: int
    method: str
    scale: float
    relative: float
    """Norm of the change / median residual norm at the site; the sign is the scale's."""
    site: Site
    """The vector's own."""
    norm: float
    """Of the vector itself."""
    hidden: int
    """Width of the residual stream."""
    edits: tuple[Edit, ...] = ()
    """What is changed; nothing in the baseline."""

    @property
    def delta(self) -> Float[Tensor, " hidden"]:
        """What is added; zero in the baseline."""
        total = torch.zeros(self.hidden)
        for edit in self.edits:
            assert edit.operation == "add", "Only what is added has a sum."
            total = total + edit.scale * edit.vector
        return total


@dataclass(frozen=True, kw_only=True, eq=False)
class Aim:
    """What a sweep points its operator along: a stored vector or a control."""

    vector_set: str
    vector: int
    method: str
    site: Site
    """The vector's own."""
    norm: float
    directions: Mapping[Site, Direction]
    """At each site that is changed."""


def chosen_vectors(
    sets: Sequence[VectorSet], config: EvaluateConfig
) -> list[tuple[VectorSet, int]]:
    """(set, index) of every vector the config names, in its order.

    Raises:
        ConfigError: If an index does not exist in its set.
    """
    chosen = []
    for ref, found in zip(config.vectors, sets, strict=True):
        count = len(found.vectors)
        for index in ref.indices if ref.indices is not None else range(count):
            if not 0 <= index < count:
                raise ConfigError(
                    f"Vector {index} was asked for, but {found.method} {found.digest} has "
                    f"vectors 0 to {count - 1}: choose one of them."
                )
            chosen.append((found, index))
    return chosen


def sweep_rows(
    aims: Sequence[Aim], config: EvaluateConfig, maker: Maker, hidden: int, control_site: Site
) -> list[SweepRow]:
    """All rows of a sweep: the baseline, then every aim at every scale.

    Args:
        aims: The vectors, then their controls.
        config: The sweep.
        maker: Makes the edits.
        hidden: Width of the model.
        control_site: Where controls go when no vector is given.
    """
    base = baseline(aims[0].site if aims else control_site, hidden)
    # The baseline row is scale 0, asked once.
    scales = [float(scale) for scale in config.scales if scale != 0]
    return [base, *(row_of(aim, scale, config, maker, hidden) for aim in aims for scale in scales)]


def baseline(site: Site, hidden: int) -> SweepRow:
    """The unsteered model as a row."""
    return SweepRow(
        vector_set=BASELINE,
        vector=-1,
        method=BASELINE,
        scale=0.0,
        relative=0.0,
        site=site,
        norm=0.0,
        hidden=hidden,
    )


def row_of(aim: Aim, scale: float, config: EvaluateConfig, maker: Maker, hidden: int) -> SweepRow:
    """One aim at one scale."""
    edits = maker.edits(aim.directions, scale, config.scale_unit == "relative")
    size = maker.relative(aim.directions, edits)
    return SweepRow(
        vector_set=aim.vector_set,
        vector=aim.vector,
        method=aim.method,
        scale=scale,
        relative=size if scale > 0 else -size,
        site=aim.site,
        norm=aim.norm,
        hidden=hidden,
        edits=tuple(edits),
    )


def vector_aims(
    chosen: Sequence[tuple[VectorSet, int]],
    config: EvaluateConfig,
    blocks: int,
    samples: Samples,
) -> list[Aim]:
    """Every chosen vector at its own site, or at the blocks that the config names.

    Where a span is removed, it is that of all of a set's chosen vectors at one site, under the
    first one's name.

    Raises:
        ConfigError: If the operation needs samples that a vector does not have.
    """
    if config.operation == "low-rank":
        return _spans(chosen, config, blocks)
    aims = []
    for found, index in chosen:
        vector, site = stored_vector(found, index), found.sites[index]
        sides = samples.of(found, index) if config.operation == "transport" else None
        direction = Direction(vector=vector, sides=sides)
        aims.append(
            Aim(
                vector_set=found.digest,
                vector=index,
                method=found.method,
                site=site,
                norm=direction.norm,
                directions=dict.fromkeys(sites_of(site, config, blocks), direction),
            )
        )
    return aims


def sites_of(site: Site, config: EvaluateConfig, blocks: int) -> list[Site]:
    """Where a vector of a site is used."""
    if config.layers == "own":
        return [site]
    layers = range(blocks) if config.layers == "all" else config.layers
    return [Site(block=layer) for layer in layers]


def _spans(
    chosen: Sequence[tuple[VectorSet, int]], config: EvaluateConfig, blocks: int
) -> list[Aim]:
    groups: dict[tuple[str, Site], list[tuple[VectorSet, int]]] = {}
    for found, index in chosen:
        groups.setdefault((found.digest, found.sites[index]), []).append((found, index))
    aims = []
    for (digest, site), members in groups.items():
        found, first = members[0]
        direction = spanned([stored_vector(one, index) for one, index in members])
        aims.append(
            Aim(
                vector_set=digest,
                vector=first,
                method=found.method,
                site=site,
                norm=direction.norm,
                directions=dict.fromkeys(sites_of(site, config, blocks), direction),
            )
        )
    return aims


def control_aims(
    aims: Sequence[Aim],
    places: Sequence[Place],
    config: EvaluateConfig,
    units: Sequence[Float[Tensor, "controls hidden"]],
    blocks: int,
) -> list[Aim]:
    """Random directions in the vectors' places, so many for every yardstick.

    Args:
        aims: The vectors.
        places: Site and norm of each yardstick.
        config: How many, and where they act.
        units: Unit directions of each yardstick.
        blocks: How many the model has.
    """
    found = []
    for number, ((site, norm), drawn) in enumerate(zip(places, units, strict=True)):
        # Ranks and samples are those of the vectors there, one after the other.
        here = [aim for aim in aims if aim.site == site] or list(aims)
        for index, unit in enumerate(drawn):
            like = next(iter(here[index % len(here)].directions.values())) if here else None
            place = number * config.controls + index
            plain = Direction(vector=unit * norm) if like is None else like
            direction = plain.random(unit, norm, config.seed + place)
            found.append(
                Aim(
                    vector_set=CONTROL,
                    vector=place,
                    method=CONTROL,
                    site=site,
                    norm=norm,
                    directions=dict.fromkeys(sites_of(site, config, blocks), direction),
                )
            )
    return found


def isotropic(places: Sequence[Place], config: EvaluateConfig, hidden: int) -> list[Tensor]:
    """Uniform unit directions for every yardstick."""
    drawn = [
        random_directions(max(config.controls, 1), hidden, config.seed + CONTROL_SEED + number)
        for number in range(len(places))
    ]
    return [one[: config.controls] for one in drawn]


def told_controls(rows: Sequence[SweepRow], config: EvaluateConfig) -> dict[str, Any]:
    """What the record of a sweep says of its controls; nothing where there are none."""
    own = {row.vector: row for row in rows if row.vector_set == CONTROL}
    if not own:
        return {}
    ordered = [own[index] for index in sorted(own)]
    norms = [row.norm for row in ordered]
    return yardsticks.told([row.site for row in ordered], norms, config.operation)
