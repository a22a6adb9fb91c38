"""The button that probes a set of vectors with the shipped pairs.

Knows nothing of what probes say.
"""

from pathlib import Path

import streamlit as st

from dashboard.session import adapters, resources, state
from dashboard.widgets import widgets
from dashboard.words import captions
from engine.configs.core import VectorRef
from engine.configs.reads.probes import ProbeConfig
from engine.records.records import VectorSet

SHIPPED = "data/pairs"
"""Folder of the pairs that come with the project."""


def button(found: VectorSet) -> None:
    """Queue a probe of all vectors of a set; or say which model must be chosen for it."""
    model = state.model()
    if found.model["short_name"] != model.short_name:
        needed = captions.plain(str(found.model["short_name"]))
        st.caption(f"To probe these vectors, choose {needed} as the model of this tab.")
        return
    config = ProbeConfig(
        model=adapters.tuned(model) or model,
        vectors=(VectorRef(digest=found.digest),),
        pairs=pairs_of(found),
    )
    widgets.submit("Probe", config, key="probe")


def pairs_of(found: VectorSet) -> str:
    """The shipped pairs that a set was found on, else the deception pairs."""
    used = str(found.config.get("pairs") or found.config.get("prompts") or "")
    is_there = (Path(resources.engine().root) / used).is_file()
    return used if used.startswith(f"{SHIPPED}/") and is_there else ProbeConfig.pairs
