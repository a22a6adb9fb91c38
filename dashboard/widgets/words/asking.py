"""The button that reads a set of vectors in words. Knows nothing of what they say."""

import dataclasses

import streamlit as st

from dashboard.session import adapters, resources, state
from dashboard.widgets import widgets
from dashboard.words import captions
from engine.configs.core import VectorRef
from engine.configs.reads.words import WordsConfig

KIND = WordsConfig.method


def button(digest: str, key: str) -> None:
    """Queue a reading of all vectors of a set; or say which model must be chosen for it.

    Args:
        digest: Of the set.
        key: Of the button.
    """
    found, model = resources.vector_set(digest), state.model()
    if found.model["short_name"] != model.short_name:
        needed = captions.plain(str(found.model["short_name"]))
        st.caption(f"To read these vectors in words, choose {needed} as the model of this tab.")
        return
    tuned = adapters.tuned(model)
    is_tuned = tuned is not None and st.toggle(
        "In the fine-tuned model",
        key=f"{key}_tuned",
        help="Off: what the vectors do to the base model's words.",
    )
    chosen = tuned if tuned is not None and is_tuned else model
    adapter = chosen.adapter if is_tuned else None
    asked = dataclasses.replace(chosen, adapter=adapter, more_adapters=())
    config = WordsConfig(model=asked, vectors=(VectorRef(digest=digest),))
    widgets.submit("Read words", config, key=key)


def progress() -> None:
    """The reading that runs, or has failed, if there is one."""
    widgets.live_job(KIND)
    widgets.unfinished_job(KIND)
