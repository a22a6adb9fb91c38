"""Talk with the unsteered and the steered model side by side, and move the strength as you go."""

import streamlit as st

from dashboard.forms.chat import drafts
from dashboard.session import state
from dashboard.views.chat import actions, asking, bar, head, live, tab, turns
from dashboard.widgets import widgets
from engine.errors import EngineError

talk = None
try:
    tab.arrive()
    talk = tab.conversation()
    known = head.given()
    bar.draw(talk)
    state.warn_missing(tab.TALK, "the conversation", bar.digests())
    state.warn_missing(tab.TURN, "the turn", [])
    state.warn_missing("v", "the vector", list(known.options))
    head.draw(known)
    if talk is None and tab.live() is None:
        head.first_messages(known)
    if talk is not None:
        bar.whose(talk)
        turns.draw(talk, bar.upto(), bar.look(talk))
    live.draw(bar.names(talk))
    if talk is not None and tab.live() is None:
        actions.draw(talk)
except EngineError as error:
    widgets.show_error(error)
with st.container(key="chat_foot"):
    st.chat_input(
        bar.invitation(talk),
        key=tab.SAID,
        on_submit=asking.say,
        disabled=not drafts.panes() or (talk is not None and tab.is_foreign(talk)),
    )
