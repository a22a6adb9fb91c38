"""The sections of the library: which one is open, by the link or by a click.

Knows nothing of what they show.
"""

from collections.abc import Callable

import streamlit as st

from dashboard.session import state
from dashboard.views.library import auditing, comparing, deleting, disk_use, records
from dashboard.widgets import widgets

KEY = "section"
TITLES = {
    "records": "Records",
    "compare": "Compare",
    "audit": "Audit",
    "trash": "Trash",
    "disk": "Disk",
}
DRAWN: dict[str, Callable[[], None]] = {
    "records": records.page,
    "compare": comparing.page,
    "audit": auditing.page,
    "trash": deleting.page,
    "disk": disk_use.page,
}
PARAMETERS = {
    # Its filters are bound to the link, and take their parameters away themselves.
    "records": ("record",),
    "compare": comparing.LINKED,
    "audit": ("audit", *auditing.LINKED),
    "trash": (),
    "disk": (),
}
"""Of each section's links."""


def choose() -> str:
    """The choice of the section: a name of `DRAWN`."""
    _arrive()
    chosen = widgets.switch(
        "Section", KEY, TITLES, "records", "the section", label_visibility="collapsed"
    )
    for name, parameters in PARAMETERS.items():
        if name != chosen:
            for parameter in parameters:
                st.query_params.pop(parameter, None)
    return chosen


def _arrive() -> None:
    """A link that names what it opens, but no section, opens the section that has it."""
    pair = st.query_params.pop("compare", None)
    if pair is not None:
        first, _, second = pair.partition(",")
        st.query_params[comparing.FIRST], st.query_params[comparing.SECOND] = first, second
        st.query_params[KEY] = "compare"
    if not state.has_arrived() or KEY in st.query_params:
        return
    named = [n for n, keys in PARAMETERS.items() if any(key in st.query_params for key in keys)]
    if named and named[0] != "records":
        st.query_params[KEY] = named[0]
