"""The settings of a suggestion and of a blend, and the buttons that queue them."""

from collections.abc import Sequence
from typing import Any

import streamlit as st

from dashboard.forms import fields, from_config
from dashboard.session import naming, resources
from dashboard.widgets import widgets
from engine.configs.budgets.blends import BlendConfig
from engine.configs.budgets.suggest import USUAL_OPERATIONS, SuggestConfig
from engine.configs.core import ModelConfig, VectorRef
from engine.configs.fields import offered
from engine.configs.steering.interventions import OPERATIONS, TITLES
from engine.configs.sweeps import EvaluateConfig
from engine.errors import ConfigError, EngineError


def suggest(model: ModelConfig, sets: Sequence[str], first: str) -> None:
    """Which sets and operations are tried on which questions, and the button.

    Args:
        model: The tab's.
        sets: Digests of the sets that fit it.
        first: The one to begin with.
    """
    names = {info.digest: naming.line(info) for info in resources.records("vectors")}
    chosen = st.multiselect(
        "Vector sets",
        list(sets),
        default=[first],
        format_func=lambda digest: names.get(digest, digest),
        key=f"suggest_sets_{first}",
        help="Every vector of these sets is tried at its own block.",
    )
    operations = st.multiselect(
        "Operations",
        list(OPERATIONS),
        default=list(USUAL_OPERATIONS),
        format_func=lambda name: TITLES[name],
        key="suggest_operations",
        persist_state="session",
    )
    given = from_config.questions("suggest_")
    settings, asked = _settings(SuggestConfig, "suggest_"), ("max_questions", "controls")
    try:
        sweep = _sweep(model, [VectorRef(digest=one) for one in chosen], "suggest_", asked, given)
        config = SuggestConfig.of_sweep(sweep, operations=tuple(operations), **settings)
        widgets.submit("Suggest", config, key="suggest")
    except EngineError as error:
        widgets.show_error(error)


def blend(model: ModelConfig, pair: tuple[VectorRef, VectorRef]) -> None:
    """Which questions two vectors are blended on, and the button."""
    given = from_config.questions("blend_")
    settings = _settings(BlendConfig, "blend_")
    try:
        sweep = _sweep(model, pair, "blend_", ("max_questions",), given)
        config = BlendConfig.of_sweep(sweep, **settings)
        widgets.submit("Blend", config, key="blend_start")
    except EngineError as error:
        widgets.show_error(error)


def _settings(config: Any, prefix: str) -> dict[str, Any]:
    """Which way is wanted, the budget, and what the search has of its own."""
    known = offered(config)
    with st.container(horizontal=True):
        given = fields.draw_fields([one for one in known if one.choices], prefix)
    return given | fields.draw_fields([one for one in known if not one.choices], prefix)


def _sweep(
    model: ModelConfig,
    refs: Sequence[VectorRef],
    prefix: str,
    names: Sequence[str],
    given: dict[str, Any],
) -> EvaluateConfig:
    """The questions, of the fine-tuned model where this tab has an adapter."""
    known = {one.name: one for one in offered(EvaluateConfig)}
    more = fields.draw_fields([known[name] for name in names], prefix)
    if not refs:
        raise ConfigError("No set of vectors was chosen: choose at least one.")
    return EvaluateConfig(model=model, vectors=tuple(refs), scales=(1.0,), **given | more)
