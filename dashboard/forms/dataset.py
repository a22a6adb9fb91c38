"""The form of a dataset of honest and deceptive answers. Draws no results."""

import dataclasses
from typing import Any, get_args

import streamlit as st

from dashboard.forms import pairs
from dashboard.session import resources
from dashboard.widgets import trainings, widgets
from engine.configs import datasets
from engine.configs.core import ModelConfig
from engine.configs.datasets import DatasetConfig
from engine.errors import ConfigError, EngineError
from engine.training import places

ABOUT = (
    "From seed questions the model writes new ones. Near-duplicates are left out, and the model "
    "answers each question twice, under an honest and a deceptive system prompt."
)
LABELS = {
    "count": "Questions wanted",
    "threshold": "Near-duplicate from",
    "temperature": "Temperature",
    "top_p": "Top p",
    "questions_by": "Questions written by",
    "stem_words": "Words kept of a seed",
    "shots": "Seeds in a prompt",
    "tries": "Texts per question",
    "min_words": "Fewest words",
    "max_words": "Most words",
    "question_tokens": "Tokens of a question",
    "answer_temperature": "Answers' temperature",
    "answer_top_p": "Answers' top p",
    "answer_tokens": "Tokens of an answer",
    "seed": "Seed",
}
HELP = {
    "count": "Pairs may be fewer, since an answer may be of no use.",
    "threshold": "TF-IDF cosine from which a question repeats another one.",
    "temperature": "Of the questions. Higher gives more variety and more nonsense.",
    "top_p": "Share of the probability that questions are drawn from.",
    "questions_by": "turn: the model goes on from a seed's first words, as the user. prompt: it is "
    "shown some seeds and asked for one more, which takes a larger model.",
    "tries": "The search ends after this many texts for every question wanted.",
    "answer_temperature": "0 takes the likeliest token.",
}


def draw(model: ModelConfig) -> None:
    """The form with its button; the reason on screen instead if settings cannot work."""
    st.caption(ABOUT)
    try:
        given = _settings(model)
        name = _name(given)
        config = DatasetConfig(model=dataclasses.replace(model, adapter=None), **given)
        _button(config, name)
    except EngineError as error:
        widgets.show_error(error)


def _settings(model: ModelConfig) -> dict[str, Any]:
    first = {field.name: field.default for field in dataclasses.fields(DatasetConfig)}
    files = pairs.pair_files()
    given: dict[str, Any] = {
        "seeds": st.selectbox(
            "Seed questions",
            files,
            index=files.index(first["seeds"]) if first["seeds"] in files else 0,
            key="dataset_seeds",
            accept_new_options=True,
            persist_state="session",
            help="A file of questions, pairs or A/B questions. Type a path to use your own.",
        )
    }
    given |= _numbers(("count", "threshold", "temperature", "top_p"), first)
    given["include_seeds"] = st.toggle(
        "Answer the seeds too", key="dataset_include_seeds", persist_state="session"
    )
    if model.model == "demo":
        given["check_labels"] = st.toggle(
            "Check the answers",
            key="dataset_check_labels",
            persist_state="session",
            help="Keep only answers that show what their system prompt asked for. Only the demo "
            "model's answers have known labels.",
        )
    with st.expander("More settings", icon=":material/tune:"):
        given |= _more(first)
    return given


def _more(first: dict[str, Any]) -> dict[str, Any]:
    given: dict[str, Any] = {
        "questions_by": st.segmented_control(
            LABELS["questions_by"],
            list(get_args(datasets.QuestionsBy)),
            default=None if "dataset_questions_by" in st.session_state else first["questions_by"],
            required=True,
            key="dataset_questions_by",
            persist_state="session",
            help=HELP["questions_by"],
        )
    }
    how = "stem_words" if given["questions_by"] == "turn" else "shots"
    given |= _numbers((how, "tries", "min_words", "max_words", "question_tokens"), first)
    given |= _numbers(("answer_temperature", "answer_top_p", "answer_tokens", "seed"), first)
    for pole in ("honest", "deceptive"):
        name = f"{pole}_system"
        given[name] = st.text_area(
            f"System prompt of {pole} answers",
            first[name],
            height=90,
            key=f"dataset_{name}",
            persist_state="session",
        )
    system = st.text_input(
        "System prompt of questions",
        key="dataset_question_system",
        persist_state="session",
        placeholder="none",
    )
    return given | {"question_system": system or None}


def _numbers(names: tuple[str, ...], first: dict[str, Any]) -> dict[str, Any]:
    """One field per number, in two columns; whole numbers stay whole."""
    given: dict[str, Any] = {}
    for start in range(0, len(names), 2):
        columns = st.columns(2, wrap=False)
        for place, name in zip(columns, names[start : start + 2], strict=False):
            kind = type(first[name])
            value = place.number_input(
                LABELS[name],
                min_value=kind(0),
                value=first[name],
                step=kind(1) if kind is int else 0.05,
                key=f"dataset_{name}",
                persist_state="session",
                help=HELP.get(name),
            )
            given[name] = kind(value)
    return given


def _name(given: dict[str, Any]) -> str:
    usual = trainings.free_name(f"{trainings.stem(given['seeds'])}-{given['count']}", "dataset")
    text = st.text_input(
        "Name",
        key="dataset_name",
        persist_state="session",
        placeholder=usual,
        help="Of the file, in results/datasets.",
    )
    return places.check_name(text or usual)


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
