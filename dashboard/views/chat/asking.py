"""What this tab asks: a message, the last turn anew, a branch.

Everything is asked in a callback, before the page is drawn: the first token does not wait for it.
Draws nothing.
"""

from dataclasses import replace

import streamlit as st

from dashboard.forms.chat import drafts, sampling
from dashboard.session import adapters, resources, state
from dashboard.views.chat import tab
from dashboard.views.chat.tab import ERROR, SAID, TRACEBACK
from engine.configs.chats import Turn
from engine.errors import EngineError

BUSY = "An answer is being written: wait for it, or stop it, and send again."
PATIENCE = 0.5
"""Seconds for a first answer to stop, so that the next one becomes its sibling."""


def say() -> None:
    """A callback of the message's field."""
    said = st.session_state.get(SAID)
    if not said:
        return
    if tab.is_writing():
        st.session_state[ERROR] = BUSY
        st.session_state[SAID] = said
    elif not ask(str(said), tab.number()):
        st.session_state[SAID] = said


def begin(said: str) -> None:
    """A callback: the first message of a conversation."""
    ask(said, None)


def ask(said: str, parent: int | None) -> bool:
    """Ask all panes; a reason on screen instead where that cannot be. Whether it was asked."""
    st.session_state.pop(ERROR, None)
    st.session_state.pop(TRACEBACK, None)
    try:
        drafts.gather()
        sampling.gather()
        panes = drafts.panes_asked(tab.options())
        model = state.model()
        chosen, panes = adapters.asked(model, panes, adapters.others(model))
        turn = Turn(said=said, panes=panes, settings=drafts.settings(), parent=parent)
        talk = tab.talks().say(chosen, turn, _name_to_ask())
    except EngineError as error:
        st.session_state[ERROR] = str(error)
        return False
    tab.follow(talk)
    return True


def _name_to_ask() -> str | None:
    """The conversation that is asked, when what is being written of it has made way."""
    before, name = tab.live(), tab.digest()
    if before is not None and tab.is_writing():
        before.stop()
        if not resources.engine().store.has(str(name)):
            # Its first turn: there is something to go on from once it is kept.
            before.wait(PATIENCE)
    return name if name is not None and resources.engine().store.has(name) else None


def asked_now() -> Turn | None:
    """The turn that is being answered, or was last; None before there is one."""
    talk = tab.live()
    if talk is not None:
        turn: Turn = talk.turn
        return turn
    found = tab.shown()
    return None if found is None else found.turn


def again() -> None:
    """A callback: ask the last turn again, as the panes are now; a sibling of it."""
    turn = asked_now()
    if turn is not None:
        ask(turn.said, turn.parent)
        return
    try:
        drafts.gather()
        sampling.gather()
        drafts.panes_asked(tab.options())
        st.session_state.pop(ERROR, None)
    except EngineError as error:
        st.session_state[ERROR] = str(error)


def keep() -> None:
    """A callback: take over what was set, and ask nothing."""
    try:
        drafts.gather()
        sampling.gather()
        st.session_state.pop(ERROR, None)
    except EngineError as error:
        st.session_state[ERROR] = str(error)


def reroll() -> None:
    """A callback: the last turn with the next seed that none of its siblings had."""
    turn, found = asked_now(), tab.conversation()
    if turn is None:
        return
    others = found.exchanges if found is not None else ()
    seeds = [e.turn.settings.seed for e in others if e.parent == turn.parent]
    keep()
    sampling.put(replace(drafts.settings(), seed=max([turn.settings.seed, *seeds]) + 1))
    ask(turn.said, turn.parent)


def is_greedy() -> bool:
    """Whether the next turn takes the likeliest token each time."""
    return drafts.settings().temperature == 0
