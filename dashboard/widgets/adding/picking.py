"""The picker of a file of questions or pairs, with the button that brings another one.

Knows nothing of what the files are for.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import streamlit as st

from dashboard.session import own_data, resources
from dashboard.widgets import own_pairs, trainings
from dashboard.widgets.adding import asking
from dashboard.widgets.adding.kinds import Kind
from engine.training import places


def picker(kind: str, label: str, key: str, value: str, place: Any = st, **more: Any) -> str:
    """The path of what is chosen, or what a reader wrote in its place.

    Args:
        kind: Of `FILES`.
        label: Of the widget.
        key: Of the widget.
        value: The choice at first.
        place: Where it is drawn.
        more: What the widget takes besides.
    """
    files = FILES[kind]()
    now = st.session_state.get(key)
    options = files if now in (None, *files) else [str(now), *files]
    words = own_data.words(options, *OWN[kind])
    with place.container(gap="xxsmall"):
        chosen = st.selectbox(
            label,
            options,
            index=options.index(value) if value in options else 0,
            format_func=lambda path: words.get(path, path),
            accept_new_options=True,
            key=key,
            **more,
        )
        asking.button(key, OWN[kind], asking.chooses(key))
    return own_data.path(chosen or "", words)


def question_files() -> list[str]:
    """Files of A/B questions, the reader's own first."""
    return [*own_data.files("questions"), *resources.question_files()]


def pair_files() -> list[str]:
    """Files of pairs, the reader's own first, then prompts of his and all A/B questions."""
    paths = [*_shipped(), *own_pairs.files()]
    pairs = [*own_data.files("pairs"), *map(trainings.shown_path, paths)]
    return [*pairs, *own_data.files("prompts"), *question_files()]


def answer_files() -> list[str]:
    """Files of pairs, the reader's own first, and datasets that were built here."""
    built = [one.path for one in places.datasets(trainings.root()) if one.record]
    paths = [*_shipped(), *own_pairs.files(), *built]
    return [*own_data.files("pairs"), *map(trainings.shown_path, paths)]


def _shipped() -> list[Path]:
    """The pairs that come with the project."""
    return sorted((Path(resources.engine().root) / "data/pairs").glob("*.json*"))


FILES: dict[str, Callable[[], list[str]]] = {
    "questions": question_files,
    "pairs": pair_files,
    "answers": answer_files,
}
"""By what a config's field calls them."""
OWN: dict[str, tuple[Kind, ...]] = {
    "questions": ("questions",),
    "pairs": ("pairs", "questions", "prompts"),
    "answers": ("pairs",),
}
"""What a reader may bring for each."""
