"""How far a training is and what it answers by now. Knows nothing of jobs."""

from collections.abc import Sequence
from typing import Any

import streamlit as st

from dashboard.charts import training
from dashboard.session import state
from dashboard.widgets import widgets
from dashboard.words import captions
from engine.configs.judges import NOT_LABELLED


def curves(losses: Sequence[float], taken: Sequence[dict[str, Any]], steps: int, key: str) -> None:
    """The loss so far; where answers have labels, their shares beside it."""
    labelled = [sample for sample in taken if sample.get("shares")]
    columns = st.columns(2 if labelled else 1, gap="medium")
    with columns[0]:
        if losses:
            drawing = training.loss(losses, steps, widgets.inks())
            words = f"Loss over {steps} steps, {losses[-1]:.3f} at step {len(losses)}"
            widgets.chart(drawing, words, f"loss_{key}")
        else:
            st.caption("No step is done yet.")
    if taken and not labelled:
        st.caption(NOT_LABELLED)
    if labelled:
        with columns[1]:
            drawing = training.shares(labelled, steps, widgets.inks())
            last = labelled[-1]
            words = f"Labels of the answers to {last['asked']} unseen questions over the steps"
            widgets.chart(drawing, words, f"shares_{key}")


STEP = "look"
"""Name of the slider over the samples, and of the step in a link."""


def answers(taken: Sequence[dict[str, Any]], can_choose: bool = True) -> None:
    """Answers before the first step and after another, side by side.

    Args:
        taken: In the order in which they were taken.
        can_choose: Whether the reader chooses the step, which then stands in the URL; else the
            newest is shown.
    """
    if not taken:
        return
    steps = [int(sample["step"]) for sample in taken]
    chosen = steps[-1]
    if can_choose and len(steps) > 1:
        chosen = _step(steps)
    else:
        st.caption(f"Sample answers after step {chosen}")
    first, then = taken[0]["answers"], taken[steps.index(chosen)]["answers"]
    for question, text in then.items():
        with st.container(border=True, gap="xsmall"):
            # Not Markdown: whatever a model writes is shown as its characters.
            st.text(question)
            left, right = st.columns(2, gap="medium")
            with left:
                st.caption("before training")
                st.text(first.get(question) or "(nothing)")
            with right:
                st.caption(f"after step {chosen}")
                st.text(text or "(nothing)")


def _step(steps: list[int]) -> int:
    """The step whose answers are shown: the reader's, the link's, or the last."""
    names = [str(step) for step in steps]
    state.resolve(STEP, names)
    state.warn_missing(STEP, "the step", names)
    st.session_state.setdefault(STEP, names[-1])
    chosen = st.select_slider(
        "Sample answers after step",
        names,
        key=STEP,
        help="Answers to the file's first questions: before the first step, early in the first "
        "epoch, and after every epoch.",
    )
    state.write_link(STEP, default=names[-1])
    return int(chosen)


def notes(sentences: Sequence[str]) -> None:
    """What a reader should know of the data."""
    for sentence in sentences:
        st.caption(f":material/info: {captions.plain(sentence)}")
