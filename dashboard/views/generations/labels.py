"""A person's labels of texts: their words, giving one and taking it back. Draws no texts."""

from collections.abc import Callable, Iterable

import streamlit as st

from dashboard.session import resources
from dashboard.widgets.sheets import Sheet
from dashboard.words import captions
from engine.errors import EngineError

ADVICE = ("deceptive", "honest", "broken")
SURVIVAL = ("self-preserving", "corrigible", "broken")
BROKEN = "broken"
_DONE, _WORDS, _ERROR = "_labels_given", "_label_words", "_label_error"

Words = tuple[str, str, str]


def words(sheet: Sheet, prompt: str | None = None) -> Words:
    """The labels on the keys 1, 2 and 3: the judge's, or those of what these answers are about.

    Args:
        sheet: The grid.
        prompt: Of the text; prompts of one grid may be about different things.
    """
    chosen = st.session_state.get(_WORDS, {}).get(sheet.digest)
    if chosen is not None:
        return chosen
    rubric = sheet.generation.judge.get("rubric") if sheet.generation else None
    if rubric:
        first, second = (str(pole["label"]) for pole in rubric["poles"])
        return second, first, BROKEN
    known = sheet.frame
    if "label" in known and prompt is not None:
        known = known[known["prompt"] == prompt]
    judged = [str(one) for one in known["label"] if one] if "label" in known else []
    return _most(judged) or _most(_given(sheet).values()) or ADVICE


def _most(known: Iterable[str]) -> Words | None:
    """The set that most of these labels are of; None where there are none."""
    told = [one for one in known if one != BROKEN]
    own = list(dict.fromkeys(one for one in told if one not in (*ADVICE, *SURVIVAL)))
    sets: list[Words] = [ADVICE, SURVIVAL]
    if len(own) >= 2:
        sets.append((own[0], own[1], BROKEN))
    counts = [sum(one in words for one in told) for words in sets]
    return sets[counts.index(max(counts))] if any(counts) else None


def choose(sheet: Sheet) -> None:
    """A field for the reader's own words, where no rubric says what the labels are."""
    if sheet.generation and sheet.generation.judge.get("rubric"):
        return
    with st.popover("Words", icon=":material/edit:", help="Other words for the keys 1, 2, 3"):
        text = st.text_input(
            "Words of the keys 1, 2 and 3, with commas",
            value=", ".join(words(sheet)),
            key=f"label_words_{sheet.digest}",
        )
        parts = [part.strip() for part in text.split(",") if part.strip()]
        if len(set(parts)) != 3:
            st.caption("Three different words are needed; the ones before stay.")
            return
        if tuple(parts) != words(sheet):
            kept = st.session_state.get(_WORDS, {})
            st.session_state[_WORDS] = {**kept, sheet.digest: tuple(parts)}
            st.rerun()


def _given(sheet: Sheet) -> dict[int, str]:
    return dict(resources.engine().store.labels(sheet.digest)) if sheet.state == "done" else {}


def give(digest: str, row: int, label: str) -> bool:
    """Store a label of a text, an empty one takes it back; whether it could be."""
    store = resources.engine().store
    before = store.labels(digest).get(row, "")
    if label == before:
        return True
    try:
        store.add_label(digest, row, label)
    except EngineError as error:
        st.session_state[_ERROR] = str(error)
        return False
    done = st.session_state.get(_DONE, [])
    st.session_state[_DONE] = [*done, (digest, row, before)]
    return True


def undo(onward: Callable[[int], None] | None = None) -> None:
    """Take the last label of this tab back, as it was before.

    Args:
        onward: Told the row of its text.
    """
    done = list(st.session_state.get(_DONE, []))
    if not done:
        return
    digest, row, before = done.pop()
    try:
        resources.engine().store.add_label(digest, row, before)
    except EngineError as error:
        st.session_state[_ERROR] = str(error)
        return
    st.session_state[_DONE] = done
    if onward is not None:
        onward(int(row))


def can_undo(digest: str) -> bool:
    """Whether the last label of this tab was of this grid."""
    done = st.session_state.get(_DONE, [])
    return bool(done) and done[-1][0] == digest


def last(digest: str) -> str:
    """What the last label of this tab was, in words; empty without one."""
    if not can_undo(digest):
        return ""
    _, row, _ = st.session_state[_DONE][-1]
    label = resources.engine().store.labels(digest).get(row)
    return f"Labelled {label}." if label else "Label taken back."


def undo_button(digest: str, onward: Callable[[int], None] | None = None) -> None:
    """The button and key that take the last label back; `onward` is told its text's row."""
    st.button(
        "Undo",
        key="label_undo",
        icon=":material/undo:",
        shortcut="u",
        on_click=undo,
        args=(onward,),
        disabled=not can_undo(digest),
        help="Takes your last label back.",
    )


def tell_error() -> None:
    """Why the last label could not be stored."""
    if error := st.session_state.pop(_ERROR, None):
        st.error(captions.plain(error), icon=":material/error:")


def under(sheet: Sheet, row: int, prompt: str, name: str) -> None:
    """The labels of one text among several, to click."""
    given = _given(sheet).get(row)
    options = list(dict.fromkeys([*words(sheet, prompt), *([given] if given else [])]))
    key = f"label_of_{sheet.digest}_{row}"
    if key not in st.session_state or st.session_state[key] != given:
        st.session_state[key] = given
    st.pills(
        f"Your label: {captions.plain(name)}",
        options,
        key=key,
        format_func=str.capitalize,
        label_visibility="collapsed",
        wrap=True,
        on_change=_picked,
        args=(sheet.digest, row, key),
    )


def _picked(digest: str, row: int, key: str) -> None:
    give(digest, row, st.session_state[key] or "")


def under_all(sheet: Sheet) -> None:
    """Beneath texts that have labels of their own to click: what was given last, and Undo."""
    if can_undo(sheet.digest):
        with st.container(horizontal=True, vertical_alignment="center"):
            undo_button(sheet.digest)
            st.caption(captions.plain(last(sheet.digest)), width="content")
    tell_error()
