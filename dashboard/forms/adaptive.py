"""The settings of an adaptive sweep, and the button that queues it or a whole one."""

from typing import Any

import streamlit as st

from dashboard.session import resources, state
from dashboard.widgets import adaptive, widgets
from dashboard.words import captions
from engine.configs.adaptive import AdaptiveConfig
from engine.configs.sweeps import EvaluateConfig
from engine.errors import EngineError

MEASURES = {"logits": "Mean logit difference", "share": "Share of answers"}
DIRECTIONS = {"either": "Either way", "toward": "Toward it", "away": "Away from it"}


def is_wanted() -> bool:
    """The switch between a whole sweep and one that only finds the best cell."""
    return st.toggle(
        "Find only the best (adaptive)",
        key="ab_adaptive",
        help="Asks every vector and scale a few questions at a time and drops those that cannot be "
        "the best any more. Finds the vector and scale that the whole sweep would name, with a "
        "chance of missing it that you choose, for about a quarter of its answers at 100 "
        "questions. Few questions leave little to save. No curves, no random controls: evaluate "
        "what it finds with them.",
    )


def settings() -> dict[str, Any]:
    """What "best" means, and how sure it is to be."""
    with st.container(horizontal=True):
        direction = st.segmented_control(
            "Behaviour moves",
            list(DIRECTIONS),
            default="either",
            required=True,
            format_func=lambda name: DIRECTIONS[name],
            key="ab_direction",
        )
        measure = st.segmented_control(
            "Best by",
            list(MEASURES),
            default="logits",
            required=True,
            format_func=lambda name: MEASURES[name],
            key="ab_measure",
            help="Mean logit difference: as on the leaderboard. Share of answers: how many "
            "questions change sides.",
        )
    delta = st.number_input(
        "Chance to miss the best, at most",
        min_value=0.001,
        max_value=0.5,
        value=0.05,
        step=0.01,
        format="%.3f",
        key="ab_delta",
    )
    return {"direction": direction, "measure": measure, "delta": float(delta)}


def submit(config: EvaluateConfig | AdaptiveConfig) -> None:
    """The button that queues either kind of sweep; a stored one is opened instead."""
    if isinstance(config, EvaluateConfig):
        widgets.submit("Evaluate", config, key="evaluate")
        return
    engine = resources.engine()
    try:
        is_stored = engine.is_stored(config)
        whole = None if is_stored else engine.estimate_seconds(config.sweep)
        if st.button(
            "Find the best (stored)" if is_stored else "Find the best",
            key="screen_start",
            type="primary",
            icon=":material/play_arrow:",
            width="stretch",
        ):
            state.submitted(engine.submit(config).id)
            st.rerun()
    except EngineError as error:
        widgets.show_error(error)
        return
    if whole is not None:
        st.caption(f"The whole sweep takes about {captions.seconds(whole)}; this, at most that.")
    adaptive.links(config)
