"""Deleting records, taking it back, and the trash where deleted ones wait.

Knows nothing of how records are listed.
"""

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from dashboard.session import naming, resources
from dashboard.views.library.dropping import Said
from dashboard.views.library.table import KINDS, MARKED
from dashboard.widgets import widgets
from dashboard.words import captions
from engine.errors import EngineError
from engine.records.records import RecordInfo
from engine.store.library import needs, trash
from engine.store.library.trash import Trashed

UNDO = "_library_undo"
"""In the session: places in the trash of what was deleted last."""
NAMED = 8
"""Records that are named one by one."""


def offer(infos: Sequence[RecordInfo]) -> None:
    """What would be missed, and the button that moves these records to the trash."""
    label = "Delete" if len(infos) == 1 else f"Delete {len(infos)}"
    with st.popover(label, icon=":material/delete:", key="deleting", on_change="rerun") as box:
        if box.open:
            _confirm(infos)


def _confirm(infos: Sequence[RecordInfo]) -> None:
    st.write(f"{captions.count(len(infos), 'record')} to the trash, from where it can come back.")
    missed = needs.users(resources.engine().store, [info.digest for info in infos])
    for info in infos:
        if users := missed.get(info.digest):
            # One record alone needs no name here.
            named = "" if len(infos) == 1 else f"{naming.called(info)} {info.digest[:4]}: "
            st.warning(captions.plain(named + would_miss(users)), icon=":material/link_off:")
    if not missed:
        st.caption("No other record names it.")
    if any(info.kind == "generation" for info in infos):
        st.caption("Labels that a person gave its texts are kept.")
    st.button(
        "Move to the trash",
        key="delete_record",
        type="primary",
        icon=":material/delete:",
        on_click=delete,
        args=([info.digest for info in infos],),
    )


def would_miss(users: Sequence[RecordInfo]) -> str:
    """The records that name another one, in a sentence."""
    named = ", ".join(
        f"{naming.called(user)} {user.digest} ({user.summary})" for user in users[:NAMED]
    )
    more = f", and {len(users) - NAMED} more" if len(users) > NAMED else ""
    verb = "names it and would miss it" if len(users) == 1 else "name it and would miss it"
    return f"{captions.count(len(users), 'record')} {verb}: {named}{more}."


def delete(digests: Sequence[str]) -> None:
    """Move records to the trash, and remember them for `undo`."""
    said, gone = list[Said](), list[str]()
    for digest in digests:
        try:
            gone.append(trash.put(resources.engine().store, digest).place)
        except EngineError as error:
            said.append(Said("error", str(error)))
    resources.forget()
    for key in ("record", MARKED):
        st.session_state.pop(key, None)
    st.session_state["_library_said"] = said
    st.session_state[UNDO] = gone


def undo() -> None:
    """What was deleted last, with the button that takes it back; until it is dismissed."""
    places = st.session_state.get(UNDO)
    if not places:
        return
    inside = {one.place: one for one in trash.listed(resources.engine().store)}
    waiting = [inside[place] for place in places if place in inside]
    if not waiting:
        # Restored or emptied meanwhile, maybe in another tab.
        st.session_state.pop(UNDO)
        return
    with st.container(border=True, horizontal=True, vertical_alignment="center", key="undo_bar"):
        what = _called(waiting[0]) if len(waiting) == 1 else captions.count(len(waiting), "record")
        verb = "was" if len(waiting) == 1 else "were"
        words = captions.plain(f"{what} {verb} deleted.")
        st.markdown(f":material/delete: {words}", width="stretch")
        st.button(
            "Undo", key="undo", icon=":material/undo:", type="primary", on_click=restore,
            args=([one.place for one in waiting],),
        )  # fmt: skip
        st.button("Dismiss", key="undo_dismiss", type="tertiary", on_click=_dismiss)


def _dismiss() -> None:
    st.session_state.pop(UNDO, None)


def restore(places: Sequence[str]) -> None:
    """Bring records back from the trash."""
    said = []
    for place in places:
        try:
            info = trash.restore(resources.engine().store, place)
        except EngineError as error:
            said.append(Said("error", str(error)))
        else:
            said.append(Said("success", f"{naming.called(info)} {info.digest} is back."))
            st.session_state["record"] = info.digest
    resources.forget()
    st.session_state["_library_said"] = said


def _called(one: Trashed) -> str:
    if isinstance(one.info, str):
        return one.file.name
    return f"{naming.called(one.info)} · {one.info.summary} ({one.info.digest})"


def page() -> None:
    """What lies in the trash: restore some, or delete it for ever."""
    inside = trash.listed(resources.engine().store)
    if not inside:
        st.info("The trash is empty. Deleted records wait here.", icon=":material/delete:")
        return
    total = captions.count(len(inside), "deleted record")
    st.caption(f"{total}, {megabytes(sum(one.bytes for one in inside))}. Tick rows to restore.")
    picked = st.dataframe(
        _rows(inside),
        key=f"trash_{hash(tuple(one.place for one in inside))}",
        hide_index=True,
        on_select="rerun",
        selection_mode="multi-row",
        alt="Deleted records, the last one first",
    ).selection.rows
    chosen = [inside[row] for row in picked if row < len(inside)]
    places = [one.place for one in chosen]
    with st.container(horizontal=True):
        st.button(
            "Restore", key="restore", icon=":material/restore_from_trash:", type="primary",
            disabled=not chosen, on_click=restore, args=(places,),
        )  # fmt: skip
        named = f"Delete {len(chosen)} for ever" if chosen else "Empty the trash"
        with st.popover(named, icon=":material/delete_forever:"):
            st.write("What is deleted here cannot come back.")
            widgets.delete_button("empty_trash", empty, places or None)


def empty(places: list[str] | None) -> None:
    """Delete for ever what lies in the trash, or some of it."""
    try:
        freed = trash.empty(resources.engine().store, places)
    except EngineError as error:
        st.session_state["_library_said"] = [Said("error", str(error))]
        return
    st.session_state["_library_said"] = [Said("success", f"{megabytes(freed)} are free again.")]


def megabytes(size: int) -> str:
    """Bytes in words: "48.1 GB", "3.2 MB", "12.0 kB"."""
    if size >= 1e9:
        return f"{size / 1e9:,.1f} GB"
    return f"{size / 1e6:,.1f} MB" if size >= 1e5 else f"{size / 1e3:,.1f} kB"


def _rows(inside: Sequence[Trashed]) -> pd.DataFrame:
    found = []
    for one in inside:
        when, size = one.when[:16].replace("T", " "), megabytes(one.bytes)
        if isinstance(one.info, str):
            found.append({"name": one.file.name, "what": one.info, "deleted": when, "size": size})
            continue
        info = one.info
        found.append(
            {
                "name": naming.called(info),
                "kind": KINDS[info.kind],
                "model": info.model,
                "what": info.summary,
                "deleted": when,
                "size": size,
                "digest": info.digest,
            }  # fmt: skip
        )
    order = ["name", "kind", "model", "what", "deleted", "size", "digest"]
    return pd.DataFrame(found, columns=order)
