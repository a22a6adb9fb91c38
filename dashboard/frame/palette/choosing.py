"""What comes of a choice in the palette: another page, or something that is done at once.

What the browser sends is checked: it may be of an older list. Draws nothing.
"""

from collections.abc import Callable
from typing import Any

import streamlit as st

from dashboard.forms import drafts
from dashboard.frame import picker, tour
from dashboard.session import going, models, navigation, resources
from dashboard.views.chat import tab
from dashboard.words import captions
from engine.errors import EngineError

_CHOSEN, _ERROR = "_palette_chosen", "_palette_error"


def take(chosen: Any) -> None:
    """Do what was chosen, before anything is drawn."""
    if not isinstance(chosen, dict):
        return
    st.session_state[_CHOSEN] = True
    try:
        _do(chosen)
    except EngineError as error:
        st.session_state[_ERROR] = str(error)


def has_chosen() -> bool:
    """Whether something was chosen since this was asked last: the page is to be drawn anew."""
    return bool(st.session_state.pop(_CHOSEN, False))


def warn() -> None:
    """Say why what was chosen could not be done."""
    if words := st.session_state.pop(_ERROR, None):
        st.error(captions.plain(words), icon=":material/error:")


def _do(chosen: dict[str, Any]) -> None:
    page, parameters = chosen.get("page"), chosen.get("with")
    action = DOES.get(str(chosen.get("do")))
    if action is not None:
        action()
    elif chosen.get("do") == "cancel":
        resources.engine().jobs.cancel(str(chosen.get("job")))
    if chosen.get("questions") in resources.question_files():
        st.session_state["ab_questions"] = chosen["questions"]
    if page in navigation.PAGES and isinstance(parameters, dict):
        going.leave(str(page), {str(name): str(value) for name, value in parameters.items()})


def _load() -> None:
    resources.engine().submit_load(models.chosen())


def _unload() -> None:
    resources.engine().submit_unload()


DOES: dict[str, Callable[[], None]] = {
    "grid": lambda: drafts.show(None),
    "talk": tab.new,
    "load": _load,
    "unload": _unload,
    "model": picker.ask,
    "tour": tour.begin,
}
