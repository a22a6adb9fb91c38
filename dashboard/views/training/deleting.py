"""Deleting a trained adapter, and having it back. Knows nothing of how it was trained."""

from pathlib import Path
from typing import Any

import streamlit as st

from dashboard.session import resources
from dashboard.widgets import trainings
from dashboard.words import captions
from engine.errors import EngineError
from engine.training import discarded

SHOWN = 3
"""Names of records that are told; of more only their number."""


def popover(one: Any) -> None:
    """What would miss the adapter, and the button that deletes it."""
    with st.popover("Delete", icon=":material/delete:", key="delete_adapter", on_change="rerun"):
        if not st.session_state.get("delete_adapter"):
            return
        users = records_of(one.folder)
        names = ", ".join(users[:SHOWN])
        more = f" and {len(users) - SHOWN} more" if len(users) > SHOWN else ""
        if users:
            words = f"Used by {names}{more}: they stay, but cannot be made anew without it."
        else:
            words = "No stored record names this adapter."
        st.caption(captions.plain(words))
        st.button(
            f"Delete {captions.plain(one.name)}",
            key="delete_adapter_now",
            type="primary",
            icon=":material/delete:",
            on_click=_delete,
            args=(one.name,),
            help="It can be brought back on this page.",
        )


def undo() -> None:
    """The adapters that were deleted, each with the way back; what a click came to."""
    if error := st.session_state.pop("_adapters_error", None):
        st.error(captions.plain(error), icon=":material/error:")
    found = discarded.listed(trainings.root())
    if not found:
        return
    is_new = found[0].place == st.session_state.get("_adapter_deleted")
    label = captions.count(len(found), "deleted adapter")
    with st.expander(label, icon=":material/restore_from_trash:", expanded=is_new):
        for one in found:
            with st.container(horizontal=True, vertical_alignment="center"):
                st.text(f"{one.name} · deleted {captions.age(one.when)}", width="stretch")
                st.button(
                    "Bring back",
                    key=f"back_{one.place}",
                    icon=":material/undo:",
                    on_click=_bring_back,
                    args=(one.place,),
                )


def records_of(folder: Path) -> list[str]:
    """Titles of the stored records whose settings name the adapter in this folder."""
    found = []
    for info in resources.records():
        try:
            config = resources.header(info.digest, info.path).get("config") or {}
        except EngineError:
            continue
        model = config.get("model") if isinstance(config, dict) else None
        named = [model.get("adapter"), *(model.get("more_adapters") or ())] if model else []
        places = [str(one).partition("=")[2] or str(one) for one in named if one]
        if any(Path(place).resolve() == folder.resolve() for place in places):
            found.append(f"{captions.method(info.method)} {info.digest}")
    return found


def _delete(name: str) -> None:
    try:
        st.session_state["_adapter_deleted"] = discarded.discard(trainings.root(), name).place
    except EngineError as error:
        st.session_state["_adapters_error"] = str(error)


def _bring_back(place: str) -> None:
    try:
        st.session_state["adapter"] = discarded.bring_back(trainings.root(), place)
    except EngineError as error:
        st.session_state["_adapters_error"] = str(error)
