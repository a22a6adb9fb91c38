"""The button beside a picker, and the dialog it opens. Knows nothing of what can be added."""

from collections.abc import Callable, Sequence
from typing import Any

import streamlit as st

from dashboard.session import state
from dashboard.widgets import widgets
from dashboard.widgets.adding import lora, texts, vectors
from dashboard.widgets.adding.kinds import ABOUT, EVERY, TITLES, Added, Keep, Kind
from dashboard.words import captions
from engine.errors import EngineError

OPEN, TURN = "_adding", "_adding_turn"
"""Which picker's dialog is open, and how many have been opened: each begins empty."""
SAID, ERROR = "_adding_said", "_adding_error"
Take = Callable[[Added], None]
"""Chooses in a picker what was added."""


def button(
    key: str,
    kinds: Sequence[Kind],
    take: Take,
    label: str = "Add data",
    about: str = "Drop a file, paste or type: a preview shows what was understood.",
    **more: Any,
) -> None:
    """The button that opens the dialog, and the dialog while it is open.

    What is typed on the page stays: the page runs again only when something was kept.

    Args:
        key: Of the picker.
        kinds: What the picker can choose, its usual first.
        take: Called with what was kept, before the page runs again.
        label: On the button.
        about: What the button says on hovering.
        more: What the button takes besides, such as `type`.
    """
    st.button(
        label,
        key=f"{key}_add",
        icon=":material/add:",
        help=about,
        on_click=ask,
        args=(key,),
        **{"type": "tertiary", **more},
    )
    dialog(key, kinds, take)


def dialog(key: str, kinds: Sequence[Kind], take: Take) -> None:
    """The dialog of a picker while it is open, and what was kept by it, once.

    Args:
        key: Of the picker.
        kinds: What the picker can choose, its usual first.
        take: Called with what was kept, before the page runs again.
    """
    if state.has_arrived() and st.session_state.get(OPEN) == key:
        _close()
    if said := st.session_state.pop(f"{SAID}_{key}", None):
        st.toast(captions.plain(said), icon=":material/check:")
    if st.session_state.get(OPEN) == key:
        st.dialog("Add data", width="medium", on_dismiss=_close)(_draw)(key, tuple(kinds), take)


def chooses(key: str) -> Take:
    """Lets a picker of one thing, by the key of its widget, choose what was added."""

    def take(added: Added) -> None:
        st.session_state[key] = added.value

    return take


def ask(key: str) -> None:
    """Have a picker's dialog opened by the next run, empty."""
    st.session_state[OPEN] = key
    st.session_state[TURN] = st.session_state.get(TURN, 0) + 1


def _close() -> None:
    st.session_state.pop(OPEN, None)


def _draw(key: str, kinds: tuple[Kind, ...], take: Take) -> None:
    if st.session_state.get(OPEN) != key:
        # It was kept by a run of the dialog alone: the page has to choose it.
        st.rerun()
    prefix = f"add{st.session_state[TURN]}_"
    kind = _kind(kinds, prefix)
    st.caption(ABOUT[kind])
    keep: Keep | None = None
    try:
        if kind == "vectors":
            keep = vectors.draw(prefix)
        elif kind == "adapters":
            keep = lora.draw(prefix)
        else:
            keep = texts.draw(kind, prefix)
    except EngineError as error:
        widgets.show_file_error(error)
    if why := st.session_state.pop(ERROR, None):
        st.error(captions.plain(why), icon=":material/error:")
    st.button(
        "Keep",
        key=f"{prefix}keep",
        type="primary",
        icon=":material/check:",
        disabled=keep is None,
        on_click=_keep,
        args=(key, keep, take),
    )


def _keep(key: str, keep: Keep | None, take: Take) -> None:
    """Before the page is drawn: keep what was brought, and choose it."""
    if keep is None:
        return
    try:
        added = keep()
    except EngineError as error:
        st.session_state[ERROR] = str(error)
        return
    take(added)
    _close()
    st.session_state[f"{SAID}_{key}"] = f"{added.name} is kept."


def _kind(kinds: tuple[Kind, ...], prefix: str) -> Kind:
    if len(kinds) == 1:
        return kinds[0]
    ordered = [one for one in EVERY if one in kinds]
    chosen: Kind | None = st.segmented_control(
        "What it is",
        ordered,
        default=kinds[0],
        required=True,
        format_func=TITLES.__getitem__,
        key=f"{prefix}kind",
    )
    return chosen or kinds[0]
