"""The turns of a conversation: what was said, what every pane answered, and what can be done.

Knows nothing of how answers come about.
"""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import streamlit as st

from dashboard.views.chat import asking, tab
from dashboard.words import captions, differences, panes
from engine.configs.chats import Pane, Turn
from engine.maths.repeats import repetition
from engine.records.conversations import Answer, Conversation, Exchange

FOLD = "chat_fold"
REPEATS = 0.3
"""Repetition from which a text is likely to be broken."""
ENDS = {
    "longest": ("cut off", "It had not ended at the last token allowed."),
    "stopped": ("stopped", "By you, or because another model was loaded; what there was is kept."),
}
GREEDY = "At temperature 0 every seed gives the same text: set a temperature under Settings."


class Look(NamedTuple):
    """How answers are shown."""

    marks_changes: bool = False
    extra: Callable[[Exchange, int], None] | None = None
    """Draws what else is known of an answer."""


def draw(talk: Conversation, upto: int | None, look: Look) -> None:
    """The turns up to this one, in order; those before the last are folded.

    So the last one stands right beneath the strength that answers it.
    """
    path = talk.path(upto)
    earlier = path if tab.live() is not None else path[:-1]
    if earlier:
        label = captions.count(len(earlier), "earlier turn")
        with st.expander(label, icon=":material/history:", key=FOLD, on_change="rerun") as it:
            for one in earlier if it.open else ():
                _exchange(talk, one, False, look)
    for one in path[len(earlier) :]:
        _exchange(talk, one, True, look)


def _exchange(talk: Conversation, one: Exchange, is_last: bool, look: Look) -> None:
    with st.container(gap="xsmall", key=f"chat_turn_{one.id}"):
        with st.container(horizontal=True, vertical_alignment="top", gap="xsmall"):
            said(one.turn)
            _controls(talk, one, is_last)
        texts = [one.answered(place) for place in range(len(one.answers))]
        for place, column in enumerate(st.columns(len(one.answers), gap="small")):
            with column.container(border=True, gap="xsmall", height="stretch"):
                heading(one.turn.panes[place], talk.vector_names)
                _answer(one, place, texts, look)


def said(turn: Turn) -> None:
    """The reader's words."""
    with st.chat_message("user", avatar=":material/person:"):
        st.text(turn.said)


def heading(pane: Pane, names: Mapping[str, Mapping[str, Any]]) -> None:
    """Which pane answers, and what acts in it."""
    told = panes.pane(pane, names)
    st.caption(f"**{captions.plain(pane.name)}** · {captions.plain(told)}")


def _answer(one: Exchange, place: int, texts: list[str], look: Look) -> None:
    answer = one.answers[place]
    if look.marks_changes and place > 0 and answer.text.strip():
        found = differences.parts(texts[0], texts[place])
        st.html(differences.as_html(found))
    else:
        written(one.turn, answer.text)
    with st.container(horizontal=True, gap="xsmall", vertical_alignment="center"):
        _badges(one, answer, texts, place, look)
    if look.extra is not None:
        look.extra(one, place)


def written(turn: Turn, text: str) -> None:
    """An answer as its characters: whatever a model writes is no Markdown."""
    if not text.strip():
        st.caption("Empty: the model ended the text at once.")
        return
    st.text(turn.settings.prefill + text)


def _badges(one: Exchange, answer: Answer, texts: list[str], place: int, look: Look) -> None:
    st.badge(captions.count(len(answer.tokens), "token"), color="gray", help=_pace(one))
    if answer.ended in ENDS:
        words, about = ENDS[answer.ended]
        st.badge(words, color="orange" if answer.ended == "stopped" else "gray", help=about)
    repeats = repetition(answer.tokens)
    if repeats > 0:
        broken = repeats >= REPEATS
        st.badge(
            f"repetition {repeats:.2f}{', likely broken' if broken else ''}",
            color="orange" if broken else "gray",
            help="Share of three-token runs that stood before in the text.",
        )
    if place > 0 and texts[place] == texts[0]:
        st.badge("same as the first", color="gray", help="Letter by letter.")
    elif look.marks_changes and place > 0:
        share = differences.share(differences.parts(texts[0], texts[place]))
        told = "Share of its words that the first pane's answer does not have there."
        st.badge(f"{share:.0%} new words", color="gray", help=told)


def _pace(one: Exchange) -> str:
    tokens = sum(len(answer.tokens) for answer in one.answers)
    rate = f"{tokens / one.seconds:.1f} tokens a second over all panes" if one.seconds else ""
    return rate or "An answer was taken over from an equal turn, so no pace is told."


# What can be done with a turn


def _controls(talk: Conversation, one: Exchange, is_last: bool) -> None:
    """Pager between siblings; edit; and of earlier turns: go on from here."""
    with st.container(horizontal=True, width="content", gap="xsmall", vertical_alignment="center"):
        _pager(talk, one, is_last)
        _edit(one)
        if is_last:
            _again(one)
            _later(talk, one)
        else:
            st.button(
                "",
                key=f"chat_from_{one.id}",
                icon=":material/alt_route:",
                on_click=tab.go,
                args=(one.id,),
                help="Go on from here: the next message follows this turn.",
            )


def _pager(talk: Conversation, one: Exchange, is_last: bool) -> None:
    ids = [each.id for each in talk.siblings(one.id)]
    if len(ids) < 2:
        return
    place = ids.index(one.id)
    sides = (("Previous", "chevron_left", -1), ("Next", "chevron_right", 1))
    for word, icon, by in sides:
        if by == 1:
            st.caption(f"{place + 1} of {len(ids)}", width="content")
        other = ids[(place + by) % len(ids)]
        st.button(
            "",
            key=f"chat_{word.lower()}_{one.id}",
            icon=f":material/{icon}:",
            shortcut=word_key(by) if is_last else None,
            on_click=tab.go,
            args=(talk.last(other),),
            help=f"{word} of the answers to the same words",
        )


def word_key(by: int) -> str:
    """The key that turns the page."""
    return "Right" if by == 1 else "Left"


def _edit(one: Exchange) -> None:
    opened = st.popover(
        "",
        icon=":material/edit:",
        key=f"chat_editing_{one.id}",
        on_change="rerun",
        help="Edit these words and branch",
    )
    if not opened.open:
        return
    key = f"chat_edit_{one.id}"
    if key not in st.session_state:
        st.session_state[key] = one.turn.said
    with opened:
        st.text_area("What to say instead", key=key, height=120, width=420)
        st.button(
            "Ask as a branch",
            key=f"chat_branch_{one.id}",
            type="primary",
            icon=":material/call_split:",
            on_click=_branch,
            args=(one, key),
            help="The turns that were there stay: turn the pages beside the words.",
        )


def _branch(one: Exchange, key: str) -> None:
    if asking.ask(str(st.session_state.get(key) or ""), one.parent):
        st.session_state.pop(key, None)
        st.session_state[f"chat_editing_{one.id}"] = False


def _again(one: Exchange) -> None:
    is_greedy = one.turn.settings.temperature == 0 and asking.is_greedy()
    st.button(
        "",
        key="chat_reroll",
        icon=":material/casino:",
        disabled=is_greedy,
        on_click=asking.reroll,
        help=GREEDY if is_greedy else "Roll again: the same words with the next seed.",
    )
    st.button(
        "",
        key="chat_again",
        icon=":material/refresh:",
        on_click=asking.again,
        help="Ask again with the panes and settings as they are now.",
    )


def _later(talk: Conversation, one: Exchange) -> None:
    end = talk.last(one.id)
    if end != one.id:
        count = len(talk.path(end)) - len(talk.path(one.id))
        st.button(
            captions.count(count, "later turn"),
            key="chat_later",
            icon=":material/expand_more:",
            on_click=tab.go,
            args=(end,),
        )
