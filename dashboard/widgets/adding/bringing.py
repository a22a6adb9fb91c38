"""How data comes: a file that is dropped, a text that is pasted, or rows that are typed.

Knows nothing of how it is read.
"""

import json
from typing import Any, NamedTuple

import pandas as pd
import streamlit as st

from dashboard.widgets.adding.kinds import SUFFIXES, Kind
from dashboard.words import captions

MOST_MEGABYTES = 256
FILE, PASTE, TYPE = "Drop a file", "Paste", "Type"
TYPED: dict[Kind, tuple[str, ...]] = {
    "questions": ("Question", "Shows the behaviour", "Does not"),
    "pairs": ("Question", "Shows the behaviour", "Does not"),
}
"""Columns of the table in which rows are typed."""
EMPTY_ROWS = 4
WORDS = {"questions": "questions", "pairs": "pairs", "prompts": "prompts"}
PASTED = {
    "questions": "JSON, JSON Lines, or a table with a header, as copied from a spreadsheet.",
    "pairs": "JSON, JSON Lines, or a table with a header, as copied from a spreadsheet.",
    "prompts": "A prompt a line; or JSON, JSON Lines, or a table with a header.",
}


class Brought(NamedTuple):
    """One text, however it came."""

    name: str
    """Of the file; of what was pasted or typed what it is."""
    content: bytes


def one(kind: Kind, prefix: str) -> Brought | None:
    """What the reader brings; None while there is nothing yet."""
    ways = [FILE, PASTE, *([TYPE] if kind in TYPED else [])]
    way = st.segmented_control(
        "From",
        ways,
        default=FILE,
        required=True,
        key=f"{prefix}way_{kind}",
        label_visibility="collapsed",
    )
    if way == TYPE:
        return _typed(kind, prefix)
    return _pasted(kind, prefix) if way == PASTE else _dropped(kind, prefix)


def many(kind: Kind, label: str, prefix: str) -> list[Brought]:
    """The files that the reader drops, all together."""
    uploads = st.file_uploader(
        label,
        type=list(SUFFIXES[kind]),
        accept_multiple_files=True,
        max_upload_size=MOST_MEGABYTES,
        key=f"{prefix}files_{kind}",
    )
    return [Brought(one.name, one.getvalue()) for one in uploads or []]


def _dropped(kind: Kind, prefix: str) -> Brought | None:
    upload = st.file_uploader(
        f"A file of {WORDS[kind]}",
        type=list(SUFFIXES[kind]),
        max_upload_size=MOST_MEGABYTES,
        key=f"{prefix}file_{kind}",
    )
    return None if upload is None else Brought(upload.name, upload.getvalue())


def _pasted(kind: Kind, prefix: str) -> Brought | None:
    text = st.text_area(
        PASTED[kind], height=180, key=f"{prefix}paste_{kind}", placeholder="Paste here"
    )
    if not (text or "").strip():
        return None
    # Without an ending: what a text is, its signs say.
    return Brought(f"pasted {kind}", text.encode())


def _typed(kind: Kind, prefix: str) -> Brought | None:
    """Rows of a table, written as the lines of a file."""
    names = TYPED[kind]
    empty = pd.DataFrame([[""] * len(names)] * EMPTY_ROWS, columns=list(names), dtype="object")
    edited = st.data_editor(
        empty,
        num_rows="dynamic",
        hide_index=True,
        height=215,
        key=f"{prefix}rows_{kind}",
        alt=f"A table to type {kind} into",
        placeholder="",
    )
    st.caption("A row each; a block of cells can be pasted from a spreadsheet.")
    rows = [[str(cell or "").strip() for cell in row] for row in edited.to_numpy(object)]
    whole = [row for row in rows if all(row)]
    if begun := sum(map(any, rows)) - len(whole):
        st.caption(f"{captions.count(begun, 'row')} left out: each needs all three cells.")
    written = [_row(kind, row, place) for place, row in enumerate(whole)]
    if not written:
        return None
    lines = "".join(json.dumps(one, ensure_ascii=False) + "\n" for one in written)
    return Brought(f"typed {kind}.jsonl", lines.encode())


def _row(kind: Kind, cells: list[str], place: int) -> dict[str, Any]:
    question, shows, other = cells
    if kind == "pairs":
        return {"question": question, "positive": shows, "negative": other}
    # By turns, so that the behaviour does not stand at one letter alone.
    letters = "AB" if place % 2 == 0 else "BA"
    options = sorted(zip(letters, (shows, other), strict=True))
    text = "\n".join(f" ({letter}) {option}" for letter, option in options)
    return {
        "question": f"{question}\n\nChoices:\n{text}",
        "answer_matching_behavior": f" ({letters[0]})",
        "answer_not_matching_behavior": f" ({letters[1]})",
    }
