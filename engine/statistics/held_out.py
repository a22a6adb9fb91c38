"""Choose on one half of the questions, report on the other, both ways round.

The scale and sign at which a vector is best are chosen with the noise of the questions they were
chosen on, so the largest of many means is too large. Questions that took no part in the choice
give an honest size. What this does not pay for is the choice among vectors that truly differ, as
random ones do: `badges` does that. Controls go through the very same choice.
"""

from typing import NamedTuple

import numpy as np
import pandas as pd
from jaxtyping import Bool, Float

from engine.maths.intervals import bootstrap_mean
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


class Selection(NamedTuple):
    """What held on questions that took no part in the choice."""

    vectors: pd.DataFrame
    """vector_set, vector, method, scales (chosen on either half), agrees (both halves chose the
    same scale and sign), selected (mean |change| where it was chosen), held_out (mean change on
    the other half in the chosen direction, both ways), low, high (95 %), p (share of controls,
    treated the same, with a held_out as large; NaN with fewer than `MIN_CONTROLS`)."""
    best: pd.DataFrame
    """Two rows, one for each half that chose among all vectors: vector_set, vector, method,
    scale, selected, held_out, low, high, p, random (held_out of the best control, chosen by the
    same half)."""
    seed: int


def split_selection(
    questions: pd.DataFrame,
    seed: int = 0,
    clusters: Clusters | None = None,
    resamples: int = 2000,
) -> Selection:
    """Both halves choose scale and sign for every vector, and the best vector of all.

    Args:
        questions: Output of `statistics.per_question`.
        seed: Of the halves and of the resamples.
        clusters: Groups of near-duplicate questions, kept in one half.
        resamples: Of the bootstrap.
    """
    contents = questions.pivot(index="question", columns=CELL, values="content")
    changes = less_baseline(contents)
    kept = changes.columns.get_level_values("vector_set") != BASELINE
    kept &= changes.columns.get_level_values("scale") != 0
    changes = changes.loc[:, kept].dropna(how="all")
    columns = [*VECTOR, "scales", "agrees", "selected", "held_out", "low", "high", "p"]
    if changes.empty:
        none = questions.head(0)[VECTOR].reindex(columns=columns)
        return Selection(none, pd.DataFrame(), seed)
    labels = labels_of(changes.index, clusters)
    first = halves(labels, seed)
    values, heads = changes.to_numpy(float), changes.columns.to_frame(index=False)
    groups = heads.groupby(VECTOR, sort=False, observed=True)
    owner = groups.ngroup().to_numpy()
    ways = []
    for chooses in (first, ~first):
        chosen = _best_cells(_mean(values[chooses]), owner)
        signs = np.sign(_mean(values[chooses])[chosen])
        reported = np.where(chooses[:, None], np.nan, values[:, chosen] * signs)
        ways.append((chosen, signs, np.abs(_mean(values[chooses])[chosen]), reported))
    table = heads.loc[groups.head(1).index, VECTOR].reset_index(drop=True)
    table = _both(table, heads, ways, (resamples, seed, labels))
    is_control = (table["vector_set"] == CONTROL).to_numpy()
    table["p"] = _ranks(table["held_out"].to_numpy(float), is_control)
    best = [_best(table, heads, way, is_control, (resamples, seed, labels)) for way in ways]
    return Selection(
        table.loc[~is_control, columns].reset_index(drop=True),
        pd.DataFrame([row for row in best if row is not None]),
        seed,
    )


def halves(labels: np.ndarray, seed: int) -> Bool[np.ndarray, " questions"]:
    """Which questions are in the first half; whole clusters, about as many on either side."""
    names, sizes = np.unique(labels, return_counts=True)
    order = np.random.default_rng(seed).permutation(len(names))
    filled = np.cumsum(sizes[order]) - sizes[order] / 2
    return np.isin(labels, names[order[filled <= sizes.sum() / 2]])


Way = tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]
"""Per vector: chosen cell, sign, |change| on the choosing half; [question, vector] reported."""


def _mean(values: np.ndarray) -> Float[np.ndarray, " cells"]:
    known = np.isfinite(values)
    count = known.sum(axis=0)
    return np.where(known, values, 0.0).sum(axis=0) / np.where(count > 0, count, np.nan)


def _best_cells(means: np.ndarray, owner: np.ndarray) -> np.ndarray:
    """Of each vector, the cell with the largest |mean|."""
    size = np.where(np.isfinite(means), np.abs(means), -1.0)
    order = np.lexsort((-size, owner))
    return order[np.unique(owner[order], return_index=True)[1]]


def _both(
    table: pd.DataFrame, heads: pd.DataFrame, ways: list[Way], drawn: tuple[int, int, np.ndarray]
) -> pd.DataFrame:
    scales = heads["scale"].to_numpy(float)
    pairs = [scales[chosen] for chosen, *_ in ways]
    table["scales"] = list(zip(*[p.tolist() for p in pairs], strict=True))
    table["agrees"] = (pairs[0] == pairs[1]) & (ways[0][1] == ways[1][1])
    table["selected"] = (ways[0][2] + ways[1][2]) / 2
    # Every question is reported on once: by the half that it is not in.
    reported = np.where(np.isfinite(ways[0][3]), ways[0][3], ways[1][3])
    table["held_out"] = _mean(reported)
    table["low"], table["high"] = bootstrap_mean(reported, *drawn)
    return table


def _best(
    table: pd.DataFrame,
    heads: pd.DataFrame,
    way: Way,
    is_control: np.ndarray,
    drawn: tuple[int, int, np.ndarray],
) -> dict | None:
    """What one half chose among all vectors, as the other half sees it."""
    chosen, _, selected, reported = way
    if is_control.all():
        return None
    size = np.where(is_control | ~np.isfinite(selected), -1.0, selected)
    top = int(size.argmax())
    held = _mean(reported)
    low, high = (np.ravel(end)[0] for end in bootstrap_mean(reported[:, [top]], *drawn))
    names = {name: table.loc[top, name] for name in VECTOR}
    return {
        **names,
        "scale": float(heads["scale"].iloc[chosen[top]]),
        "selected": float(selected[top]),
        "held_out": float(held[top]),
        "low": float(low),
        "high": float(high),
        "p": float(_ranks(held, is_control)[top]),
        "random": _best_control(selected, held, is_control),
    }


def _best_control(selected: np.ndarray, held: np.ndarray, is_control: np.ndarray) -> float:
    known = is_control & np.isfinite(selected)
    return float(held[np.where(known, selected, -1.0).argmax()]) if known.any() else float("nan")


def _ranks(held: np.ndarray, is_control: np.ndarray) -> Float[np.ndarray, " vectors"]:
    null = np.sort(held[is_control & np.isfinite(held)])
    if len(null) < MIN_CONTROLS:
        return np.full(len(held), np.nan)
    above = len(null) - np.searchsorted(null, held, side="left")
    return np.where(np.isfinite(held), (1 + above) / (1 + len(null)), np.nan)
