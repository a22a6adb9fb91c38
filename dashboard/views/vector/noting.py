"""A reader's own name and notes of the vector: shown, and changed in a form.

What is typed is never lost: a note that cannot be kept leaves it in the form. Knows nothing of
how notes are stored.
"""

from pathlib import Path

import streamlit as st

from dashboard.session import resources, state
from dashboard.views.vector.subject import Subject
from dashboard.widgets import widgets
from dashboard.words import captions
from engine.errors import EngineError
from engine.store import notes

SHOWN = 180
"""Signs of a note that stand under the name, in a line or two; all of it is in the form."""
ABOUT = "Kept on this machine beside the record, which stays as it is. Empty fields take it back."


def shown(one: Subject) -> None:
    """The note as it is, or its beginning; why it cannot be read."""
    if one.trouble:
        st.warning(captions.plain(one.trouble), icon=":material/edit_off:")
    words = " ".join(one.note.words.split())
    if words:
        # Not Markdown: a note is shown as its characters.
        st.text(words if len(words) <= SHOWN else f"{words[:SHOWN]} \u2026")


def form(one: Subject) -> None:
    """The button with the fields of name and note behind it."""
    label = "Edit name and notes" if one.note.version else "Add name and notes"
    with st.popover(label, icon=":material/edit_note:", help=ABOUT):
        if one.trouble:
            st.caption("Notes cannot be kept before the damaged file is mended.")
            return
        _fields(one)


def _fields(one: Subject) -> None:
    # The note that the fields were filled with: a change elsewhere must not change what is typed.
    place = f"_note_{one.reference}"
    if state.has_arrived() or place not in st.session_state:
        st.session_state[place] = one.note
    start = st.session_state[place]
    keys = [f"note_{part}_{one.reference}_{start.version}" for part in ("name", "words")]
    with st.form(f"note_form_{one.reference}", border=False):
        st.text_input(
            "Your name for it",
            value=start.name,
            key=keys[0],
            max_chars=notes.LONGEST_NAME,
            placeholder=one.name,
        )
        st.text_area(
            "Notes", value=start.words, key=keys[1], max_chars=notes.LONGEST_WORDS, height=220
        )
        st.caption(ABOUT)
        st.form_submit_button(
            "Keep", icon=":material/save:", type="primary", on_click=_keep, args=(one, keys, place)
        )
    if error := st.session_state.get("_note_error", {}).get(one.reference):
        widgets.show_error(error)
        st.button("Show what is kept now", key="note_reload", on_click=_reload, args=(one, place))


def _keep(one: Subject, keys: list[str], place: str) -> None:
    name, words = (str(st.session_state.get(key) or "") for key in keys)
    seen = st.session_state[place].version
    root = Path(resources.engine().store.root)
    try:
        kept = notes.keep(
            root,
            one.reference,
            name,
            words,
            tags=st.session_state[place].tags,
            star=st.session_state[place].star,
            seen=seen,
        )
    except EngineError as error:
        st.session_state["_note_error"] = {one.reference: error}
        st.toast("The note was not kept: see why under its form.", icon=":material/error:")
        return
    st.session_state["_note_error"] = {}
    st.session_state[place] = kept
    st.toast("Kept." if kept.version else "Taken back.", icon=":material/check:")


def _reload(one: Subject, place: str) -> None:
    st.session_state["_note_error"] = {}
    st.session_state[place] = notes.read(Path(resources.engine().store.root), one.reference)
