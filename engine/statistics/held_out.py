"""Choose on one half of the questions, report on the other.

The scale and sign at which a vector is best are chosen with the noise of the questions they were
chosen on, so the largest of many means is too large. Questions that took no part in the choice
give an honest size, and, given the choice, an honest interval: data splitting (Cox 1975, "A note
on data-dependent choice", Biometrika 62). Both ways round averaged would look like twice the
questions, but each half's choice holds the noise that the other way reports: their mean spreads
up to 28 % more than it seems to, and its interval covered 83 to 90 %. So one half chooses and
the other reports; whether the other half would have chosen the same is told beside it.
`python -m tests.engine.simulate_held_out` measures the coverage.

What this does not pay for is the choice among vectors that truly differ, as random ones do:
`badges` does that. Controls go through the very same choice.

Knows nothing of files, models or charts.
"""

from typing import NamedTuple

import numpy as np
import pandas as pd
from jaxtyping import Bool, Float

from engine.maths.intervals import bootstrap_mean
from engine.statistics import yardsticks
from engine.statistics.cells import (
    BASELINE,
    CELL,
    CONTROL,
    VECTOR,
    Clusters,
    labels_of,
    less_baseline,
)
from engine.statistics.nulls import MIN_CONTROLS
from engine.statistics.yardsticks import YARDSTICK


class Selection(NamedTuple):
    """What held on questions that took no part in the choice."""

    vectors: pd.DataFrame
    """vector_set, vector, method, scale and sign (where and which way the first half found the
    largest |change|; the sign is 1 or -1, NaN where that is 0), agrees (the second half chose the
    same two), selected (|change| on the first half), held_out (mean change on the second half
    times the sign), low, high (95 %, of the second half's questions), p (share of controls of
    its yardstick, treated the same, with a held_out as large; NaN with fewer than
    `MIN_CONTROLS`)."""
    best: pd.DataFrame
    """Two rows, one for each half that chose among all vectors: vector_set, vector, method,
    scale, selected, held_out, low, high (of the other half alone), p, random (held_out of the
    best control of its yardstick, chosen by the same half)."""
    seed: int


def split_selection(
    questions: pd.DataFrame,
    seed: int = 0,
    clusters: Clusters | None = None,
    resamples: int = 2000,
) -> Selection:
    """One half chooses scale and sign for every vector; each half the best vector of all.

    Args:
        questions: Output of `statistics.per_question`; with `yardsticks.YARDSTICK` if there are
            several.
        seed: Of the halves and of the resamples.
        clusters: Groups of near-duplicate questions, kept in one half.
        resamples: Of the bootstrap.
    """
    contents = questions.pivot(index="question", columns=CELL, values="content")
    changes = less_baseline(contents)
    kept = changes.columns.get_level_values("vector_set") != BASELINE
    kept &= changes.columns.get_level_values("scale") != 0
    changes = changes.loc[:, kept].dropna(how="all")
    columns = [*VECTOR, "scale", "sign", "agrees", "selected", "held_out", "low", "high", "p"]
    if changes.empty:
        none = questions.head(0)[VECTOR].reindex(columns=columns)
        return Selection(none, pd.DataFrame(), seed)
    labels = labels_of(changes.index, clusters)
    first = halves(labels, seed)
    values, heads = changes.to_numpy(float), changes.columns.to_frame(index=False)
    groups = heads.groupby(VECTOR, sort=False, observed=True)
    owner = groups.ngroup().to_numpy()
    ways = [
        _way(values, chooses, owner, (resamples, seed, labels[~chooses]))
        for chooses in (first, ~first)
    ]
    table = heads.loc[groups.head(1).index, VECTOR].reset_index(drop=True)
    table = _reported(table, heads, ways)
    is_control = (table["vector_set"] == CONTROL).to_numpy()
    table[YARDSTICK] = _yardsticks(table, questions)
    nulls = _Nulls(is_control, table[YARDSTICK].to_numpy(int))
    table["p"] = nulls.p(table["held_out"].to_numpy(float))
    best = [_best(table, heads, way, nulls) for way in ways]
    return Selection(
        table.loc[~is_control, columns].reset_index(drop=True),
        pd.DataFrame([row for row in best if row is not None]),
        seed,
    )


def _yardsticks(table: pd.DataFrame, questions: pd.DataFrame) -> np.ndarray:
    """Of every vector of the table, the number of its yardstick."""
    known = questions[VECTOR].assign(**{YARDSTICK: yardsticks.of_rows(questions)})
    return table.merge(known.drop_duplicates(VECTOR), on=VECTOR, how="left")[YARDSTICK].to_numpy()


def halves(labels: np.ndarray, seed: int) -> Bool[np.ndarray, " questions"]:
    """Which questions are in the first half; whole clusters, about as many on either side."""
    names, sizes = np.unique(labels, return_counts=True)
    order = np.random.default_rng(seed).permutation(len(names))
    filled = np.cumsum(sizes[order]) - sizes[order] / 2
    return np.isin(labels, names[order[filled <= sizes.sum() / 2]])


class _Way(NamedTuple):
    """What one half chose for every vector, as the other half sees it."""

    cells: np.ndarray
    signs: np.ndarray
    selected: np.ndarray
    """|change| on the choosing half."""
    held: np.ndarray
    """Mean change on the other half, times the sign."""
    low: np.ndarray
    high: np.ndarray


def _way(
    values: Float[np.ndarray, "questions cells"],
    chooses: Bool[np.ndarray, " questions"],
    owner: np.ndarray,
    drawn: tuple[int, int, np.ndarray],
) -> _Way:
    chosen = _best_cells(_mean(values[chooses]), owner)
    means = _mean(values[chooses])[chosen]
    # A mean of exactly zero has no direction, so nothing was chosen that could hold elsewhere.
    signs = np.where(means == 0, np.nan, np.sign(means))
    reported = values[~chooses][:, chosen] * signs
    low, high = (np.asarray(end) for end in bootstrap_mean(reported, *drawn))
    return _Way(chosen, signs, np.abs(means), _mean(reported), low, high)


def _mean(values: np.ndarray) -> Float[np.ndarray, " cells"]:
    known = np.isfinite(values)
    count = known.sum(axis=0)
    return np.where(known, values, 0.0).sum(axis=0) / np.where(count > 0, count, np.nan)


def _best_cells(means: np.ndarray, owner: np.ndarray) -> np.ndarray:
    """Of each vector, the cell with the largest |mean|."""
    size = np.where(np.isfinite(means), np.abs(means), -1.0)
    order = np.lexsort((-size, owner))
    return order[np.unique(owner[order], return_index=True)[1]]


def _reported(table: pd.DataFrame, heads: pd.DataFrame, ways: list[_Way]) -> pd.DataFrame:
    """What the first half chose, as the second sees it."""
    first, second = ways
    scales = heads["scale"].to_numpy(float)
    same = scales[first.cells] == scales[second.cells]
    return table.assign(
        scale=scales[first.cells],
        sign=first.signs,
        agrees=same & (first.signs == second.signs),
        selected=first.selected,
        held_out=first.held,
        low=first.low,
        high=first.high,
    )


def _best(table: pd.DataFrame, heads: pd.DataFrame, way: _Way, nulls: "_Nulls") -> dict | None:
    """What one half chose among all vectors, as the other half sees it."""
    size = np.where(nulls.is_control | ~np.isfinite(way.selected), 0.0, way.selected)
    top = int(size.argmax())
    if size[top] == 0:
        return None
    names = {name: table.loc[top, name] for name in VECTOR}
    return {
        **names,
        "scale": float(heads["scale"].iloc[way.cells[top]]),
        "selected": float(way.selected[top]),
        "held_out": float(way.held[top]),
        "low": float(way.low[top]),
        "high": float(way.high[top]),
        "p": float(nulls.p(way.held)[top]),
        "random": _best_control(way.selected, way.held, nulls.of(top)),
    }


def _best_control(selected: np.ndarray, held: np.ndarray, is_control: np.ndarray) -> float:
    known = is_control & np.isfinite(selected)
    return float(held[np.where(known, selected, -1.0).argmax()]) if known.any() else float("nan")


class _Nulls(NamedTuple):
    """Which vectors are controls, and of which yardstick every one is."""

    is_control: np.ndarray
    numbers: np.ndarray

    def of(self, vector: int) -> Bool[np.ndarray, " vectors"]:
        """The controls that a vector is compared with."""
        return self.is_control & (self.numbers == self.numbers[vector])

    def p(self, held: np.ndarray) -> Float[np.ndarray, " vectors"]:
        """Ranks of all among the controls of their own yardstick."""
        found = np.full(len(held), np.nan)
        for number in np.unique(self.numbers):
            own = self.numbers == number
            null = np.sort(held[self.is_control & own & np.isfinite(held)])
            if len(null) >= MIN_CONTROLS:
                above = len(null) - np.searchsorted(null, held[own], side="left")
                found[own] = (1 + above) / (1 + len(null))
        return np.where(np.isfinite(held), found, np.nan)
