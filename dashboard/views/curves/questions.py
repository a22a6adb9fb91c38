"""The questions of an evaluation: one of them through all scales, and an account of the file."""

from typing import Any

import streamlit as st

from dashboard.charts import one_vector
from dashboard.charts.axes import Axis
from dashboard.frames import answers
from dashboard.frames.sweep import Sweep
from dashboard.session import state
from dashboard.views.curves import tokens
from dashboard.widgets import widgets
from dashboard.words import captions
from engine.records.records import Question

COLUMNS: dict[str, Any] = {
    "scale": st.column_config.NumberColumn("scale", format="%+g"),
    "logit_a": st.column_config.NumberColumn("logit A", format="%.2f"),
    "logit_b": st.column_config.NumberColumn("logit B", format="%.2f"),
    "behaviour_letter": "behaviour is at",
    "difference": st.column_config.NumberColumn("logit difference", format="%+.2f"),
    "logp_behaviour": st.column_config.NumberColumn("log p, behaviour", format="%.2f"),
    "tokens_behaviour": "tokens",
    "logp_other": st.column_config.NumberColumn("log p, other", format="%.2f"),
    "tokens_other": "tokens of the other",
    "shows": "shows the behaviour",
}


def chosen(sweep: Sweep) -> Question | None:
    """The question that a dot, the link or the reader has opened."""
    asked = sweep.evaluation.questions.questions
    state.warn_missing("q", "the question", [question.id for question in asked])
    opened = st.session_state.get("q")
    return next((question for question in asked if question.id == opened), None)


def pick(sweep: Sweep) -> None:
    """The list of questions: opens one, another one, or none."""
    asked = {question.id: question for question in sweep.evaluation.questions.questions}
    st.selectbox(
        "Question (or click a dot)",
        list(asked),
        index=None,
        key="q",
        persist_state="session",
        format_func=lambda digest: asked[digest].stem if digest in asked else digest,
        placeholder="Click a dot, or choose a question to follow it through the scales",
    )
    state.write_link("q")


def beside(sweep: Sweep, name: str, question: Question, axis: Axis) -> None:
    """One question beside the violins: its text, where its answer flips, its line over scales."""
    pick(sweep)
    rows, words = answers.of_question(sweep, name, question.id), sweep.reading.difference
    with st.container(border=True, gap="xsmall", key="question_text"):
        _text(sweep, question)
        flips = [captions.scale(s, sweep.steered.is_relative) for s in answers.flips(rows)]
        st.caption(f"Answer flips at {', '.join(flips)}" if flips else "The answer never flips.")
    kept = [name for name in ("scale", "order", "difference") if name in rows]
    lines = rows[kept].rename(columns={"difference": "value"})
    drawing = one_vector.question(lines, axis, widgets.inks(), words)
    widgets.chart(drawing, f"The {words} of this question over scales", "question_chart")


def figures(sweep: Sweep, name: str, question: Question) -> None:
    """One question token by token, and its answers' figures at every scale and order."""
    rows, words = answers.of_question(sweep, name, question.id), sweep.reading.difference
    tokens.of_question(sweep, name, question)
    st.dataframe(
        rows,
        hide_index=True,
        column_config=COLUMNS | {"difference": _difference(words)},
        height="content",
        alt="Figures of this question's answers at every scale and in its orders",
    )


def _difference(words: str) -> Any:
    return st.column_config.NumberColumn(words, format="%+.3f" if "log p" in words else "%+.2f")


def _text(sweep: Sweep, question: Question) -> None:
    """A question as it was asked, and which answer shows the behaviour."""
    if sweep.reading.has_letters:
        st.text(question.text())
        letter = question.behaviour_letter
        st.caption(captions.plain(f"({letter}) is the {sweep.behaviour} answer as given."))
        return
    behaviour, other = question.answers
    st.text(question.stem)
    st.text(f"{sweep.behaviour}: {behaviour}")
    st.text(f"other: {other}")


def account(sweep: Sweep) -> None:
    """How the run was made, and what became of every row of the question file."""
    asked, made = sweep.evaluation.questions, sweep.evaluation.provenance
    at = asked.letter_counts
    stands = f"; the behaviour stands at (A) {at['A']} times and at (B) {at['B']} times"
    st.text(
        f"{captions.count(len(asked.questions), 'question')} of {asked.path}, read as "
        f"{asked.behaviour} ({asked.polarity}){stands if sweep.reading.has_letters else ''}. "
        f"{captions.count(len(asked.dropped), 'row')} dropped."
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
