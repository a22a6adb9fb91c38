"""What a thing is called on screen, and what a reader noted of it: one reading for all pages.

Names are texts of unknown origin: `captions.plain` makes them safe for a label. Draws nothing.
"""

from pathlib import Path

import streamlit as st

from dashboard.session import resources
from engine.records.records import RecordInfo
from engine.store.naming import names as readings
from engine.store.naming.names import BETWEEN, Names
from engine.store.notes import Note


def names() -> Names:
    """The names of all that is stored, as it is now."""
    return readings.of_store(resources.engine().store)


def called(subject: RecordInfo | str) -> str:
    """What a thing is called on screen: by a reader's own name, else by what tells it from others.

    Args:
        subject: A record, or by name: "DIGEST:INDEX" (a vector), "DIGEST", "data:SHA12" or
            "adapter:HASH12".
    """
    return names().of(subject)


def short(reference: str) -> str:
    """A vector where its set is evident: a reader's own name, else "block 4" or "07"."""
    return names().short(reference)


def note(subject: str) -> Note:
    """A reader's own name, notes, tags and star of a thing."""
    return names().note(subject)


def line(info: RecordInfo) -> str:
    """A record's line in a menu: its star, name, size and model."""
    found = names()
    star = "\u2605 " if found.note(info.digest).star else ""
    told = found.of(info)
    parts = [told, "" if told.endswith(info.summary) else info.summary, info.model]
    return star + BETWEEN.join(part for part in parts if part)


def shown(infos: list[RecordInfo], key: str) -> list[RecordInfo]:
    """Those of a menu that stand for themselves, or all where the reader asks for helpers.

    Args:
        infos: What the menu could offer.
        key: Of the menu; what is chosen in it, or its link asks for, stays.
    """
    if st.session_state.get(HELPERS):
        return infos
    found = names()
    kept = (st.session_state.get(key), st.query_params.get(key))
    return [i for i in infos if found.parent(i.digest) is None or i.digest in kept]


HELPERS = "show_helpers"
"""Of the switch that shows helper sets, for all menus of this tab."""


def root() -> Path:
    """Where notes are kept."""
    return Path(resources.engine().store.root)
