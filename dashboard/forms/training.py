"""The form of a LoRA. Draws no results."""

import dataclasses
from pathlib import Path
from typing import Any, get_args, get_type_hints

import streamlit as st

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

HELP = {
    "answers": "honest trains the benign adapter, with as many steps on the same questions: the "
    "null for a fine-tune difference.",
    "rank": "Of the update to each of the seven projections.",
    "alpha": "The updates are scaled by alpha over rank.",
    "batch": "Examples per step.",
    "rate": "Of AdamW: five steps of warm-up, then falling linearly to zero.",
    "loss_on": "answers: the question is read, and only the answer is learnt.",
    "max_tokens": "Longer examples are left out.",
    "pairs": "Rows of question, honest and deceptive answer. Type a path to use your own.",
    "name": "Of the adapter's folder, in results/adapters.",
}
ABOUT = (
    "A LoRA on one side of a file of pairs, with the deception study's settings. The model it is "
    "trained on is the base model."
)


def draw(model: ModelConfig) -> None:
    """The form with its button; the reason on screen instead if settings cannot work."""
    st.caption(ABOUT)
    try:
        given = _settings()
        name = _name(given)
        config = FinetuneConfig(model=dataclasses.replace(model, adapter=None), **given)
        count = _count(config)
        _button(config, name)
        _cost(config, count)
    except EngineError as error:
        widgets.show_error(error)


def _settings() -> dict[str, Any]:
    first = {field.name: field.default for field in dataclasses.fields(FinetuneConfig)}
    files = pair_files()
    chosen = st.session_state.get("lora_pairs")
    given: dict[str, Any] = {
        "pairs": st.selectbox(
            "Pairs",
            files if chosen in (None, *files) else [chosen, *files],
            index=files.index(first["pairs"]) if first["pairs"] in files else 0,
            key="lora_pairs",
            accept_new_options=True,
            persist_state="session",
            help=HELP["pairs"],
        )
    }
    given["answers"] = _choice("answers", "Answers to learn")
    for names in (("rank", "alpha"), ("epochs", "batch")):
        for place, name in zip(st.columns(2, wrap=False), names, strict=True):
            with place:
                given[name] = _whole(name, first[name])
    with st.expander("More settings", icon=":material/tune:"):
        left, right = st.columns(2, wrap=False)
        with left:
            given["rate"] = float(
                st.number_input(
                    "Learning rate",
                    value=first["rate"],
                    step=1e-4,
                    format="%.0e",
                    key="lora_rate",
                    persist_state="session",
                    help=HELP["rate"],
                )
            )
            given["max_tokens"] = _whole("max_tokens", first["max_tokens"])
        with right:
            given["seed"] = _whole("seed", first["seed"], least=0)
            given["loss_on"] = _choice("loss_on", "Loss on")
        system = st.text_input(
            "System prompt",
            key="lora_system",
            persist_state="session",
            placeholder="none",
            help="Of examples that bring none.",
        )
    return given | {"system": system or None}


def _whole(name: str, value: int, least: int = 1) -> int:
    return int(
        st.number_input(
            name.replace("_", " ").capitalize(),
            min_value=least,
            value=value,
            key=f"lora_{name}",
            persist_state="session",
            help=HELP.get(name),
        )
    )


def _choice(name: str, label: str) -> str:
    options = list(get_args(get_type_hints(FinetuneConfig)[name]))
    return st.segmented_control(
        label,
        options,
        default=None if f"lora_{name}" in st.session_state else options[0],
        required=True,
        key=f"lora_{name}",
        persist_state="session",
        help=HELP[name],
    )


def pair_files() -> list[str]:
    """Files of pairs that come with the project, and datasets that were built here."""
    root = Path(resources.engine().root)
    shipped = sorted((root / "data/pairs").glob("*.json*"))
    built = [one.path for one in places.datasets(trainings.root()) if one.record]
    return [trainings.shown_path(path) for path in [*shipped, *built]]


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
    text = st.text_input(
        "Name", key="lora_name", persist_state="session", placeholder=usual, help=HELP["name"]
    )
    return places.check_name(text or usual)


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
