"""The rows of a sweep: the baseline once, then every vector at every scale, then the controls."""

from collections.abc import Sequence
from dataclasses import dataclass

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

BASELINE = "baseline"
CONTROL = "control"


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
    sites = list(dict.fromkeys(s.sites[i] for s, i in chosen)) or [control_site]
    rows = [
        SweepRow(
            vector_set=BASELINE,
            vector=-1,
            method=BASELINE,
            scale=0.0,
            relative=0.0,
            site=sites[0],
            delta=torch.zeros(hidden),
        )
    ]
    for found, index in chosen:
        vector = torch.from_numpy(np.array(found.vectors[index], dtype=np.float32))
        rows += _scaled(
            found.digest, index, found.method, found.sites[index], vector, config, residuals
        )
    for number, site in enumerate(sites):
        norms = [float(np.linalg.norm(s.vectors[i])) for s, i in chosen if s.sites[i] == site]
        norm = float(np.median(norms)) if norms else 1.0
        draws = random_directions(max(config.controls, 1), hidden, config.seed + 104729 + number)
        for index in range(config.controls):
            place = number * config.controls + index
            rows += _scaled(CONTROL, place, CONTROL, site, draws[index] * norm, config, residuals)
    return rows


def _scaled(
    vector_set: str,
    index: int,
    method: str,
    site: Site,
    vector: Tensor,
    config: EvaluateConfig,
    residuals: dict[Site, float],
) -> list[SweepRow]:
    norm = max(float(vector.norm()), 1e-30)
    rows = []
    for scale in config.scales:
        if scale == 0:
            continue  # The baseline row is scale 0, asked once.
        is_relative = config.scale_unit == "relative"
        factor = scale * residuals[site] / norm if is_relative else scale
        rows.append(
            SweepRow(
                vector_set=vector_set,
                vector=index,
                method=method,
                scale=float(scale),
                relative=factor * norm / max(residuals[site], 1e-30),
                site=site,
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
