"""A button that copies a picture to the clipboard, or says why this browser does not let it.

The button is a component without a frame of its own (`copying.js`, `copying.css`). Knows nothing of
what the picture shows.
"""

import base64
import functools
from collections.abc import Callable
from pathlib import Path

import streamlit as st

HTML = '<div class="copy"><button type="button">Copy image</button><output></output></div>'
WORDS = {
    "busy": "Drawing the picture…",
    "done": "Copied.",
    "refused": "This browser does not let the page copy pictures here: take Card PNG instead.",
}


def button(key: str, make: Callable[[], bytes]) -> None:
    """The button; the picture is made when it is asked for.

    Args:
        key: Of the widget.
        make: Draws the picture as a PNG.
    """
    asked = f"_copy_{key}"
    # Once: what is sent is large, and the next run would send it again.
    is_asked = st.session_state.pop(asked, False)
    png = base64.b64encode(make()).decode("ascii") if is_asked else None

    def note() -> None:
        st.session_state[asked] = True

    mount = st.components.v2.component("copy_image", html=HTML, css=_file("css"), js=_file("js"))
    mount(key=key, data={**WORDS, "png": png}, on_asked_change=note)


@functools.cache
def _file(ending: str) -> str:
    return Path(__file__).with_name(f"copying.{ending}").read_text(encoding="utf-8")
