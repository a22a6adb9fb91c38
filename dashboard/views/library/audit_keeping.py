"""The offer to take an uploaded file's vectors into the store. Knows nothing of what is wrong."""

import hashlib
from typing import Any

import streamlit as st

from dashboard.session import resources, state
from dashboard.widgets import widgets
from engine.audit import Audit
from engine.errors import EngineError
from engine.foreign import adopting


def offer(found: Audit, key: str) -> None:
    """The offer to take a foreign file's vectors into the store, so that they can be measured."""
    if found.kind != "vectors" or not found.is_foreign:
        return
    upload = next((u for u in st.session_state.get("audit_files") or [] if _is(u, found)), None)
    if upload is None:
        return
    needs_block = found.named("no-site") is not None
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
        block = None
        if needs_block:
            block = st.number_input(
                "Block", min_value=0, step=1, value=None, key=f"audit_block_{key}",
                help="Whose output they belong to, counted from 0: the file does not say.",
            )  # fmt: skip
        if st.button("Keep", key=f"audit_keep_{key}", type="primary"):
            _keep(upload, model, block)


def _is(upload: Any, found: Audit) -> bool:
    return hashlib.sha256(upload.getvalue()).hexdigest() == found.digest


def _keep(upload: Any, model: str, block: int | None) -> None:
    try:
        store = resources.engine().store
        digest = adopting.adopt_upload(upload.name, upload.getvalue(), store, model.strip(), block)
    except EngineError as error:
        widgets.show_error(error)
        return
    words = f"Kept as record {digest}: Discover and Similarity have it."
    st.success(words, icon=":material/check:")
