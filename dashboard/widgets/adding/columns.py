"""Which column plays which part, asked where names differ. Knows nothing of rows."""

from collections.abc import Mapping
from typing import Any

import streamlit as st

from dashboard.widgets.adding.kinds import Kind
from engine.questions.own import Understood

WORDS = {
    "question": "Question",
    "prompt": "Prompt",
    "system": "System prompt",
    "answer": "Answer",
    "positive": "Shows the behaviour",
    "negative": "Does not",
    "matching": "Letter that shows it",
    "other": "Letter that does not",
    "options": "Options",
    "right": "Option that shows it",
}
"""What the parts are called on screen."""
PARTS: dict[Kind, tuple[str, ...]] = {
    "questions": ("question", "positive", "negative", "options", "right", "matching", "other"),
    "pairs": ("question", "positive", "negative", "answer"),
    "prompts": ("prompt",),
}
"""Those asked of each kind; a system prompt comes last."""
NONE = "(none)"


def mapping(found: Understood, kind: Kind, prefix: str) -> dict[str, str]:
    """What the reader says of columns; empty while it is as it was understood.

    Args:
        found: As the file reads without any word of his.
        kind: Of the data.
        prefix: Begins the keys of the widgets.
    """
    if not found.columns:
        return {}
    needed = bool(found.needs)
    words = "Which column is what?" if needed else "Columns"
    with st.expander(words, expanded=needed, icon=":material/view_column:"):
        asked = [*PARTS[kind], "system"]
        understood = _by_part(found.columns)
        places = st.columns(3)
        said = {
            part: _part(part, list(found.columns), understood.get(part, []), prefix, places[i % 3])
            for i, part in enumerate(asked)
        }
    chosen = {part: names for part, names in said.items() if names}
    if chosen == {part: understood[part] for part in asked if understood.get(part)}:
        return {}
    return {part: ", ".join(names) for part, names in chosen.items()}


def _by_part(columns: Mapping[str, str]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for name, part in columns.items():
        if part:
            found.setdefault(part, []).append(name)
    return found


def _part(part: str, names: list[str], first: list[str], prefix: str, place: Any) -> list[str]:
    key = f"{prefix}column_{part}"
    if part == "options":
        return list(place.multiselect(WORDS[part], names, default=first, key=key))
    options = [NONE, *names]
    index = options.index(first[0]) if first else 0
    chosen = place.selectbox(WORDS[part], options, index=index, key=key)
    return [] if chosen == NONE else [str(chosen)]
