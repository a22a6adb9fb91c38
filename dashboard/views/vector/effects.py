"""What the vector does: its violin in one sweep, its verdict, and every sweep that measured it.

Knows nothing of how answers are measured.
"""

from collections.abc import Hashable
from typing import Any, NamedTuple

import pandas as pd
import streamlit as st

from dashboard.charts import operations as operation_charts
from dashboard.charts import vector_view
from dashboard.charts.vector_view import View
from dashboard.frames import operations
from dashboard.frames import sweep as sweeps
from dashboard.frames.sweep import Sweep
from dashboard.session import resources, state
from dashboard.views.vector.subject import Subject
from dashboard.widgets import equal_cost, vector_card, widgets
from dashboard.widgets.probes import steering
from dashboard.words import captions
from engine.errors import EngineError
from engine.records.records import RecordInfo

KEY = "v_run"
"""Of the picker and of the link: which sweep is drawn."""
TALL = 300
"""Pixels of the violin."""
MOST = 8
"""Sweeps whose figures are worked out for the table; of others only the line is told."""
COLUMNS = {
    "digest": None,
    "questions": st.column_config.TextColumn("questions", width="medium"),
    "effect": st.column_config.NumberColumn(
        "effect", format="%+.3g", help="Largest change of the mean difference from scale 0"
    ),
    "at": st.column_config.TextColumn("at", help="The scale, or strength, of that effect"),
    "random": st.column_config.NumberColumn(
        "random",
        format="%+.3g",
        help="Edge of the random vectors' 95 % band there, on the same side",
    ),
    "verdict": st.column_config.TextColumn("vs random", help=captions.BEST_OF_MANY),
    "when": st.column_config.TextColumn("when (UTC)"),
}


class Effect(NamedTuple):
    """The vector in one sweep."""

    sweep: Sweep
    name: str
    """As the sweep calls it."""
    row: dict[Hashable, Any] | None
    """Of `sweeps.ranking`; None where it was measured at no scale but 0."""


def choose(one: Subject) -> Effect | None:
    """The vector in the sweep that is drawn, the newest at first; None where there is none.

    Raises:
        StoreError: If the sweep's file is damaged.
    """
    infos = {info.digest: info for info in resources.sweeps_of(one.info.digest, one.index)}
    state.resolve(KEY, list(infos))
    state.warn_missing(KEY, "the sweep", list(infos))
    if not infos:
        return None
    first = next(iter(infos))
    state.choose_if_none(KEY, first)
    chosen = str(st.session_state[KEY])
    if len(infos) > 1:
        chosen = st.selectbox(
            "Measured on",
            list(infos),
            format_func=lambda digest: _line(infos, digest),
            key=KEY,
            persist_state="session",
            label_visibility="collapsed",
        )
    state.write_link(KEY, default=first)
    return _in_sweep(one, resources.sweep(chosen))


def _line(infos: dict[str, RecordInfo], digest: str) -> str:
    if digest not in infos:
        return digest
    info = infos[digest]
    return f"{resources.asked(info)} \u00b7 {info.summary} \u00b7 {captions.age(info.created)}"


def _in_sweep(one: Subject, sweep: Sweep) -> Effect:
    name = sweep.keys.get((one.info.digest, one.index), "")
    return Effect(sweep, name, vector_card.row_of(sweep, name) if name else None)


def verdict(one: Subject, found: Effect | None) -> None:
    """The badges, and the sentence on chance; of other measurements where there is no sweep."""
    if found is None:
        _unswept(one)
        return
    if found.row is None:
        st.caption("This sweep measured the vector at no scale but 0.")
        return
    vector_card.badges(found.sweep, found.row)
    st.markdown(captions.plain(sweeps.sentence(found.row)))


def _unswept(one: Subject) -> None:
    """Whether anything but a sweep has the vector beyond random ones."""
    told = steering.of_vector((one.info.digest, one.index), one.info.model)
    if told.beyond is None:
        st.caption("Nothing has measured yet what it does.")
        return
    words = "beyond random" if told.beyond else "within random"
    about = "Its effect against the best of as many random vectors, in the measurement named below."
    st.badge(words, color="blue" if told.beyond else "gray", help=about)
    st.caption(captions.plain(f"So says {told.where}. No sweep of questions has measured it."))


def picture(found: Effect) -> None:
    """The violin, and what its marks mean."""
    # The letters are a curve of the shares, which are not drawn here.
    view = vector_view.usual(found.sweep, found.name)._replace(letters=False)
    drawing = widgets.kept(
        ("vector page", found.sweep.version, found.name),
        lambda inks: _violin(found.sweep, view, inks),
    )
    if drawing is None:
        st.info("This vector has not been measured at these scales yet.", icon=":material/info:")
        return
    told = f"{found.sweep.metrics[view.metric]} of {found.name} per question, one violin a scale"
    widgets.chart(drawing, told, "v_violin")
    st.caption(captions.plain(f"{found.sweep.title}. {vector_view.legend(found.sweep, view)}"))


def _violin(sweep: Sweep, view: View, inks: Any) -> Any:
    drawn = vector_view.violin(sweep, view, inks)
    return None if drawn is None else drawn.properties(height=TALL)


def ways_on(found: Effect) -> None:
    """To the curves of this sweep, where each question can be looked at."""
    widgets.go_button(
        "Open its curves",
        "curves",
        "v_to_curves",
        ":material/ssid_chart:",
        run=found.sweep.evaluation.digest,
        vec=found.name,
    )


def elsewhere(one: Subject) -> None:
    """What else measured it where no sweep did: its bars at equal cost; and the way to a sweep."""
    key = one.info.digest, one.index
    record = equal_cost.of_vector(key, one.info.model, None)
    if record is not None:
        _at_equal_cost(record, key)
    st.info("No sweep has measured this vector yet: evaluate it.", icon=":material/info:")
    widgets.go_button(
        "Evaluate on Discover",
        "discover",
        "v_to_evaluate",
        ":material/play_arrow:",
        found=one.info.digest,
        vector=str(one.index),
    )


def _at_equal_cost(record: dict[str, Any], key: tuple[str, int]) -> None:
    """Every operation with this vector, each at the strength that costs the same."""
    name = next(told for told, known in operations.vectors(record).items() if known == key)
    rows = operations.bars(record, key)
    st.markdown(f"**Effect at {captions.plain(operations.budget_words(record))}**")
    drawing = widgets.kept(
        ("vector at equal cost", record["digest"], *key),
        lambda inks: operation_charts.of_record(record, rows, inks),
    )
    widgets.chart(drawing, f"Effect of every operation of {name} at equal cost", "v_cost")
    asked = record["questions"]
    st.caption(
        captions.plain(
            f"On {asked['name']}, counted: {asked['behaviour']}. Pale: 95 % of random vectors at "
            "the same cost."
        )
    )
    widgets.go_button(
        "Open the comparison",
        "curves",
        "v_to_cost",
        ":material/balance:",
        sweeps=equal_cost.KIND,
        **{equal_cost.PARAMETER: record["digest"], equal_cost.VECTOR: name},
    )


def table(one: Subject) -> None:
    """Every sweep that measured the vector; a click on a row draws it above."""
    infos = resources.sweeps_of(one.info.digest, one.index)
    if not infos:
        st.caption("No sweep has measured this vector: the button above evaluates it.")
        return
    rows = pd.DataFrame([_row(one, info, place < MOST) for place, info in enumerate(infos)])
    st.caption("A click on a row draws that sweep above.")
    st.dataframe(
        rows,
        key=f"v_sweeps_{one.reference}",
        hide_index=True,
        column_config=COLUMNS,
        on_select=lambda: _open(rows, f"v_sweeps_{one.reference}"),
        selection_mode="single-row",
        height="content",
        alt="Sweeps that measured this vector, newest first",
    )
    widgets.download(rows, f"sweeps_of_{one.reference.replace(':', '_')}")


def _row(one: Subject, info: RecordInfo, is_read: bool) -> dict[str, Any]:
    told = {
        "digest": info.digest,
        "questions": f"{resources.asked(info)} \u00b7 {info.summary}",
        "effect": None,
        "at": "",
        "random": None,
        "verdict": "",
        "when": info.created[:16].replace("T", " "),
    }
    if not is_read:
        return told
    try:
        found = _in_sweep(one, resources.sweep(info.digest))
    except EngineError as error:
        return {**told, "verdict": str(error)}
    if found.row is None:
        return {**told, "verdict": "at scale 0 only"}
    return {
        **told,
        "effect": found.row["change"],
        "at": captions.strength(found.row["scale"], found.sweep.steered),
        "random": found.row["control"],
        "verdict": sweeps.verdict(found.row),
    }


def _open(rows: pd.DataFrame, key: str) -> None:
    picked = st.session_state[key].selection.rows
    if picked and picked[0] < len(rows):
        st.session_state[KEY] = str(rows.iloc[picked[0]]["digest"])
