"""The form of a dataset of honest and deceptive answers. Draws no results."""

import dataclasses
from typing import Any

import streamlit as st

from dashboard.forms import fields
from dashboard.session import resources
from dashboard.widgets import trainings, widgets
from engine.configs.core import ModelConfig
from engine.configs.datasets import DatasetConfig
from engine.errors import ConfigError, EngineError
from engine.training import places


def draw(model: ModelConfig) -> None:
    """The form with its button; the reason on screen instead if settings cannot work."""
    try:
        given = _settings()
        name = _name(given)
        config = DatasetConfig(model=dataclasses.replace(model, adapter=None), **given)
        _button(config, name)
    except EngineError as error:
        widgets.show_error(error)


def _settings() -> dict[str, Any]:
    """What the form says, less what cannot matter with the rest of it."""
    asks_by_turn = st.session_state.get("dataset_form_questions_by", "turn") == "turn"
    out = ["avoid", "layout", "shots" if asks_by_turn else "stem_words"]
    return fields.draw(DatasetConfig, "dataset_form_", leave_out=out)


def _name(given: dict[str, Any]) -> str:
    usual = trainings.free_name(f"{trainings.stem(given['seeds'])}-{given['count']}", "dataset")
    return fields.name("dataset_form_name", usual, "Of the file, in results/datasets.")


def _button(config: DatasetConfig, name: str) -> None:
    path = places.dataset_file(trainings.root(), name)
    if path.exists():
        raise ConfigError(f"A dataset {name} exists already: choose another name.")
    if st.button(
        "Build", key="build_dataset", type="primary", icon=":material/play_arrow:", width="stretch"
    ):
        resources.engine().submit(config, path)
        st.session_state["dataset"] = name
        st.rerun()
