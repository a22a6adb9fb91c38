"""The sections beneath the verdict, one a tab; only the open one is worked out.

Knows nothing of what stands in them.
"""

from collections.abc import Callable

import streamlit as st

from dashboard.views.vector import effects, neighbours, recipe, texts
from dashboard.views.vector.subject import Subject
from dashboard.widgets import examples, widgets
from dashboard.widgets.probes import reading
from engine.errors import EngineError

KEY = "v_tab"
"""Of the link: the open section, by its title."""


def _reads(one: Subject) -> None:
    reading.draw(one.reference)


def _examples(one: Subject) -> None:
    examples.draw(one.reference)


SECTIONS: dict[str, Callable[[Subject], None]] = {
    "Neighbours": neighbours.draw,
    "Reads": _reads,
    "Texts": texts.draw,
    "Examples": _examples,
    "Sweeps": effects.table,
    "Recipe": recipe.draw,
}


def draw(one: Subject) -> None:
    """The tabs; what one of them cannot read costs no other."""
    tabs = st.tabs(list(SECTIONS), key=KEY, on_change="rerun", bind="query-params")
    for tab, show in zip(tabs, SECTIONS.values(), strict=True):
        if not tab.open:
            continue
        with tab:
            try:
                show(one)
            except EngineError as error:
                widgets.show_error(error)
