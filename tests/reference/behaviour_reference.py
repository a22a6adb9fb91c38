"""The tables of a behaviour's study by plain loops over rows, from their definitions."""

import math
from collections.abc import Iterable, Sequence
from typing import Any

import pandas as pd

Rows = Iterable[dict[str, Any]]


def mean_difference(rows: Rows, vector_set: str, vector: int, scale: float) -> float:
    """Mean over questions of log p per token of the positive answer less the negative one's."""
    total, count = 0.0, 0
    for row in rows:
        if (row["vector_set"], row["vector"], row["scale"]) == (vector_set, vector, scale):
            total += row["logp_behaviour"] / row["tokens_behaviour"]
            total -= row["logp_other"] / row["tokens_other"]
            count += 1
    return total / count


def mean_answer(rows: Rows, vector_set: str, vector: int, scale: float, pole: str) -> float:
    """Mean over questions of one pole's log p per token; pole "behaviour" or "other"."""
    found = [
        row[f"logp_{pole}"] / row[f"tokens_{pole}"]
        for row in rows
        if (row["vector_set"], row["vector"], row["scale"]) == (vector_set, vector, scale)
    ]
    return sum(found) / len(found)


def loss(rows: Sequence[dict[str, Any]], vector_set: str, vector: int, scale: float) -> float:
    """The larger loss of the pole that each sign favours."""
    losses = []
    for sign, pole in ((1, "behaviour"), (-1, "other")):
        before = mean_answer(rows, "baseline", -1, 0.0, pole)
        losses.append(before - mean_answer(rows, vector_set, vector, sign * scale, pole))
    return max(losses)


def swing(rows: Sequence[dict[str, Any]], vector_set: str, vector: int, scale: float) -> float:
    """What plus a scale moves beyond minus it."""
    up = mean_difference(rows, vector_set, vector, scale)
    return up - mean_difference(rows, vector_set, vector, -scale)


def rank_p(figure: float, null: Sequence[float]) -> float:
    """(1 + random ones at least as far from zero) / (1 + random ones)."""
    return (1 + sum(abs(value) >= abs(figure) for value in null)) / (1 + len(null))


def percentile(values: Sequence[float], share: float) -> float:
    """Linear between order statistics."""
    ordered = sorted(values)
    place = share * (len(ordered) - 1)
    low = math.floor(place)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (place - low) * (ordered[high] - ordered[low])


def wilson(successes: float, n: int) -> tuple[float, float]:
    """Roots p of (share - p)^2 = z^2 p (1 - p) / n, by bisection."""
    z, share = 1.959963984540054, successes / n

    def outside(p: float) -> float:
        return (share - p) ** 2 - z**2 * p * (1 - p) / n

    def root(inside: float, edge: float) -> float:
        for _ in range(200):
            middle = (inside + edge) / 2
            inside, edge = (middle, edge) if outside(middle) <= 0 else (inside, middle)
        return (inside + edge) / 2

    return root(share, 0.0), root(share, 1.0)


def share(frame: pd.DataFrame, labels: Sequence[str], name: str, pole: str) -> float:
    """Of a configuration's texts with one of both poles' labels, those with this one's."""
    own = [
        label
        for label, configuration in zip(labels, frame["configuration"], strict=True)
        if configuration == name and label not in ("", "broken")
    ]
    return own.count(pole) / len(own) if own else math.nan
