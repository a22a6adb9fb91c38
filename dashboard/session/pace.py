"""How often parts of a page look again by themselves, so that many tabs do not drown the server.

Each look is a run of a script and a message to a browser. Two looks a second are nothing for one
reader, but ten readers beside a computing job would leave no time for anything else.

A pace holds until the page is drawn again by a click. A look that had its page drawn again for
another pace could undo a click that came in the same moment.
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


class Look(NamedTuple):
    """The last look of one part in one tab."""

    at: float
    """By the monotonic clock."""
    seconds: float
    """That it took."""


class Refreshes:
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


REFRESHES = Refreshes()
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
    st.fragment(_look, run_every=REFRESHES.every(wanted))(part, arguments)


def _look(part: Callable[..., None], arguments: tuple[Any, ...]) -> None:
    began = time.monotonic()
    try:
        part(*arguments)
    finally:
        reader = st.session_state.setdefault("_reader", uuid.uuid4().hex)
        REFRESHES.note(reader, part.__qualname__, time.monotonic() - began)
