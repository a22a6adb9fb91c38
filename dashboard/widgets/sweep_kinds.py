"""Which kind of sweep the scale curves show: whole ones, or those with records of their own.

Knows nothing of what they found.
"""

import streamlit as st

from dashboard.session import resources
from dashboard.widgets import adaptive, equal_cost, widgets

WHOLE = "whole"
KINDS = {WHOLE: "Whole sweeps", "adaptive": "Adaptive sweeps", equal_cost.KIND: "Equal cost"}
RECORDS = {"adaptive": "screen", equal_cost.KIND: equal_cost.PARAMETER}
"""Parameter of the link of those that are no whole sweeps."""


def chosen() -> str:
    """The kind to show: what the link or the reader asks for, else whole sweeps."""
    stored = {"adaptive": adaptive.stored(), equal_cost.KIND: equal_cost.stored()}
    present = [kind for kind, infos in stored.items() if infos]
    if not present:
        return WHOLE
    asked = [kind for kind in present if RECORDS[kind] in st.query_params]
    first = asked[0] if asked else WHOLE if resources.runs() else present[0]
    options = {kind: words for kind, words in KINDS.items() if kind in (WHOLE, *present)}
    found = widgets.switch(
        "Show", "sweeps", options, first, noun="the sweeps", label_visibility="collapsed"
    )
    for kind, parameter in RECORDS.items():
        if kind != found:
            st.query_params.pop(parameter, None)
    return found
