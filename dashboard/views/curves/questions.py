"""The questions of an evaluation: one of them through all scales, and an account of the file."""

from typing import Any

import streamlit as st

from dashboard.charts import one_vector
from dashboard.charts.axes import Axis
from dashboard.frames import answers
from dashboard.frames.sweep import Sweep
from dashboard.session import state
from dashboard.widgets import widgets
from dashboard.words import captions

COLUMNS: dict[str, Any] = {
    "scale": st.column_config.NumberColumn("scale", format="%+g"),
    "logit_a": st.column_config.NumberColumn("logit A", format="%.2f"),
    "logit_b": st.column_config.NumberColumn("logit B", format="%.2f"),
    "behaviour_letter": "behaviour is at",
    "difference": st.column_config.NumberColumn("logit difference", format="%+.2f"),
    "shows": "shows the behaviour",
}


def draw(sweep: Sweep, name: str, axis: Axis) -> None:
    """One question: its text, its logits at every scale in both orders, where it flips."""
    asked = {question.id: question for question in sweep.evaluation.questions.questions}
    state.warn_missing("q", "the question", list(asked))
    chosen = st.selectbox(
        "Question (or click a dot)",
        list(asked),
        index=None,
        key="q",
        persist_state="session",
        format_func=lambda digest: asked[digest].stem if digest in asked else digest,
        placeholder="Click a dot, or choose a question to follow it through the scales",
    )
    state.write_link("q")
    if chosen is None:
        return
    rows = answers.letters(sweep, name, chosen)
    left, right = st.columns(2, gap="large")
    with left.container(border=True):
        st.text(asked[chosen].text())
        letter = asked[chosen].behaviour_letter
        flips = [captions.scale(s, sweep.relative) for s in answers.flips(rows)]
        st.caption(captions.plain(f"({letter}) is the {sweep.behaviour} answer as given."))
        st.caption(f"Answer flips at {', '.join(flips)}" if flips else "The answer never flips.")
    with right:
        lines = rows[["scale", "order", "difference"]].rename(columns={"difference": "value"})
        drawing = one_vector.question(lines, axis, widgets.inks())
        widgets.chart(drawing, "Logit difference of this question over scales", "question_chart")
    st.dataframe(
        rows,
        hide_index=True,
        column_config=COLUMNS,
        height="content",
        alt="Logits of this question at every scale and in both orders",
    )


def account(sweep: Sweep) -> None:
    """How the run was made, and what became of every row of the question file."""
    asked, made = sweep.evaluation.questions, sweep.evaluation.provenance
    letters = asked.letter_counts
    st.text(
        f"{captions.count(len(asked.questions), 'question')} of {asked.path}, read as "
        f"{asked.behaviour} ({asked.polarity}); the behaviour stands at (A) {letters['A']} times "
        f"and at (B) {letters['B']} times. {captions.count(len(asked.dropped), 'row')} dropped."
    )
    st.text(
        f"{sweep.model} on {made.device} in {made.dtype}, {captions.seconds(made.seconds)}, "
        f"{made.created[:16].replace('T', ' ')} UTC, commit {(made.commit or 'unknown')[:8]}"
        f"{' (changed)' if made.dirty else ''}"
    )
    if asked.dropped:
        with st.expander("Dropped rows", icon=":material/filter_alt_off:"):
            rows = [{"line": row.line, "reason": row.reason} for row in asked.dropped]
            st.dataframe(rows, hide_index=True, alt="Rows of the question file that were not used")
    with st.expander("All settings, defaults included", icon=":material/tune:"):
        st.json(sweep.evaluation.config)
