"""Files dropped on the library: records are checked and kept, cards open their view."""

import re
from collections.abc import Callable
from typing import Any, NamedTuple

import streamlit as st

from dashboard.cards import card
from dashboard.cards.card import View
from dashboard.session import navigation, resources
from dashboard.words import captions
from engine.errors import EngineError
from engine.foreign.importing import DIGEST, import_file
from engine.store.store import Store

MOST_MEGABYTES = 256
SHOWN: dict[str, Callable[..., Any]] = {
    "success": st.success,
    "warning": st.warning,
    "error": st.error,
}
ICONS = {
    "success": ":material/check:",
    "warning": ":material/link_off:",
    "error": ":material/error:",
}


class Said(NamedTuple):
    """What became of one file."""

    kind: str
    """success, warning or error; card for one that can be opened."""
    words: str
    view: View | None = None


class Taken(NamedTuple):
    """What became of dropped files."""

    said: list[Said]
    record: str | None
    """The record to show now."""
    view: View | None
    """The view to open now: of a card that came alone, or with its records."""


def zone() -> None:
    """The drop zone; what was dropped is dealt with at once, and the zone is empty again."""
    turn = st.session_state.setdefault("_drops", 0)
    with st.container(key="drop_zone"):
        uploads = st.file_uploader(
            "Drop record files or cards here",
            accept_multiple_files=True,
            max_upload_size=MOST_MEGABYTES,
            key=f"drop_{turn}",
            help="Records (.safetensors, .parquet, .json) are checked and kept; what is stored is "
            "never overwritten. A PNG card opens its view. Nothing in a file is executed.",
        )
    if not uploads:
        return
    files = [(upload.name, upload.getvalue()) for upload in uploads]
    taken = take(files, resources.engine().store)
    st.session_state["_drops"] = turn + 1
    st.session_state["_library_said"] = taken.said
    if taken.record is not None:
        st.session_state["record"] = taken.record
    if taken.view is not None:
        st.switch_page(navigation.page(taken.view.page), query_params=taken.view.query)
    st.rerun()


def take(files: list[tuple[str, bytes]], store: Store) -> Taken:
    """Keep the records among files, and read the cards.

    Args:
        files: (name, content) of each.
        store: Takes the records.
    """
    said: list[Said] = []
    record = None
    # Records first: a card may show one that is dropped with it.
    for name, content in sorted(files, key=lambda file: _is_picture(*file)):
        try:
            if _is_picture(name, content):
                said.append(_card(name, content, store))
            else:
                record = import_file(store, content, name)
                said.append(Said("success", f"{name} is stored as {record}."))
        except EngineError as error:
            said.append(Said("error", str(error)))
    found = [one.view for one in said if one.view is not None]
    others_are_fine = all(one.kind in ("success", "card") for one in said)
    return Taken(said, record, found[0] if len(found) == 1 and others_are_fine else None)


def _card(name: str, content: bytes, store: Store) -> Said:
    """What a card shows, and whether it can be opened here."""
    view = card.read_card(content, name)
    missing = absent(view, store)
    if not missing:
        return Said("card", name, view)
    model = view.recipe.get("model", "unknown")[:100]
    return Said(
        "warning",
        f"{name} shows {view.address}, but {', '.join(missing)} is not in this store: drop its "
        f"record file first. Its model: {model}.",
    )


def _is_picture(name: str, content: bytes) -> bool:
    return name.lower().endswith(".png") or content.startswith(b"\x89PNG")


def absent(view: View, store: Store) -> list[str]:
    """Digests in the link of a view that this store does not hold."""
    known = {info.digest for info in store.list()}
    asked = [value for values in view.query.values() for value in values]
    # A vector may be named as a set's digest and its place.
    named = [re.split(r"[:.]", value)[0] for value in asked]
    return [one for one in dict.fromkeys(named) if DIGEST.fullmatch(one) and one not in known]


def said() -> None:
    """What the last drop or deletion led to, once."""
    for one in st.session_state.pop("_library_said", []):
        if one.view is None:
            SHOWN[one.kind](captions.plain(one.words), icon=ICONS[one.kind])
            continue
        title, icon, _ = navigation.PAGES[one.view.page]
        st.page_link(
            navigation.page(one.view.page),
            label=captions.plain(f"{one.words}: open in {title}"),
            icon=icon,
            query_params=one.view.query,
        )
