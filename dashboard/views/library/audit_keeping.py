"""The offer to take an uploaded file's vectors into the store. Knows nothing of what is wrong."""

import hashlib
from typing import Any

import streamlit as st

from dashboard.session import resources, state
from dashboard.widgets import widgets
from dashboard.widgets.adding import vectors
from engine.audit import Audit
from engine.errors import EngineError
from engine.foreign import adopting
from engine.foreign.formats import Given


def offer(found: Audit, key: str) -> None:
    """The offer to take a foreign file's vectors into the store, so that they can be measured."""
    if found.kind != "vectors" or not found.is_foreign:
        return
    upload = next((u for u in st.session_state.get("audit_files") or [] if _is(u, found)), None)
    if upload is None:
        return
    with st.popover("Keep these vectors", icon=":material/library_add:"):
        st.caption(
            "Stored unchanged, as a record of their own, to evaluate, compare and generate with. "
            "Their model must be the one they were made with: only its "
            "width and its blocks can be checked, and only where the model is on this machine."
        )
        claimed = found.claims.get("model") or found.claims.get("model_name")
        model = st.text_input(
            "Model", value=str(claimed or state.model().model), key=f"audit_model_{key}",
            help="A preset (demo, qwen3-14b, llama-3.2-3b), hub id or folder.",
        )  # fmt: skip
        given = adopting.known(Given(model=model.strip() or None))
        if found.asks:
            given = vectors.place(found, given, f"audit_{key}_")
        if st.button("Keep", key=f"audit_keep_{key}", type="primary"):
            _keep(upload, given)


def _is(upload: Any, found: Audit) -> bool:
    return hashlib.sha256(upload.getvalue()).hexdigest() == found.digest


def _keep(upload: Any, given: Given) -> None:
    try:
        store = resources.engine().store
        digest = adopting.adopt_upload(upload.name, upload.getvalue(), store, given)
    except EngineError as error:
        widgets.show_file_error(error)
        return
    words = f"Kept as record {digest}: Discover and Similarity have it."
    st.success(words, icon=":material/check:")
