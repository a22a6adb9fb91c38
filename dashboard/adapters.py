"""Which fine-tuned model stands beside the base model. Knows nothing of how it is loaded."""

import dataclasses
from pathlib import Path

from dashboard import resources
from engine.config import ModelConfig
from engine.identity import DEMO_ADAPTER


def tuned(model: ModelConfig) -> ModelConfig | None:
    """The same model with its adapter: the one it was started with, or the demo's own.

    None where there is no adapter, so no fine-tuned model to ask.
    """
    if model.adapter is not None:
        return model
    root = Path(resources.engine().root)
    if model.model == "demo" and (root / DEMO_ADAPTER).is_dir():
        return dataclasses.replace(model, adapter="demo")
    return None


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
