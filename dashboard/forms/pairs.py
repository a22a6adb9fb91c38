"""The form of a finder that compares states: contrastive, fine-tune difference, and their like."""

from typing import Any

import streamlit as st

from dashboard.forms import fields, interventions
from dashboard.forms.finding import shared
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


def config(method: str, model: ModelConfig) -> FinderConfig | None:
    """The config that the form says; None, with the reason on screen, if it cannot work."""
    kind, prefix = registry.finders()[method], f"find_{method}_"
    keys = shared.keys(kind)

    def rare() -> dict[str, Any]:
        """What differs between the poles, and their system prompts where those differ."""
        known = {one.name: one for one in offered(kind)}
        ways = [known[name] for name in WAYS if name in known]
        given = fields.draw_fields(ways, prefix, keys=keys)
        if given.get("contrast", "answers") != "answers":
            poles = [known[name] for name in POLES]
            given |= fields.draw_fields(poles, prefix, keys=keys)
        return given

    own = (*WAYS, *POLES, "fine_tuned")
    given = fields.draw(kind, prefix, leave_out=own, rare=rare, keys=keys)
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
