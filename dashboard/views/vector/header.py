"""The head of the page: name, facts, note, and what can be done with the vector.

Knows nothing of what the vector does.
"""

import io
from pathlib import Path
from typing import Any

import numpy as np
import streamlit as st

from dashboard.charts import vector_view
from dashboard.session import pin_card, resources, vector_links
from dashboard.views.vector import neighbours, subject, texts
from dashboard.views.vector.effects import Effect
from dashboard.views.vector.subject import Subject
from dashboard.widgets import chatting, noting, sharing, widgets
from dashboard.widgets.taking import tools
from dashboard.words import captions
from engine.store import exporting


def draw(one: Subject) -> None:
    """Name, facts and note."""
    st.title(captions.plain(one.called))
    st.caption(captions.plain(subject.facts(one)))
    widgets.whose(one.info.model)
    noting.shown(one.reference)


def actions(one: Subject, found: Effect | None) -> None:
    """Pin, notes, texts, where it stands among its set, link and card, export."""
    with st.container(horizontal=True, gap="xsmall"):
        pin_card.button(one.reference)
        chatting.button(one.reference, "v_chat")
        noting.button(one.reference, is_star_beside=True)
        texts.write(one, "v_generate")
        widgets.go_button(
            "Its set",
            "discover",
            "v_to_set",
            ":material/travel_explore:",
            found=one.info.digest,
            vector=str(one.index),
        )
        _share(one, found)
        _export(one)


def _share(one: Subject, found: Effect | None) -> None:
    """The link; the violin as a card and the run's report, or the neighbours where none is."""
    address = vector_links.address(one.reference)
    if found is None or not found.name:
        name = f"neighbours_{one.reference.replace(':', '_')}"
        widgets.share_card(address, neighbours.card(one, address), name)
        return
    view = vector_view.usual(found.sweep, found.name)
    sharing.curves(found.sweep, view, found.row, address)


def _export(one: Subject) -> None:
    """The vector alone, and its whole set in every format."""
    store, path = resources.engine().store, Path(one.info.path)
    with st.popover("Export", icon=":material/download:"):
        st.caption("This vector alone, as float32:")
        name = f"{one.name}_{one.info.digest}.npy"
        widgets.made_on_click("NPY", name, lambda: array(store, one))
        st.caption(f"Its whole set, {captions.count(len(one.record['sites']), 'vector')}:")
        with st.container(horizontal=True):
            widgets.made_on_click("Record file", path.name, path.read_bytes, "save")
            for form in exporting.formats_of(one.info):
                widgets.made_on_click(form.upper(), f"{path.stem}.{form}", _set(store, one, form))
        tools.vectors(store, one.info, [one.site.block], "v_tool", one.index)


def array(store: Any, one: Subject) -> bytes:
    """The vector as a NumPy file."""
    sink = io.BytesIO()
    np.save(sink, store.load_vectors(one.info.digest).vectors[one.index])
    return sink.getvalue()


def _set(store: Any, one: Subject, form: str) -> Any:
    return lambda: exporting.export(store, one.info, form)
