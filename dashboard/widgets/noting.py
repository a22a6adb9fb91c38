"""A reader's own name, star, tags and note of a thing: shown, and changed in a small form.

What is typed is never lost: a note that cannot be kept leaves it in the form. Knows nothing of
how notes are stored or of what the thing is.
"""

from collections.abc import Sequence

import streamlit as st

from dashboard.session import naming, state
from dashboard.words import captions
from engine.errors import EngineError
from engine.records.records import RecordInfo
from engine.store import notes
from engine.store.notes import Note

SHOWN = 180
"""Signs of a note that stand on a page, in a line or two; all of it is in the form."""
ABOUT = "Kept on this machine beside the record, which stays as it is. Empty fields take it back."
STARRED = "Starred things stand first in the palette and are found by the filter *starred*."


def shown(subject: str) -> None:
    """Its tags and the beginning of its note, or why the note cannot be read."""
    note, trouble = _read(subject)
    if trouble:
        st.warning(captions.plain(trouble), icon=":material/edit_off:")
    if note.tags:
        with st.container(horizontal=True, gap="xsmall"):
            for tag in note.tags:
                st.badge(captions.plain(tag), icon=":material/sell:", color="gray", help="Your tag")
    words = " ".join(note.words.split())
    if words:
        # Not Markdown: a note is shown as its characters.
        st.text(words if len(words) <= SHOWN else f"{words[:SHOWN]} \u2026")


def helpers(infos: Sequence[RecordInfo], key: str) -> None:
    """The switch that shows the helper sets of a menu; nothing where it has none."""
    hidden = naming.helpers(infos)
    if not hidden or len(hidden) == len(infos):
        return
    count = captions.count(len(hidden), "helper set")
    # The switch of every menu is one: its own key tells it from the others on the page.
    st.session_state[f"{naming.HELPERS}_{key}"] = bool(st.session_state.get(naming.HELPERS))
    st.toggle(
        f"+{len(hidden)}",
        key=f"{naming.HELPERS}_{key}",
        on_change=_show_helpers,
        args=(key,),
        help=f"Shows {count} too: random controls of studies, and repeats of evidence.",
    )


def _show_helpers(key: str) -> None:
    st.session_state[naming.HELPERS] = st.session_state[f"{naming.HELPERS}_{key}"]


def button(
    subject: str,
    label: str = "Name and notes",
    place: str = "",
    is_star_beside: bool = False,
    usual: str = "",
) -> None:
    """The button with the star and the fields of name, tags and note behind it.

    Args:
        subject: As `engine.store.notes` names things.
        label: Of the button.
        place: Tells it from another button of the same thing on the page.
        is_star_beside: Whether the star stands beside the button instead.
        usual: What it is called without a name of its own, where the store's names do not tell.
    """
    note, trouble = _read(subject)
    if is_star_beside:
        _star_button(subject, note, trouble, place)
    icon = ":material/star:" if note.star and not is_star_beside else ":material/edit_note:"
    with st.popover(label, icon=icon, help=ABOUT, key=f"noting_{place}_{subject}"):
        if trouble:
            st.caption("Notes cannot be kept before the damaged file is mended.")
            return
        if not is_star_beside:
            _star_button(subject, note, trouble, place)
        _fields(subject, note, place, usual or naming.names().default(subject))


def _star_button(subject: str, note: Note, trouble: str, place: str) -> None:
    st.button(
        "Unstar" if note.star else "Star",
        key=f"star_{place}_{subject}",
        icon=":material/star:" if note.star else ":material/star_border:",
        on_click=_star,
        args=(subject, not note.star),
        disabled=bool(trouble),
        help=STARRED,
    )


def _read(subject: str) -> tuple[Note, str]:
    # The reading of all notes leaves out a damaged one, and does not say why.
    try:
        return notes.read(naming.root(), subject), ""
    except EngineError as error:
        return notes.NOTHING, str(error)


def _fields(subject: str, now: Note, where: str, usual: str) -> None:
    # The note that the fields were filled with: a change elsewhere must not change what is typed.
    place = f"_note_{subject}"
    if state.has_arrived() or place not in st.session_state:
        st.session_state[place] = now
    start: Note = st.session_state[place]
    # A star is no field: it must not empty the others.
    version = start._replace(star=False).version
    keys = {p: f"note_{p}_{where}_{subject}_{version}" for p in ("name", "words", "tags")}
    with st.form(f"note_form_{where}_{subject}", border=False):
        st.text_input(
            "Your name for it",
            value=start.name,
            key=keys["name"],
            max_chars=notes.LONGEST_NAME,
            placeholder=usual[: notes.LONGEST_NAME],
        )
        known = {tag for note in naming.names().notes.values() for tag in note.tags}
        st.multiselect(
            "Tags",
            sorted(known | set(start.tags), key=str.casefold),
            default=list(start.tags),
            key=keys["tags"],
            accept_new_options=True,
            max_selections=notes.MOST_TAGS,
            placeholder="choose, or type a new one",
        )
        st.text_area(
            "Notes", value=start.words, key=keys["words"], max_chars=notes.LONGEST_WORDS, height=160
        )
        st.caption(ABOUT)
        st.form_submit_button(
            "Keep", icon=":material/save:", type="primary", on_click=_keep, args=(subject, keys)
        )
    if error := st.session_state.get("_note_error", {}).get(subject):
        st.error(captions.plain(str(error)), icon=":material/error:")
        key = f"note_reload_{where}"
        st.button("Show what is kept now", key=key, on_click=_reload, args=(subject,))


def _keep(subject: str, keys: dict[str, str]) -> None:
    place = f"_note_{subject}"
    start: Note = st.session_state[place]
    name, words = (str(st.session_state.get(keys[part]) or "") for part in ("name", "words"))
    tags = [str(tag) for tag in st.session_state.get(keys["tags"]) or ()]
    try:
        kept = notes.keep(
            naming.root(),
            subject,
            name,
            words,
            tags=tags,
            star=start.star,
            seen=start.version,
        )
    except EngineError as error:
        st.session_state["_note_error"] = {subject: error}
        st.toast("The note was not kept: see why under its form.", icon=":material/error:")
        return
    st.session_state["_note_error"] = {}
    st.session_state[place] = kept
    st.toast("Kept." if kept.version else "Taken back.", icon=":material/check:")


def _star(subject: str, star: bool) -> None:
    place = f"_note_{subject}"
    start: Note | None = st.session_state.get(place)
    try:
        kept = notes.change(naming.root(), subject, star=star)
    except EngineError as error:
        st.toast(captions.plain(str(error)), icon=":material/error:")
        return
    same = start is not None and start._replace(star=star).version == kept.version
    if start is not None and same:
        st.session_state[place] = kept


def _reload(subject: str) -> None:
    st.session_state["_note_error"] = {}
    st.session_state[f"_note_{subject}"] = notes.read(naming.root(), subject)
