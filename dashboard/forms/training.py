"""The form of a LoRA. Draws no results."""

import dataclasses
from pathlib import Path
from typing import Any

import streamlit as st

from dashboard.forms import fields
from dashboard.session import resources
from dashboard.widgets import trainings, widgets
from dashboard.words import captions
from engine.configs.core import ModelConfig
from engine.configs.training import FinetuneConfig
from engine.errors import ConfigError, DataError, EngineError
from engine.questions.pairs import load_pairs
from engine.questions.sources import located
from engine.runs import training as training_jobs
from engine.training import places


def draw(model: ModelConfig) -> None:
    """The form with its button; the reason on screen instead if settings cannot work."""
    try:
        given = fields.draw(FinetuneConfig, "lora_")
        name = _name(given)
        config = FinetuneConfig(model=dataclasses.replace(model, adapter=None), **given)
        count = _count(config)
        _button(config, name)
        _cost(config, count)
    except EngineError as error:
        widgets.show_error(error)


@st.cache_data(max_entries=16, show_spinner=False)
def examples(path: str, changed: float) -> int:  # noqa: ARG001  A changed file is read anew.
    """How many examples a file of pairs gives.

    Raises:
        DataError: If it cannot be read or holds no answers.
    """
    found = load_pairs(path)
    is_lone = found.kind == "questions" and all(pair.positive for pair in found.pairs)
    if found.kind != "answers" and not is_lone:
        raise DataError(
            f"{path} holds no answers to learn: choose a file whose rows have 'question', "
            "'deceptive' and 'honest'."
        )
    return len(found.pairs)


def _count(config: FinetuneConfig) -> int:
    place = located(config.pairs)
    return examples(config.pairs, place.stat().st_mtime if place.is_file() else 0.0)


def _name(given: dict[str, Any]) -> str:
    wanted = f"{given['answers']}-{trainings.stem(given['pairs'])}-r{given['rank']}"
    usual = trainings.free_name(wanted, "lora")
    return fields.name("lora_name", usual, "Of the adapter's folder, in results/adapters.")


def _button(config: FinetuneConfig, name: str) -> None:
    engine = resources.engine()
    one = next((one for one in trainings.entries("lora") if one.name == name), None)
    made = None if one is None else (one.record or {"digest": one.live.digest})["digest"]
    if made not in (None, engine.digest(config)):
        raise ConfigError(f"An adapter {name} exists with other settings: choose another name.")
    is_done = one is not None and one.record is not None
    label = "Train (done before)" if is_done else "Resume training" if one else "Train"
    if st.button(
        label,
        key="train_lora",
        type="primary",
        icon=":material/play_arrow:",
        width="stretch",
        help="These settings were trained before: this opens them." if is_done else None,
    ):
        if not is_done:
            folder = places.adapter_folder(trainings.root(), name)
            engine.submit(config, folder)
        st.session_state["adapter"] = name
        st.rerun()


def _cost(config: FinetuneConfig, count: int) -> None:
    """How many steps, how long where that is known, and how much memory."""
    per_epoch = -(-count // config.batch)
    words = (
        f"{captions.count(count, 'example')}, {captions.count(per_epoch, 'step')} an epoch, "
        f"{per_epoch * config.epochs} in all"
    )
    seconds = _seconds_per_example(config)
    if seconds is not None:
        words += f"; about {captions.seconds(seconds * count * config.epochs)}"
    st.caption(captions.plain(f"{words}."))
    size = training_jobs.memory_bytes(config, Path(resources.engine().root))
    amount = f"{size / 1e9:.1f} GB or more" if size and size >= 1e8 else "as much as it takes"
    if size is None or size >= 1e8:
        st.caption(
            captions.plain(
                f"Training loads a copy of the model of its own, {amount}, beside the one that "
                "is loaded: unload that if memory is short."
            )
        )


def _seconds_per_example(config: FinetuneConfig) -> float | None:
    """What an example took in the newest training of this model."""
    for one in trainings.entries("lora"):
        if one.record and one.record["model"]["short_name"] == config.model.short_name:
            done = one.record["examples"] * one.record["config"]["epochs"]
            return float(one.record["provenance"]["seconds"]) / max(done, 1)
    return None
