"""Vectors of any tool's file: what they are, where they act, and their keeping as records.

Knows nothing of how files are read and judged.
"""

import hashlib
from pathlib import Path

import streamlit as st

from dashboard.session import resources, state
from dashboard.widgets.adding import bringing
from dashboard.widgets.adding.bringing import Brought
from dashboard.widgets.adding.kinds import Added, Keep
from dashboard.words import captions
from engine import audit
from engine.audit import SEVERITIES, Audit
from engine.configs.core import PRESETS
from engine.errors import DataError
from engine.foreign import adopting, importing

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
    audits = [_audited(one) for one in files]
    models, blocks = [], []
    for place, (file, found) in enumerate(zip(files, audits, strict=True)):
        with st.container(border=len(files) > 1):
            st.markdown(f"**{captions.plain(file.name)}**  \n{captions.plain(found.what)}.")
            _findings(found)
            if found.is_foreign:
                models.append(_model(found, f"{prefix}model_{place}"))
                blocks.append(_block(found, f"{prefix}block_{place}"))
            else:
                models, blocks = [*models, ""], [*blocks, None]
    st.caption(KEPT)
    asked = list(zip(files, audits, models, blocks, strict=True))

    def keep() -> Added:
        digests = [_keep(*one) for one in asked]
        return Added("vectors", ", ".join(Path(one.name).stem for one in files), digests[-1])

    return keep if all(_is_told(*one) for one in asked) else None


def _is_told(_: Brought, found: Audit, model: str, block: int | None) -> bool:
    """Whether all is said that the file does not say itself."""
    needs_block = found.named("no-site") is not None
    return not found.is_foreign or (bool(model) and (block is not None or not needs_block))


def _audited(file: Brought) -> Audit:
    """What a file of vectors is.

    Raises:
        EngineError: If it cannot be read, or holds no vectors.
    """
    found = _read(hashlib.sha256(file.content).hexdigest(), file)
    if found.kind != "vectors":
        raise DataError(f"{file.name} holds {found.kind}, not vectors: choose what it is above.")
    return found


@st.cache_data(max_entries=8, show_spinner="Reading the file", hash_funcs={Brought: lambda _: 0})
def _read(sha256: str, file: Brought) -> Audit:  # noqa: ARG001  The hash is the key.
    return audit.audit_upload(file.name, file.content, resources.engine().store)


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


def _model(found: Audit, key: str) -> str:
    """Which model they are of: what the file says, this tab's, or what the reader writes."""
    claimed = found.claims.get("model") or found.claims.get("model_name")
    known = dict.fromkeys(filter(None, (str(claimed or ""), state.model().model, *PRESETS)))
    about = "The file names it." if claimed else "The file does not say: the model they came from."
    chosen = st.selectbox(
        "Model", list(known), accept_new_options=True, key=key,
        help=f"{about} Others: write a hub id or a folder.",
    )  # fmt: skip
    return str(chosen or "").strip()


def _block(found: Audit, key: str) -> int | None:
    """Whose output they belong to, asked where the file does not say."""
    if found.named("no-site") is None:
        return None
    value = st.number_input(
        "Block", min_value=0, step=1, value=None, key=key, placeholder="counted from 0",
        help="The vectors are added to this block's output.",
    )  # fmt: skip
    st.caption("The file does not say which block they belong to: state it to keep them.")
    return None if value is None else int(value)


def _keep(file: Brought, found: Audit, model: str, block: int | None) -> str:
    store = resources.engine().store
    if not found.is_foreign:
        return importing.import_file(store, file.content, file.name)
    return adopting.adopt_upload(file.name, file.content, store, model, block)
