"""The form of the studies page that starts a whole study."""

from typing import Any

import streamlit as st

from dashboard.session import adapters, resources, state
from engine.configs.fields import offered
from engine.configs.studies import DeceptionConfig

STUDIES = {
    "deception": "Deception: contrastive against fine-tune-difference vectors",
    "corrigibility": "Corrigibility: vectors from one shutdown prompt, asked about others",
}


def draw(expanded: bool) -> None:
    """Start a study on the dashboard's model, with what it needs."""
    with st.expander("Run a study", icon=":material/play_circle:", expanded=expanded):
        name = st.radio("Study", list(STUDIES), format_func=lambda n: STUDIES[n], key="which")
        controls = st.number_input(
            "Random vectors beside each",
            min_value=0,
            max_value=200,
            value=64,
            key="controls",
            help="With fewer than 20 there is no p value.",
        )
        model = adapters.tuned(state.model()) if name == "deception" else state.model()
        if model is None:
            st.info(adapters.missing(state.model()), icon=":material/info:")
            return
        asked = _deception() if name == "deception" else {}
        if st.button("Run", type="primary", icon=":material/play_arrow:", key="run_study"):
            job = resources.submit_study(name, model, controls=int(controls), **asked)
            state.submitted(job.id)
            st.rerun()


def _deception() -> dict[str, Any]:
    """What the deception study is asked for beside its model."""
    fields = {field.name: field for field in offered(DeceptionConfig)}
    asked: dict[str, Any] = {}
    for name, column in zip(("arms", "judge"), st.columns(2), strict=True):
        field = fields[name]
        words = dict(field.setting.words or {})
        asked[name] = column.selectbox(
            field.label,
            field.choices,
            format_func=words.__getitem__,
            key=f"study_{name}",
            help=field.about,
        )
    asked["study"] = st.toggle(
        "Also read both families as the study did",
        value=True,
        key="study_way",
        help="Padding read as text, other texts, templates and positions for each family.",
    )
    return asked
