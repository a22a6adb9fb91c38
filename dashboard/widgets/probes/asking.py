"""The button that probes a set of vectors, and the pairs that it probes them with.

Knows nothing of what probes say.
"""

import streamlit as st

from dashboard.session import adapters, state
from dashboard.widgets import widgets
from dashboard.widgets.adding import picking
from dashboard.words import captions
from engine.configs.core import VectorRef
from engine.configs.reads.probes import ProbeConfig
from engine.records.records import VectorSet


def button(found: VectorSet) -> None:
    """Queue a probe of all vectors of a set with chosen pairs; or say which model it needs."""
    model = state.model()
    if found.model["short_name"] != model.short_name:
        needed = captions.plain(str(found.model["short_name"]))
        st.caption(f"To probe these vectors, choose {needed} as the model of this tab.")
        return
    usual = pairs_of(found)
    told = "Whose answers are read; at first those that the vectors were found on."
    pairs = picking.picker("pairs", "Pairs", f"probe_pairs_{found.digest}", usual, help=told)
    config = ProbeConfig(
        model=adapters.tuned(model) or model,
        vectors=(VectorRef(digest=found.digest),),
        pairs=pairs,
    )
    widgets.submit("Probe", config, key="probe")


def pairs_of(found: VectorSet) -> str:
    """The pairs that a set was found on, where they are still here, else the deception pairs."""
    used = str(found.config.get("pairs") or found.config.get("prompts") or "")
    return used if used in picking.answer_files() else ProbeConfig.pairs
