"""A reader's own text, token by token, under a vector.

Knows nothing of single pages.
"""

import streamlit as st

from dashboard.session import pinned
from dashboard.widgets import widgets
from dashboard.widgets.strip import vectors
from dashboard.widgets.strip.asking import ask
from engine.configs.core import ModelConfig
from engine.configs.reads.strips import Passage, StripAsk
from engine.errors import EngineError

KINDS = {"plain": "as it is", "prompt": "as a user's turn"}
OWN = -1
"""Stands for the vector's own site among blocks."""
LONGEST = 20_000
"""Letters of a text."""


def draw(reference: str, model: ModelConfig, key: str) -> None:
    """A field for a text, and its strip.

    Args:
        reference: The vector, as DIGEST:INDEX; the pinned one stands beside it.
        model: That reads, the base model or with its adapter.
        key: Of the widgets.
    """
    known = pinned.known(reference)
    if known is None:
        return
    text = st.text_area(
        "Your own text",
        key=f"{key}_text",
        max_chars=LONGEST,
        height=110,
        placeholder="Write or paste a text, then press Ctrl+Enter",
    )
    with st.container(horizontal=True, vertical_alignment="bottom"):
        kind = st.segmented_control(
            "Read", list(KINDS), default="plain", required=True, key=f"{key}_kind",
            format_func=lambda name: KINDS[name],
        )  # fmt: skip
        block = _block(reference, known.block, key)
        adapter = _adapter(model, key)
    if not text.strip():
        return
    try:
        passage = Passage(plain=text) if kind == "plain" else Passage(prompt=text)
        found = vectors.chosen([reference], block)
        asked = StripAsk(passage=passage, vectors=found, model=model, adapter=adapter)
    except EngineError as error:
        widgets.show_error(error)
        return
    ask(asked, f"{key}_strip")


def _block(reference: str, own: int, key: str) -> int | None:
    """The block that was chosen; None is the vector's own site."""
    options = [OWN, *(b for b in range(vectors.blocks(reference)) if b != own)]
    chosen = st.selectbox(
        "At the output of",
        options,
        key=f"{key}_block",
        format_func=lambda b: f"its own block, {own}" if b == OWN else f"block {b}",
        width=200,
    )
    return None if chosen == OWN else chosen


def _adapter(model: ModelConfig, key: str) -> bool | str:
    """The weights that read."""
    if not model.tuned:
        return False
    options: dict[str, bool | str] = {"base": False}
    options |= {"fine-tuned" if one is True else str(one): one for one in model.tuned}
    chosen = st.segmented_control(
        "Read by", list(options), default="base", required=True, key=f"{key}_adapter"
    )
    return options.get(str(chosen), False)
