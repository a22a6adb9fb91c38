"""Suggestions on Discover: the one that was asked for, in a sentence, and the form for another."""

import streamlit as st

from dashboard.forms import searches as forms
from dashboard.session import navigation, resources, state
from dashboard.widgets import searches, widgets
from engine.configs.budgets.suggest import SuggestConfig
from engine.records.records import RecordInfo, VectorSet

METHOD = SuggestConfig.method


def progress() -> None:
    """The suggestion that is being worked out or has failed, if there is one."""
    widgets.live_job(METHOD)
    widgets.unfinished_job(METHOD)


def draw(found: VectorSet, sets: list[RecordInfo]) -> None:
    """The last suggestion, and what is tried for the next one."""
    infos = searches.stored(METHOD, state.model())
    known = [info.digest for info in searches.stored(METHOD)]
    state.resolve("suggestion", known, can_be_none=True)
    state.warn_missing("suggestion", "the suggestion", known)
    first = state.stays("suggestion", [info.digest for info in infos])
    chosen = st.session_state.get("suggestion") or first
    with st.expander(
        "Suggest an intervention",
        expanded="suggestion" in st.query_params or "suggestion" in st.session_state,
        icon=":material/lightbulb:",
    ):
        if chosen is not None:
            record = resources.study(chosen)
            with st.container(border=True):
                st.caption(record["title"])
                searches.said(record)
                widgets.share(navigation.link("discover", suggestion=chosen))
        st.caption(
            "Tries every vector of the sets with every operation both ways, each at the strength "
            "that meets the budget. One half of the questions chooses; the other reports."
        )
        own = [info.digest for info in resources.fitting(sets, state.model())]
        first = found.digest if found.digest in own else next(iter(own), "")
        if own:
            forms.suggest(state.model(), own, first)
