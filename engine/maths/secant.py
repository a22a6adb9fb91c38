"""The strength at which a cost meets a budget, for many cells at once, in few evaluations.

A cost that grows like a power of the strength is a straight line in log-log, along which the secant
goes. As soon as there is a bracket no step leaves it, and one that a step hardly improves is halved
(the safeguard of Dekker 1969, "Finding a zero by means of successive linear interpolation"). Our
own, because `scipy.optimize`'s root finders take one function at a time, and here one evaluation of
all cells costs little more than one of a single cell.
Knows nothing of what is steered and what it costs.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
from jaxtyping import Float, Int

TOLERANCE = 0.05
"""|cost / budget - 1| at which a cell is done."""
PROMISED = 0.10
"""The same, with which a cell counts as reached when its evaluations are spent."""
EVALUATIONS = 6
POWER = 3.0
"""Of the strength that a cost is taken to grow like while one cost is known: a divergence grows
like the square at first, and like the fourth to fifth power before it levels off."""
GROWTH = 4.0
"""Most that a strength is multiplied by in one step up while no cost above the budget is known."""
FALL = 16.0
"""The same in one step down while none below is known."""
_LOWEST = -math.log(1e30)
"""log(cost / budget) that stands for no cost at all."""
_PROGRESS = 0.9
"""Share of its log ratio to the budget that an end of a bracket may keep when it moves; where it
keeps more, the bracket is halved next."""
_MARGIN = 0.02
"""Share of a bracket's width that a try keeps off its ends."""

Evaluate = Callable[
    [Float[np.ndarray, " asked"], Int[np.ndarray, " asked"]], Float[np.ndarray, " asked"]
]
"""(strengths, which cells) -> what each costs; one that is not finite is above every budget."""


@dataclass(frozen=True, kw_only=True)
class Solved:
    """What was found for one cell."""

    strength: float
    """The one of those evaluated whose cost comes nearest to the budget, as a ratio."""
    cost: float
    evaluations: int
    reached: bool
    """Whether |cost / budget - 1| is at most `PROMISED`."""
    largest: float
    """Largest finite cost that was seen; NaN if none was finite."""
    reason: str = ""
    """Why it was not reached."""


def solve(
    evaluate: Evaluate,
    starts: Sequence[float],
    budgets: Sequence[float],
    limits: Sequence[float],
    evaluations: int = EVALUATIONS,
) -> list[Solved]:
    """Find every cell's smallest strength > 0 known to cost its budget.

    Args:
        evaluate: Called once a round with all cells that are not done; may raise to stop.
        starts: First strength to try of each cell.
        budgets: Cost to meet, above 0.
        limits: Largest strength allowed; infinity allows any.
        evaluations: Most rounds.
    """
    cells = [
        _Cell(start=min(start, limit), budget=budget, limit=limit)
        for start, budget, limit in zip(starts, budgets, limits, strict=True)
    ]
    for _ in range(evaluations):
        asked = [i for i, cell in enumerate(cells) if not cell.is_done]
        if not asked:
            break
        strengths = np.array([cells[i].proposal() for i in asked])
        costs = evaluate(strengths, np.array(asked))
        for i, strength, cost in zip(asked, strengths.tolist(), costs.tolist(), strict=True):
            cells[i].learn(strength, cost)
    return [cell.solved() for cell in cells]


def _is_some(height: float) -> bool:
    """Whether there was a cost at all."""
    return _LOWEST < height < math.inf


@dataclass(eq=False)
class _Cell:
    """One cell's evaluations, as log strength and log(cost / budget)."""

    start: float
    budget: float
    limit: float
    tried: list[tuple[float, float]] = field(default_factory=list)
    """(strength, cost) of each evaluation, in order."""
    points: list[tuple[float, float]] = field(default_factory=list)
    """The same in logarithms, by rising strength; a cost that is not finite is infinity."""
    is_stuck: bool = False
    """Whether the last try moved an end of the bracket hardly nearer to the budget."""

    def learn(self, strength: float, cost: float) -> None:
        """Take in one evaluation."""
        before = self._ends()
        self.tried.append((strength, cost))
        self.points = sorted([*self.points, (math.log(strength), self._height(cost))])
        moved = [new / old for new, old in zip(self._ends(), before, strict=False) if new != old]
        self.is_stuck = bool(moved) and moved[0] > _PROGRESS

    def _ends(self) -> tuple[float, ...]:
        """Heights of both ends of the bracket, if there is one."""
        bracket = self._bracket()
        return () if bracket is None else tuple(self.points[i][1] for i in bracket)

    @property
    def is_done(self) -> bool:
        """Whether nothing is left to try: it is met, or lies beyond the limit."""
        return self._error() <= TOLERANCE or self._is_beyond

    @property
    def _is_beyond(self) -> bool:
        return bool(self.points) and self._bracket() is None and self._at_limit

    @property
    def _at_limit(self) -> bool:
        strength, height = self.points[-1]
        return height < 0 and strength >= math.log(self.limit)

    def proposal(self) -> float:
        """The strength to try next."""
        if not self.points:
            return self.start
        bracket = self._bracket()
        if bracket is not None:
            return math.exp(self._within(*bracket))
        # Without a bracket either all are below, or the lowest is already above.
        is_below = self.points[0][1] < 0
        nearest = self.points[-1 if is_below else 0][0]
        step = self._step(-2, -1, GROWTH) if is_below else self._step(0, 1, FALL)
        return min(math.exp(nearest + step), self.limit)

    def solved(self) -> Solved:
        """What its evaluations amount to."""
        strength, cost = min(self.tried, key=lambda one: abs(self._height(one[1])))
        costs = [one for _, one in self.tried if math.isfinite(one)]
        reached = self._error() <= PROMISED
        return Solved(
            strength=strength,
            cost=cost,
            evaluations=len(self.tried),
            reached=reached,
            largest=max(costs, default=math.nan),
            reason="" if reached else self._reason(max(costs, default=math.nan)),
        )

    def _height(self, cost: float) -> float:
        """log(cost / budget); infinity where the cost is not finite."""
        if not math.isfinite(cost):
            return math.inf
        return max(math.log(cost / self.budget), _LOWEST) if cost > 0 else _LOWEST

    def _error(self) -> float:
        errors = [abs(cost / self.budget - 1) for _, cost in self.tried if math.isfinite(cost)]
        return min(errors, default=math.inf)

    def _bracket(self) -> tuple[int, int] | None:
        """Neighbours among the points, below the budget and then above it, the first there are."""
        heights = [height for _, height in self.points]
        pairs = zip(heights, heights[1:], strict=False)
        return next(((i, i + 1) for i, (a, b) in enumerate(pairs) if a < 0 < b), None)

    def _step(self, first: int, second: int, most: float) -> float:
        """How far to go beyond all points, along the line through the two at that end."""
        y = self.points[0 if first == 0 else -1][1]
        slope, reach = self._slope(first, second), math.log(most)
        if y == math.inf or (y > 0 and slope <= 0):
            return -math.log(GROWTH)
        if y < 0:
            return min(-y / slope, reach) if slope > 0 else reach
        return -min(y / slope, reach)

    def _slope(self, first: int, second: int) -> float:
        """The power that the cost grows like between two points, as far as that can be told."""
        if len(self.points) == 1:
            return POWER
        (x, y), (u, v) = self.points[first], self.points[second]
        return (v - y) / (u - x) if _is_some(y) and _is_some(v) else POWER

    def _within(self, low: int, high: int) -> float:
        """A log strength between two neighbours: on the line between them, kept off their ends."""
        (x, y), (u, v) = self.points[low], self.points[high]
        if self.is_stuck or not (_is_some(y) and _is_some(v)):
            return (x + u) / 2
        margin = _MARGIN * (u - x)
        return min(max(x - y * (u - x) / (v - y), x + margin), u - margin)

    def _reason(self, largest: float) -> str:
        if self._is_beyond:
            return (
                f"At the largest strength allowed, {self.limit:.3g}, it costs {largest:.3g}, "
                f"less than the budget of {self.budget:.3g}."
            )
        if (bracket := self._bracket()) is None:
            side = "less" if self.points[-1][1] < 0 else "more"
            return f"All {len(self.tried)} strengths tried cost {side} than {self.budget:.3g}."
        ends = (math.exp(self.points[i][0]) for i in bracket)
        low, high = (self._words(strength) for strength in ends)
        return f"After {len(self.tried)} strengths it lies between {low}, and {high}."

    def _words(self, strength: float) -> str:
        cost = min(self.tried, key=lambda one: abs(one[0] - strength))[1]
        return f"{strength:.3g}, which costs {cost:.3g}"
