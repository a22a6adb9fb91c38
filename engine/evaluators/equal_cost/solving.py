"""The strength of every cell at which steering costs a budget on neutral answers.

Knows nothing of what a cell changes: it is asked for the edits at a strength.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from jaxtyping import Float, Int

from engine.configs.budgets.costs import Of
from engine.configs.core import require
from engine.configs.steering.doses import Which
from engine.evaluators.equal_cost.divergence import NeutralAnswers, divergences, mean_and_p95
from engine.evaluators.text_figures import Note
from engine.maths import secant
from engine.maths.secant import Solved
from engine.model.edits import Edit
from engine.progress import Progress

RELATIVE_START = 0.25
"""Norm of what is added, in median residual norms, that a search may begin with."""
SHARE_START = 0.3
"""The same for operators whose strength is a share of a whole change."""


@dataclass(frozen=True, kw_only=True, eq=False)
class CostedCell:
    """One vector under one operator, turned one way, whose strength is sought."""

    edits_at: Callable[[float], Sequence[Edit]]
    """Edits at a strength, which has the cell's sign."""
    budget: float
    """KL per token to meet, in nats."""
    start: float
    """Strength to try first, above 0."""
    of: Of = "mean"
    adapter: Which = False
    """State of the adapter that is steered, and that it is compared with unsteered."""
    sign: Literal[1, -1] = 1
    limit: float = float("inf")
    """Largest strength allowed, without its sign."""

    def __post_init__(self) -> None:
        """Refuse what no strength can meet."""
        require(self.budget > 0, f"The budget is {self.budget:g}, but must be above 0.")
        require(
            0 < self.start < float("inf"),
            f"The first strength is {self.start:g}, but must be above 0 and finite.",
        )
        require(self.limit > 0, f"The largest strength is {self.limit:g}, but must be above 0.")


@dataclass(frozen=True, kw_only=True)
class CostedStrength:
    """The strength that was found for one cell, and what it costs."""

    strength: float
    """With the cell's sign."""
    kl_mean: float
    kl_p95: float
    evaluations: int
    reached: bool
    """Whether the figure that was asked for is within a tenth of the budget."""
    reason: str
    """Why not; empty where it is."""


def solve(
    neutral: Mapping[Which, NeutralAnswers],
    cells: Sequence[CostedCell],
    progress: Progress,
    note: Note,
    evaluations: int = secant.EVALUATIONS,
) -> list[CostedStrength]:
    """Find the strength of every cell that costs its budget.

    Args:
        neutral: Texts by the state of the adapter, for every state that a cell has.
        cells: What is sought; all that are not done are measured together, round by round.
        progress: Called after each text of a batch with how many rows ran on it, of as many as
            there can be; may raise to stop.
        note: Told when memory ran out.
        evaluations: Most strengths tried for one cell.

    Raises:
        ModelError: If not even one row fits into memory.
    """
    return _Solving(neutral, cells, progress, note).run(evaluations)


class _Solving:
    """The cells while their strengths are sought."""

    def __init__(
        self,
        neutral: Mapping[Which, NeutralAnswers],
        cells: Sequence[CostedCell],
        progress: Progress,
        note: Note,
    ) -> None:
        self._neutral, self._cells, self._progress, self._note = neutral, cells, progress, note
        self._seen: list[dict[float, tuple[float, float]]] = [{} for _ in cells]
        """By cell and strength, mean and 95th percentile."""
        self._texts = [neutral[cell.adapter].texts for cell in cells]
        self._round = self._done = self._total = self._evaluations = 0

    def run(self, evaluations: int) -> list[CostedStrength]:
        """Try strengths until every cell is done."""
        cells = self._cells
        self._evaluations, self._total = evaluations, evaluations * sum(self._texts)
        solved = secant.solve(
            self._measure,
            [cell.start for cell in cells],
            [cell.budget for cell in cells],
            [cell.limit for cell in cells],
            evaluations,
        )
        self._progress(self._total, self._total, "every strength is found")
        return [self._costed(i, one) for i, one in enumerate(solved)]

    def _measure(
        self, strengths: Float[np.ndarray, " asked"], which: Int[np.ndarray, " asked"]
    ) -> Float[np.ndarray, " asked"]:
        """What the asked cells cost at these strengths, by the figure that each wants."""
        # Cells that are found leave the tries that they did not need.
        left = sum(self._texts[i] for i in which)
        self._done = self._total - left * (self._evaluations - self._round)
        self._round += 1
        self._tell(0, len(which))
        costs = np.full(len(which), np.nan)
        chosen = [self._cells[i] for i in which]
        for adapter in dict.fromkeys(cell.adapter for cell in chosen):
            places = [i for i, cell in enumerate(chosen) if cell.adapter == adapter]
            rows = [chosen[i].edits_at(chosen[i].sign * float(strengths[i])) for i in places]
            values = divergences(
                self._neutral[adapter],
                rows,
                lambda count: self._tell(count, len(which)),
                self._note,
            )
            for place, mean, high in zip(places, *mean_and_p95(values), strict=True):
                costs[place] = mean if chosen[place].of == "mean" else high
                self._seen[which[place]][float(strengths[place])] = float(mean), float(high)
        return costs

    def _tell(self, more: int, left: int) -> None:
        """Count texts that a row was run on; memory may have made it run some twice."""
        self._done = min(self._done + more, self._total)
        found, cells = len(self._cells) - left, len(self._cells)
        words = f"{found} of {cells} strengths found, trying for the {_ordinal(self._round)} time"
        self._progress(self._done, self._total, words)

    def _costed(self, cell: int, solved: Solved) -> CostedStrength:
        mean, high = self._seen[cell][solved.strength]
        return CostedStrength(
            strength=self._cells[cell].sign * solved.strength,
            kl_mean=mean,
            kl_p95=high,
            evaluations=solved.evaluations,
            reached=solved.reached,
            reason=solved.reason,
        )


def _ordinal(number: int) -> str:
    return {1: "1st", 2: "2nd", 3: "3rd"}.get(number, f"{number}th")
