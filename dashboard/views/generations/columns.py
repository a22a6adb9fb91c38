"""What the texts of each column show: a table, from which columns can be picked."""

import pandas as pd
import streamlit as st

from dashboard.frames import grids
from dashboard.session import resources
from dashboard.views.generations import filters, labels
from dashboard.views.generations.filters import Chosen
from dashboard.widgets import widgets
from dashboard.widgets.sheets import Sheet
from dashboard.words import captions

TALLEST = 320
"""Pixels."""


def draw(sheet: Sheet, chosen: Chosen) -> None:
    """The table of the columns that are asked for, over those of their texts that are."""
    if sheet.generation is None:
        return
    given = resources.engine().store.labels(sheet.digest)
    pole = labels.words(sheet)[0]
    found = grids.summary(chosen.rows, chosen.columns, pole, given)
    found = found[found["texts"] > 0]
    table = shown(found, pole, sheet.generation.side_effects)
    st.header("Columns")
    st.dataframe(
        table,
        key="columns_table",
        hide_index=True,
        height=min(38 + 35 * len(table), TALLEST),
        on_select=lambda: _picked(found["place"].tolist()),
        selection_mode="multi-row",
        alt="What the texts of each column show",
    )
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption(
            "Tick columns to read them beside the unsteered one. Intervals: 95 %, Wilson, each "
            "text counted by itself.",
            width="stretch",
        )
        widgets.download(found, f"columns_{sheet.digest}")


def shown(found: pd.DataFrame, pole: str, effects: dict[str, dict[str, float]]) -> pd.DataFrame:
    """The table as it is read: counts with what they are of, and only what is known.

    Args:
        found: As `frames.grids.summary` gives it.
        pole: The label that is counted.
        effects: Of each column beside, by its name.
    """
    table = found[["column"]].copy()
    rows = found.to_dict("records")
    if found["judged"].any():
        table[pole] = [f"{one['hits']} of {one['judged']}" for one in rows]
        table["95 %"] = [captions.span(one["low"], one["high"]) for one in rows]
    if found["own"].any():
        table[f"{pole}, by you"] = [f"{one['own_hits']} of {one['own']}" for one in rows]
    if found["both"].any():
        table["you = judge"] = [f"{one['equal']} of {one['both']}" for one in rows]
    table[["texts", "broken"]] = found[["texts", "broken"]]
    table["repetition"] = found["repetition"].round(2)
    table["log-prob"] = found["logprob"].round(2)
    for name, title in (("kl", "KL"), ("relative", "\u00d7 residual norm")):
        known = [effects.get(one["column"], {}).get(name) for one in rows]
        if any(known):
            table[title] = known
    for name in ("strength", "model", "vector"):
        if found[name].nunique() > 1:
            table[name] = found[name]
    return table


def _picked(places: list[int]) -> None:
    """Look at the columns that are ticked, and keep them in the link."""
    ticked = st.session_state["columns_table"].selection.rows
    if ticked:
        filters.pick([places[row] for row in ticked if row < len(places)])
