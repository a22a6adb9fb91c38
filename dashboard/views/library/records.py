"""The library's first section: all records in a table, and the one that is chosen.

Knows nothing of the other sections.
"""

import streamlit as st

from dashboard.session import resources
from dashboard.views.library import comparing, deleting, dropping, filters, library, reading, table
from dashboard.widgets.adding import asking
from dashboard.widgets.adding.kinds import EVERY
from dashboard.words import captions
from engine.records.records import RecordInfo

TALL, SHORT = 430, 283
"""Pixels of the table, alone and above a record."""


def page() -> None:
    """Filters, table, the chosen record or records, and where files are dropped."""
    infos = resources.records()
    if not infos:
        dropping.zone()
        st.info(
            "Nothing is stored yet: find vectors on Discover, or drop a record file here.",
            icon=":material/inbox:",
        )
        library.damaged()
        return
    left, right = st.columns([0.7, 0.3], vertical_alignment="top", gap="small")
    with right:
        dropping.zone()
    with left:
        asked, group = filters.draw(infos)
    read = reading.of(infos)
    found = table.in_order(filters.chosen(infos, asked, read.told), read.told)
    chosen = library.selected(infos)
    marked = _marked(infos)
    if found:
        is_alone = chosen is None and len(marked) < 2
        table.draw(found, read.told, group, TALL if is_alone else SHORT)
    else:
        filters.nothing()
    _below(infos, found)
    reading.go_on(read.unread)
    library.damaged()
    if len(marked) > 1:
        _several(marked)
    elif chosen is not None:
        library.record(chosen, read.told.get(chosen.digest))


def add_own() -> None:
    """The button that adds a reader's own data, with its dialog."""
    asking.button("library", EVERY, asking.chooses("_library_added"), "Add my own data")


def _marked(infos: list[RecordInfo]) -> list[RecordInfo]:
    digests = st.session_state.get(table.MARKED, [])
    return [info for info in infos if info.digest in digests]


def _below(infos: list[RecordInfo], found: list[RecordInfo]) -> None:
    shown = f"{len(found)} of " if len(found) < len(infos) else ""
    many = captions.count(len(infos), "record")
    st.caption(
        f"{shown}{many}. Tick a row to open it, two runs to compare them. A click on a column's "
        "head sorts by it."
    )


def _several(marked: list[RecordInfo]) -> None:
    """What can be done with several ticked records."""
    runs = [info for info in marked if info.kind == "evaluation"]
    is_pair = len(marked) == len(runs) == 2
    st.header(captions.count(len(marked), "record"))
    with st.container(horizontal=True, vertical_alignment="center"):
        st.button(
            "Compare", key="compare_marked", icon=":material/compare_arrows:", type="primary",
            disabled=not is_pair, on_click=_compare, args=(runs,),
            help="Paired differences of two runs of the same questions.",
        )  # fmt: skip
        deleting.offer(marked)
    if not is_pair:
        st.caption("Two runs can be compared: tick two evaluations.")


def _compare(runs: list[RecordInfo]) -> None:
    # The earlier one is what the later one is compared with.
    first, second = sorted(runs, key=lambda run: run.created)
    comparing.choose(first.digest, second.digest)
    st.session_state["section"] = "compare"
