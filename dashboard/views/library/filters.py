"""Which records the table shows: kinds, models, words, and what stands out.

Knows nothing of how the table is drawn.
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import streamlit as st

from dashboard.session import naming, searching
from dashboard.views.library.reading import Told
from dashboard.views.library.table import GROUPS, KINDS
from engine.records.records import RecordInfo

STARRED, BEYOND = "starred", "beyond"
ONLY = {STARRED: "Starred", BEYOND: "Beyond random"}
"""Filters that are kept ready, by the name in the link."""
NOTHING: dict[str, Any] = {"lib_kind": None, "lib_model": None, "lib_text": "", "lib_only": []}
"""What each filter holds where nothing is asked for."""


class Asked(NamedTuple):
    """What the reader asks for."""

    kind: str | None = None
    model: str | None = None
    text: str = ""
    only: tuple[str, ...] = ()
    """Names of `ONLY`: all of them must hold."""


def draw(infos: Sequence[RecordInfo]) -> tuple[Asked, str | None]:
    """What the reader asks for, and by what the table is grouped; both stand in the URL."""
    kinds = [kind for kind in KINDS if any(info.kind == kind for info in infos)]
    models = sorted({info.model for info in infos})
    # Placeholders say what each is: labels would cost a line each above the table.
    bare: dict[str, Any] = {"label_visibility": "collapsed", "bind": "query-params"}
    with st.container(horizontal=True, vertical_alignment="center", gap="xsmall"):
        kind = st.pills(
            "Kind", kinds, format_func=lambda name: KINDS[name], key="lib_kind", **bare
        )  # fmt: skip
        only = st.pills(
            "Only", list(ONLY), format_func=lambda name: ONLY[name], key="lib_only",
            selection_mode="multi", **bare,
        )  # fmt: skip
    with st.container(horizontal=True, vertical_alignment="center", gap="xsmall"):
        text = st.text_input(
            "Text",
            key="lib_text",
            placeholder="Name, note, prompt, setting",
            help=searching.HELP,
            width=230,
            **bare,
        )
        model = None
        if len(models) > 1:
            model = st.selectbox(
                "Model", models, index=None, placeholder="Any model", key="lib_model", width=130,
                **bare,
            )  # fmt: skip
        group = st.selectbox(
            "Group by", list(GROUPS), index=None, placeholder="Group by", key="lib_group",
            format_func=lambda name: GROUPS[name], width=130, **bare,
        )  # fmt: skip
    return Asked(kind, model, text or "", tuple(only or ())), group


def chosen(infos: Sequence[RecordInfo], asked: Asked, told: Mapping[str, Told]) -> list[RecordInfo]:
    """The records of a kind and a model that the words find, and of which what is ticked holds."""
    names = naming.names()
    of_kind = [
        info
        for info in infos
        if asked.kind in (None, info.kind) and asked.model in (None, info.model)
    ]
    return [
        info
        for info in searching.matching(asked.text, of_kind)
        if (STARRED not in asked.only or names.starred(info.digest))
        and _holds(info, asked.only, told)
    ]


def _holds(info: RecordInfo, only: Sequence[str], told: Mapping[str, Told]) -> bool:
    line = told[info.digest].line if info.digest in told else None
    best = None if line is None else line.best
    return BEYOND not in only or (best is not None and best.is_beyond)


def nothing() -> None:
    """No record is left; one click shows all again."""
    with st.container(horizontal=True, vertical_alignment="center"):
        st.info("No record matches these filters.", icon=":material/filter_alt_off:")
        st.button("Clear the filters", key="clear_filters", on_click=_clear)


def _clear() -> None:
    for key, value in NOTHING.items():
        if key in st.session_state:
            st.session_state[key] = value
