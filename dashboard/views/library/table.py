"""The table of all records: figures beside what each is, by group where the reader asks for it.

Knows nothing of how figures are worked out.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd
import streamlit as st

from dashboard.session import naming, navigation, vector_links
from dashboard.views.library.reading import NOT_MEASURED, Told
from dashboard.widgets.places import of_record as place
from dashboard.words import captions
from engine.records.records import RecordInfo
from engine.store.naming.names import Names

KINDS = {
    "vectors": "Vectors",
    "evaluation": "Evaluations",
    "generation": "Generations",
    "conversation": "Conversations",
    "experiment": "Studies",
}
FIGURES = {"effect": "best effect", "p": "p", "held_out": "held out", "kl": "KL at best"}
"""Columns that may be empty for a reason of their own."""
GROUPS = {"model": "Model", "method": "Method", "both": "Model and method"}
MARKED = "_marked"
"""In the session: digests of the rows that are ticked."""
MOST_OPEN = 4
"""Groups that are unfolded at first."""
ROW, HEAD = 35, 38
"""Pixels of a line and of the head of a table."""


def _number(label: str, width: int, form: str, about: str) -> Any:
    return st.column_config.NumberColumn(label, width=width, format=form, help=about)


def _text(label: str, width: int, about: str | None = None) -> Any:
    return st.column_config.TextColumn(label, width=width, help=about)


COLUMNS = {
    "star": _text("\u2605", 32, "Starred by you."),
    "name": st.column_config.TextColumn("name", width=244, pinned=True),
    "effect": _number(
        "best effect", 80, "%+.2f",
        "Largest mean change from scale 0, over all vectors and scales of the run or set.",
    ),
    "interval": _text("95 %", 105, "Of the best effect: bootstrap over questions."),
    "held_out": _number(
        "held out", 75, "%+.2f",
        "Vector and scale chosen on one half of the questions; their mean change on the other.",
    ),
    "changes": st.column_config.LineChartColumn(
        "change by scale", width=110, help="Of the best vector, from its lowest scale to its top."
    ),
    "kind": _text("kind", 85),
    "verdict": _text("beside random", 182, "Of the best vector, beside its random controls."),
    "p": _number(
        "p", 70, "%.2g",
        "Chance that the best of all cells of the run gets as far, were all vectors random.",
    ),
    "kl": _number(
        "KL at best", 75, "%.3f",
        "Of the next token after neutral prompts, in nats, at the best effect's vector and scale.",
    ),
    "controls": _number("controls", 65, "%d", "Random vectors of the best one's site and norm."),
    "questions": _number("questions", 70, "%d", "With a defined figure at the best cell."),
    "held_interval": _text("held out, 95 %", 110, "Of the held-out effect: bootstrap."),
    "unit": _text("unit", 90, "Of the effects: figures of different units do not compare."),
    "model": _text("model", 90),
    "method": _text("method", 130),
    "size": _text("size", 210),
    "run": _text("figures of", 200, "The newest run that measured this set."),
    "when": _text("when (UTC)", 125),
    "kilobytes": _number("kB", 60, "%d", "Of its file."),
    "open": st.column_config.LinkColumn(
        "open", display_text=":material/open_in_new:", width=50, help="Opens it in a new tab."
    ),
    "digest": _text("digest", 105),
    "empty": _text("why cells are empty", 420),
}  # fmt: skip


class Table(NamedTuple):
    """One table on the page."""

    key: str
    infos: Sequence[RecordInfo]


def draw(
    infos: Sequence[RecordInfo], told: Mapping[str, Told], group: str | None, most: int
) -> None:
    """All records that are asked for; a ticked row shows the record below, two can be compared.

    Args:
        infos: The records.
        told: What the figures say of each, by digest.
        group: One of `GROUPS`; None draws one table.
        most: Pixels of height at most.
    """
    parts = grouped(infos, group)
    # Keys of their own: a selection is a place in a table, which other filters would move.
    tables = {
        label: Table(f"library_{hash((label, *(i.digest for i in own)))}", own)
        for label, own in parts.items()
    }
    if group is None:
        for one in tables.values():
            _table(one, told, list(tables.values()), most)
        return
    for number, (label, one) in enumerate(tables.items()):
        words = f"{label} · {captions.count(len(one.infos), 'record')}{_best_of(one.infos, told)}"
        with st.expander(captions.plain(words), expanded=number < MOST_OPEN):
            _table(one, told, list(tables.values()), most)


def in_order(infos: Sequence[RecordInfo], told: Mapping[str, Told]) -> list[RecordInfo]:
    """Runs and measured sets, then sets that no run measured, then all others; else as they come.

    A run whose figures are still to be read stands where it will stand with them.
    """

    def place(info: RecordInfo) -> int:
        if info.kind == "evaluation":
            return 0
        unmeasured = info.digest in told and told[info.digest].why == NOT_MEASURED
        return 2 if info.kind != "vectors" else int(unmeasured)

    return sorted(infos, key=place)


def grouped(infos: Sequence[RecordInfo], group: str | None) -> dict[str, list[RecordInfo]]:
    """Records by the words of their group, in the order in which each first stands there."""
    found: dict[str, list[RecordInfo]] = {}
    for info in infos:
        words = {"model": info.model, "method": method(info)}
        words["both"] = f"{words['model']} · {words['method']}"
        found.setdefault("" if group is None else words[group], []).append(info)
    return found


def _best_of(infos: Sequence[RecordInfo], told: Mapping[str, Told]) -> str:
    """The strongest effect of a group, where all of its figures have one unit."""
    lines = [told[i.digest].line for i in infos if i.digest in told]
    known = [line for line in lines if line is not None and line.best is not None]
    if not known or len({line.unit for line in known}) > 1:
        return ""
    top = max(known, key=lambda line: abs(line.best.effect) if line.best else 0.0)
    return f" · best {top.best.effect:+.2f} {top.unit}" if top.best else ""


def _table(one: Table, told: Mapping[str, Told], every: Sequence[Table], most: int) -> None:
    shown = rows(one.infos, told)
    st.dataframe(
        shown,
        key=one.key,
        hide_index=True,
        column_config=COLUMNS,
        column_order=[name for name in COLUMNS if _is_told(shown, name)],
        on_select=lambda: _choose(every),
        selection_mode="multi-row",
        height=min(HEAD + ROW * len(one.infos), most),
        placeholder="",
        alt="Stored records: runs and sets first, each newest first",
    )


def _is_told(shown: pd.DataFrame, name: str) -> bool:
    """A column that no row has a word for takes no room, but those of figures stay."""
    return name in FIGURES or not shown[name].isin(["", None]).all()


def _choose(tables: Sequence[Table]) -> None:
    marked = [
        one.infos[row].digest
        for one in tables
        if one.key in st.session_state
        for row in st.session_state[one.key].selection.rows
        if row < len(one.infos)
    ]
    mark(marked)


def mark(digests: list[str]) -> None:
    """Note which rows are ticked: one is shown below, several can be compared or deleted."""
    st.session_state[MARKED] = digests
    if len(digests) == 1:
        st.session_state["record"] = digests[0]
    else:
        st.session_state.pop("record", None)


def rows(infos: Sequence[RecordInfo], told: Mapping[str, Told]) -> pd.DataFrame:
    """One line a record; columns as in `COLUMNS`. What is not known is None, never 0."""
    names = naming.names()
    found = [_row(info, told.get(info.digest, Told(None, None, "")), names) for info in infos]
    return pd.DataFrame(found, columns=list(COLUMNS))


def _row(info: RecordInfo, told: Told, names: Names) -> dict[str, Any]:
    run = told.run if told.run is not info else None
    return {
        "star": "\u2605" if names.starred(info.digest) else None,
        "name": names.of(info),
        "kind": KINDS[info.kind],
        **_figures(told),
        "model": info.model,
        "method": method(info),
        "size": info.summary,
        "run": None if run is None else names.of(run),
        "when": info.created[:16].replace("T", " "),
        "kilobytes": _kilobytes(info),
        "open": _address(info),
        "digest": info.digest,
        "empty": why(told),
    }


def _figures(told: Told) -> dict[str, Any]:
    line = told.line
    if line is None or line.best is None:
        return {}
    best = line.best
    return {
        "effect": best.effect,
        "interval": _interval(best.low, best.high),
        "p": best.p,
        "held_out": best.held_out,
        "held_interval": _interval(best.held_low, best.held_high),
        "kl": line.kl,
        "changes": list(best.changes),
        "verdict": best.badge,
        "controls": best.controls,
        "questions": best.questions,
        "unit": line.unit,
    }


def _interval(low: float | None, high: float | None) -> str | None:
    return None if low is None or high is None else f"{low:+.2f} … {high:+.2f}"


def why(told: Told) -> str:
    """Why cells of a row are empty, "" where none is."""
    if told.line is None or told.line.best is None:
        return told.why
    return " ".join(f"{FIGURES[name]}: {reason}" for name, reason in told.line.missing.items())


def _address(info: RecordInfo) -> str | None:
    base = navigation.base()
    if info.kind == "vectors":
        return f"{base}{vector_links.address(f'{info.digest}:0')}"
    where = place(info)
    return None if where is None else f"{base}{navigation.link(where[0], **where[1])}"


def method(info: RecordInfo) -> str:
    """How a record came about, in a word or two."""
    return "A/B sweep" if info.method == "ab" else captions.method(info.method)


def _kilobytes(info: RecordInfo) -> int | None:
    try:
        return max(round(Path(info.path).stat().st_size / 1024), 1)
    except OSError:
        return None
