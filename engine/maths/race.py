"""Which of many arms has the largest mean over a finite list of questions, asked in random order.

The questions are all there is: what is bounded is the mean over this list, not over a population
behind it. Bounds hold at every moment at once, so that asking may stop when it likes. Knows
nothing of models, files or screens.

`Race` drops arms by betting, after the capital processes of Waudby-Smith and Ramdas (2024,
"Estimating means of bounded random variables by betting", section 5: sampling without
replacement), with the bets placed on a rival instead of on a mean. For every arm i a bettor holds
against "no arm is better than i". Before a question a rival j is named, from what was asked so
far, and a stake s >= 0. With d = value of j - value of i on the question, D the sum of d so far
and t of N questions asked, the capital is multiplied by 1 + s (d - c), c = -D / (N - t): under what
is bet against, the N - t questions left have a mean d of at most c, so the capital is a
supermartingale, and by Ville's inequality it ever reaches 1 / delta with a probability of at most
delta. No correction for the number of arms or of looks is needed: the only mistake is to drop the
best arm, and that is one arm.
"""

from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float, Int

CAUTION = 0.95
"""Largest stake, as a share of the one that could lose everything."""
ALONE = 0.75
"""The same share for the interval of a single arm."""
GRID = 201
"""Means that are tried for the interval of a single arm."""
_NEVER = np.iinfo(np.int64).max


class Worst(NamedTuple):
    """Smallest possible value of rival minus arm on one question."""

    alike: float
    """Both wanted in the same direction."""
    opposite: float
    """One wanted upwards, the other downwards."""


@dataclass(eq=False)
class Race:
    """Successive elimination; an entry is an arm in one direction."""

    arms: int
    questions: int
    """N, all questions of the list."""
    signs: tuple[int, ...]
    """(1,) to find the largest mean, (-1,) the smallest, (1, -1) the largest absolute one."""
    worst: Worst
    delta: float
    """Chance at most that the best arm is dropped."""
    unbet: int = 0
    """Questions at the start on which nothing is bet, because `worst` was chosen from them."""
    asked: int = 0
    evidence: Float[np.ndarray, " entries"] = field(init=False)
    """Largest log capital so far against "no arm is better"; the entries of the first sign come
    first, each in the order of the arms."""
    dropped_at: Int[np.ndarray, " entries"] = field(init=False)
    """Questions asked when it was dropped; a huge number for the living."""

    def __post_init__(self) -> None:
        """Begin with every entry and one unit of capital against each."""
        entries = self.arms * len(self.signs)
        self._sign = np.repeat(np.array(self.signs, dtype=float), self.arms)
        self._values = np.full((entries, self.questions), np.nan)
        self._sums = np.zeros(entries)
        self._capital = np.zeros(entries)
        self.evidence = np.zeros(entries)
        self.dropped_at = np.full(entries, _NEVER, dtype=np.int64)

    @property
    def alive(self) -> Bool[np.ndarray, " entries"]:
        """Which entries may still be the best."""
        return self.dropped_at == _NEVER

    @property
    def living_arms(self) -> Int[np.ndarray, " arms"]:
        """Arms with an entry that is alive, rising."""
        return np.flatnonzero(self.alive.reshape(len(self.signs), self.arms).any(axis=0))

    def ask(self, values: Float[np.ndarray, "arms some"]) -> None:
        """Take a round's values and drop what cannot be the best any more.

        Args:
            values: By arm and question, in the order asked; rows of dropped arms are not read.
        """
        for column in np.asarray(values, dtype=float).T:
            signed = np.where(self.alive, self._sign * np.tile(column, len(self.signs)), np.nan)
            self._bet(signed)
            self._values[:, self.asked] = signed
            self._sums += np.where(self.alive, signed, 0.0)
            self.asked += 1
        is_over = self.evidence >= np.log(1 / self.delta)
        self.dropped_at[self.alive & is_over] = self.asked

    def _bet(self, now: Float[np.ndarray, " entries"]) -> None:
        """Place every living entry's bet on the leader, and the leader's on the runner-up."""
        living = np.flatnonzero(self.alive)
        if len(living) < 2 or self.asked < self.unbet:
            return
        first, second = living[np.argsort(-self._sums[living], kind="stable")[:2]]
        rival = np.where(living == first, second, first)
        before = self._values[rival, : self.asked] - self._values[living, : self.asked]
        is_alike = self._sign[rival] == self._sign[living]
        worst = np.where(is_alike, self.worst.alike, self.worst.opposite)
        expected = (self._sums[living] - self._sums[rival]) / (self.questions - self.asked)
        stake = stakes(before, expected, worst)
        gain = stake * (now[rival] - now[living] - expected)
        self._capital[living] += np.log1p(np.maximum(gain, -CAUTION))
        # No question left could be bad enough for the rival.
        self._capital[living[expected < worst - 1e-9]] = np.inf
        self.evidence = np.maximum(self.evidence, self._capital)


def stakes(
    before: Float[np.ndarray, "pairs asked"],
    expected: Float[np.ndarray, " pairs"],
    worst: Float[np.ndarray, " pairs"],
) -> Float[np.ndarray, " pairs"]:
    """What to bet on the next difference, from those before: Kelly's share of the capital.

    The mean gain over its second moment, with one pseudo-observation of no difference and of half
    the worst one as spread; never below 0, never so much that all could be lost.

    Args:
        before: Differences of each pair so far.
        expected: Largest mean of the differences left, under what is bet against.
        worst: Smallest possible difference.
    """
    count = before.shape[1] + 1
    mean = before.sum(axis=1) / count
    spread = ((before - mean[:, None]) ** 2).sum(axis=1) + (worst / 2) ** 2
    gain = mean - expected
    room = np.maximum(expected - worst, 1e-9)
    return np.clip(gain / (spread / count + gain**2), 0.0, CAUTION / room)


class Interval(NamedTuple):
    """Where a mean lies, after each question; only ever narrower."""

    low: Float[np.ndarray, "arms asked"]
    high: Float[np.ndarray, "arms asked"]


def mean_intervals(
    values: Float[np.ndarray, "arms asked"],
    questions: int,
    span: tuple[float, float],
    delta: float,
) -> Interval:
    """Confidence sequence of each arm's mean over all questions, by hedged capital.

    A mean m is kept while neither a bet on more than m nor one on less has turned its half of the
    capital into 1 / delta (Waudby-Smith and Ramdas 2024, theorem 3 with the drift of section 5),
    and while the questions left could still lead to it. Tried on a grid of `GRID` means and
    widened by one step. Each arm's sequence holds by itself with probability 1 - delta, not all
    together.

    Args:
        values: In the order asked; NaN from where an arm was dropped, whose interval then stays.
        questions: N, all questions of the list.
        span: Smallest and largest possible value.
        delta: Chance at most that the true mean is ever outside.
    """
    low_end, high_end = span
    units = (np.asarray(values, dtype=float) - low_end) / (high_end - low_end)
    betting = _Hedged(len(units), questions, delta)
    lows, highs = np.zeros_like(units), np.ones_like(units)
    for t, column in enumerate(units.T):
        ends = betting.see(column)
        before = (lows[:, t - 1], highs[:, t - 1]) if t else (0.0, 1.0)
        is_asked = np.isfinite(column)
        lows[:, t] = np.where(is_asked, np.maximum(ends[0], before[0]), before[0])
        highs[:, t] = np.where(is_asked, np.minimum(ends[1], before[1]), before[1])
        if t + 1 == questions:
            # Then nothing is left to guess.
            lows[is_asked, t] = highs[is_asked, t] = betting.sums[is_asked] / questions
    return Interval(*(low_end + part * (high_end - low_end) for part in (lows, highs)))


class _Hedged:
    """Log capital against every mean of a grid, for arms whose values lie in [0, 1]."""

    def __init__(self, arms: int, questions: int, delta: float) -> None:
        self.sums = np.zeros(arms)
        self._spread, self._asked = np.full(arms, 0.25), 0
        self._questions, self._delta = questions, delta
        self._grid = np.linspace(0.0, 1.0, GRID)
        self._capital = np.zeros((2, arms, GRID))
        self._kept = np.ones((arms, GRID), dtype=bool)

    def see(self, x: Float[np.ndarray, " arms"]) -> tuple[np.ndarray, np.ndarray]:
        """Where each mean can lie after one more value; NaN changes nothing."""
        is_asked, t, total = np.isfinite(x), self._asked, self._questions
        x = np.where(is_asked, x, 0.0)
        left = (total * self._grid - self.sums[:, None]) / (total - t)
        size = np.sqrt(2 * np.log(2 / self._delta) / (self._spread * np.log(t + 2)))
        self._capital += np.where(is_asked[:, None], _both_bets(x, left, size), 0.0)
        is_possible = (left >= -1e-9) & (left <= 1 + 1e-9)
        is_in = is_possible & (self._capital.max(axis=0) < np.log(2 / self._delta))
        self._kept &= is_in | ~is_asked[:, None]
        self.sums += x
        mean = (0.5 + self.sums) / (t + 2)
        self._spread += np.where(is_asked, (x - mean) ** 2, 0.0)
        self._asked += 1
        rest = total - self._asked
        return _ends(self._kept, self._grid, self.sums / total, (self.sums + rest) / total)


def _both_bets(
    x: Float[np.ndarray, " arms"],
    left: Float[np.ndarray, "arms grid"],
    size: Float[np.ndarray, " arms"],
) -> Float[np.ndarray, "2 arms grid"]:
    """Log gains of betting on more and on less than every mean of the grid."""
    bound = np.clip(left, 1e-9, 1 - 1e-9)
    up = np.minimum(size[:, None], ALONE / bound)
    down = np.minimum(size[:, None], ALONE / (1 - bound))
    surprise = x[:, None] - bound
    return np.stack([np.log1p(up * surprise), np.log1p(-down * surprise)])


def _ends(
    kept: Bool[np.ndarray, "arms grid"],
    grid: Float[np.ndarray, " grid"],
    least: Float[np.ndarray, " arms"],
    most: Float[np.ndarray, " arms"],
) -> tuple[Float[np.ndarray, " arms"], Float[np.ndarray, " arms"]]:
    """The kept means, a step wider, within what the questions left allow."""
    step = grid[1]
    is_any = kept.any(axis=1)
    low = np.where(is_any, grid[kept.argmax(axis=1)] - step, least)
    high = np.where(is_any, grid[len(grid) - 1 - kept[:, ::-1].argmax(axis=1)] + step, most)
    return np.maximum(low, least), np.minimum(high, most)
