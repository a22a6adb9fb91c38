"""Vectors of any tool's file: what they are, where they act, and their keeping as records.

Knows nothing of how files are read and judged.
"""

import dataclasses
import hashlib
from pathlib import Path
from typing import Any

import streamlit as st

from dashboard.session import resources, state
from dashboard.widgets.adding import bringing
from dashboard.widgets.adding.bringing import Brought
from dashboard.widgets.adding.kinds import Added, Keep
from dashboard.words import captions
from dashboard.words.fields import in_fields
from engine import audit
from engine.audit import SEVERITIES, Audit
from engine.configs.core import PRESETS
from engine.errors import DataError
from engine.foreign import adopting, importing
from engine.foreign.formats import Given, MissingFactsError
from engine.foreign.formats.values import NOTHING

BADGES = {"wrong": "red", "doubtful": "orange"}
KEPT = (
    "Kept as they are, as a record of their own. Only width and number of blocks are held against "
    "the model."
)


def draw(prefix: str) -> Keep | None:
    """The whole of it, and how it is kept; None while it cannot be.

    Raises:
        EngineError: If a file cannot be read or holds no vectors.
    """
    files = bringing.many(
        "vectors", "Vectors: .pt, .safetensors, .npy, .npz, .gguf or .svec", prefix
    )
    if not files:
        return None
    asked: list[tuple[Brought, Audit | None, Given]] = []
    for place, file in enumerate(files):
        with st.container(border=len(files) > 1):
            asked.append((file, *_one(file, f"{prefix}{place}_")))
    st.caption(KEPT)

    def keep() -> Added:
        digests = [_keep(file, given, found) for file, found, given in asked if found is not None]
        return Added("vectors", ", ".join(Path(one.name).stem for one in files), digests[-1])

    return keep if all(_is_told(found, given) for _, found, given in asked) else None


def _one(file: Brought, key: str) -> tuple[Audit | None, Given]:
    """What a file is, and what was stated of it; None while too little is to tell."""
    missing: tuple[str, ...] = ()
    try:
        found: Audit | None = _audited(file, NOTHING)
    except MissingFactsError as error:
        found, missing = None, error.asks
        st.info(captions.plain(in_fields(str(error))))
    if found is not None and not found.is_foreign:
        _about(file, found)
        return found, NOTHING
    given = adopting.known(Given(model=_model(found, f"{key}model") or None))
    if missing:
        given = dataclasses.replace(given, index=_index(f"{key}index"))
    try:
        found = _audited(file, given)
        if found.asks:
            given = place(found, given, key)
            found = _audited(file, given)
    except MissingFactsError as error:
        if error.asks != missing:
            st.info(captions.plain(in_fields(str(error))))
        return None, given
    _about(file, found)
    return found, given


def _about(file: Brought, found: Audit) -> None:
    st.markdown(f"**{captions.plain(file.name)}**  \n{captions.plain(found.what)}.")
    _findings(found)


def _is_told(found: Audit | None, given: Given) -> bool:
    """Whether all is said that the file does not say itself."""
    if found is None:
        return False
    return not found.is_foreign or (bool(given.model) and not found.asks)


def _audited(file: Brought, given: Given) -> Audit:
    """What a file of vectors is.

    Raises:
        EngineError: If it cannot be read, or holds no vectors.
    """
    found = _read(hashlib.sha256(file.content).hexdigest(), file, given)
    if found.kind != "vectors":
        raise DataError(f"{file.name} holds {found.kind}, not vectors: choose what it is above.")
    return found


@st.cache_data(
    max_entries=8, show_spinner="Reading the file", hash_funcs={Brought: lambda _: 0, Given: repr}
)
def _read(sha256: str, file: Brought, given: Given) -> Audit:  # noqa: ARG001  The hash is the key.
    return audit.audit_upload(file.name, file.content, resources.engine().store, given)


def _findings(found: Audit) -> None:
    """What is wrong or doubtful, and where the vectors act."""
    for one in found.findings:
        if one.severity in BADGES and one.name != "no-site":
            colour, name = BADGES[one.severity], one.name.replace("-", " ")
            told = SEVERITIES[one.severity].capitalize()
            st.markdown(f":{colour}-badge[{name}] {captions.plain(one.sentence)}", help=told)
    site = found.named("site")
    if site is not None:
        st.caption(captions.plain(site.sentence))


def _model(found: Audit | None, key: str) -> str:
    """Which model they are of: what the file says, this tab's, or what the reader writes."""
    claims = {} if found is None else found.claims
    claimed = claims.get("model") or claims.get("model_name")
    known = dict.fromkeys(filter(None, (str(claimed or ""), state.model().model, *PRESETS)))
    about = "The file names it." if claimed else "The file does not say: the model they came from."
    chosen = st.selectbox(
        "Model", list(known), accept_new_options=True, key=key,
        help=f"{about} Others: write a hub id or a folder.",
    )  # fmt: skip
    return str(chosen or "").strip()


def _index(key: str) -> tuple[int, ...]:
    """Rows or features that were chosen by their numbers."""
    text = st.text_input("Which ones", key=key, placeholder="3, 17", help="Counted from 0.")
    parts = [part.strip() for part in text.replace(";", ",").split(",") if part.strip()]
    if not all(part.isdecimal() and len(part) < 8 for part in parts):
        st.error("These are no whole numbers: write them as 3, 17.")
        return ()
    return tuple(int(part) for part in parts)


def place(found: Audit, given: Given, key: str) -> Given:
    """Layer, site and operation, asked where the file does not say them."""
    st.caption("The file does not say where its vectors act: state it to keep them.")
    layer = None
    if "layer" in found.asks:
        layer = st.number_input(
            "Layer", min_value=0, step=1, value=None, key=f"{key}layer",
            placeholder="counted from 0", help="Of all vectors of the file.",
        )  # fmt: skip
    kinds = {"block_out": "Output of the block", "block_in": "Input of the block",
             "mlp_out": "MLP output of the block"}  # fmt: skip
    site = st.selectbox(
        "Site", list(kinds), index=None, format_func=kinds.__getitem__, key=f"{key}site",
        help="Where in the block they are added.",
    )  # fmt: skip
    told = {"add": "Added", "subtract": "Subtracted", "ablate": "Projected away"}
    operation = st.selectbox(
        "Made to be", list(told), index=None, format_func=told.__getitem__,
        key=f"{key}operation", help="Leave it open where you do not know.",
    )  # fmt: skip
    stated: Any = {"site": site}
    if operation is not None:
        stated["operation"] = operation
    at = None if layer is None else int(layer)
    return dataclasses.replace(given, layer=at, **stated)


def _keep(file: Brought, given: Given, found: Audit) -> str:
    store = resources.engine().store
    if not found.is_foreign:
        return importing.import_file(store, file.content, file.name)
    return adopting.adopt_upload(file.name, file.content, store, given)
