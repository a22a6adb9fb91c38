"""What stands out in the store: the strongest vector of each run, those beyond random first.

Knows nothing of how it is drawn.
"""

import time
from contextlib import suppress
from typing import NamedTuple

from dashboard.session import resources, state
from engine.errors import StoreError
from engine.records.records import RecordInfo
from engine.statistics.across.best import Best
from engine.store.library import figures

PATIENCE = 0.5
"""Seconds after which no further run is worked out in one draw of a page; the next goes on."""


class Found(NamedTuple):
    """A run and the strongest vector in it."""

    run: RecordInfo
    best: Best

    @property
    def reference(self) -> str:
        """The vector, as DIGEST:INDEX."""
        return f"{self.best.vector_set}:{self.best.vector}"


def found() -> tuple[list[Found], int]:
    """The strongest vector of each run of this tab's model, else of all runs, and what is unread.

    Those beyond random come first, then the smallest p, then the largest held-out effect. A vector
    that several runs measured stands once.

    Returns:
        What is known, and how many runs are still to be read: draw the page again for more.
    """
    runs, model = resources.runs(), state.model().short_name
    own = [run for run in runs if run.model == model] or runs
    known, left = [], 0
    began = time.monotonic()
    for run in own:
        lines = figures.known(run)
        if lines is None and time.monotonic() - began < PATIENCE:
            with suppress(StoreError):
                lines = figures.read(resources.engine().store, run)
        elif lines is None:
            left += 1
        best = None if lines is None or figures.WHOLE not in lines else lines[figures.WHOLE].best
        if best is not None:
            known.append(Found(run, best))
    known.sort(key=_order)
    first = {one.reference: one for one in reversed(known)}
    return sorted(first.values(), key=_order), left


def _order(one: Found) -> tuple[bool, float, float]:
    held = abs(one.best.held_out) if one.best.held_out is not None else 0.0
    return not one.best.is_beyond, 1.0 if one.best.p is None else one.best.p, -held
