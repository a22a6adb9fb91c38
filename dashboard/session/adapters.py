"""Which fine-tuned model stands beside the base model. Knows nothing of how it is loaded."""

import dataclasses
from pathlib import Path

import streamlit as st

from dashboard.session import resources
from engine.configs.core import ModelConfig
from engine.model.identity import DEMO_ADAPTER


def tuned(model: ModelConfig) -> ModelConfig | None:
    """The same model with its adapter: the one chosen here, that of the start, or the demo's own.

    None where there is no adapter, so no fine-tuned model to ask.
    """
    chosen = st.session_state.get("_adapter")
    if chosen is not None and chosen[0] == model.model and Path(chosen[1]).is_dir():
        return dataclasses.replace(model, adapter=chosen[1])
    if model.adapter is not None:
        return model
    root = Path(resources.engine().root)
    if model.model == "demo" and (root / DEMO_ADAPTER).is_dir():
        return dataclasses.replace(model, adapter="demo")
    return None


def choose(tuned: ModelConfig) -> None:
    """Take this adapter for the fine-tuned model, in this session."""
    st.session_state["_adapter"] = (tuned.model, tuned.adapter)


def missing(model: ModelConfig) -> str:
    """What to do where there is no adapter."""
    if model.model == "demo":
        return (
            "The demo model's adapter is not in data/demo/adapter, so there is no fine-tuned "
            "model to compare with."
        )
    return (
        "This dashboard was started without an adapter, so there is no fine-tuned model to compare "
        f"with: start it with `make run MODEL={model.model} ADAPTER=path`."
    )
