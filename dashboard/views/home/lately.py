"""What runs, what was done last, and where to go on with it. Knows nothing of how it is shown."""

from collections.abc import Sequence
from typing import Any

import streamlit as st

from dashboard.session import going, naming, navigation, pace, resources
from dashboard.widgets import places, widgets
from dashboard.words import captions
from engine.errors import StoreError
from engine.records.records import RecordInfo
from engine.store.library import figures
from engine.store.naming.names import BETWEEN

MOST = 6
LONGEST = 90
"""Signs of a first message."""


def running() -> None:
    """Jobs that run or wait, as they go on; nothing where none does."""
    if resources.engine().jobs.active():
        st.header("Running now")
        pace.repeat(_running, 0.7)


def _running() -> None:
    for job in resources.engine().jobs.active():
        with st.container(border=True, gap="xsmall"):
            st.text(job.title)
            if job.state == "queued":
                st.caption("Waits for the jobs before it.")
            else:
                widgets.progress(job)


def last() -> None:
    """The last conversation and the last grid, each with the way back to it."""
    talks = resources.own_first(resources.records("conversation"))
    grids = resources.own_first(resources.records("generation"))
    if not talks and not grids:
        return
    st.header("Go on")
    for info in talks[:1]:
        _line(info, "Last conversation", f"{_said(info)} \u00b7 {info.summary}")
    for info in grids[:1]:
        config = resources.header(info.digest, info.path)["config"]
        prompt = _short(str(config["prompts"][0]))
        _line(info, "Last texts", f"{prompt} \u00b7 {info.summary}")


def _said(info: RecordInfo) -> str:
    try:
        found = resources.conversation(info.digest)
    except StoreError:
        return "cannot be read"
    return "gone" if found is None else _short(found.title)


def _short(text: str) -> str:
    words = " ".join(text.split())
    return words if len(words) <= LONGEST else f"{words[: LONGEST - 1]}\u2026"


def ran(infos: Sequence[RecordInfo]) -> None:
    """The latest records that stand for themselves, each with its link and what came of it."""
    names = naming.names()
    own = [info for info in infos if names.parent(info.digest) is None]
    st.header("Newest runs")
    for info in sorted(own, key=lambda info: info.created, reverse=True)[:MOST]:
        told = names.of(info)
        name = (
            resources.dataset(info) if info.kind == "evaluation" else captions.method(info.method)
        )
        about = told.removeprefix(name).removeprefix(BETWEEN) or told
        _line(info, name, f"{about} \u00b7 {_outcome(info) or info.summary}")


def _outcome(info: RecordInfo) -> str:
    """What an evaluation came to, where its figures are known."""
    lines = figures.known(info) if info.kind == "evaluation" else None
    best = lines[figures.WHOLE].best if lines and figures.WHOLE in lines else None
    if best is None:
        return ""
    name = naming.short(f"{best.vector_set}:{best.vector}")
    return f"strongest {name}, {captions.number(best.effect)}: {best.badge}"


def _line(info: RecordInfo, label: str, about: str) -> None:
    page, query = places.of_record(info) or ("library", {"record": info.digest})
    parameters: dict[str, Any] = {**going.kept(), **query}
    with st.container(gap=None):
        st.page_link(
            navigation.page(page),
            label=captions.plain(label),
            icon=navigation.PAGES[page][1],
            query_params=parameters,
        )
        st.caption(captions.plain(f"{about} · {info.model} · {captions.age(info.created)}"))
