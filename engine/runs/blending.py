"""Blends two vectors at every angle at equal cost, and stores whether a blend beats both."""

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from engine.configs import core as configs
from engine.configs.budgets.blends import BlendConfig
from engine.configs.grids import BlendPart, Configuration
from engine.maths.secant import PROMISED
from engine.progress import Progress
from engine.records.records import VectorSet
from engine.runs import searches
from engine.runs.engine import Engine
from engine.runs.suggesting import rows
from engine.statistics.budgets import blends, choosing, words
from engine.statistics.budgets.blends import Nested

if TYPE_CHECKING:
    from engine.evaluators.equal_cost.blending import Blended

DIGITS = 5


def run(engine: Engine, config: BlendConfig, digest: str, progress: Progress) -> None:
    """Ask every blend and every random plane, and store what was chosen and what held.

    A stopped or killed run goes on from the strengths and answers it had.

    Raises:
        EngineError: For everything the user can mend.
        Cancelled: When `progress` raises it.
    """
    searches.chosen_by_halves(engine, config, digest, progress, _search, _parts, words.blend)


def _search() -> Callable[..., Any]:
    from engine.evaluators.equal_cost import blending

    return blending.run


def _parts(found: "Blended", sets: list[VectorSet], config: BlendConfig) -> dict[str, Any]:
    """Tables (cells; curve: the own plane with intervals), the nested choice, band and column."""
    table, count = found.cells, len(found.angles)
    cost = table["kl_mean" if config.of == "mean" else "kl_p95"].to_numpy(float)
    may = np.abs(cost / config.budget - 1) <= PROMISED
    first, second, allowed = (
        one.reshape(-1, count)
        for one in (table["first"].to_numpy(float), table["second"].to_numpy(float), may)
    )
    seed, labels = config.sweep.seed, found.labels
    places = blends.ends(found.angles, found.plane.second)
    chosen = blends.nested(
        *found.changes, places, cost[:count], allowed[0], config.direction, seed, labels
    )
    if chosen is not None:
        null = blends.of_planes(first[1:], second[1:], allowed[1:], config.direction)
        p = choosing.rank(chosen.wanted * chosen.held.effect, null)
        chosen = replace(chosen, planes=null.round(DIGITS).tolist(), p=p)
    cells = rows(table.assign(allowed=may), [])
    return {
        "tables": {"cells": cells, "curve": _curve(found, cells[:count], seed)},
        "angles": found.angles,
        "second": found.plane.second,
        "norms": list(found.plane.norms),
        "names": [
            one.names[(ref.indices or (0,))[0]]
            for ref, one in zip(config.sweep.vectors, sets, strict=False)
        ],
        "ends": [list(place) for place in places],
        "nested": None if chosen is None else blends.plain(chosen),
        "band": blends.circle(second[1:], allowed[1:]),
        "use": None if chosen is None else configs.as_json(_column(config, found, chosen)),
        "choosing": found.choosing,
        "reporting": found.reporting,
    }


def _curve(found: "Blended", cells: list[dict[str, Any]], seed: int) -> list[dict[str, Any]]:
    """Every angle of the vectors' own plane, with the interval on the reporting half."""
    curve = []
    for cell, values in zip(cells, found.changes[1], strict=True):
        low, high = choosing.interval(values, seed, found.labels)
        ends = {"low": low, "high": high}
        told = {
            name: round(one, DIGITS) if np.isfinite(one) else None for name, one in ends.items()
        }
        names = ("angle", "strength", "kl_mean", "kl_p95", "allowed", "first", "second")
        curve.append({name: cell[name] for name in names} | told)
    return curve


def _column(config: BlendConfig, found: "Blended", chosen: Nested) -> Configuration:
    """A column of a grid that does what the best blend does."""
    asked, angle = config.sweep, found.angles[chosen.best]
    weights = found.plane.weights(angle)
    length = sum(found.plane.norms) / 2
    parts = tuple(
        BlendPart(digest=ref.digest, index=(ref.indices or (0,))[0], weight=weight * length)
        for ref, weight in zip(asked.vectors, weights, strict=True)
    )
    return Configuration(
        name=f"blend at {np.degrees(angle):.0f}°",
        adapter=config.model.adapter is not None,
        blend=parts,
        scale=float(found.cells["strength"].iloc[chosen.best]),
        **asked.how,
    )
