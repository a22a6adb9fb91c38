"""Which conversation and turn this tab shows, what is written for it, and the link that says so.

Draws nothing.
"""

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import streamlit as st

from dashboard.forms import configurations, links
from dashboard.forms.chat import drafts, sampling, starts
from dashboard.forms.configurations import Choice
from dashboard.session import models, resources, state
from engine.configs.chats import Turn
from engine.configs.core import ModelConfig
from engine.configs.values import built
from engine.errors import EngineError
from engine.records.conversations import Conversation, Exchange

TALK, TURN = "talk", "turn"
LINKED = ("v", "scale", "unit", *links.WORDS)
"""What a link may begin a conversation with."""
SAID, ERROR, TRACEBACK = "chat_said", "_chat_error", "_chat_traceback"
_TALK, _TURN, _LIVE, _LINK, _BEGUN = (
    "_chat_talk",
    "_chat_turn",
    "_chat_live",
    "_chat_link",
    "_chat_v",
)
OVER = ("done", "stopped", "failed")
_DIGEST = re.compile(r"[0-9a-f]{4,64}")


def digest() -> str | None:
    """Of the conversation that is shown; None before one has begun."""
    found: str | None = st.session_state.get(_TALK)
    return found


def number() -> int | None:
    """Of the exchange that is shown as the last; None before one is answered."""
    found: int | None = st.session_state.get(_TURN)
    return found


def live() -> Any | None:
    """What is being written for this tab; None where nothing is."""
    return st.session_state.get(_LIVE)


def talks() -> Any:
    """The engine's conversations."""
    return resources.engine().talks


def conversation() -> Conversation | None:
    """What is stored of the conversation; None where nothing is yet."""
    name = digest()
    return None if name is None else resources.conversation(name)


def options() -> dict[str, Choice]:
    """The vectors that fit the tab's model, its own first."""
    return configurations.choices(state.model(), with_others=True)


# Before the page is drawn


def arrive() -> None:
    """Take what a new link asks for, take over what was written, and make panes where none are."""
    asked = _asked()
    is_new = asked != st.session_state.get(_LINK)
    if is_new and asked[TALK]:
        _open_link(str(asked[TALK]), asked[TURN])
    elif is_new and not state.has_arrived() and not asked[TALK] and digest() is not None:
        # The browser went back to where nothing was asked yet.
        new()
    st.session_state[_LINK] = asked
    settle()
    if number() is not None and conversation() is None:
        # Deleted meanwhile, in another tab.
        st.session_state[f"_missing_{TALK}"] = digest()
        new()
    _begin()
    write()


def _asked() -> dict[str, str | None]:
    return {name: st.query_params.get(name) for name in (TALK, TURN)}


def _open_link(name: str, turn: str | None) -> None:
    """Show what a link names; a record that cannot be read is told of, and left."""
    try:
        open_at(name, turn)
    except EngineError as error:
        new()
        st.session_state[ERROR] = str(error)


def open_at(name: str, turn: str | None) -> None:
    """Show a conversation at a turn, the newest without one, and what is being written of it."""
    st.session_state.pop(_LIVE, None)
    running = talks().running(name) if _DIGEST.fullmatch(name) else []
    known = [one.digest for one in resources.records("conversation")]
    name = next((one for one in known if len(name) >= 4 and one.startswith(name)), name)
    if name not in known and not running:
        st.session_state[f"_missing_{TALK}"] = name
        new()
        return
    st.session_state[_TALK], st.session_state[_TURN] = name, None
    found = conversation()
    if found is not None:
        wanted = int(turn) if turn is not None and turn.isdecimal() else len(found.exchanges) - 1
        if not 0 <= wanted < len(found.exchanges):
            st.session_state[f"_missing_{TURN}"] = turn
            wanted = len(found.exchanges) - 1
        show(found, wanted)
    follows = _followed(found)
    ours = [one for one in running if one.turn.parent in follows]
    if ours:
        st.session_state[_LIVE] = ours[-1]
        _take(ours[-1].turn, found.config.get("model") if found else None)


def _followed(found: Conversation | None) -> set[int | None]:
    """What an answer may follow that is shown at this turn: the turn, or the one before it."""
    place = number()
    if found is None or place is None:
        return {None}
    return {place, found.exchange(place).parent}


def settle() -> None:
    """Take over what was written since: the new turn is the one that is shown."""
    talk = live()
    if talk is None or talk.state not in OVER:
        return
    st.session_state.pop(_LIVE, None)
    if talk.number is not None:
        st.session_state[_TURN] = talk.number
        return
    # Stopped before its first token, or failed.
    if talk.state == "failed":
        st.session_state[ERROR] = talk.error
        st.session_state[TRACEBACK] = talk.traceback
    _give_back(talk.turn)


def _give_back(turn: Turn) -> None:
    """Put what was said in vain back into its field, unless it was said before."""
    found = conversation()
    if found is None:
        st.session_state.pop(_TALK, None)
        st.session_state.pop(_TURN, None)
    exchanges = found.exchanges if found is not None else ()
    if not any(e.parent == turn.parent and e.turn.said == turn.said for e in exchanges):
        st.session_state[SAID] = turn.said


def _begin() -> None:
    """Panes to begin with: of a link, or what is known best, where there are none of this model."""
    asked = {name: st.query_params.get(name) for name in LINKED}
    is_link = bool(asked["v"]) and (state.has_arrived() or asked != st.session_state.get(_BEGUN))
    if not is_link and not drafts.are_of_another_model():
        return
    if is_link:
        st.session_state[_BEGUN] = asked
    if is_link or (drafts.panes() and digest() is not None and live() is None):
        # Another model cannot go on with a conversation.
        new()
    vectors = options()
    state.note_missing("v", asked["v"] if is_link else None, vectors)
    try:
        first = starts.panes(vectors, starts.known(state.model(), vectors), asked)
    except EngineError as error:
        st.session_state[ERROR] = str(error)
        first = starts.panes(vectors, starts.known(state.model(), vectors))
    drafts.put(first)
    is_raw = resources.has_template(state.model()) is False
    if is_raw != drafts.settings().is_raw:
        sampling.put(replace(drafts.settings(), is_raw=is_raw))


def write() -> None:
    """Let the link say what is shown."""
    told = {TALK: digest(), TURN: None if number() is None else str(number())}
    for name, value in told.items():
        if value is None:
            st.query_params.pop(name, None)
        elif st.query_params.get(name) != value:
            st.query_params[name] = value
    if told[TALK] is not None:
        for name in LINKED:
            st.query_params.pop(name, None)
    st.session_state[_LINK] = _asked()


# What is shown


def show(found: Conversation, wanted: int) -> None:
    """Show a turn, and set panes and settings as they were asked."""
    st.session_state[_TALK], st.session_state[_TURN] = found.digest, wanted
    _take(found.exchange(wanted).turn, found.config.get("model"))


def _take(turn: Turn, model: Mapping[str, Any] | None) -> None:
    asked = built(ModelConfig, dict(model)) if model else state.model()
    drafts.put(drafts.of_panes(turn.panes, asked))
    sampling.put(turn.settings)


def is_foreign(found: Conversation) -> bool:
    """Whether another model is asked in it than in this tab."""
    return str(found.model["short_name"]) != state.model().short_name


def ask_its_model(name: str, wanted: int | None) -> None:
    """A callback: change the tab's model to that of the conversation."""
    found = resources.conversation(name)
    if found is None:
        return
    models.choose(built(ModelConfig, found.config["model"]))
    open_at(name, None if wanted is None else str(wanted))


def follow(talk: Any) -> None:
    """Show a turn while it is answered."""
    st.session_state[_LIVE], st.session_state[_TALK] = talk, talk.digest


def new() -> None:
    """Begin anew with the same panes; what is being written goes on, and is kept."""
    for name in (_TALK, _TURN, _LIVE, ERROR):
        st.session_state.pop(name, None)


def go(wanted: int) -> None:
    """A callback: show another turn of this conversation."""
    found = conversation()
    if found is not None and 0 <= wanted < len(found.exchanges):
        stop()
        st.session_state.pop(_LIVE, None)
        show(found, wanted)


def is_writing() -> bool:
    """Whether an answer is on its way for this tab."""
    talk = live()
    return talk is not None and talk.state not in OVER


def stop() -> None:
    """A callback: end what is being written for this tab; what there is of it is kept."""
    talk = live()
    if talk is not None and is_writing():
        talk.stop()


def shown() -> Exchange | None:
    """The exchange that is shown as the last."""
    found, place = conversation(), number()
    return None if found is None or place is None else found.exchange(place)
