"""The way to bring one's own vectors into a comparison. Knows nothing of what is compared."""

import streamlit as st

from dashboard.views.similarity import pairs
from dashboard.widgets.adding import asking
from dashboard.widgets.adding.kinds import Added

PLACES = {"layers": "a", "one": "one", "span": "part"}
"""By comparison, the picker that has what was added."""


def button(mode: str) -> None:
    """The button, whose dialog lets the first picker of this comparison choose the new vectors."""

    def take(added: Added) -> None:
        if mode in PLACES:
            chosen = f"{added.value}:0" if mode == "one" else added.value
            st.session_state[PLACES[mode]] = chosen
        if mode == "layers":
            pairs.forget_cell()
            # A link with rows is drawn whatever families there are.
            st.query_params[PLACES[mode]] = added.value
        if kept := st.session_state.get("sets"):
            st.session_state["sets"] = [*kept, added.value]

    asking.button("similarity", ("vectors",), take, "Add my vectors")
