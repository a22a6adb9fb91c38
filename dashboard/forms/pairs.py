"""Forms for the finders that compare states: contrastive, fine-tune difference, and their like."""

from typing import Any

import streamlit as st

from dashboard.forms import fields, interventions
from dashboard.session import adapters
from dashboard.widgets import widgets
from dashboard.words import captions
from engine.configs import registry
from engine.configs.core import ModelConfig
from engine.configs.fields import offered
from engine.configs.finders import FinderConfig
from engine.configs.pairs import ContrastiveConfig, FinetuneDiffConfig, PairConfig
from engine.errors import ConfigError

FAMILIES = (ContrastiveConfig.method, FinetuneDiffConfig.method)
"""The two that the deception study compares."""
WAYS = ("contrast", "estimator")
POLES = ("positive_system", "negative_system")


def methods() -> list[str]:
    """Methods that read states of pairs or prompts, at every block."""
    known = registry.finders()
    return [method for method in known if issubclass(known[method], PairConfig)]


def draw(model: ModelConfig, expanded: bool) -> None:
    """All their forms, two beside each other, in an expander."""
    known = methods()
    label = f"Find {' / '.join(captions.method(method).lower() for method in known)} vectors"
    with st.expander(label, expanded=expanded, icon=":material/travel_explore:"):
        for start in range(0, len(known), 2):
            for place, method in zip(st.columns(2, gap="large"), known[start:], strict=False):
                with place.container(key=f"form_{method}"):
                    _family(method, model)


def _family(method: str, model: ModelConfig) -> None:
    st.markdown(f"**{captions.method(method)}**")
    st.caption(captions.about_method(method))
    needs_adapter = registry.finders()[method].needs_adapter
    tuned = adapters.tuned(model)
    if needs_adapter and tuned is None:
        st.info(adapters.missing(model), icon=":material/power_off:")
        return
    config = _config(method, tuned if needs_adapter and tuned else model)
    if config is not None:
        widgets.submit(f"Find {captions.method(method).lower()} vectors", config, f"find_{method}")


def _config(method: str, model: ModelConfig) -> FinderConfig | None:
    """The config that the form says; None, with the reason on screen, if it cannot work."""
    kind = registry.finders()[method]

    def rare() -> dict[str, Any]:
        """What differs between the poles, and their system prompts where those differ."""
        known = {one.name: one for one in offered(kind)}
        given = fields.draw_fields([known[name] for name in WAYS if name in known], f"{method}_")
        if given.get("contrast", "answers") != "answers":
            given |= fields.draw_fields([known[name] for name in POLES], f"{method}_")
        return given

    own = (*WAYS, *POLES, "fine_tuned")
    given = fields.draw(kind, f"{method}_", leave_out=own, rare=rare)
    try:
        given["layers"] = interventions.blocks(given["layers"], usual="all")
        return kind(model=model, **given)
    except ConfigError as error:
        st.error(captions.plain(str(error)), icon=":material/error:")
        return None


def command(method: str, model: ModelConfig) -> str:
    """The command line that makes this family with the defaults."""
    adapter = ""
    if registry.finders()[method].needs_adapter:
        known = model.adapter or ("demo" if model.model == "demo" else "PATH")
        adapter = f" --adapter {known}"
    return f"python -m engine find {method} --model {model.model}{adapter}"
