"""The line above everything: a new conversation, earlier ones, settings, and how answers look.

Knows nothing of panes.
"""

import functools
from collections.abc import Mapping
from typing import Any

import streamlit as st

from dashboard.forms.chat import drafts, sampling
from dashboard.session import resources, state
from dashboard.views.chat import asking, tab, tokens, turns
from dashboard.widgets import noting, widgets
from dashboard.words import captions
from engine.errors import EngineError, StoreError
from engine.records.conversations import Conversation, Exchange
from engine.records.records import RecordInfo

MOST_EARLIER, LONGEST = 30, 60
"""Conversations in the list, and letters of what was said first."""
CHANGES = (
    "Word by word against the first pane: new words are underlined on green, words that are gone "
    "are struck out on red."
)
TOKENS = (
    "The last turn's answers token by token: how far each lies along the vector, beside 64 random "
    "directions, and what steering changed."
)


def draw(talk: Conversation | None) -> None:
    """Title and buttons, in one line."""
    with st.container(horizontal=True, vertical_alignment="center", gap="xsmall"):
        st.title("Chat", width="stretch")
        if talk is not None:
            noting.button(talk.digest, "Name")
            st.toggle("Mark changes", key="chat_changes", help=CHANGES, persist_state="session")
            st.toggle("Tokens", key="chat_tokens", help=TOKENS, persist_state="session")
        st.button(
            "New",
            key="chat_new",
            icon=":material/add_comment:",
            disabled=tab.digest() is None,
            on_click=tab.new,
            help="A new conversation with the same panes; this one is kept.",
        )
        _earlier()
        _settings(talk is not None)


def _settings(can_ask: bool) -> None:
    """What all panes share."""
    opened = st.popover("Settings", key="chat_settings", icon=":material/tune:", on_change="rerun")
    if not opened.open:
        return
    with opened:
        sampling.draw(asking.keep, resources.own_choice(state.model()))
        if can_ask:
            st.button(
                "Answer again with these",
                key="chat_again_set",
                icon=":material/refresh:",
                on_click=asking.again,
            )


def _earlier() -> None:
    """Earlier conversations; they are read only when the list is opened."""
    infos = resources.own_first(resources.records("conversation"))
    opened = st.popover(
        "Earlier",
        icon=":material/history:",
        key="chat_earlier",
        on_change="rerun",
        disabled=not infos,
        help="Conversations that are stored.",
    )
    if not opened.open:
        return
    with opened:
        for info in infos[:MOST_EARLIER]:
            st.button(
                captions.plain(_title(info)),
                key=f"chat_open_{info.digest}",
                disabled=info.digest == tab.digest(),
                on_click=_open,
                args=(info.digest,),
                help=captions.plain(
                    f"{info.summary} · {info.model} · {captions.age(info.created)}"
                ),
                width="stretch",
            )
        if len(infos) > MOST_EARLIER:
            st.caption(f"{len(infos) - MOST_EARLIER} more are on Library.")


def _title(info: RecordInfo) -> str:
    """What was said first, how long it is, of which model, and when."""
    try:
        found = resources.conversation(info.digest)
        words = " ".join(found.title.split()) if found is not None else "gone"
    except StoreError:
        words = "cannot be read"
    words = words if len(words) <= LONGEST else f"{words[: LONGEST - 1]}\u2026"
    return f"{words} · {info.summary} · {info.model} · {captions.age(info.created)}"


def _open(digest: str) -> None:
    st.session_state["chat_earlier"] = False
    tab.open_at(digest, None)


def whose(talk: Conversation) -> None:
    """What to know of a conversation, and of which model it is, where that is not the tab's."""
    for note in talk.notes:
        st.caption(captions.plain(note))
    if not tab.is_foreign(talk):
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        widgets.whose(str(talk.model["short_name"]))
        st.button(
            captions.plain(f"Ask {talk.model['short_name']}"),
            key="chat_ask_model",
            icon=":material/swap_horiz:",
            on_click=tab.ask_its_model,
            args=(talk.digest, tab.number()),
        )


def digests() -> list[str]:
    """Of all stored conversations."""
    return [info.digest for info in resources.records("conversation")]


def upto() -> int | None:
    """The last turn to draw: the one that the live answer follows, else the one that is shown."""
    talk = tab.live()
    if talk is None:
        return tab.number()
    parent: int | None = talk.turn.parent
    return parent


def look(talk: Conversation) -> turns.Look:
    """How answers are shown, as the reader has switched it."""
    shown = st.session_state
    # While an answer is written, the model has other things to do than to read.
    reads = bool(shown.get("chat_tokens")) and tab.live() is None
    extra = functools.partial(_tokens, talk) if reads else None
    return turns.Look(marks_changes=bool(shown.get("chat_changes")), extra=extra)


def _tokens(talk: Conversation, one: Exchange, place: int) -> None:
    """The strip of an answer of the last turn."""
    if one.id == tab.number():
        tokens.draw(talk, one, place)


def names(talk: Conversation | None) -> Mapping[str, Mapping[str, Any]]:
    """What is known of the vector sets that act here, by digest."""
    found: dict[str, Mapping[str, Any]] = dict(talk.vector_names) if talk is not None else {}
    live = tab.live()
    for digest in () if live is None else live.turn.digests:
        if digest not in found:
            try:
                found[digest] = {"names": resources.vector_set(digest).names}
            except EngineError:
                continue
    return found


def invitation(talk: Conversation | None) -> str:
    """What stands in the empty field of the message."""
    settings = drafts.settings()
    if talk is not None and tab.is_foreign(talk):
        return "This conversation is with another model: ask that, or begin a new one"
    if settings.is_raw:
        return "Text that the model goes on from"
    return "Say something to all panes"
