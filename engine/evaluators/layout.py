"""Which rows of a sweep are asked which questions together, and what of it is finished.

A part is a block of rows and questions; its units lie on disk one by one. Where memory made parts
smaller than usual, their layout lies there, too, so that a later run finds the same units.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Int

QUESTIONS_PER_UNIT = 25
LAYOUT = "layout"
"""Name of the unit that holds the parts, where they are not the usual ones."""

Load = Callable[[str], dict[str, np.ndarray] | None]
Save = Callable[[str, dict[str, np.ndarray]], object]


@dataclass(frozen=True, kw_only=True)
class Part:
    """Rows `start` to `stop` and questions `first` to `last`, without the ends."""

    start: int
    stop: int
    first: int
    last: int

    @property
    def rows(self) -> slice:
        """As an index."""
        return slice(self.start, self.stop)

    @property
    def questions(self) -> slice:
        """As an index."""
        return slice(self.first, self.last)

    @property
    def size(self) -> int:
        """Rows times questions."""
        return (self.stop - self.start) * (self.last - self.first)

    @property
    def name(self) -> str:
        """Of the file of a part that is one unit."""
        return f"rows{self.start}-{self.stop}_questions{self.first}-{self.last}"

    def units(self, length: int) -> Iterator["Part"]:
        """The same rows, so many questions at a time, counted from question 0."""
        first = self.first
        while first < self.last:
            last = min(self.last, (first // length + 1) * length)
            yield replace(self, first=first, last=last)
            first = last

    def split(self, rows: int) -> list["Part"]:
        """The same questions in the fewest parts of at most so many rows, all about alike."""
        count = self.stop - self.start
        even = -(-count // -(-count // rows))
        starts = range(self.start, self.stop, even)
        return [replace(self, start=s, stop=min(s + even, self.stop)) for s in starts]


def usual(rows: int, questions: int, at_once: int) -> list[Part]:
    """All questions of `at_once` rows at a time."""
    starts = range(0, rows, at_once)
    return [Part(start=s, stop=min(s + at_once, rows), first=0, last=questions) for s in starts]


def recalled(load: Load, rows: int, questions: int, at_once: int) -> list[Part]:
    """The parts of an earlier run of the same sweep, or else the usual ones."""
    known = load(LAYOUT)
    parts = _parts(known["parts"]) if known is not None and "parts" in known else []
    return parts if _covers(parts, rows, questions) else usual(rows, questions, at_once)


def as_arrays(parts: Sequence[Part]) -> dict[str, Int[np.ndarray, "parts four"]]:
    """What `recalled` reads."""
    rows = [[part.start, part.stop, part.first, part.last] for part in parts]
    return {"parts": np.array(rows, dtype=np.int64).reshape(-1, 4)}


def _parts(numbers: np.ndarray) -> list[Part]:
    if numbers.ndim != 2 or numbers.shape[1] != 4:
        return []
    return [Part(start=a, stop=b, first=c, last=d) for a, b, c, d in numbers.tolist()]


def _covers(parts: Sequence[Part], rows: int, questions: int) -> bool:
    """Whether every row is asked every question once."""
    asked = np.zeros((rows, questions), dtype=np.int64)
    for part in parts:
        is_inside = 0 <= part.start < part.stop <= rows and 0 <= part.first < part.last <= questions
        if not is_inside:
            return False
        asked[part.rows, part.questions] += 1
    return bool((asked == 1).all())
