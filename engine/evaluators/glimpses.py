"""What of a sweep can be looked at before it is whole: the largest block of answers so far.

Statistics compare cells on the same questions, so a block holds some rows, the baseline among
them, and for all of these the same first questions.
"""

import time
from collections.abc import Callable

import numpy as np
from jaxtyping import Bool, Int

from engine.evaluators.layout import Part

EVERY = 10.0
"""Seconds between two looks, at least."""
SHARE = 0.05
"""Of the sweep's time, that looks may take."""

Give = Callable[[Int[np.ndarray, " rows"], int], None]
"""Takes the rows that have answered, and how many questions, counted from the first."""


class Glimpses:
    """The answers of a sweep as they come in, shown from time to time."""

    def __init__(self, rows: int, questions: int, give: Give | None) -> None:
        """Nothing is answered yet; without `give` nobody looks."""
        self._answered = np.zeros((rows, questions), dtype=bool)
        self._give = give
        self._due = time.monotonic() + EVERY
        self._shown = 0

    def note(self, unit: Part) -> None:
        """Its rows have answered its questions."""
        self._answered[unit.rows, unit.questions] = True

    def look_if_due(self) -> None:
        """Show what is there, if it is time for it."""
        if time.monotonic() >= self._due:
            self.look()

    def look(self) -> None:
        """Show what is there, unless it is no more than what was shown last."""
        if self._give is None:
            return
        rows, count = block(self._answered)
        if len(rows) * count <= self._shown or len(rows) < 2:
            return
        began = time.monotonic()
        self._give(rows, count)
        self._shown = len(rows) * count
        ended = time.monotonic()
        self._due = ended + max(EVERY, (ended - began) / SHARE)


def block(
    answered: Bool[np.ndarray, "rows questions"],
) -> tuple[Int[np.ndarray, " chosen"], int]:
    """The rows and the count of first questions that make the most answers, row 0 among them."""
    counts = np.logical_and.accumulate(answered, axis=1).sum(axis=1)
    fitting = np.unique(counts[(counts > 0) & (counts <= counts[0])])
    if not len(fitting):
        return np.array([], dtype=np.int64), 0
    best = max(fitting.tolist(), key=lambda count: count * int((counts >= count).sum()))
    return np.flatnonzero(counts >= best), best
