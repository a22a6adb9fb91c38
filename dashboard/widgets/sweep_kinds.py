"""Which kind of sweep the scale curves show: whole ones, or those with records of their own.

Knows nothing of what they found.
"""

import streamlit as st

from dashboard.session import resources, state
from dashboard.widgets import adaptive, equal_cost, widgets
from engine.configs.adaptive import AdaptiveConfig
from engine.configs.budgets.equal_cost import EqualCostConfig

WHOLE = "whole"
KINDS = {WHOLE: "Whole sweeps", "adaptive": "Adaptive sweeps", equal_cost.KIND: "Equal cost"}
RECORDS = {
    "adaptive": ("screen", AdaptiveConfig.method),
    equal_cost.KIND: (equal_cost.PARAMETER, EqualCostConfig.method),
}
"""Parameter of the link and kind of job of those that are no whole sweeps."""


def chosen() -> str:
    """The kind to show: what the link, a finished job or the reader asks for, else whole sweeps."""
    stored = {"adaptive": adaptive.stored(), equal_cost.KIND: equal_cost.stored()}
    present = [kind for kind, infos in stored.items() if infos]
    if not present:
        return WHOLE
    for kind in present:
        parameter, method = RECORDS[kind]
        before = st.session_state.get(parameter)
        state.follow(parameter, method, resources.engine().jobs)
        if st.session_state.get(parameter) != before:
            st.session_state["sweeps"] = kind
    asked = [kind for kind in present if RECORDS[kind][0] in st.query_params]
    first = asked[0] if asked else WHOLE if resources.runs() else present[0]
    options = {kind: words for kind, words in KINDS.items() if kind in (WHOLE, *present)}
    found = widgets.switch("Show", "sweeps", options, first, noun="the sweeps")
    for kind, (parameter, _) in RECORDS.items():
        if kind != found:
            st.query_params.pop(parameter, None)
    return found
