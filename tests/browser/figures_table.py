"""Measured waits as a table. Knows nothing of how they were measured."""

import statistics
from collections.abc import Sequence
from typing import Any, NamedTuple


class Figure(NamedTuple):
    """One thing that a reader waits for, measured several times."""

    name: str
    seconds: tuple[float, ...]
    target: float | None = None
    """Seconds that the 95th percentile should stay below; None where nothing was promised."""
    load: float = 0.0
    """Load average of the machine at the end."""
    cpu: tuple[float, ...] = ()
    """Seconds of processor time that the server took each time; a busy machine adds little."""

    @property
    def middle(self) -> float:
        """Median."""
        return statistics.median(self.seconds)

    @property
    def late(self) -> float:
        """95th percentile, between the nearest ranks; with few repeats nearly the longest."""
        ordered = sorted(self.seconds)
        place = 0.95 * (len(ordered) - 1)
        low = int(place)
        high = min(low + 1, len(ordered) - 1)
        return ordered[low] + (place - low) * (ordered[high] - ordered[low])

    @property
    def misses(self) -> bool:
        """Whether the target is missed."""
        return self.target is not None and self.late >= self.target


def markdown(figures: Sequence[Figure]) -> str:
    """The table, a line for each figure."""
    lines = [
        "| figure | n | p50 s | p95 s | target s | server CPU s | load |",
        "| --- | ---: | ---: | ---: | ---: | ---: | ---: |",
    ]
    for one in figures:
        target = "" if one.target is None else f"< {one.target:g}{' MISSED' if one.misses else ''}"
        cells = (one.name, len(one.seconds), f"{one.middle:.2f}", f"{one.late:.2f}", target)
        cpu = f"{statistics.median(one.cpu):.2f}" if one.cpu else ""
        lines.append(f"| {' | '.join(map(str, cells))} | {cpu} | {one.load:.1f} |")
    return "\n".join(lines)


def plain(figures: Sequence[Figure]) -> list[dict[str, Any]]:
    """The same as plain values, every single wait among them."""
    return [
        {**one._asdict(), "p50": one.middle, "p95": one.late, "missed": one.misses}
        for one in figures
    ]
