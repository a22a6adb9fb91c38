"""Buttons that act on a record: on the one that was shown, or not at all.

Between what a reader sees and the click, a record can be deleted in another tab or on the command
line. The rerun then chooses another one for the same field, which the reader never asked for.
Knows nothing of what the buttons do.
"""

from collections.abc import Iterable
from typing import Any

import streamlit as st

from dashboard.words import captions


def button(label: str, key: str, target: Iterable[str], **more: Any) -> bool:
    """Whether a button was pressed for what it acts on now; else a red box says what is gone.

    Args:
        label: On the button.
        key: Of the widget.
        target: Digests of the records that it acts on; none where it acts on no record.
        more: What `st.button` takes besides.
    """
    now = tuple(sorted(set(target)))
    # What is given to the callback is what was there when the button was drawn.
    pressed = st.button(label, key=key, on_click=_note, args=(key, now), **more)
    shown = st.session_state.pop(f"_shown_{key}", now)
    gone = [digest for digest in shown if digest not in now]
    if gone:
        names = captions.plain(", ".join(gone))
        st.error(
            f"{names} was shown here and is gone, so nothing was started: choose again.",
            icon=":material/error:",
        )
        return False
    return pressed and shown == now


def targets(config: Any) -> tuple[str, ...]:
    """Digests of the stored sets that a config acts on."""
    config = getattr(config, "sweep", config)
    refs = getattr(config, "vectors", ())
    whole = [ref.digest for ref in refs if ref.digest] if isinstance(refs, tuple) else []
    columns = getattr(config, "configurations", ())
    return (*whole, *(part.digest for one in columns for part in one.blend))


def _note(key: str, target: tuple[str, ...]) -> None:
    st.session_state[f"_shown_{key}"] = target
