"""Answers read with the vectors that act in them: one token by token, or the whole conversation.

Knows nothing of how a text is read.
"""

import streamlit as st

from dashboard.widgets import drift, strip, widgets
from dashboard.words import panes
from engine.configs.chats import Pane
from engine.configs.core import ModelConfig
from engine.configs.reads.strips import Passage, StripAsk, vector_at
from engine.configs.values import built
from engine.errors import EngineError
from engine.records.conversations import Conversation, Exchange

MOST_VECTORS = 2


def draw(talk: Conversation, one: Exchange, place: int) -> None:
    """The strip of one answer, with the words before it."""
    pane = one.turn.panes[place]
    vectors = read_with(one, pane)
    if not vectors:
        st.caption("No vector acts in this turn, so there is nothing to read its tokens with.")
        return
    try:
        asked = StripAsk(
            passage=passage(talk, one, place),
            vectors=tuple(vector_at(reference) for reference in vectors),
            model=built(ModelConfig, talk.config["model"]),
            adapter=pane.adapter,
            dose=pane.dose,
            columns=pane.columns,
            usual_under=one.turn.settings.system,
        )
    except EngineError as error:
        widgets.show_error(error)
        return
    strip.ask(asked, f"chat_strip_{talk.digest}_{one.id}_{place}")


def drift_of(talk: Conversation, one: Exchange) -> None:
    """How far the turns up to this one lie along a vector; read only when it is opened."""
    known = read_with(one, one.turn.panes[0])
    if not known:
        return
    opened = st.expander(
        "Drift over the conversation",
        icon=":material/show_chart:",
        key="chat_drift",
        on_change="rerun",
    )
    if not opened.open:
        return
    with opened:
        names = panes.names(talk.vector_names)
        reference = known[0]
        if len(known) > 1:
            reference = st.selectbox(
                "Read with", known, format_func=lambda name: names.get(name, name), key="chat_along"
            )
        drift.draw(talk.digest, one.id, reference)


def read_with(one: Exchange, pane: Pane) -> list[str]:
    """The pane's vectors that act; of an unsteered pane those of the others, to compare."""
    own = [chip.reference for chip in pane.chips if chip.is_on]
    others = [chip.reference for each in one.turn.panes for chip in each.chips if chip.is_on]
    return list(dict.fromkeys(own or others))[:MOST_VECTORS]


def passage(talk: Conversation, one: Exchange, place: int) -> Passage:
    """What the model read and wrote in one pane.

    Raises:
        ConfigError: If there is no text.
    """
    settings, answer = one.turn.settings, one.answers[place]
    before = talk.before(one.parent, one.turn.panes[place])
    if settings.is_raw:
        past = "".join(said.text for said in before)
        return Passage(
            plain=past + one.turn.said, prefill=settings.prefill, answer_tokens=answer.tokens
        )
    system = [("system", settings.system)] if settings.system else []
    turns = [*system, *((said.role, said.text) for said in before), ("user", one.turn.said)]
    return Passage(turns=tuple(turns), prefill=settings.prefill, answer_tokens=answer.tokens)
