"""The settings of an adaptive sweep, and the button that queues it or a whole one."""

from typing import Any

import streamlit as st

from dashboard.forms import fields
from dashboard.session import resources
from dashboard.widgets import adaptive, bound, starting, widgets
from dashboard.words import captions
from engine.configs.adaptive import AdaptiveConfig
from engine.configs.fields import offered
from engine.configs.sweeps import EvaluateConfig
from engine.errors import EngineError


def is_wanted() -> bool:
    """The switch between a whole sweep and one that only finds the best cell."""
    return st.toggle(
        "Find only the best (adaptive)",
        key="ab_adaptive",
        persist_state="session",
        help="Asks every cell (vector at a scale) a few questions at a time. Drops cells that "
        "cannot be the best any more. Names the best cell of the whole sweep; you "
        "choose the chance of missing it. At 100 questions it needs about a quarter of the "
        "answers. Few questions leave little to save. No curves, no random controls: "
        "evaluate what it finds with them.",
    )


def settings() -> dict[str, Any]:
    """What "best" means, and how sure it is to be."""
    known = offered(AdaptiveConfig)
    with st.container(horizontal=True):
        given = fields.draw_fields([one for one in known if one.choices], "ab_")
    return given | fields.draw_fields([one for one in known if not one.choices], "ab_")


def submit(config: EvaluateConfig | AdaptiveConfig) -> None:
    """The button that queues either kind of sweep; a stored one is opened instead."""
    if isinstance(config, EvaluateConfig):
        widgets.submit("Evaluate", config, key="evaluate")
        return
    engine = resources.engine()
    try:
        is_stored = engine.is_stored(config)
        whole = None if is_stored else engine.estimate_seconds(config.sweep)
        if bound.button(
            "Find the best (stored)" if is_stored else "Find the best",
            "screen_start",
            bound.targets(config.sweep),
            type="primary",
            icon=":material/play_arrow:",
            width="stretch",
        ):
            starting.began(engine.submit(config), is_stored=is_stored)
    except EngineError as error:
        widgets.show_error(error)
        return
    if whole is not None:
        st.caption(f"The whole sweep takes about {captions.seconds(whole)}; this, at most that.")
    adaptive.links(config)
