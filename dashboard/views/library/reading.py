"""The figures of all runs for the table, read a few at a time so that no page waits for all.

Knows nothing of how the table is drawn.
"""

import time
from collections.abc import Sequence
from typing import NamedTuple

import streamlit as st

from dashboard.session import pace, resources
from dashboard.words import captions
from engine.errors import EngineError
from engine.records.records import RecordInfo
from engine.store.library import figures
from engine.store.library.figures import Line, Lines

AT_ONCE = 0.8
"""Seconds in which runs are read while the page is drawn; the others follow."""
EACH = 0.5
"""Seconds of a look that reads on."""
NOT_A_RUN = {
    "generation": "A grid of texts has no answers to score.",
    "conversation": "A conversation has no answers to score.",
    "experiment": "A study is made of sweeps: each has a line of its own.",
}
NOT_MEASURED = "No run measured these vectors yet: evaluate them on Discover."
BEING_READ = "This run is being read."

_refused: dict[tuple[str, str], str] = {}
"""By file and time of runs that cannot be read, the reason."""


class Told(NamedTuple):
    """What the table says of one record."""

    line: Line | None
    run: RecordInfo | None
    """The run that its figures are of; itself, or the newest that measured the set."""
    why: str
    """Why there is no line, "" where there is."""


class Read(NamedTuple):
    """What is known of all records."""

    told: dict[str, Told]
    """By digest."""
    unread: list[RecordInfo]
    """Runs whose figures are still to be read."""


def of(infos: Sequence[RecordInfo]) -> Read:
    """The figures of these records, as far as they are known or quickly read.

    Args:
        infos: All that is stored: a set's figures are those of a run.
    """
    runs = [info for info in infos if info.kind == "evaluation"]
    lines, unread = _lines(runs)
    told: dict[str, Told] = {}
    for run in runs:
        own = lines.get(run.digest, {})
        told[run.digest] = _of_run(run, own)
        for digest in own:
            if digest != figures.WHOLE and digest not in told and own[digest].best is not None:
                told[digest] = Told(own[digest], run, "")
    waiting = {digest for run in unread for digest in resources.measured_sets(run)}
    for info in infos:
        if info.digest not in told:
            told[info.digest] = Told(None, None, _why(info, info.digest in waiting))
    return Read(told, unread)


def _lines(runs: Sequence[RecordInfo]) -> tuple[dict[str, Lines], list[RecordInfo]]:
    began, lines, unread = time.monotonic(), dict[str, Lines](), list[RecordInfo]()
    for run in runs:
        found = figures.known(run)
        if found is None and not is_refused(run) and time.monotonic() - began < AT_ONCE:
            found = _read(run)
        if found is not None:
            lines[run.digest] = found
        elif not is_refused(run):
            unread.append(run)
    return lines, unread


def is_refused(run: RecordInfo) -> bool:
    """Whether a run was found to be unreadable."""
    return (run.path, run.created) in _refused


def _read(run: RecordInfo) -> Lines | None:
    try:
        return figures.read(resources.engine().store, run)
    except EngineError as error:
        _refused[run.path, run.created] = str(error)
        return None


def _of_run(run: RecordInfo, own: Lines) -> Told:
    if not own:
        return Told(None, None, _refused.get((run.path, run.created), BEING_READ))
    line = own[figures.WHOLE]
    return Told(line, run, line.missing.get("effect", ""))


def _why(info: RecordInfo, is_waiting: bool) -> str:
    if info.kind == "vectors":
        return BEING_READ if is_waiting else NOT_MEASURED
    return NOT_A_RUN[info.kind]


def go_on(unread: Sequence[RecordInfo]) -> None:
    """Read what is left, a little at each look; the table has it when all is read."""
    if unread:
        pace.repeat(_look, 0.3, list(unread))


def _look(unread: list[RecordInfo]) -> None:
    began, left = time.monotonic(), list[RecordInfo]()
    for run in unread:
        if figures.known(run) is None and not is_refused(run):
            if time.monotonic() - began < EACH:
                _read(run)
            else:
                left.append(run)
    if not left:
        st.rerun()
    done = len(unread) - len(left)
    words = f"Reading {captions.count(len(unread), 'run')} for the figures: {done} done."
    st.progress(done / len(unread), text=words)
