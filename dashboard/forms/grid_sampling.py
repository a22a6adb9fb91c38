"""How the texts of a grid are drawn, as widgets behind one button. Knows nothing of columns."""

from typing import Any

import streamlit as st

from dashboard.forms import drafts, keeping
from dashboard.words import captions

SAMPLED = ("temperature", "top_p", "top_k", "samples", "max_new_tokens", "seed", "neutral")


def draw(own_choice: str) -> dict[str, Any]:
    """The button with its widgets, which stand on the page only while it is open; their values.

    In a closed popover the browser would make number fields later, at their smallest values.

    Args:
        own_choice: What the model itself would do, in words.
    """
    opened = st.popover("Sampling", key="sampling", icon=":material/casino:", on_change="rerun")
    if opened.open:
        with opened:
            _fields(own_choice)
    return {name: _value(name) for name in SAMPLED}


def _value(name: str) -> Any:
    usual, value = drafts.SAMPLING[name], keeping.get(name)
    return usual if value is None else type(usual)(value)


def _fields(own_choice: str) -> None:
    if own_choice:
        st.caption(captions.plain(own_choice))
    keeping.ask(
        "temperature",
        st.number_input,
        "Temperature",
        min_value=0.0,
        step=0.1,
        help="0 takes the likeliest token.",
    )
    left, right = st.columns(2)
    keeping.ask(
        "top_p",
        left.number_input,
        "Top-p",
        min_value=0.0,
        max_value=1.0,
        step=0.05,
        help="Only the likeliest tokens of this share are drawn from; 1 for all.",
    )
    keeping.ask(
        "top_k",
        right.number_input,
        "Top-k",
        min_value=0,
        help="Only so many likeliest tokens are drawn from; 0 for all.",
    )
    left, right = st.columns(2)
    keeping.ask("samples", left.number_input, "Samples", min_value=1)
    keeping.ask("max_new_tokens", right.number_input, "Tokens at most", min_value=1)
    left, right = st.columns(2)
    keeping.ask("seed", left.number_input, "Seed", min_value=0)
    keeping.ask(
        "neutral",
        right.number_input,
        "Neutral prompts",
        min_value=0,
        help="On which side effects are measured; 0 leaves them out.",
    )
