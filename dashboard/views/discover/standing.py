"""Which stored set best beats random vectors, by the figures that are kept of every run.

Knows nothing of how a set is drawn.
"""

import time
from collections.abc import Iterable

from dashboard.session import resources, state
from engine.errors import StoreError
from engine.records.records import RecordInfo
from engine.store.library import figures

PATIENCE = 1.0
"""Seconds that runs are read for when the page opens; those of which nothing is kept yet."""
BADGES = ("beyond the best", "beyond random")
"""The best verdicts, in their order; all others stand behind them."""

Place = tuple[int, float]
"""Of the best vector: the turn of its verdict, and p as the best of all cells of its run."""


def best_first(infos: Iterable[RecordInfo]) -> list[RecordInfo]:
    """Sets of this tab's model first, the one that best beats random vectors at their head.

    Behind measured sets stand those that were not measured, and behind them random ones.
    """
    places = _places()
    usual = (len(BADGES), 1.0)

    def turn(info: RecordInfo) -> tuple[bool, bool, Place]:
        is_measured = info.digest in places and info.method != "random"
        return not is_measured, info.method == "random", places.get(info.digest, usual)

    return resources.own_first(sorted(infos, key=turn))


def _places() -> dict[str, Place]:
    """The best place of each measured set, over the runs that asked this tab's model."""
    found: dict[str, Place] = {}
    end = time.monotonic() + PATIENCE
    for run in resources.runs():
        lines = figures.known(run)
        if lines is None and state.has_arrived() and time.monotonic() < end:
            try:
                lines = figures.read(resources.engine().store, run)
            except StoreError:
                # Where it is opened, the page says what is wrong with it.
                lines = None
        for digest in resources.measured_sets(run):
            line = (lines or {}).get(digest)
            place = (len(BADGES), 1.0) if line is None else _place(line)
            found[digest] = min(found.get(digest, place), place)
    return found


def _place(line: figures.Line) -> Place:
    if line.best is None:
        return len(BADGES), 1.0
    badge = line.best.badge
    turn = next((i for i, known in enumerate(BADGES) if badge.startswith(known)), len(BADGES))
    return turn, 1.0 if line.best.p is None else line.best.p
