"""Conversations in which the vector acted, and how far one of them lies along it.

Knows nothing of how a conversation is led or read.
"""

import functools
from pathlib import Path
from typing import NamedTuple

import streamlit as st

from dashboard.session import navigation, resources
from dashboard.views.vector.subject import Subject
from dashboard.widgets import chatting, drift
from dashboard.widgets.outstanding import usage
from engine.errors import EngineError
from engine.records.conversations import Conversation
from engine.store.scanning import Times, times

SEARCHED = 60
"""Newest conversations that are looked through."""
LONGEST = 80
"""Letters of a conversation's first words in the list."""


class Used(NamedTuple):
    """A conversation in which the vector acted."""

    talk: Conversation
    turn: int
    """Number of the last exchange in which it did, as its link has it."""

    @property
    def line(self) -> str:
        """As it stands in the list."""
        said = " ".join(self.talk.title.split())
        said = said if len(said) <= LONGEST else f"{said[:LONGEST]} \u2026"
        turn = len(self.talk.path(self.turn))
        return f"{said} \u00b7 turn {turn} \u00b7 {self.talk.digest[:4]}"


def using(reference: str) -> list[Used]:
    """Stored conversations in which a vector acted, newest first.

    Args:
        reference: DIGEST:INDEX.
    """
    found = []
    for info in resources.records("conversation")[:SEARCHED]:
        path = Path(info.path)
        try:
            talk = _read(path, times(path.stat()))
        except (EngineError, OSError):
            # It was deleted meanwhile, or is damaged, which Library says.
            continue
        turns = [one.id for one in talk.exchanges if usage.acts(one.turn.panes, reference)]
        found += [Used(talk, turns[-1])] if turns else []
    return found


@functools.lru_cache(maxsize=SEARCHED)
def _read(path: Path, _times: Times) -> Conversation:
    """A conversation grows under one digest, so its file's times are asked for."""
    talk: Conversation = resources.engine().store.load_conversation(path)
    return talk


def draw(one: Subject) -> None:
    """The conversation that is chosen, the newest at first, and its drift along the vector."""
    found = {used.talk.digest: used for used in using(one.reference)}
    if not found:
        st.info("No conversation has used this vector yet: chat with it.", icon=":material/info:")
        chatting.button(one.reference, "v_chat_first")
        return
    with st.container(horizontal=True, vertical_alignment="bottom"):
        chosen = st.selectbox(
            "Conversation",
            list(found),
            format_func=lambda digest: found[digest].line if digest in found else digest,
            key=f"v_talk_{one.reference}",
        )
        used = found.get(chosen, next(iter(found.values())))
        st.page_link(
            navigation.page("chat"),
            label="Open it",
            icon=":material/chat:",
            query_params={"talk": used.talk.digest, "turn": str(used.turn)},
            width="content",
        )
    drift.draw(used.talk.digest, used.turn, one.reference)
