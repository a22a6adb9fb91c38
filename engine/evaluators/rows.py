"""The rows of a sweep: the baseline once, then every vector at every scale, then the controls.

Every yardstick, a site and norm of the chosen vectors, has controls of its own. Knows nothing of
questions and of how rows are asked.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from engine.configs.core import Site
from engine.configs.sweeps import EvaluateConfig
from engine.errors import ConfigError
from engine.maths.directions import random_directions
from engine.model.edits import EditBatch, SiteEdits
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
    """Norm of what is added / median residual norm at the site."""
    site: Site
    norm: float
    """Of the vector itself."""
    delta: Float[Tensor, " hidden"]
    """What is added."""


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
    sets: Sequence[VectorSet],
    config: EvaluateConfig,
    residuals: dict[Site, float],
    hidden: int,
    control_site: Site,
) -> list[SweepRow]:
    """All rows of a sweep.

    Args:
        sets: The stored sets, one per `config.vectors`.
        config: The sweep.
        residuals: Median residual norm by site.
        hidden: Width of the model.
        control_site: Where controls go when no vector is given.
    """
    chosen = chosen_vectors(sets, config)
    is_relative = config.scale_unit == "relative"
    places = yardsticks.places_of(chosen, is_relative) or [Place(control_site, 1.0)]
    rows = [
        SweepRow(
            vector_set=BASELINE,
            vector=-1,
            method=BASELINE,
            scale=0.0,
            relative=0.0,
            site=chosen[0][0].sites[chosen[0][1]] if chosen else control_site,
            norm=0.0,
            delta=torch.zeros(hidden),
        )
    ]
    for found, index in chosen:
        vector = torch.from_numpy(np.array(found.vectors[index], dtype=np.float32))
        site, norm = found.sites[index], float(vector.norm())
        rows += _scaled(found.digest, index, found.method, site, norm, vector, config, residuals)
    for number, (site, norm) in enumerate(places):
        seed = config.seed + CONTROL_SEED + number
        draws = random_directions(max(config.controls, 1), hidden, seed)
        for index in range(config.controls):
            place, vector = number * config.controls + index, draws[index] * norm
            rows += _scaled(CONTROL, place, CONTROL, site, norm, vector, config, residuals)
    return rows


def told_controls(rows: Sequence[SweepRow]) -> dict[str, Any]:
    """What the record of a sweep says of its controls; nothing where there are none."""
    own = {row.vector: row for row in rows if row.vector_set == CONTROL}
    if not own:
        return {}
    ordered = [own[index] for index in sorted(own)]
    return yardsticks.told([row.site for row in ordered], [row.norm for row in ordered])


def _scaled(
    vector_set: str,
    index: int,
    method: str,
    site: Site,
    norm: float,
    vector: Tensor,
    config: EvaluateConfig,
    residuals: dict[Site, float],
) -> list[SweepRow]:
    length = max(norm, 1e-30)
    rows = []
    for scale in config.scales:
        if scale == 0:
            continue  # The baseline row is scale 0, asked once.
        is_relative = config.scale_unit == "relative"
        factor = scale * residuals[site] / length if is_relative else scale
        rows.append(
            SweepRow(
                vector_set=vector_set,
                vector=index,
                method=method,
                scale=float(scale),
                relative=factor * length / max(residuals[site], 1e-30),
                site=site,
                norm=norm,
                delta=factor * vector,
            )
        )
    return rows


def edits_of(rows: Sequence[SweepRow]) -> EditBatch:
    """One batch row per sweep row."""
    groups = []
    for site in dict.fromkeys(r.site for r in rows):
        is_here = torch.tensor([r.site == site for r in rows])
        deltas = torch.stack([r.delta for r in rows]) * is_here[:, None]
        groups.append(SiteEdits(site=site, vectors=deltas, scales=is_here.float()))
    return EditBatch(rows=len(rows), groups=tuple(groups))
