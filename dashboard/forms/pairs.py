"""Forms for the finders that compare states: contrastive, fine-tune difference, and their like."""

from typing import Any

import streamlit as st

from dashboard.forms import configurations, fields
from dashboard.session import adapters, resources, state
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
POLES = ("positive_system", "negative_system")


def methods() -> list[str]:
    """Methods that read states of pairs or prompts, at every block."""
    known = registry.finders()
    return [method for method in known if issubclass(known[method], PairConfig)]


def draw(model: ModelConfig, expanded: bool) -> None:
    """All their forms side by side, in an expander."""
    label = "Find contrastive / fine-tune difference vectors"
    with st.expander(label, expanded=expanded, icon=":material/travel_explore:"):
        for place, method in zip(st.columns(len(methods()), gap="large"), methods(), strict=True):
            with place.container(key=f"form_{method}"):
                _family(method, model)


def _family(method: str, model: ModelConfig) -> None:
    st.markdown(f"**{captions.method(method)}**")
    st.caption(captions.about_method(method))
    needs_adapter = method == FinetuneDiffConfig.method
    tuned = adapters.tuned(model)
    if needs_adapter and tuned is None:
        st.info(adapters.missing(model), icon=":material/power_off:")
        return
    config = _config(method, tuned if needs_adapter and tuned else model)
    if config is not None:
        widgets.submit(f"Find {captions.method(method).lower()} vectors", config, f"find_{method}")


def _config(method: str, model: ModelConfig) -> FinderConfig | None:
    """The config that the form says; None, with the reason on screen, if it cannot work."""
    kind, poles = registry.finders()[method], [*POLES]

    def rare() -> dict[str, Any]:
        """What differs between the poles, and their system prompts where those differ."""
        known = {one.name: one for one in offered(kind)}
        if "contrast" not in known:
            return {}
        names = ("contrast", "estimator")
        given = fields.draw_fields([known[name] for name in names], f"{method}_")
        if given["contrast"] != "answers":
            given |= fields.draw_fields([known[name] for name in poles], f"{method}_")
        return given

    own = ("contrast", "estimator", "fine_tuned", *poles)
    given = fields.draw(kind, f"{method}_", leave_out=own, rare=rare)
    try:
        given["layers"] = configurations.blocks(given["layers"], usual="all")
        return kind(model=model, **given)
    except ConfigError as error:
        st.error(captions.plain(str(error)), icon=":material/error:")
        return None


def command(method: str, model: ModelConfig) -> str:
    """The command line that makes this family with the defaults."""
    adapter = ""
    if method == "finetune-diff":
        known = model.adapter or ("demo" if model.model == "demo" else "PATH")
        adapter = f" --adapter {known}"
    return f"python -m engine find {method} --model {model.model}{adapter}"


def follow() -> None:
    """Show what this session's last find has made, on its side of the map."""
    state.follow("_found_pair", "find", resources.engine().jobs)
    digest = st.session_state.pop("_found_pair", None)
    methods = {info.digest: info.method for info in resources.records("vectors")}
    sides = dict(zip(FAMILIES, ("a", "b"), strict=True))
    if methods.get(digest) in sides:
        st.session_state[sides[methods[digest]]] = digest
