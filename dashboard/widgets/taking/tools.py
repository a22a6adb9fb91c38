"""Downloads of a record in other tools' own layouts. Knows nothing of how a layout is written."""

import io
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import streamlit as st

from dashboard.widgets.taking.ways import made_on_click
from engine.errors import EngineError
from engine.foreign import writing
from engine.records.records import RecordInfo


def vectors(store: Any, info: RecordInfo, blocks: list[int], key: str, index: int | None) -> None:
    """A choice of format and layers, and its file, or why the format cannot say it.

    Nothing is written before a format is chosen.

    Args:
        store: Holds the set.
        info: The set.
        blocks: Of its vectors, each once.
        key: Of the widgets.
        index: The one vector that is meant; None for the set.
    """
    formats = writing.formats_of("vectors")
    chosen = st.selectbox(
        "For another tool" if index is None else "This vector for another tool",
        formats,
        index=None,
        format_func=lambda one: writing.FORMATS[one].title,
        placeholder="Choose a format",
        key=f"{key}_format",
    )
    layers = None
    if index is None and len(blocks) > 1:
        layers = st.multiselect(
            "Layers", blocks, placeholder="All", key=f"{key}_layers",
            help="Blocks counted from 0, as the record has them; none chosen means all.",
        )  # fmt: skip
    if chosen is None:
        return
    try:
        found = store.load_vectors(info.digest)
        indices = None if index is None else [index]
        files = writing.vector_files(found, chosen, indices, layers or None)
    except EngineError as error:
        made_on_click("Download", f"{key}_{chosen}", bytes, reason=str(error))
        st.caption(str(error))
        return
    stem = f"{Path(info.path).stem}{'' if index is None else f'_{index}'}"
    told = writing.FORMATS[chosen]
    if len(files) == 1:
        ((name, content),) = files.items()
        name = name if told.is_folder else f"{stem}{told.suffix}"
        made_on_click("Download", name, lambda: content)
    else:
        made_on_click("Download", f"{stem}{told.suffix}.zip", lambda: _packed(files))


def sweep(store: Any, info: RecordInfo) -> None:
    """The sweep in the study's rows, or why these cannot say it."""
    reason = ""
    try:
        writing.check_results(store.load_head(Path(info.path))[1])
    except EngineError as error:
        reason = str(error)

    def make() -> bytes:
        return next(iter(writing.results_files(store.load_evaluation(info.digest)).values()))

    made_on_click("Study rows", f"{Path(info.path).stem}.json", make, reason=reason)


def _packed(files: Mapping[str, bytes]) -> bytes:
    """Several files in one, as a browser downloads them."""
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w") as pack:
        for name, content in files.items():
            pack.writestr(name, content)
    return sink.getvalue()
