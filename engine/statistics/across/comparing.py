"""Two runs of the same questions beside each other: paired differences and their intervals.

Every question is compared with itself: its change from the unsteered model in the second run, less
that in the first. Questions are drawn whole, near-duplicates together, so what a question adds to
both runs cancels. Beside each difference stands the same of random vectors: the i-th control of
the first run with the i-th of the second, treated in the very same way.

Knows nothing of files, models or charts.
"""

import functools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pandas as pd
import scipy
from jaxtyping import Float

from engine.maths.intervals import bootstrap_mean
from engine.statistics import yardsticks
from engine.statistics.cells import BASELINE, CELL, CONTROL, Clusters, labels_of, less_baseline
from engine.statistics.held_out import halves
from engine.statistics.nulls import MIN_CONTROLS
from engine.statistics.yardsticks import YARDSTICK

METRICS = {"change": "content", "rate": "chose"}
"""What is compared, and its column of `cells.per_question`: the change of the logit difference, or
of the share of answers with the behaviour."""
SEED = 0
RESAMPLES = 2000

Key = tuple[str, int]
"""Digest of a vector's set, and its index there."""


@dataclass(frozen=True, eq=False)
class Changes:
    """What one run says of every question."""

    table: pd.DataFrame
    """Questions x cells (columns `cells.CELL`, without scale 0), less the unsteered model."""
    kinds: dict[Key, int]
    """Yardstick of each vector and control."""

    def values(self, key: Key, scale: float) -> Float[np.ndarray, " questions"]:
        """One cell's change of every question."""
        return self._values[:, self.places[key][scale]]

    @functools.cached_property
    def _values(self) -> np.ndarray:
        return self.table.to_numpy(float)

    @functools.cached_property
    def places(self) -> dict[Key, dict[float, int]]:
        """The column of each vector's and control's scales."""
        found: dict[Key, dict[float, int]] = {}
        for place, (name, index, _, scale) in enumerate(self.table.columns):
            found.setdefault((str(name), int(index)), {})[float(scale)] = place
        return found

    @property
    def vectors(self) -> list[Key]:
        """The vectors that were measured, without the controls."""
        return [key for key in self.places if key[0] != CONTROL]

    def controls(self, key: Key) -> list[Key]:
        """The controls of a vector's own yardstick, in their order."""
        own = self.kinds.get(key)
        return sorted(c for c in self.places if c[0] == CONTROL and self.kinds.get(c) == own)


def changes(questions: pd.DataFrame, asked: Sequence[str], metric: str = "change") -> Changes:
    """What a run says of some of its questions.

    Args:
        questions: Output of `cells.per_question`, with `yardsticks.YARDSTICK` if there are several.
        asked: Ids of the questions that both runs asked; their order is that of the rows.
        metric: One of `METRICS`.
    """
    kept = questions[questions["question"].isin(asked)]
    wide = kept.pivot(index="question", columns=CELL, values=METRICS[metric])
    table = less_baseline(wide).reindex(list(asked))
    steered = table.columns.get_level_values("vector_set") != BASELINE
    table = table.loc[:, steered & (table.columns.get_level_values("scale") != 0)]
    known = kept[["vector_set", "vector"]].assign(**{YARDSTICK: yardsticks.of_rows(kept)})
    rows = known.drop_duplicates(["vector_set", "vector"]).itertuples(index=False)
    return Changes(table, {(str(name), int(index)): int(number) for name, index, number in rows})


def cells(
    first: Changes,
    second: Changes,
    pairs: Sequence[tuple[Key, Key]],
    clusters: Clusters | None = None,
) -> pd.DataFrame:
    """Pairs of vectors at each scale that both runs measured.

    Args:
        first: The run that is compared with; both are of the same questions in the same order.
        second: The other run.
        pairs: A vector of the first run, and of the second.
        clusters: Groups of near-duplicate questions, drawn together.

    Returns:
        Columns: first_set, first_vector, second_set, second_vector, scale, questions (with both
        figures), first, second (mean changes over these), difference (second - first), low, high
        (95 %), random_low, random_high (2.5th and 97.5th percentile of the same difference of the
        controls), controls (pairs of these), p (share of them with a difference as large; NaN
        below `MIN_CONTROLS`), q (Benjamini-Hochberg over all rows).
    """
    rows, differences = [], []
    for one, other in pairs:
        for scale in sorted({*first.places[one]} & {*second.places[other]}):
            a, b = first.values(one, scale), second.values(other, scale)
            difference = b - a
            known = np.isfinite(difference)
            null = _of_controls(first, second, one, other, scale)
            rows.append(
                {
                    **_named(one, other),
                    "scale": scale,
                    "questions": int(known.sum()),
                    "first": _mean(a[known]),
                    "second": _mean(b[known]),
                    "difference": _mean(difference),
                    **_beside(_mean(difference), null)._asdict(),
                }
            )
            differences.append(difference)
    table = pd.DataFrame(rows, columns=COLUMNS)
    if differences:
        labels = labels_of(first.table.index, clusters)
        matrix = np.column_stack(differences)
        table["low"], table["high"] = bootstrap_mean(matrix, RESAMPLES, SEED, labels)
        known = table["p"].notna()
        if known.any():
            p = table.loc[known, "p"].to_numpy(float)
            table.loc[known, "q"] = scipy.stats.false_discovery_control(p)
    return table


COLUMNS = (
    "first_set", "first_vector", "second_set", "second_vector", "scale", "questions", "first",
    "second", "difference", "low", "high", "random_low", "random_high", "controls", "p", "q",
)  # fmt: skip
"""Of `cells`."""


def _named(one: Key, other: Key) -> dict[str, str | int]:
    names = ("first_set", "first_vector", "second_set", "second_vector")
    return dict(zip(names, (*one, *other), strict=True))


def _of_controls(
    first: Changes, second: Changes, one: Key, other: Key, scale: float
) -> list[float]:
    """The same difference of each pair of controls of both vectors' yardsticks."""
    return [
        _mean(second.values(b, scale) - first.values(a, scale))
        for a, b in zip(first.controls(one), second.controls(other), strict=False)
        if scale in first.places[a] and scale in second.places[b]
    ]


class Beside(NamedTuple):
    """A difference beside that of random vectors."""

    random_low: float
    random_high: float
    controls: int
    p: float


def _beside(difference: float, null: Sequence[float]) -> Beside:
    random = np.array(null, dtype=float)
    random = random[np.isfinite(random)]
    low, high = np.percentile(random, [2.5, 97.5]) if len(random) else (np.nan, np.nan)
    above = int((np.abs(random) >= abs(difference)).sum())
    is_told = len(random) >= MIN_CONTROLS and np.isfinite(difference)
    p = (1 + above) / (1 + len(random)) if is_told else float("nan")
    return Beside(float(low), float(high), len(random), p)


def _mean(values: np.ndarray) -> float:
    known = values[np.isfinite(values)]
    return float(known.mean()) if len(known) else float("nan")


class Choice(NamedTuple):
    """The cell that one half of the questions found strongest in a run."""

    key: Key
    scale: float
    sign: int
    """1 where it raises the figure, -1 where it lowers it."""


class HeldOut(NamedTuple):
    """Both runs' best cells on the half of the questions that took no part in the choice."""

    first: Choice
    second: Choice
    questions: int
    """Of the half that reports."""
    first_size: float
    second_size: float
    """Mean change of each, times its sign."""
    difference: float
    """second_size - first_size."""
    low: float
    high: float
    random_low: float
    random_high: float
    controls: int
    p: float


def held_out(
    first: Changes, second: Changes, clusters: Clusters | None = None, seed: int = SEED
) -> HeldOut | None:
    """Both runs' best vector, scale and sign, chosen on one half and compared on the other.

    A control's best scale and sign are chosen by the same half. The choice among a run's vectors is
    not paid for: a run of many has the better best by luck.

    Returns:
        None where a run has no defined change on the choosing half.
    """
    labels = labels_of(first.table.index, clusters)
    chooses = halves(labels, seed)
    mine = _choice(first, first.vectors, chooses)
    theirs = _choice(second, second.vectors, chooses)
    if mine is None or theirs is None:
        return None
    a, b = _reported(first, mine, chooses), _reported(second, theirs, chooses)
    difference = b - a
    known = np.isfinite(difference)
    low, high = bootstrap_mean(difference[:, None], RESAMPLES, seed, labels[~chooses])
    null = []
    pairs = zip(first.controls(mine.key), second.controls(theirs.key), strict=False)
    for one, other in pairs:
        left, right = _choice(first, [one], chooses), _choice(second, [other], chooses)
        if left is not None and right is not None:
            apart = _reported(second, right, chooses) - _reported(first, left, chooses)
            null.append(_mean(apart))
    return HeldOut(
        mine,
        theirs,
        int(known.sum()),
        _mean(a[known]),
        _mean(b[known]),
        _mean(difference),
        float(np.asarray(low)[0]),
        float(np.asarray(high)[0]),
        *_beside(_mean(difference), null),
    )


def _choice(run: Changes, keys: Sequence[Key], chooses: np.ndarray) -> Choice | None:
    best: Choice | None = None
    largest = 0.0
    for key in keys:
        for scale in sorted(run.places[key]):
            mean = _mean(run.values(key, scale)[chooses])
            if np.isfinite(mean) and abs(mean) > largest:
                largest, best = abs(mean), Choice(key, scale, 1 if mean > 0 else -1)
    return best


def _reported(run: Changes, chosen: Choice, chooses: np.ndarray) -> np.ndarray:
    return chosen.sign * run.values(chosen.key, chosen.scale)[~chooses]
