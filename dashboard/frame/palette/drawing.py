"""The palette as one component: what is sent to the browser, and what comes of a choice.

The browser searches by itself; the server is asked for what the store holds only when the palette
opens, in a run of this part alone. Knows nothing of what can be opened.
"""

from functools import cache
from pathlib import Path
from typing import Any

import streamlit as st

from dashboard.frame.palette import choosing, items

KEYS = (
    ("Mod + K", "Go to any page, vector, run, data or action"),
    ("?", "This list"),
    ("Tab", "To the next field; Enter or Space presses a button"),
    ("Esc", "Closes a dialog, a menu or this list"),
)
"""Those that hold on every page."""
NAME, OPENED, CHOSEN = "palette", "opened", "chosen"


def draw() -> None:
    """Listen for the keys; nothing is seen before one is pressed."""
    with st.sidebar:
        st.fragment(_part)()


def _part() -> None:
    if choosing.has_chosen():
        st.rerun()
    # Not isolated: the dialog stands in the page's body, above a sidebar that may be closed.
    mount = st.components.v2.component(NAME, css=_file("css"), js=_file("js"), isolate_styles=False)
    data: dict[str, Any] = {"start": [*items.pages(), *items.actions()], "keys": KEYS}
    if st.session_state.pop("_palette_opened", False):
        data["stored"] = [*items.filters(), *items.stored()]
    mount(key=NAME, data=data, on_opened_change=_opened, on_chosen_change=_chosen)


@cache
def _file(kind: str) -> str:
    return (Path(__file__).parent / f"palette.{kind}").read_text(encoding="utf-8")


def _opened() -> None:
    st.session_state["_palette_opened"] = True


def _chosen() -> None:
    choosing.take(getattr(st.session_state[NAME], CHOSEN, None))
