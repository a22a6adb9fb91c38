"""The sections beneath the verdict, one a tab; only the open one is worked out.

Knows nothing of what stands in them.
"""

from collections.abc import Callable

import streamlit as st

from dashboard.session import adapters, state
from dashboard.session.vector_links import SECTION
from dashboard.views.vector import neighbours, recipe, talks, texts, users
from dashboard.views.vector.subject import Subject
from dashboard.widgets import examples, widgets
from dashboard.widgets.probes import reading
from dashboard.widgets.strip import own
from dashboard.words import captions
from engine.errors import EngineError


def _reads(one: Subject) -> None:
    reading.draw(one.reference)


def _own_text(one: Subject) -> None:
    """A reader's own text, read by the vector's model."""
    model = state.model()
    if model.short_name != one.info.model:
        words = f"To read a text with this vector, choose {one.info.model} as this tab's model."
        st.caption(captions.plain(words))
        return
    own.draw(one.reference, adapters.tuned(model) or model, "v_own")


def _examples(one: Subject) -> None:
    examples.draw(one.reference)


SECTIONS: dict[str, Callable[[Subject], None]] = {
    "Neighbours": neighbours.draw,
    "Reads": _reads,
    "Texts": texts.draw,
    "Examples": _examples,
    "Own text": _own_text,
    "Drift": talks.draw,
    "Sweeps": users.draw,
    "Recipe": recipe.draw,
}


def draw(one: Subject) -> None:
    """The tabs; what one of them cannot read costs no other."""
    tabs = st.tabs(list(SECTIONS), key=SECTION, on_change="rerun", bind="query-params")
    for tab, show in zip(tabs, SECTIONS.values(), strict=True):
        if not tab.open:
            continue
        with tab:
            try:
                show(one)
            except EngineError as error:
                widgets.show_error(error)
