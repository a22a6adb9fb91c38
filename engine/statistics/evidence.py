"""How far found vectors can be trusted: found again, apart from their neighbours, beyond chance.

Works on vectors and scores alone; `runs.evidence` repeats the finders. Knows nothing of models,
files or screens; no torch.

Two runs are compared up to sign and order: vector by vector through the assignment with the
largest sum of |cosine| (`scipy.optimize.linear_sum_assignment`), and as subspaces through principal
angles (`scipy.linalg.subspace_angles`). Both have a null from random directions, because the best
match among k in few dimensions is far from 0 by itself.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import scipy
from jaxtyping import Float

from engine.statistics.similarity import DUPLICATE, Matrix, unit

Others = Float[np.ndarray, "others hidden"]

SAME = DUPLICATE
"""|cosine| from which a vector counts as found again."""
SMALL_GAP = 0.05
"""Relative distance of neighbouring singular values below which only their span is meaningful."""
NULL_DRAWS = 50


class Again(NamedTuple):
    """How well another run found the same vectors."""

    cosines: Float[np.ndarray, " vectors"]
    """|cosine| of each vector with the one it is matched with; 0 without a partner."""
    angles: Float[np.ndarray, " smaller"]
    """Principal angles between the two spans, in degrees, rising."""

    @property
    def share(self) -> float:
        """Share of the vectors that were found again."""
        return float((self.cosines >= SAME).mean())


def again(first: Matrix, second: Others) -> Again:
    """Match the vectors of two runs, up to sign and order."""
    cosines = np.abs(unit(first) @ unit(second).T)
    rows, columns = scipy.optimize.linear_sum_assignment(cosines, maximize=True)
    matched = np.zeros(len(first))
    matched[rows] = cosines[rows, columns]
    return Again(matched, angles(first, second))


def angles(first: Matrix, second: Others) -> Float[np.ndarray, " smaller"]:
    """Principal angles between the spans of two sets of rows, in degrees, rising."""
    found = scipy.linalg.subspace_angles(unit(first).T, unit(second).T)
    return np.degrees(found)[::-1]


class Chance(NamedTuple):
    """What random directions give when they are compared in the same way."""

    cosine: float
    """95th percentile of the matched |cosine|."""
    angle: float
    """5th percentile of the largest principal angle, in degrees."""


def chance(vectors: int, others: int, hidden: int, seed: int = 0) -> Chance:
    """The null of `again` for so many vectors of this width, from seeded draws."""
    draw = np.random.default_rng(seed)
    runs = [
        again(draw.standard_normal((vectors, hidden)), draw.standard_normal((others, hidden)))
        for _ in range(NULL_DRAWS)
    ]
    cosines = np.concatenate([run.cosines for run in runs])
    return Chance(
        cosine=float(np.quantile(cosines, 0.95)),
        angle=float(np.quantile([run.angles[-1] for run in runs], 0.05)),
    )


def gap_groups(gaps: Sequence[float]) -> list[list[int]]:
    """Runs of neighbours whose singular values lie within `SMALL_GAP` of the next one's.

    Args:
        gaps: (sigma_i - sigma_(i+1)) / sigma_i; the last one's is to a value that is not kept.

    Returns:
        Index groups that cover all vectors in order. A group of one is a vector of its own, unless
        its own gap to the first value that is not kept is small.
    """
    groups: list[list[int]] = [[]]
    for index, gap in enumerate(gaps):
        groups[-1].append(index)
        if not gap < SMALL_GAP and index + 1 < len(gaps):
            groups.append([])
    return groups


def group_angles(
    vectors: Matrix, others: Sequence[Matrix], groups: Sequence[Sequence[int]]
) -> list[float]:
    """Largest angle between each group's span and that of the same ranks in any other run.

    In degrees; NaN without another run or where it has fewer vectors.
    """
    worst = []
    for group in groups:
        found = [
            float(angles(vectors[list(group)], other[list(group)])[-1])
            for other in others
            if len(other) > max(group)
        ]
        worst.append(max(found, default=float("nan")))
    return worst


class Beyond(NamedTuple):
    """A vector's displacement beside those of random directions of its norm."""

    percentile: float
    """Share of the random ones that lie below it."""
    ratio: float
    """To their median."""
    ratio_to_best: float
    """To their largest."""


def beyond(values: Sequence[float], random: Float[np.ndarray, " draws"]) -> list[Beyond]:
    """Place each displacement among those of random directions."""
    middle, largest = float(np.median(random)), float(random.max())
    return [
        Beyond(
            percentile=float((random < value).mean()),
            ratio=value / max(middle, 1e-30),
            ratio_to_best=value / max(largest, 1e-30),
        )
        for value in values
    ]


RELIABLE, SHAKY = 0.9, 0.5
"""Split-half reliabilities from which a vector counts as reliable, and below which as noise."""
ALIKE = 0.3
"""Mean cosine between two pairs' differences from which steering is forecast to work."""
SEPARATED, OVERLAPPING = 2.0, 1.0
"""d' of unseen pairs from which the poles are apart, and below which they overlap."""


def forecast(reliability: float, pair_cosine: float, d_prime: float, hidden: int) -> str:
    """A forecast of steerability from what was read, before anything is steered.

    Braun et al. (2025): the more alike the single pairs' differences, and the further apart the
    poles along the vector, the better steering works. They give no thresholds; those here are this
    project's conventions.

    Args:
        reliability: Split-half, Spearman-Brown.
        pair_cosine: Mean cosine between two pairs' differences.
        d_prime: Distance of the poles of unseen pairs; NaN says nothing.
        hidden: Width of the model, for what random differences show.

    Returns:
        "good", "middling", "poor", or "unknown" without a reliability.
    """
    if np.isnan(reliability):
        return "unknown"
    apart = abs(d_prime)
    chance_cosine = 1.96 / np.sqrt(hidden)
    if reliability < SHAKY or pair_cosine < chance_cosine or apart < OVERLAPPING:
        return "poor"
    if reliability < RELIABLE or pair_cosine < ALIKE or apart < SEPARATED:
        return "middling"
    return "good"


def rows_of(columns: dict[str, Sequence[Any]]) -> list[dict[str, Any]]:
    """Columns of equal length as one dictionary a row."""
    names, values = list(columns), list(columns.values())
    return [dict(zip(names, row, strict=True)) for row in zip(*values, strict=True)]


def plain_rows(rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """The same rows as JSON has them: plain numbers, None for what is not a number."""
    return [{name: _plain(value) for name, value in row.items()} for row in rows]


def _plain(value: Any) -> Any:
    value = value.item() if isinstance(value, np.generic) else value
    return None if isinstance(value, float) and not np.isfinite(value) else value
