"""Prompts that were added, put into the text in which a page asks for prompts.

Knows nothing of how they come.
"""

import streamlit as st

from dashboard.widgets.adding.asking import Take
from dashboard.widgets.adding.kinds import Added
from engine.questions.files import load_prompts


def appends(key: str, usual: str) -> Take:
    """Lets a field of prompts, one a line, have what was added beneath what is typed in it.

    Args:
        key: Of the field.
        usual: What stands in it before anything is typed, which the prompts replace.
    """

    def take(added: Added) -> None:
        st.session_state[key] = below(str(st.session_state.get(key) or ""), added, usual, "\n")

    return take


def below(typed: str, added: Added, usual: str, parting: str) -> str:
    """The text of a field with the prompts that were added, each of them once.

    Args:
        typed: What stands in the field.
        added: The prompts.
        usual: What stands in it before anything is typed.
        parting: What parts two prompts.
    """
    lines = (" ".join(one.split()) if parting == "\n" else one for one in load_prompts(added.value))
    kept = [] if typed.strip() in ("", usual.strip()) else [typed.strip()]
    return parting.join(dict.fromkeys([*kept, *lines]))
