"""How often parts of a page look again by themselves, so that many tabs do not drown the server.

Each look is a run of a script and a message to a browser. Two looks a second are nothing for one
reader, but ten readers beside a computing job would leave no time for anything else.
"""

import threading
import time
import uuid
from collections.abc import Callable
from typing import Any, NamedTuple

import streamlit as st

SHARE = 0.25
"""Of one core, that all looks of all tabs together may take."""
LONGEST = 5.0
"""Seconds between two looks, at most: nobody should think that a job has stopped."""
FORGOTTEN = 3 * LONGEST
"""Seconds without a look after which a tab counts as closed."""
TOO_FAST, TOO_SLOW = 2.0, 0.25
"""A page is drawn again for another pace when the right one is so many times the given one."""


class Look(NamedTuple):
    """The last look of one part in one tab."""

    at: float
    """By the monotonic clock."""
    seconds: float
    """That it took."""


class Timer(NamedTuple):
    """When a part looks again."""

    wanted: float
    """Seconds between two looks on a quiet machine."""
    given: float
    """Seconds between two looks as things were."""
    since: float
    """When that was."""


class Looks:
    """What the looks of all tabs take. Safe to use from any thread."""

    def __init__(self) -> None:
        """Nobody looks yet."""
        self._lock = threading.Lock()
        self._last: dict[tuple[str, str], Look] = {}

    def note(self, reader: str, part: str, seconds: float) -> None:
        """Remember what a look took; half of it is what the looks before took."""
        with self._lock:
            before = self._last.get((reader, part))
            kept = seconds if before is None else (before.seconds + seconds) / 2
            self._last[reader, part] = Look(time.monotonic(), kept)

    def every(self, wanted: float) -> float:
        """Seconds between two looks: as wanted, or more where all looks would take too much."""
        now = time.monotonic()
        with self._lock:
            self._last = {k: one for k, one in self._last.items() if now - one.at < FORGOTTEN}
            total = sum(one.seconds for one in self._last.values())
        return max(wanted, min(LONGEST, total / SHARE))


LOOKS = Looks()
"""Of this process."""


def repeat(part: Callable[..., None], wanted: float | None, *arguments: Any) -> None:
    """Draw a part of a page now and again and again.

    Args:
        part: Draws it.
        wanted: Seconds between two looks on a quiet machine; None draws it only on a click.
        arguments: What `part` is given.
    """
    if wanted is None:
        st.fragment(part)(*arguments)
        return
    timer = Timer(wanted, LOOKS.every(wanted), time.monotonic())
    st.fragment(_look, run_every=timer.given)(part, timer, arguments)


def _look(part: Callable[..., None], timer: Timer, arguments: tuple[Any, ...]) -> None:
    began = time.monotonic()
    try:
        part(*arguments)
    finally:
        reader = st.session_state.setdefault("_reader", uuid.uuid4().hex)
        LOOKS.note(reader, part.__qualname__, time.monotonic() - began)
    if began - timer.since < timer.given / 2:
        return  # The first look, which is part of a run of the whole page.
    # Only such a run can give a timer another pace.
    if not TOO_SLOW <= LOOKS.every(timer.wanted) / timer.given <= TOO_FAST:
        st.rerun()
