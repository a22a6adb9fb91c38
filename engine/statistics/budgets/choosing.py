"""Choose on one half of the questions, report on the other, beside random directions.

A change is a question's m less that of the unsteered model. Knows nothing of what is compared.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Bool, Float

from engine.configs.adaptive import Direction
from engine.maths.intervals import bootstrap_mean
from engine.statistics.held_out import halves
from engine.statistics.nulls import ALPHA, MIN_CONTROLS

SPLIT_SEED = 6700417
"""Sets the halves apart from other draws of the same seed."""
RESAMPLES = 2000
BAND = (2.5, 97.5)
"""Percentiles of random directions."""

Changes = Float[np.ndarray, "cells questions"]


def split(groups: Mapping[str, str], seed: int) -> tuple[list[int], list[int]]:
    """Places of the questions that choose, and of those that report.

    Args:
        groups: Question id -> id of the question that it repeats, in the order of the questions;
            what repeats one another stays in one half.
        seed: Of the draw.
    """
    names = list(groups.values())
    labels = np.array([names.index(name) for name in names])
    is_first = halves(labels, seed + SPLIT_SEED)
    return np.flatnonzero(is_first).tolist(), np.flatnonzero(~is_first).tolist()


def means(changes: Changes) -> Float[np.ndarray, " cells"]:
    """Mean over the questions with a defined change; NaN without one."""
    known = np.isfinite(changes)
    count = known.sum(axis=1)
    return np.where(known, changes, 0.0).sum(axis=1) / np.where(count > 0, count, np.nan)


def plain_means(rows: Sequence[Mapping[str, Any]]) -> Float[np.ndarray, " cells"]:
    """The same as rows of a record hold them."""
    known = [np.nan if row["change"] is None else row["change"] for row in rows]
    return np.array(known, dtype=float)


def scores(moved: Float[np.ndarray, " cells"], direction: Direction) -> Float[np.ndarray, " cells"]:
    """What is largest for the best cell; minus infinity where nothing is known."""
    wanted = {"either": np.abs(moved), "toward": moved, "away": -moved}[direction]
    return np.where(np.isfinite(wanted), wanted, -np.inf)


def best(
    moved: Float[np.ndarray, " cells"], direction: Direction, may: Bool[np.ndarray, " cells"]
) -> int | None:
    """The cell that is chosen, the first of equals; None where there is none."""
    wanted = np.where(may, scores(moved, direction), -np.inf)
    return int(wanted.argmax()) if len(wanted) and np.isfinite(wanted.max()) else None


def way(moved: float, direction: Direction) -> int:
    """1 or -1: the way in which the chosen cell is wanted to move."""
    if direction != "either":
        return 1 if direction == "toward" else -1
    return -1 if moved < 0 else 1


@dataclass(frozen=True, kw_only=True)
class Held:
    """What a chosen cell did on questions that had no part in choosing it."""

    effect: float
    """Mean change."""
    low: float
    """Of its 95 % interval, over whole questions."""
    high: float
    band_low: float | None
    """2.5th percentile of the random directions; None without one."""
    band_high: float | None
    p: float | None
    """Share of random directions, and itself, that move answers as far, either way."""
    controls: int
    questions: int
    is_beyond: bool | None
    """Whether it moves answers as wanted and beyond random ones; None with too few of these."""


def held(
    cell: Float[np.ndarray, " questions"],
    random: Float[np.ndarray, " controls"],
    wanted: int,
    seed: int,
    labels: np.ndarray | None = None,
) -> Held:
    """How large a cell's effect is on questions it was not chosen on.

    Args:
        cell: Its change of every question.
        random: Mean changes of random directions at the same cost.
        wanted: 1 or -1, the way in which the choosing half saw it move.
        seed: Of the resamples.
        labels: Questions of one label are drawn together.
    """
    effect = float(means(cell[None])[0])
    low, high = interval(cell, seed, labels)
    known = random[np.isfinite(random)]
    band = np.percentile(known, BAND).tolist() if len(known) else (None, None)
    p = rank(wanted * effect, np.abs(known))
    return Held(
        effect=effect,
        low=low,
        high=high,
        band_low=band[0],
        band_high=band[1],
        p=p,
        controls=len(known),
        questions=int(np.isfinite(cell).sum()),
        is_beyond=None if p is None else p <= ALPHA,
    )


def rank(value: float, random: Float[np.ndarray, " controls"]) -> float | None:
    """Share of random figures, and the value itself, that are as large; None with too few."""
    known = random[np.isfinite(random)]
    if len(known) < MIN_CONTROLS or not np.isfinite(value):
        return None
    return float((1 + (known >= value).sum()) / (1 + len(known)))


def interval(
    values: Float[np.ndarray, " questions"], seed: int, labels: np.ndarray | None = None
) -> tuple[float, float]:
    """95 % interval of the mean over questions; NaN twice with fewer than two."""
    found = bootstrap_mean(values[:, None], RESAMPLES, seed, labels)
    low, high = (float(np.asarray(end)[0]) for end in found)
    return low, high
