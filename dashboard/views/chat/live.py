"""What is being written, drawn again and again by the page's timer.

Knows nothing of stored turns.
"""

from collections.abc import Mapping
from typing import Any

import streamlit as st

from dashboard.session import pace
from dashboard.views.chat import tab, turns
from dashboard.words import captions

EVERY = 0.25
"""Seconds between two looks."""


def draw(names: Mapping[str, Mapping[str, Any]]) -> None:
    """The live answer of this tab; nothing where there is none.

    Args:
        names: What is known of the vector sets that act.
    """
    talk = tab.live()
    if talk is None:
        return
    turns.said(talk.turn)
    pace.repeat(_look, EVERY, talk, names)


def _look(talk: Any, names: Mapping[str, Mapping[str, Any]]) -> None:
    if talk.state in tab.OVER and tab.live() is talk:
        st.rerun()
    _bar(talk)
    texts, counts, over = list(talk.texts), list(talk.counts), list(talk.over)
    panes = talk.turn.panes
    for place, column in enumerate(st.columns(len(panes), gap="small")):
        key = f"chat_live_{place}"
        with column.container(border=True, gap="xsmall", height="stretch", key=key):
            turns.heading(panes[place], names)
            text = texts[place] if place < len(texts) else ""
            if text:
                st.text(talk.turn.settings.prefill + text)
            else:
                st.caption(_waiting(talk))
            if place < len(counts) and counts[place]:
                is_over = place < len(over) and over[place]
                words = captions.count(counts[place], "token")
                told = "The answer has ended." if is_over else "Written so far; more may follow."
                st.badge(words, color="green" if is_over else "blue", help=told)


def _waiting(talk: Any) -> str:
    return "Nothing readable yet." if talk.state == "writing" else "Waits."


def _bar(talk: Any) -> None:
    """What it does or waits for, how fast, and Stop."""
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        words = {
            "waiting": talk.message or "Waits for the model.",
            "loading": talk.message or "The model is being loaded.",
            "writing": _rate(talk),
        }.get(talk.state, talk.state)
        st.caption(f":material/more_horiz: {captions.plain(words)}", width="stretch")
        st.button(
            "Stop",
            key="chat_stop",
            icon=":material/stop_circle:",
            shortcut="S",
            on_click=tab.stop,
            help="What is written so far is kept.",
        )


def _rate(talk: Any) -> str:
    told = ["writing"]
    if talk.rate:
        told.append(f"{talk.rate:.1f} tokens a second over all panes")
    if talk.first_seconds is not None:
        told.append(f"first token after {talk.first_seconds:.1f} s")
    return " · ".join(told)
