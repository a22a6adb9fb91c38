"""The scales of an evaluation: each set keeps those that were written for it.

Knows nothing of what they mean.
"""

import streamlit as st

from dashboard.words import captions

_KEPT = "_scales"


def take(key: str, owner: str) -> None:
    """Before their widget is drawn: show what was written for this set, and keep the other's.

    Args:
        key: Of the widget.
        owner: Digest of the set that is to be measured.
    """
    kept: dict[str, str] = st.session_state.setdefault(f"{_KEPT}_{key}", {})
    before = st.session_state.get(f"_owner_{key}")
    if before not in (None, owner):
        written = st.session_state.get(key) or ""
        kept.pop(before, None)
        if written.strip():
            # The last one written for stands last.
            kept[before] = written
        st.session_state[key] = kept.get(owner, "")
    elif key in st.session_state:
        # Said anew at each run, or a browser that was away for long would show none.
        st.session_state[key] = st.session_state[key]
    st.session_state[f"_owner_{key}"] = owner


def offer(key: str, owner: str) -> None:
    """After it: a button that takes what was last written for another set, if this has none."""
    kept: dict[str, str] = st.session_state.get(f"{_KEPT}_{key}", {})
    others = [text for one, text in kept.items() if one != owner]
    if not others or (st.session_state.get(key) or "").strip():
        return
    st.button(
        captions.plain(f"As for the last set: {others[-1]}"),
        key=f"again_{key}",
        type="tertiary",
        icon=":material/history:",
        on_click=_write,
        args=(key, others[-1]),
    )


def _write(key: str, text: str) -> None:
    st.session_state[key] = text
