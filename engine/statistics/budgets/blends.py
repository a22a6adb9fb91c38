"""Whether a blend of two vectors beats either one: chosen on one half, reported on the other.

Knows nothing of models and of how a blend is made.
"""

import math
from dataclasses import asdict, dataclass

import numpy as np
from jaxtyping import Bool, Float

from engine.configs.adaptive import Direction
from engine.statistics.budgets import choosing
from engine.statistics.budgets.choosing import Changes, Held

NONE = np.zeros(0)
NEAR = 1e-6
"""Radians within which two angles are one."""


@dataclass(frozen=True, kw_only=True)
class Pure:
    """One vector by itself, turned the way that the choosing half saw move as wanted."""

    place: int
    """Among the angles."""
    held: Held
    less: float
    """Best blend's effect less this one's on the reporting half, in the way that is wanted."""
    less_low: float
    """Of its 95 % interval, question by question."""
    less_high: float
    slack: float
    """As much of such a gain as unequal cost may explain: an effect is taken to grow no
    faster than the root of the cost, so by half the relative difference of the costs."""


@dataclass(frozen=True, kw_only=True)
class Nested:
    """What the choosing half chose, as the reporting half sees it."""

    best: int
    """Among the angles."""
    wanted: int
    """1 or -1, the way in which answers are to move."""
    held: Held
    pure: tuple[Pure, ...]
    """The first and the second vector."""
    planes: list[float]
    """Effect in the wanted way of every random plane's best angle, chosen and reported alike."""
    p: float | None
    """Share of random planes, and itself, whose best angle reports as much."""


def ends(angles: list[float], second: float) -> tuple[list[int], list[int]]:
    """Places of both ways of the first vector and of the second one."""

    def place(angle: float) -> int:
        turn = 2 * math.pi
        return int(np.argmin([min((a - angle) % turn, (angle - a) % turn) for a in angles]))

    return [place(0.0), place(math.pi)], [place(second), place(second + math.pi)]


def nested(
    first: Changes,
    second: Changes,
    places: tuple[list[int], list[int]],
    costs: Float[np.ndarray, " angles"],
    may: Bool[np.ndarray, " angles"],
    direction: Direction,
    seed: int,
    labels: np.ndarray | None = None,
) -> Nested | None:
    """Choose the best angle on the first half and report it, beside both pure vectors.

    Args:
        first: Changes of every angle on the choosing half's questions.
        second: The same on the reporting half's.
        places: Both ways of each vector, among the angles; see `ends`.
        costs: Of every angle, by the figure that meets the budget.
        may: Which angles keep to the budget.
        direction: Which way answers are to move.
        seed: Of the resamples.
        labels: Reporting questions of one label are drawn together.

    Returns:
        None where no angle keeps to the budget. The random planes are added by `beside`.
    """
    moved = choosing.means(first)
    best = choosing.best(moved, direction, may)
    if best is None:
        return None
    wanted = choosing.way(float(moved[best]), direction)
    ahead, drawn = wanted * np.nan_to_num(moved), (seed, labels)

    return Nested(
        best=best,
        wanted=wanted,
        held=choosing.held(second[best], NONE, wanted, seed, labels),
        pure=tuple(
            _alone(second, best, max(own, key=lambda one: ahead[one]), wanted, costs, drawn)
            for own in places
        ),
        planes=[],
        p=None,
    )


def _alone(
    second: Changes,
    best: int,
    place: int,
    wanted: int,
    costs: Float[np.ndarray, " angles"],
    drawn: tuple[int, np.ndarray | None],
) -> Pure:
    """A vector by itself beside the best blend; `drawn` is what intervals are drawn by."""
    less = wanted * (second[best] - second[place])
    low, high = choosing.interval(less, *drawn)
    held = choosing.held(second[place], NONE, wanted, *drawn)
    return Pure(
        place=place,
        held=held,
        slack=abs(held.effect) * abs(float(costs[best] / costs[place]) - 1) / 2,
        less=float(choosing.means(less[None])[0]),
        less_low=low,
        less_high=high,
    )


def of_planes(
    first: Float[np.ndarray, "planes angles"],
    second: Float[np.ndarray, "planes angles"],
    may: Bool[np.ndarray, "planes angles"],
    direction: Direction,
) -> Float[np.ndarray, " planes"]:
    """What every random plane's best angle, chosen on one half, does on the other, as wanted."""
    found = []
    for chooses, reports, allowed in zip(first, second, may, strict=True):
        best = choosing.best(chooses, direction, allowed)
        if best is not None:
            found.append(choosing.way(float(chooses[best]), direction) * float(reports[best]))
    return np.array(found)


def plain(found: Nested) -> dict[str, object]:
    """The same as plain values."""
    return asdict(found)


def circle(
    second: Float[np.ndarray, "planes angles"], may: Bool[np.ndarray, "planes angles"]
) -> dict[str, float | int | None]:
    """Where random planes lie on the reporting half.

    Returns:
        low, high (2.5th and 97.5th percentile over planes and angles), largest (95th percentile
        over planes of the largest |effect| of the circle), planes, cells (that cost the budget).
    """
    values = np.where(may, second, np.nan)
    known = values[np.isfinite(values)]
    if not len(known):
        return {"low": None, "high": None, "largest": None, "planes": 0, "cells": 0}
    whole = np.isfinite(values).any(axis=1)
    largest = np.nanmax(np.abs(values[whole]), axis=1)
    low, high = np.percentile(known, choosing.BAND)
    return {
        "low": float(low),
        "high": float(high),
        "largest": float(np.percentile(largest, 95)),
        "planes": int(whole.sum()),
        "cells": len(known),
    }
