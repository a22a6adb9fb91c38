"""Which words of a vector are beyond chance, by the largest of all words under random vectors.

Max-T (Westfall and Young 1993) over the words of all readings: every word is divided by its own
root mean square over the vector and the random ones pooled, so that the vector, if it were one
more random one, could be any of them alike; around 0, as an opposite is as random as a vector.
Knows nothing of tokens.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float

LEVEL = 0.035
"""Share of random vectors that may have any star: 2 in 65. Below 0.05, so that of some hundred
random vectors hardly ever more than one in twenty has one."""

Pair = tuple[Float[np.ndarray, " words"], Float[np.ndarray, "random words"]]
"""A reading of a vector, and of the random ones."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Judged:
    """One reading of a vector, word by word."""

    values: Float[np.ndarray, " words"]
    ranges: Float[np.ndarray, " words"]
    """The largest size that the same word had under any random vector."""
    t: Float[np.ndarray, " words"]
    """Value over the word's root mean square, pooled."""
    stars: Bool[np.ndarray, " words"]

    def top(self, sign: int, count: int) -> list[int]:
        """Places of the words of one sign, starred ones first, then the largest."""
        order = np.lexsort((-sign * self.values, ~self.stars))
        return [int(i) for i in order if sign * self.values[i] > 0][:count]


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """All readings of a vector together."""

    readings: Mapping[str, Judged]
    p: float
    """Of the word that stands out most: share of the pooled vectors with one that does as much."""
    threshold: float
    """Of `t`: above it, so few random vectors have a word that p is at most `LEVEL`."""

    @property
    def starred(self) -> int:
        """Words of all readings and both signs that are beyond chance."""
        return int(sum(one.stars.sum() for one in self.readings.values()))


def judge(readings: Mapping[str, Pair]) -> Verdict:
    """Star the words that hardly any random vector has a word like, in any reading.

    p of a word is the share of the vectors, itself and the random ones, whose best word of all
    readings stands out as much: at most `LEVEL`, whatever the number of words. A starred word is
    also beyond its own range over the random vectors.

    Args:
        readings: By name, of the same random vectors in the same order.
    """
    scaled = {name: _scaled(*pair) for name, pair in readings.items()}
    most = np.max([largest for _, largest in scaled.values()], axis=0)
    allowed = int(LEVEL * (len(most) + 1)) - 1
    threshold = float(np.sort(most)[-1 - allowed]) if allowed >= 0 else float("inf")
    found, highest = {}, 0.0
    for name, (values, random) in readings.items():
        t = scaled[name][0]
        ranges = np.abs(random).max(axis=0)
        stars = (np.abs(t) > threshold) & (np.abs(values) > ranges)
        found[name] = Judged(values=values, ranges=ranges, t=t, stars=stars)
        highest = max(highest, float(np.abs(t).max(initial=0.0)))
    p = (1 + int((most >= highest).sum())) / (len(most) + 1)
    return Verdict(readings=found, p=p, threshold=threshold)


def _scaled(
    values: Float[np.ndarray, " words"], random: Float[np.ndarray, "random words"]
) -> tuple[Float[np.ndarray, " words"], Float[np.ndarray, " random"]]:
    """The vector's words over their pooled root mean squares, and each random vector's largest."""
    squares = values.astype(float) ** 2 + np.einsum("rw,rw->w", random, random, dtype=float)
    size = np.sqrt(squares / (len(random) + 1))
    # A word that nothing moves stands out nowhere.
    inverse = np.divide(1.0, size, out=np.zeros_like(size), where=size > 0)
    return values * inverse, (np.abs(random) * inverse).max(axis=1, initial=0.0)
