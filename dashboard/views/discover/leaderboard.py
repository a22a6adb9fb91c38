"""The table of one vector set: its vectors by effect, and which of them is selected."""

from typing import Any, NamedTuple

import pandas as pd
import streamlit as st

from dashboard.frames import sweep as sweeps
from dashboard.frames.sweep import Sweep
from dashboard.session import naming, pinned, state
from dashboard.widgets import equal_cost
from dashboard.widgets.probes import stored as probes
from dashboard.widgets.words import stored as words
from dashboard.words import captions
from engine.records.records import VectorSet

PARAMETER = "vector"
"""Of a link: the index of the selected vector."""


class Selected(NamedTuple):
    """The row that the reader selected."""

    name: str
    vector: int
    """Its row in the set."""
    is_measured: bool
    called: str
    """By a reader's own name, else `name`."""


COLUMNS = {
    "name": st.column_config.TextColumn(
        "vector", width=138, help=f"{captions.PINNED} the pinned vector"
    ),
    "changes": st.column_config.LineChartColumn(
        "by scale",
        width=60,
        help="Change of the difference from the lowest scale to the highest",
    ),
    "change": st.column_config.NumberColumn(
        "effect",
        format="%+.3g",
        width=60,
        help="Largest change of the mean difference from scale 0",
    ),
    "label": st.column_config.TextColumn(
        "at", width=52, help="The scale, or strength, of that effect"
    ),
    "control": st.column_config.NumberColumn(
        "random",
        format="%+.3g",
        width=64,
        help="Edge of the random vectors' 95 % band there, on the same side",
    ),
    "verdict": st.column_config.TextColumn("vs random", width=90, help=captions.BEST_OF_MANY),
    "equal": st.column_config.TextColumn("at equal KL", width=185),
    "reads": st.column_config.TextColumn("reads", width=125),
    "says": st.column_config.TextColumn("says", width=170),
    "percent_a": st.column_config.NumberColumn(
        "% A", format="percent", width=58, help=captions.CHOOSING_A
    ),
    "shape": st.column_config.TextColumn(
        "shape", width=78, help="How the effect depends on the scale"
    ),
    "p": st.column_config.NumberColumn(
        "p",
        format="%.3f",
        width=55,
        help="Share of random vectors, each at its own best scale, that do at least as much",
    ),
    "interval": st.column_config.TextColumn("95 % interval", width=110),
    "rates": st.column_config.LineChartColumn(
        "% by scale", y_min=0, y_max=1, width=90, help="Share of behaviour answers by scale"
    ),
    "site": st.column_config.TextColumn("site"),
}

UNTOLD = {"equal": equal_cost.UNMEASURED, "reads": probes.UNKNOWN, "says": words.UNKNOWN}
"""What a column holds of a vector of which nothing was measured."""


def draw(found: VectorSet, sweep: Sweep | None) -> Selected:
    """The table; gives the selected vector, or else the first."""
    table = scores(found) if sweep is None else ranked(found, sweep)
    equal = equal_cost.of_each(found, sweep)
    table["equal"] = [equal.told[vector] for vector in table["vector"]]
    reads = probes.of_each(found)
    table["reads"] = [reads.told[vector] for vector in table["vector"]]
    says = words.of_each(found)
    table["says"] = [says.told[vector] for vector in table["vector"]]
    own = [name for name in table if name not in COLUMNS and name in _score_names(found)]
    key, first = _start(found, "" if sweep is None else sweep.evaluation.digest, table)
    called = _called(table, found.digest)
    event = st.dataframe(
        _marked(called, found.digest),
        key=key,
        hide_index=True,
        column_order=[*(name for name in COLUMNS if name in table and _is_told(table, name)), *own],
        column_config=COLUMNS
        | {
            "equal": _equal(equal),
            "reads": _told("reads", 125, reads.about),
            "says": _told("says", 170, says.about),
        },
        on_select="rerun",
        selection_mode="single-row",
        selection_default={"selection": {"rows": [first]}},
        height=min(38 + 35 * len(table), 460),
        alt="Vectors of this set, the largest effect first",
    )
    if sweep is not None and sweep.steered.short:
        how = sweep.steered
        st.caption(captions.plain(f"Measured by: {how.short}. Strengths are {how.unit}."))
    rows = event.selection.rows
    if rows and rows[0] != first:
        st.session_state["_board"]["is_chosen"] = True
    place = rows[0] if rows else 0
    row, is_measured = table.iloc[place], sweep is not None and table.iloc[place]["size"] >= 0
    selected = Selected(
        str(row["name"]), int(row["vector"]), is_measured, str(called.iloc[place]["name"])
    )
    _remember(found.digest, selected.vector, is_first=table["vector"].iloc[0] == selected.vector)
    return selected


def _equal(equal: equal_cost.OfEach) -> Any:
    """The column of effects at equal cost, which says what was asked at which cost."""
    return st.column_config.TextColumn(equal.title, width=185, help=captions.plain(equal.about))


def _told(name: str, width: int, about: str) -> Any:
    """A column of what vectors read or say, which says beside what it was told."""
    return st.column_config.TextColumn(name, width=width, help=captions.plain(about))


def _is_told(table: pd.DataFrame, name: str) -> bool:
    """Whether a column says anything of any row; where answers are written, nothing chooses A."""
    if name in UNTOLD:
        return bool((table[name] != UNTOLD[name]).any())
    return name != "percent_a" or bool(table[name].notna().any())


def _start(found: VectorSet, run: str, table: pd.DataFrame) -> tuple[str, int]:
    """Key of the table, and the row that it starts with.

    A selection can only be set on a table that is new to the browser: the key changes where the
    link, the current vector or another evaluation moves it.
    """
    asked, before = st.query_params.get(PARAMETER), st.session_state.get("_link_vector")
    board = st.session_state.get("_board", {})
    one = pinned.wanted(PARAMETER)
    vectors = [str(vector) for vector in table["vector"]]
    same_table = (board.get("set"), board.get("run")) == (found.digest, run)
    wanted = board.get("vector") if board.get("set") == found.digest else None
    is_chosen = wanted is not None and bool(board.get("is_chosen"))
    if not same_table and not is_chosen:
        # What happened to stand first is no choice: in another order, the first is another.
        wanted = None
    if one is not None:
        wanted = str(one.index) if one.digest == found.digest else wanted
        is_chosen = one.digest == found.digest or is_chosen
    elif asked is not None and (asked != before or state.has_arrived()):
        wanted, is_chosen = asked, True
        if asked not in vectors:
            st.session_state[f"_missing_{PARAMETER}"] = asked
    elif asked is None and before is not None and not state.has_arrived():
        wanted = vectors[0]
    state.warn_missing(PARAMETER, "the vector", vectors)
    if not same_table or state.has_arrived() or wanted != board.get("vector"):
        place = vectors.index(wanted) if wanted in vectors else 0
        turn = board.get("turn", 0) + 1
        board = {"set": found.digest, "run": run, "turn": turn, "row": place}
        board["is_chosen"] = is_chosen
    st.session_state["_board"] = board
    return f"leaderboard_{found.digest}_{board['turn']}", board["row"]


def _remember(digest: str, vector: int, is_first: bool) -> None:
    """Let the link and the other pages know of the selected vector."""
    pinned.note(f"{digest}:{vector}", is_asked=PARAMETER in st.query_params)
    st.session_state["_board"]["vector"] = str(vector)
    told = None if is_first else str(vector)
    if told is None:
        st.query_params.pop(PARAMETER, None)
    elif st.query_params.get(PARAMETER) != told:
        st.query_params[PARAMETER] = told
    st.session_state["_link_vector"] = told


def _called(table: pd.DataFrame, digest: str) -> pd.DataFrame:
    """The table with a reader's own names in place of those that links have."""
    found = naming.names()
    pairs = zip(table["vector"], table["name"], strict=True)
    own = [found.note(f"{digest}:{vector}").name or name for vector, name in pairs]
    return table.assign(name=own)


def _marked(table: pd.DataFrame, digest: str) -> pd.DataFrame:
    """The table with the pinned vector's mark before its name."""
    is_pinned = [f"{digest}:{vector}" == pinned.reference() for vector in table["vector"]]
    marked = f"{captions.PINNED} " + table["name"].astype(str)
    return table.assign(name=table["name"].where(~pd.Series(is_pinned, index=table.index), marked))


def _score_names(found: VectorSet) -> dict[str, str]:
    """Column of each score of the finder, whatever it is called."""
    taken = {*COLUMNS, "vector", "vector_set", "method", "size", "scale", "rate", "controls"}
    return {f"{name} (found)" if name in taken else name: name for name in found.scores}


def scores(found: VectorSet) -> pd.DataFrame:
    """What the finder itself reports of each vector: vector, name, site and its scores."""
    sites = [site.words for site in found.sites]
    table = pd.DataFrame({"vector": range(len(sites)), "name": found.names, "site": sites})
    for column, name in _score_names(found).items():
        table[column] = found.scores[name]
    return table


def ranked(found: VectorSet, sweep: Sweep) -> pd.DataFrame:
    """The measured effects of each vector, the largest first; the unmeasured ones last."""
    table = sweeps.ranking(sweep)
    table = table[table["vector_set"] == found.digest]
    low, high = table["change_low"], table["change_high"]
    table = table.assign(
        interval=[
            f"{captions.number(a)} to {captions.number(b)}" for a, b in zip(low, high, strict=True)
        ],
        verdict=[_short(sweeps.verdict(row)) for row in table.to_dict("records")],
    )
    joined = scores(found).merge(table, on="vector", how="left", suffixes=("_own", ""))
    joined["name"] = joined["name"].fillna(joined.pop("name_own"))
    joined["verdict"] = joined["verdict"].fillna("not measured")
    return joined.sort_values("size", ascending=False, na_position="last", ignore_index=True)


def _short(verdict: str) -> str:
    """The badge as it fits a column."""
    short = verdict.replace("beyond the best of", "\u2605 best of").removesuffix(" random")
    return short.removeprefix("too ")
