"""Texts ranked by their projections on a vector, beside the rankings of random directions.

A random direction at the same block ranks the same texts, so that what it has at its ends is what
chance gives: p = (1 + #{random at least as far}) / (1 + random). Knows nothing of models.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float, Int

LARGEST, SMALLEST, MEAN = 0, 1, 2
"""Columns of a text's figures."""
DIGITS = 3
"""Decimals of kept figures."""
MOST_BYTES = 280_000
"""Bytes of the vectors and texts of one record."""
TOKEN_BYTES = 32
"""Of a token that is kept: its figure and what it writes."""
Three = Float[np.ndarray, "texts three"]
OfRandom = Float[np.ndarray, "texts three random"]


@dataclass(frozen=True, eq=False)
class Ends:
    """The texts at both ends of a ranking, the furthest first."""

    top: Int[np.ndarray, " shown"]
    bottom: Int[np.ndarray, " shown"]
    high: float
    """The first text's figure."""
    low: float
    apart: float
    """Mean figure of the top texts less that of the bottom ones."""


def ends(figures: Three, by: str, count: int) -> Ends:
    """Both ends of a ranking.

    Args:
        figures: Of every text.
        by: "mean", or "token": the top by the largest token, the bottom by the smallest one.
        count: Texts at each end; fewer where that is more than half of all.
    """
    high, low = (LARGEST, SMALLEST) if by == "token" else (MEAN, MEAN)
    count = min(count, max(1, len(figures) // 2))
    top = np.argsort(-figures[:, high], kind="stable")[:count]
    bottom = np.argsort(figures[:, low], kind="stable")[:count]
    apart = float(figures[top, high].mean() - figures[bottom, low].mean())
    first, last = float(figures[top[0], high]), float(figures[bottom[0], low])
    return Ends(top, bottom, first, last, apart)


def beside(own: float, random: Sequence[float], is_below: bool = False) -> dict[str, Any]:
    """A figure beside those of random directions: their range, p, and whether none reaches it."""
    others = np.asarray(random, dtype=float)
    reach = int((others <= own).sum() if is_below else (others >= own).sum())
    return {
        "value": round(own, DIGITS),
        "random_low": round(float(others.min()), DIGITS),
        "random_median": round(float(np.median(others)), DIGITS),
        "random_high": round(float(others.max()), DIGITS),
        "reach": reach,
        "p": (1 + reach) / (1 + len(others)),
        "is_beyond": reach == 0,
    }


def compared(own: Ends, random: Sequence[Ends]) -> dict[str, Any]:
    """High, low and apart of a vector, each beside random directions."""
    return {
        "high": beside(own.high, [one.high for one in random]),
        "low": beside(own.low, [one.low for one in random], is_below=True),
        "apart": beside(own.apart, [one.apart for one in random]),
    }


def lean(own: Ends, random: Sequence[Ends], labels: Sequence[str]) -> dict[str, Any] | None:
    """How far one kind of text gathers at an end; None unless all texts are of two kinds.

    The figure is (share of the first kind at the top) - (its share at the bottom). Neither sign
    of a random direction means anything, so that sizes are compared.
    """
    kinds = list(dict.fromkeys(labels))
    if len(kinds) != 2 or "" in kinds:
        return None
    is_first = np.array([one == kinds[0] for one in labels])

    def leaning(one: Ends) -> float:
        return float(is_first[one.top].mean() - is_first[one.bottom].mean())

    told = beside(abs(leaning(own)), [abs(leaning(one)) for one in random])
    return told | {
        "value": round(leaning(own), DIGITS),
        "label": kinds[0],
        "top": int(is_first[own.top].sum()),
        "bottom": int(is_first[own.bottom].sum()),
        "shown": len(own.top),
    }


def shown(place: int, figures: Three, tokens: Float[np.ndarray, " tokens"]) -> dict[str, Any]:
    """A text as it is kept: its figures and those of its tokens."""
    largest, smallest, mean = (round(float(one), DIGITS) for one in figures[place])
    return {
        "text": place,
        "largest": largest,
        "smallest": smallest,
        "mean": mean,
        "values": [round(float(one), DIGITS) for one in tokens],
    }


def fitted(
    rows: Sequence[dict[str, Any]], told: Callable[[int], Mapping[str, Any]], most: int
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Vectors, and the texts that they show, as many as one record may hold.

    Args:
        rows: Vectors, each with `top` and `bottom`.
        told: What is kept of a text.
        most: Texts at each end; at least one is kept.

    Returns:
        Vectors, whose places count in these texts, and the texts, each once.
    """
    vectors, texts = _cut(rows, told, most)
    while most > 1 and (size := len(json.dumps([vectors, texts], indent=1))) > MOST_BYTES:
        # Not all of it shrinks with the texts, so that no more than these can fit.
        most = max(1, min(most - 1, most * MOST_BYTES // size))
        vectors, texts = _cut(rows, told, most)
    return vectors, texts


def _cut(
    rows: Sequence[dict[str, Any]], told: Callable[[int], Mapping[str, Any]], count: int
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    places: dict[int, int] = {}

    def moved(shown: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
        return [
            one | {"text": places.setdefault(one["text"], len(places))} for one in shown[:count]
        ]

    vectors = [row | {end: moved(row[end]) for end in ("top", "bottom")} for row in rows]
    return vectors, [dict(told(place)) for place in places]
