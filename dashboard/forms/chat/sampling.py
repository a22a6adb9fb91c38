"""What all panes of a turn share: system prompt, how tokens are chosen, how an answer begins.

Knows nothing of panes or of what is asked.
"""

from collections.abc import Callable
from dataclasses import fields, replace
from typing import Any

import streamlit as st

from dashboard.forms.chat import drafts
from dashboard.words import captions
from engine.configs.chats import LONGEST_PREFILL, Settings
from engine.configs.grids import MOST_TOKENS
from engine.errors import ConfigError

RAW = "For base models: no chat template, the model goes on from your words as they stand."
PREFILL = "Every answer begins with it, and the model goes on."
GREEDY = "At temperature 0 the likeliest token is taken, so top-p, top-k and seed say nothing."


def draw(changed: Callable[[], None], own_choice: str) -> None:
    """The settings' widgets.

    Args:
        changed: Called when one is set; the next turn has it.
        own_choice: How the model would choose tokens by its own files, in words.
    """
    now = drafts.settings()
    text: dict[str, Any] = {"height": 68, "on_change": changed}
    st.text_area("System prompt", key=_key("system", now), placeholder="none", **text)
    st.text_area(
        "The answer begins with", key=_key("prefill", now), max_chars=LONGEST_PREFILL,
        placeholder="nothing", help=PREFILL, **text,
    )  # fmt: skip
    left, middle, right = st.columns(3)
    with left:
        _number("Temperature", "temperature", now, changed, low=0.0, step=0.1)
        _number("Seed", "seed", now, changed, low=None, step=1)
    with middle:
        _number("Top-p", "top_p", now, changed, low=0.0, high=1.0, step=0.05)
        _number("Tokens at most", "max_new_tokens", now, changed, low=1, high=MOST_TOKENS, step=1)
    with right:
        _number("Top-k", "top_k", now, changed, low=0, step=1)
        st.toggle("Raw text", key=_key("is_raw", now), help=RAW, on_change=changed)
    if now.temperature == 0:
        st.caption(GREEDY)
    if own_choice:
        st.caption(captions.plain(own_choice))


def _key(name: str, now: Settings) -> str:
    """Of a setting's widget, which begins with the setting."""
    key = f"chat_set_{name}"
    if key not in st.session_state:
        value = getattr(now, name)
        st.session_state[key] = "" if value is None else value
    return key


def _number(
    label: str,
    name: str,
    now: Settings,
    changed: Callable[[], None],
    low: float | None,
    step: float,
    high: float | None = None,
) -> None:
    st.number_input(
        label, min_value=low, max_value=high, step=step, key=_key(name, now), on_change=changed
    )


def gather() -> None:
    """Take over what the widgets say.

    Raises:
        ConfigError: If they mean nothing; the settings stay as they were.
    """
    told: dict[str, Any] = {}
    for one in fields(Settings):
        if (key := f"chat_set_{one.name}") in st.session_state:
            value = st.session_state[key]
            told[one.name] = (value or None) if one.name == "system" else value
    missing = [name for name, value in told.items() if value is None and name != "system"]
    if missing:
        raise ConfigError("A setting of the chat is empty: give a number.")
    drafts.put_settings(replace(drafts.settings(), **told))


def put(given: Settings) -> None:
    """Take these settings, also in the widgets that show them."""
    drafts.put_settings(given)
    for one in fields(Settings):
        if (key := f"chat_set_{one.name}") in st.session_state:
            value = getattr(given, one.name)
            st.session_state[key] = "" if value is None else value
