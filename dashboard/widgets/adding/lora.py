"""A LoRA from elsewhere: what it is, whether it belongs to the model, and its keeping.

Knows nothing of how its files are read.
"""

import re
from pathlib import PurePosixPath

import streamlit as st

from dashboard.session import own_data, state
from dashboard.widgets.adding import bringing
from dashboard.widgets.adding.bringing import Brought
from dashboard.widgets.adding.kinds import Added, Keep
from dashboard.words import captions
from engine.configs.core import PRESETS, ModelConfig
from engine.foreign import adapters as foreign
from engine.foreign.adapters import Dropped

OTHER = "It is offered where {base} is the model of the tab; this tab asks {model}."


def draw(prefix: str) -> Keep | None:
    """The whole of it, and how it is kept; None while it cannot be.

    Raises:
        EngineError: If there is no adapter, or it is of another model.
    """
    files = bringing.many("adapters", "The adapter's files, its folder, or a zip of it", prefix)
    if not files:
        return None
    found = foreign.opened([(one.name, one.content) for one in files])
    st.markdown(captions.plain(_words(found)))
    base = _base(found, prefix)
    st.caption(captions.plain(foreign.check(found, base)))
    if found.left_out:
        st.caption(captions.plain(f"Not kept: {', '.join(found.left_out[:8])}."))
    name = st.text_input(
        "Name",
        value=_usual(files),
        key=f"{prefix}lora_name",
        help="As pickers and records call it.",
    )
    asked = state.model().model
    if base.model != asked:
        st.caption(captions.plain(OTHER.format(base=base.model, model=asked)))

    def keep() -> Added:
        kept = foreign.keep(own_data.root(), found, name or "", base, files[0].name)
        return Added("adapters", kept.name, str(kept.folder))

    return keep


def _base(found: Dropped, prefix: str) -> ModelConfig:
    """The model it is held against: what its settings name where that is known, else this tab's."""
    own = state.model().model
    by_place = {preset.location.casefold(): name for name, preset in PRESETS.items()}
    named = by_place.get(found.base.casefold(), found.base if found.base in PRESETS else None)
    options = list(dict.fromkeys([*([named] if named else []), own, *PRESETS]))
    chosen = st.selectbox(
        "Base model",
        options,
        accept_new_options=True,
        key=f"{prefix}base_{found.sha256[:8]}",
        help="Which model it was trained on. Others: write a hub id or a folder.",
    )
    return ModelConfig(model=str(chosen or own).strip())


def _words(found: Dropped) -> str:
    rank = f" of rank {found.rank}" if found.rank else ""
    where = found.blocks
    blocks = f", blocks {where[0]} to {where[-1]}" if where else ""
    base = f" Its settings name {found.base} as its base." if found.base else ""
    return f"{found.kind}{rank}, {found.numbers:,} numbers{blocks}.{base}"


def _usual(files: list[Brought]) -> str:
    """A name from the zip's or the folder's, as it may be a folder's."""
    path = PurePosixPath(files[0].name.replace("\\", "/"))
    stem = path.stem if path.suffix == ".zip" else path.parent.name
    return re.sub(r"[^A-Za-z0-9._-]+", "-", stem).strip("-._")[:64] or "my-lora"
