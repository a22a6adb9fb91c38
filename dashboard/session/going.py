"""Leaving a page by a button: where to, with the pin and the model that this tab keeps.

Knows nothing of what pages show.
"""

from typing import Any

import streamlit as st

from dashboard.session import models, navigation, pinned


def kept() -> dict[str, str]:
    """What every link within this tab carries along: its model and the pinned vector."""
    pin = pinned.reference()
    return models.parameters() | ({} if pin is None else {pinned.PARAMETER: pin})


def leave(page: str, parameters: dict[str, Any], model: str | None = None) -> None:
    """For a button's callback: have the next run open another page instead of drawing this one.

    What is opened is what the button said when it was drawn: by the time of the click, another tab
    may have changed what this page would choose.

    Args:
        page: By its name.
        parameters: Of its link; the pin and the model need not be named.
        model: Another than this tab's, which is to be asked there; nothing else is carried along.
    """
    carried = kept() if model is None else {models.MODEL: model}
    st.session_state["_leaving"] = page, carried | parameters


def depart() -> None:
    """Before a page is drawn: go where a button has sent the reader.

    A part of a page that is drawn alone has no such place: there the button itself calls this.
    """
    going: tuple[str, dict[str, Any]] | None = st.session_state.pop("_leaving", None)
    if going is not None:
        st.switch_page(navigation.page(going[0]), query_params=going[1])
