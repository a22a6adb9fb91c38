"""Which columns and texts of a grid are looked at: rows of filters, all of them in the link."""

from collections.abc import Sequence
from typing import NamedTuple

import pandas as pd
import streamlit as st

from dashboard.frames import grids
from dashboard.frames.grids import Facet
from dashboard.session import naming, resources, state
from dashboard.views.generations.labels import words as labels_of
from dashboard.widgets.sheets import Sheet
from dashboard.words import captions

VECTORS, STRENGTHS, MODELS, LABELS, WORDS = KEYS = ("fv", "fs", "fm", "fl", "q")
"""Names in the link."""
PICKED = "cols"
"""Name in the link of the columns that were picked one by one, by their places."""
ORDER, ORDERS = "by", {"change": "Most changed first", "asked": "In the grid's order"}
MANY = 8
"""Columns up to which all of them are drawn in their order."""


class Chosen(NamedTuple):
    """What of a grid is looked at."""

    columns: list[Facet]
    """Of all columns those that are asked for, random controls last."""
    rows: pd.DataFrame
    """Their texts that are asked for."""
    is_some: bool
    """Whether anything is left out."""

    @property
    def names(self) -> list[str]:
        """Of the columns that have a text which is asked for."""
        known = set(self.rows["configuration"])
        return [one.name for one in self.columns if one.name in known]


def all_columns(sheet: Sheet) -> list[Facet]:
    """The columns of a grid by what each does."""
    sets = sheet.generation.vector_names if sheet.generation else {}
    return grids.facets(sheet.config, sets, naming.called)


def draw(sheet: Sheet) -> Chosen:
    """The filters, where there is something to choose from, and what they leave."""
    every = all_columns(sheet)
    given = resources.engine().store.labels(sheet.digest) if sheet.state == "done" else {}
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="filters"):
        vectors = _many(VECTORS, "Vector", [one.vector for one in every])
        strengths = _many(STRENGTHS, "Strength", [one.strength for one in every])
        models = _many(MODELS, "Model", [one.model for one in every])
        labels = _many(LABELS, "Label", grids.labels(sheet.frame, given))
        words = st.text_input(
            "Search the texts",
            key=WORDS,
            bind="query-params",
            placeholder="Search the texts",
            label_visibility="collapsed",
            width=150,
        )
        columns = _ordered(sheet, grids.filtered(every, vectors, strengths, models))
        picked = _picked(every)
        columns = [one for one in columns if one.place in picked] if picked else columns
        rows = grids.matching(
            sheet.frame, [one.name for one in columns], labels, words or "", given
        )
        found = Chosen(columns, rows, len(rows) < len(sheet.frame))
        if found.is_some:
            st.button("Show all", key="filters_off", icon=":material/filter_alt_off:",
                      on_click=clear)  # fmt: skip
    if found.is_some:
        texts = captions.count(len(rows), "text")
        st.caption(f"{texts} of {len(sheet.frame)}, in {_count(found)} of {len(every)} columns.")
    return found


def _ordered(sheet: Sheet, columns: list[Facet]) -> list[Facet]:
    """The columns as the grid has them; of many the ones that change most come first, on wish."""
    if len(columns) <= MANY or sheet.generation is None:
        return columns
    state.resolve(ORDER, list(ORDERS))
    state.choose_if_none(ORDER, next(iter(ORDERS)))
    chosen = st.selectbox(
        "Order of columns",
        list(ORDERS),
        format_func=lambda name: ORDERS[name],
        key=ORDER,
        label_visibility="collapsed",
        width=185,
        help="By change: how far a column's share of the counted label lies from the unsteered "
        "one's. Random vectors come last.",
    )
    state.write_link(ORDER, default=next(iter(ORDERS)))
    if chosen != "change":
        return columns
    return grids.by_change(columns, sheet.frame, labels_of(sheet)[0], sheet.baseline)


def _count(found: Chosen) -> int:
    return len(found.names)


def _many(key: str, noun: str, known: Sequence[str]) -> list[str]:
    """Some of what there is; nothing is drawn, and nothing chosen, where there is one only."""
    options = list(dict.fromkeys(known))
    if key in st.session_state:
        kept = [one for one in st.session_state[key] or [] if one in options]
        if kept != st.session_state[key]:
            st.session_state[key] = kept
    if len(options) < 2:
        return []
    return st.multiselect(
        noun,
        options,
        key=key,
        bind="query-params",
        placeholder=noun,
        label_visibility="collapsed",
        width=130,
    )


def _picked(every: Sequence[Facet]) -> set[int]:
    """The places of the columns that were picked one by one; the link's, where it is new."""
    asked = st.query_params.get(PICKED)
    if asked is not None and asked != st.session_state.get(f"_link_{PICKED}"):
        known = {one.place for one in every}
        wanted = {int(word) for word in asked.split("-") if word.isdecimal()}
        st.session_state[PICKED] = sorted(wanted & known)
    picked = st.session_state.get(PICKED) or []
    _write(picked)
    return set(picked)


def pick(places: Sequence[int]) -> None:
    """Look at these columns alone; at all of them where there are none."""
    st.session_state[PICKED] = sorted(places)
    _write(st.session_state[PICKED])


def _write(places: Sequence[int]) -> None:
    told = "-".join(str(place) for place in places)
    if told:
        st.query_params[PICKED] = told
    else:
        st.query_params.pop(PICKED, None)
    st.session_state[f"_link_{PICKED}"] = told or None


def clear() -> None:
    """Take every filter back."""
    for key in KEYS:
        st.session_state[key] = "" if key == WORDS else []
    pick([])


def parameters() -> dict[str, str | list[str] | None]:
    """What a link to this very choice holds."""
    found = {key: st.session_state.get(key) or None for key in (*KEYS, PICKED)}
    found[ORDER] = st.query_params.get(ORDER)
    picked = found[PICKED]
    return found | {PICKED: "-".join(map(str, picked)) if picked else None}
