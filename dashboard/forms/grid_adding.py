"""A reader's own prompts, vectors and adapters, brought into the form of a grid.

Knows nothing of how they are read.
"""

from collections.abc import Collection
from typing import Any

import streamlit as st

from dashboard.forms import configurations, drafts, keeping
from dashboard.forms.configurations import EMPTY, MATRIX, SWEEP
from dashboard.session import adapters, state
from dashboard.widgets.adding import asking, prompting
from dashboard.widgets.adding.kinds import Added


def prompts(untouched: Collection[str]) -> None:
    """The button beneath the field of prompts; what is brought stands below what is typed.

    Args:
        untouched: What stands in the field where nobody has written, and is replaced.
    """

    def take(added: Added) -> None:
        now = str(keeping.get("prompts") or "")
        usual = now if now.strip() in untouched else ""
        keeping.put("prompts", prompting.below(now, added, usual, "\n---\n"))

    asking.button("prompts_of_grid", ("prompts",), take)


def columns() -> None:
    """The button beside the columns: a vector or an adapter of one's own is then compared."""
    asking.button(
        "columns_of_grid",
        ("vectors", "adapters"),
        _take,
        "Add my vectors or LoRA",
        "Kept under their name; the form then compares them.",
    )


def _take(added: Added) -> None:
    held: dict[str, Any] = st.session_state[keeping.COLUMNS]
    kind = keeping.get("kind")
    if added.kind == "vectors":
        _vector(f"{added.value}:0", held, str(kind))
    else:
        _adapter(added.value, held, str(kind))


def _vector(reference: str, held: dict[str, Any], kind: str) -> None:
    options = configurations.choices(state.model(), with_others=True)
    edited = _edited(kind)
    if edited == SWEEP:
        _change(held, SWEEP, "vector", reference)
    elif edited == MATRIX:
        _change(held, MATRIX, "vectors", [*held[MATRIX]["vectors"], reference])
    else:
        drawn = [column for name, column in held.items() if name.isdecimal()]
        if reference in options:
            _append(held, configurations.beside(drawn, reference, options))


def _adapter(place: str, held: dict[str, Any], kind: str) -> None:
    model = state.model()
    names = {where: name for name, where in adapters.others(model).items()}
    usual = adapters.tuned(model)
    is_usual = usual is not None and place in usual.adapters.values()
    called = True if is_usual else names.get(place)
    edited = _edited(kind)
    if called is None:
        return
    if edited == SWEEP:
        _change(held, SWEEP, "adapter", called)
    elif edited == MATRIX:
        _change(held, MATRIX, "models", [*held[MATRIX]["models"], called])
    else:
        _append(held, {**EMPTY, "adapter": called})


def _edited(kind: str) -> str:
    """The one column that stands for many in this kind of form; "" where there are several."""
    return dict(zip(drafts.KINDS, ("", SWEEP, MATRIX), strict=True)).get(kind, "")


def _change(held: dict[str, Any], column: str, field: str, value: Any) -> None:
    held[column][field] = value
    keeping.forget_widget(column, field)


def _append(held: dict[str, Any], column: dict[str, Any]) -> None:
    """One more column, where there is room; else the reader chooses what gives way."""
    numbers = [int(name) for name in held if name.isdecimal()]
    if len(numbers) < drafts.MOST_COLUMNS:
        held[str(max(numbers, default=-1) + 1)] = column
