"""Strips that are not stored: asked of the model at once, and drawn when they are there.

Knows nothing of what is done with the chosen token.
"""

from collections.abc import Callable
from typing import Any

import streamlit as st

from dashboard.session import pace, resources
from dashboard.widgets import widgets
from dashboard.widgets.strip.drawing import draw
from dashboard.words import captions
from engine.configs.reads.strips import StripAsk
from engine.errors import EngineError
from engine.runs.reads import strips as reads

AT_ONCE = 0.4
"""Seconds that a page waits by itself, so that a quick answer comes without a waiting state."""
LOOKS = 0.3
"""Seconds between two looks at a request."""


def ask(
    asked: StripAsk, key: str, on_select: Callable[[int | None], None] | None = None
) -> list[Any] | None:
    """Strips of one text, asked live; a waiting state until they are there.

    Args:
        asked: What is read, with what.
        key: Of the widget.
        on_select: Called with the token that the reader chose, or None.

    Returns:
        The strips, once they are there.
    """
    try:
        request = reads.ask(resources.engine(), asked)
    except EngineError as error:
        widgets.show_error(error)
        return None
    request.wait(AT_ONCE)
    if request.active:
        pace.repeat(_waiting, LOOKS, request, key)
        return None
    if request.state == "done" and request.value:
        st.fragment(draw)(request.value, key, on_select)
        return list(request.value)
    _failed(request, asked, key)
    return None


def _waiting(request: Any, key: str) -> None:
    if not request.active:
        st.rerun()
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        words = request.message or "Reading the text token by token."
        st.caption(f":material/hourglass_top: {captions.plain(words)}", width="content")
        st.button("Stop", key=f"{key}_stop", type="tertiary", on_click=request.stop)


def _failed(request: Any, asked: StripAsk, key: str) -> None:
    if request.error:
        st.error(captions.plain(request.error), icon=":material/error:")
    else:
        st.caption("The reading was stopped.")
    if request.traceback:
        with st.expander("Traceback", icon=":material/bug_report:"):
            st.code(request.traceback, language=None)
    if st.button("Read it again", key=f"{key}_again", icon=":material/refresh:"):
        reads.ask(resources.engine(), asked, is_again=True)
        st.rerun()
