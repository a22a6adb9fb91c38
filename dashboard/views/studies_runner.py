"""The form of the studies page that starts a whole study."""

from typing import Any

import streamlit as st

from dashboard.forms import interventions
from dashboard.session import adapters, resources, state
from dashboard.widgets import starting
from engine.configs.behaviours import BehaviourConfig
from engine.configs.fields import offered
from engine.configs.studies import STUDY_DEFINITIONS, DeceptionConfig

STUDIES = {
    "deception": "Deception: contrastive against fine-tune-difference vectors",
    "sentiment": "Sentiment: vectors from glad and gloomy answers, and the texts they give",
    "corrigibility": "Corrigibility: vectors from one shutdown prompt, asked about others",
}


def draw(expanded: bool) -> None:
    """Start a study on the dashboard's model, with what it needs."""
    with st.expander("Run a study", icon=":material/play_circle:", expanded=expanded):
        name = st.radio(
            "Study",
            list(STUDIES),
            format_func=lambda n: STUDIES[n],
            key="study_form_which",
            persist_state="session",
        )
        model = adapters.tuned(state.model()) if name == "deception" else state.model()
        if model is None:
            st.info(adapters.missing(state.model()), icon=":material/info:")
            return
        asked = ASKED[name]()
        if st.button("Run", type="primary", icon=":material/play_arrow:", key="run_study"):
            job = resources.submit_study(name, model, **asked)
            starting.began(job)


def _controls(usual: int) -> int:
    return int(
        st.number_input(
            "Random vectors beside each",
            min_value=0,
            max_value=200,
            value=usual,
            key="study_form_controls",
            persist_state="session",
            help="With fewer than 20 there is no p value.",
        )
    )


def _corrigibility() -> dict[str, Any]:
    """What the corrigibility study is asked for beside its model."""
    told = "\n".join(f"- **{what}**: {how}" for what, how in STUDY_DEFINITIONS.items())
    if st.toggle(
        "The study's own definitions", key="study_form_own", persist_state="session", help=told
    ):
        return {"variant": "study", "controls": 0}
    return {"controls": _controls(64)}


def _deception() -> dict[str, Any]:
    """What the deception study is asked for beside its model."""
    fields = {field.name: field for field in offered(DeceptionConfig)}
    asked: dict[str, Any] = {"controls": _controls(DeceptionConfig.controls)}
    for name, column in zip(("arms", "operation", "judge"), st.columns(3), strict=True):
        field = fields[name]
        words = dict(field.setting.words or {})
        asked[name] = column.selectbox(
            field.label,
            field.choices,
            format_func=words.__getitem__,
            key=f"study_form_{name}",
            persist_state="session",
            help=field.about,
        )
    rival = fields["rival"]
    asked["rival"] = st.toggle(
        rival.label, key="study_form_rival", persist_state="session", help=rival.about
    )
    asked["study"] = st.toggle(
        "Also read both families as the study did",
        value=True,
        key="study_form_way",
        persist_state="session",
        help="Padding read as text, other texts, templates and positions for each family.",
    )
    return asked


def _sentiment() -> dict[str, Any]:
    """What the sentiment study is asked for beside its model."""
    fields = {field.name: field for field in offered(BehaviourConfig)}
    asked: dict[str, Any] = {"controls": _controls(BehaviourConfig.controls)}
    left, middle, right = st.columns(3)
    for name, column in (("judge", left), ("second_judge", middle)):
        field = fields[name]
        asked[name] = column.selectbox(
            field.label,
            field.choices,
            index=field.choices.index(field.default),
            format_func=dict(field.setting.words or {}).__getitem__,
            key=f"sentiment_{name}",
            persist_state="session",
            help=field.about,
        )
    blocks = right.text_input(
        "Blocks",
        "all",
        key="sentiment_layers",
        persist_state="session",
        help="all, or blocks with commas: 3, 6, 9.",
    )
    asked["layers"] = interventions.blocks(blocks, usual="all")
    left, right = st.columns(2)
    for name, column in (("max_prompts", left), ("text_controls", right)):
        field = fields[name]
        asked[name] = int(
            column.number_input(
                field.label,
                min_value=int(name == "max_prompts"),
                value=field.default,
                key=f"sentiment_{name}",
                persist_state="session",
                help=field.about,
            )
        )
    return asked


ASKED = {"deception": _deception, "corrigibility": _corrigibility, "sentiment": _sentiment}
"""What asks for a study's settings."""
