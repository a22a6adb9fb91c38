"""The deception study's part of the studies page: its arms, cosines and choices."""

from typing import Any

import pandas as pd
import streamlit as st

from dashboard.charts import studies as charts
from dashboard.frames import studies as frames
from dashboard.session import resources, state
from dashboard.widgets import widgets
from dashboard.words import captions
from dashboard.words.inks import Inks
from engine.store import judged

TURNED = (
    "Turned: of the answers that were honest (base) or deceptive (fine-tuned) without steering, "
    "the share that became the other. Layer and scale were chosen on other questions. The mark is "
    "the best random vector with the same operation, blocks, norm and scale."
)
MANY = "p is of each arm alone: by chance, {chance:.1f} of {count} arms would have a p below .05."
NO_P = "p needs 20 random vectors."
ASKED = "Just asked: by a system prompt alone, beside which there are no random vectors."
P_COLUMNS = {
    "p": st.column_config.NumberColumn(format="%.3f"),
    "smallest p": st.column_config.NumberColumn(
        format="%.3f", help="The smallest p that this many random vectors allow."
    ),
    "95 %": st.column_config.TextColumn(help="Wilson's interval of the share turned."),
    "n": st.column_config.NumberColumn(help="Answers that could be turned."),
}
UNLABELLED = "No answer was labelled."
READ = (
    "The same two families, read in different ways. 'Same tokens' reads both from the same answers "
    "to the same questions, so that nothing but the family differs; what changes between the lines "
    "is the way of reading, not the model. Grey: 95 % of random pairs."
)
MOVED = (
    "How far the study's way of reading alone turns a family: the cosine of the family with "
    "itself, read both ways. At 1 the way of reading would not matter."
)


def draw(record: dict[str, Any]) -> None:
    """Its arms, its cosines, and where each arm worked."""
    tables, inks = record["tables"], widgets.inks()
    st.header("Steered answers, on questions that had no part in the choice")
    _arms(tables["arms"], inks)
    for sentence in judged.told(resources.engine().store, record):
        st.caption(captions.plain(sentence))
    _ways_on(record)
    left, right = st.columns([0.5, 0.5], gap="large")
    with left:
        _cosines(tables, inks)
    if tables["sweep"]:
        with right:
            _sweep(tables, inks)


def _arms(rows: list[dict[str, Any]], inks: Inks) -> None:
    """The arms with a figure in one chart and table; the others with their reason."""
    present = [row for row in rows if row["converted"] is not None]
    if present:
        widgets.chart(charts.arms(present, inks), "Answers turned by each arm", "arms")
        st.caption(TURNED)
        _arm_table(present)
    reasons: dict[str, list[str]] = {}
    for row in rows:
        if row["converted"] is None:
            reasons.setdefault(str(row.get("reason") or UNLABELLED), []).append(row["arm"])
    for reason, names in reasons.items():
        words = captions.plain(f"Absent: {'; '.join(names)}. {reason}")
        st.info(words, icon=":material/block:")


def _ways_on(record: dict[str, Any]) -> None:
    """Links to the texts and the vectors beneath."""
    with st.container(horizontal=True):
        grids = record["generations"]
        if grids:
            widgets.go_button(
                "Read the texts", "generations", "to_texts", ":material/forum:", gen=grids[-1]
            )
            widgets.go_button(
                "Rate a sample blind",
                "generations",
                "to_blind",
                ":material/visibility_off:",
                gen=grids[-1],
                blind="1",
            )
        if len(grids) > 1:
            widgets.go_button(
                "Texts of the choice",
                "generations",
                "to_sweep",
                ":material/grid_view:",
                gen=grids[0],
            )
        first, second = record["vectors"][:2]
        widgets.go_button(
            "Compare the vectors", "similarity", "to_map", ":material/grid_on:", a=first, b=second
        )


def _arm_table(rows: list[dict[str, Any]]) -> None:
    shown = frames.arms(rows)
    share = st.column_config.NumberColumn(format="percent")
    st.dataframe(
        shown,
        hide_index=True,
        column_config={"turned": share, "best random": share, **P_COLUMNS},
        alt="Each intervention with its share, the best random share and its answers",
    )
    steered = [row for row in rows if row["block"] is not None]
    has_p = all(row["p"] is not None for row in steered)
    told = [MANY.format(count=len(steered), chance=0.05 * len(steered)) if has_p else NO_P]
    told += [frames.NO_N] if shown["n"].isna().any() else []
    told += [ASKED] if len(steered) < len(rows) else []
    told += [f"{row['arm']}: {row['reason']}" for row in rows if row.get("reason")]
    st.caption("\n\n".join(map(captions.plain, told)))
    widgets.download(shown, "arms")


def _cosines(tables: dict[str, Any], inks: Inks) -> None:
    st.header("Are the two directions the same?")
    rows, band = charts.readings_of(tables)
    drawing = charts.cosines(rows, band, inks)
    widgets.chart(drawing, "Cosine of the families by block and way of reading", "ways")
    st.caption(READ)
    if "contrastive_moved" in rows[0]:
        frame = pd.DataFrame(rows)[["block", "contrastive_moved", "difference_moved"]]
        names = {"contrastive_moved": "contrastive", "difference_moved": "fine-tune difference"}
        st.caption(MOVED)
        st.dataframe(
            frame.rename(columns=names),
            hide_index=True,
            height=180,
            alt="Cosine of each family with itself, study's way against same tokens, by block",
        )
    widgets.download(pd.DataFrame(rows), "study_cosines")


def _sweep(tables: dict[str, Any], inks: Inks) -> None:
    st.header("Where steering works")
    names = [row["arm"] for row in tables["arms"] if row["block"] is not None]
    if not names:
        return
    state.warn_missing("arm", "the intervention", names)
    arm = st.selectbox("Intervention", names, key="arm", persist_state="session")
    state.write_link("arm", default=names[0])
    chosen = next(row for row in tables["arms"] if row["arm"] == arm)
    cell = (int(chosen["block"]), float(chosen["scale"]))
    noun = charts.strength_noun(chosen)
    drawing = charts.sweep(tables["sweep"], arm, cell, inks, noun)
    widgets.chart(drawing, "Share of answers turned, by block and scale", "sweep")
    st.caption("On the questions that the framed cell was chosen on; the report uses others.")
    widgets.download(pd.DataFrame(tables["sweep"]).drop(columns="index"), "study_sweep")
