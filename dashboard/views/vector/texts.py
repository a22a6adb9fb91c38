"""The newest texts that were written with the vector, beside the unsteered ones.

Knows nothing of how texts are made.
"""

from typing import Any, NamedTuple

import pandas as pd
import streamlit as st

from dashboard.session import navigation, resources
from dashboard.views.vector.subject import Subject
from dashboard.widgets import widgets
from dashboard.widgets.outstanding import usage
from dashboard.words import captions
from engine.errors import EngineError

SEARCHED, MOST_GRIDS, MOST_TEXTS = 200, 6, 6
"""Newest grids that are looked through, those that are named, and texts that are drawn."""


class Grid(NamedTuple):
    """A stored grid of which a column uses the vector."""

    digest: str
    columns: tuple[str, ...]
    """Columns that use it."""
    baseline: str | None
    """The column that changes nothing."""
    created: str


def grids(digest: str, index: int) -> list[Grid]:
    """Stored grids with a column that uses the vector, alone or in a blend, newest first."""
    found = []
    for info in resources.records("generation")[:SEARCHED]:
        columns = resources.header(info.digest, info.path)["config"]["configurations"]
        own = tuple(str(one["name"]) for one in columns if usage.uses(one, digest, index))
        if own:
            still = [str(one["name"]) for one in columns if _is_still(one)]
            base = still[0] if still else None
            found.append(Grid(info.digest, own, base, info.created))
    return found


def _is_still(column: dict[str, Any]) -> bool:
    is_plain = column["scale"] == 0 or all(part["weight"] == 0 for part in column["blend"])
    return is_plain and not column["adapter"] and column.get("system") is None


def pairs(grid: Grid) -> pd.DataFrame:
    """A grid's texts with the vector: prompt, sample, configuration, text, label, unsteered."""
    frame = resources.texts(grid.digest)
    keys = ["prompt", "sample"]
    base = frame.loc[frame["configuration"] == grid.baseline, [*keys, "text"]]
    own = frame[frame["configuration"].isin(grid.columns)]
    return own.merge(base.rename(columns={"text": "unsteered"}), on=keys, how="left")


def draw(one: Subject) -> None:
    """The texts of the newest grid, and links to all that used the vector."""
    found = grids(one.info.digest, one.index)
    if not found:
        st.info("No stored text was written with this vector: write one.", icon=":material/info:")
        write(one)
        return
    newest = found[0]
    try:
        rows = pairs(newest)
    except EngineError as error:
        widgets.show_error(error)
        return
    st.caption(
        captions.plain(
            f"{captions.count(len(rows), 'text')} of grid {newest.digest[:4]}, "
            f"{captions.age(newest.created)}; the unsteered ones on the left."
        )
    )
    for row in rows.head(MOST_TEXTS).to_dict("records"):
        _pair(row)
    if len(rows) > MOST_TEXTS:
        st.caption(f"The first {MOST_TEXTS} are shown; the grid has all.")
    with st.container(horizontal=True):
        write(one)
        for grid in found[:MOST_GRIDS]:
            st.page_link(
                navigation.page("generations"),
                label=captions.plain(f"Open grid {grid.digest[:4]}"),
                icon=":material/forum:",
                query_params={"gen": grid.digest},
            )


def write(one: Subject, key: str = "v_write") -> None:
    """The button to a new grid with the vector in it."""
    widgets.go_button("Write with it", "generations", key, ":material/forum:", vec=one.reference)


def _pair(row: dict[str, Any]) -> None:
    with st.container(border=True, gap="xsmall"):
        st.caption(captions.plain(str(row["prompt"])[:400]))
        left, right = st.columns(2)
        with left:
            st.badge("unsteered", color="gray", help="The same prompt without any vector.")
            is_there = isinstance(row["unsteered"], str)
            st.text(row["unsteered"] if is_there else "Not in this grid.")
        with right:
            told = "The column of the grid: the vector with its scale."
            st.badge(captions.plain(str(row["configuration"])), color="blue", help=told)
            st.text(row["text"])
