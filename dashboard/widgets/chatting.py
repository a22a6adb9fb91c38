"""The way to a conversation with a vector, from wherever it is shown.

Knows nothing of conversations.
"""

from pathlib import Path

import streamlit as st

from dashboard.session import going, navigation, resources, state
from engine.configs.core import ModelConfig
from engine.errors import EngineError
from engine.model.identity import are_here

ICON = navigation.PAGES["chat"][1]


def button(
    reference: str,
    key: str,
    label: str = "Chat with it",
    scale: float | None = None,
    is_relative: bool = False,
    model: str | None = None,
    **how: str,
) -> None:
    """Opens a new conversation: unsteered beside steered by this vector.

    Args:
        reference: DIGEST:INDEX.
        key: Of the widget.
        label: On the button.
        scale: To begin with; None is what is known of the vector, or usual.
        is_relative: Whether that is in residual norms.
        model: That is to be asked; else the tab's, or the vector's own where it does not fit.
        how: What is done with it, as `forms.links.how` says it.
    """
    about = "Unsteered and steered by this vector, side by side."
    given = reference, scale, is_relative, model, how
    if st.button(label, key=key, icon=ICON, help=about, on_click=_go, args=given):
        going.depart()


def _go(
    reference: str, scale: float | None, is_relative: bool, model: str | None, how: dict[str, str]
) -> None:
    asked = {"v": reference, **how}
    if scale is not None:
        asked |= {"scale": f"{scale:g}"} | ({"unit": "relative"} if is_relative else {})
    wanted = model or _own_model(reference)
    going.leave("chat", asked, None if wanted == state.model().model else wanted)


def _own_model(reference: str) -> str | None:
    """The model that a vector was found on, where the tab's has another width; else None."""
    digest = reference.partition(":")[0]
    info = next((one for one in resources.records("vectors") if one.digest == digest), None)
    if info is None or resources.fits(info, state.model()):
        return None
    asked = resources.header(digest, info.path)["config"].get("model") or {}
    name = str(asked.get("model") or "")
    return name if name and can_ask(name) else None


def can_ask(model: str) -> bool:
    """Whether a model can be asked without downloading anything."""
    try:
        return are_here(ModelConfig(model=model), Path(resources.engine().root))
    except EngineError:
        return False
