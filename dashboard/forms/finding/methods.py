"""The methods that Discover offers, and the form of the one that is chosen.

Knows nothing of what was found.
"""

import streamlit as st

from dashboard.forms import from_config, pairs
from dashboard.forms.finding import adapter, typed
from dashboard.widgets import widgets
from dashboard.words import captions
from engine.configs import registry
from engine.configs.core import ModelConfig
from engine.configs.pairs import ContrastiveConfig

FIRST = "melbo"


def offered() -> list[str]:
    """Methods in the order of the form: those that search, those that compare, the control."""
    known = registry.finders()
    controls = [method for method in known if known[method].is_control]
    searching = [method for method in from_config.finders() if method not in controls]
    comparing = pairs.methods()
    comparing.insert(comparing.index(ContrastiveConfig.method) + 1, typed.NAME)
    return [*searching, *comparing, *controls]


def title(method: str) -> str:
    """What a method is called on the form."""
    if method == typed.NAME:
        return typed.TITLE
    return captions.method(method).removesuffix(" control")


def picker() -> str:
    """The chosen method; its name on screen stands in the link."""
    chosen = st.segmented_control(
        "Method",
        offered(),
        default=FIRST,
        required=True,
        format_func=title,
        key="method",
        bind="query-params",
        wrap=True,
    )
    # A link with an empty method chooses none.
    return chosen or FIRST


def draw(method: str, model: ModelConfig) -> None:
    """The settings of a method and the button that finds; or why it cannot."""
    if method == typed.NAME:
        typed.draw(adapter.leave(model))
        return
    typed.leave()
    st.caption(captions.about_method(method))
    needs_adapter = registry.finders()[method].needs_adapter
    tuned = adapter.picker(model) if needs_adapter else adapter.leave(model)
    if tuned is None:
        return
    config = (pairs.config if method in pairs.methods() else from_config.finder)(method, tuned)
    if config is not None:
        widgets.submit("Find", config, key="find")
