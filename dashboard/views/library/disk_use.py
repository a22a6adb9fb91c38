"""What the store takes on the disk, and what of it may be emptied.

Knows nothing of what files hold.
"""

import pandas as pd
import streamlit as st

from dashboard.session import resources
from dashboard.views.library import deleting
from dashboard.views.library.dropping import Said
from engine.errors import EngineError
from engine.store.library import disk

SAFE = "yes, worked out again"
TRASHED = "yes, for ever"
NO = "no"


def page() -> None:
    """Every kind of files, the whole, and the buttons that empty what may be emptied."""
    store = resources.engine().store
    uses = disk.used(store)
    total = sum(use.bytes for use in uses)
    free = deleting.megabytes(disk.free(store))
    st.caption(f"{deleting.megabytes(total)} in all; {free} are free on this disk.")
    st.dataframe(
        pd.DataFrame(
            {
                "kind": use.name,
                "files": use.files,
                "megabytes": use.bytes / 1e6,
                "share": use.bytes / max(total, 1),
                "may be emptied": _may(use),
                "what it is": use.about,
            }
            for use in uses
        ),
        hide_index=True,
        column_config={
            "megabytes": st.column_config.NumberColumn("MB", format="%.2f", width=70),
            "share": st.column_config.ProgressColumn(
                "share", format="percent", min_value=0, max_value=1, width=110
            ),
            "files": st.column_config.NumberColumn("files", width=60),
            "kind": st.column_config.TextColumn("kind", width=130),
            "may be emptied": st.column_config.TextColumn("may be emptied", width=160),
        },
        alt="Disk use by kind",
    )
    names = {use.name for use in uses}
    with st.container(horizontal=True):
        st.button(
            "Empty the caches", key="empty_caches", icon=":material/cleaning_services:",
            disabled="Caches" not in names, on_click=_empty_caches,
            help="Figures of runs are worked out again when a page needs them.",
        )  # fmt: skip
        if "Trash" in names:
            with st.popover("Empty the trash", icon=":material/delete_forever:"):
                st.write("Deleted records cannot come back then.")
                st.button(
                    "Delete for ever", key="empty_trash_here", type="primary",
                    on_click=deleting.empty, args=(None,),
                )  # fmt: skip


def _may(use: disk.Use) -> str:
    if not use.may_be_emptied:
        return NO
    return TRASHED if use.name == "Trash" else SAFE


def _empty_caches() -> None:
    try:
        freed = disk.empty_caches(resources.engine().store)
    except EngineError as error:
        st.session_state["_library_said"] = [Said("error", str(error))]
        return
    words = f"{deleting.megabytes(freed)} are free again."
    st.session_state["_library_said"] = [Said("success", words)]
