"""What the form of a grid holds, whatever becomes of its widgets. Knows nothing of what it means.

Streamlit forgets a widget that is not drawn, and gives one that comes back the value that it had at
first. So the form's values lie here. A widget only shows them, and every change is kept at once:
before the page is drawn, and also where the reader leaves it with the same click.
"""

from collections.abc import Mapping
from typing import Any

import streamlit as st

COLUMNS = "_columns"
"""Name of the columns' values in the session: by column and field."""
_HELD, _DRAWN, _WHOLE, _VISIT = "_grid", "_grid_drawn", "_grid_whole", "_grid_visit"
_GRID, _COLUMN = "grid_", "col_"


def begin(first: Mapping[str, Any]) -> None:
    """Before the form is drawn: its values, at first these, and no widget of an earlier visit.

    Args:
        first: By the names of the form's own fields.
    """
    st.session_state[_HELD] = {**first, **st.session_state.get(_HELD, {})}
    visit = st.session_state.get("_visit")
    if st.session_state.get(_VISIT) != visit:
        leave()
    st.session_state[_VISIT] = visit
    st.session_state[_DRAWN] = set()
    _mend()


def get(name: str) -> Any:
    """What a field of the form holds."""
    return st.session_state[_HELD][name]


def held() -> dict[str, Any]:
    """What all fields of the form hold, those of the columns aside."""
    return dict(st.session_state.get(_HELD, {}))


def put(name: str, value: Any) -> None:
    """Give a field another value, from a callback or before the form is drawn."""
    st.session_state[_HELD] = {**st.session_state.get(_HELD, {}), name: value}
    st.session_state.pop(_GRID + name, None)


def ask(name: str, widget: Any, label: str, *given: Any, **more: Any) -> Any:
    """Draw the widget of one of the form's own fields."""
    return draw(_GRID + name, get(name), widget, label, *given, **more)


def ask_column(
    column: str, name: str, value: Any, widget: Any, label: str, *given: Any, **more: Any
) -> Any:
    """Draw the widget of a column's field, which holds this value."""
    return draw(f"{_COLUMN}{column}_{name}", value, widget, label, *given, **more)


def draw(key: str, value: Any, widget: Any, label: str, *given: Any, **more: Any) -> Any:
    """Draw a widget with a value; while it stays on the page, with what the reader does to it.

    The value is not said anew while it stands there: that would undo what is being typed.
    """
    if key not in st.session_state:
        st.session_state[key] = value
    st.session_state[_DRAWN].add(key)
    return widget(label, *given, key=key, on_change=_note, args=(key,), **more)


def _note(key: str) -> None:
    """Keep what a widget says now."""
    _take(key, st.session_state[key])


def _take(key: str, value: Any) -> None:
    if key.startswith(_GRID):
        st.session_state.setdefault(_HELD, {})[key.removeprefix(_GRID)] = value
        return
    column, _, name = key.removeprefix(_COLUMN).partition("_")
    columns = st.session_state.get(COLUMNS, {})
    if column in columns:
        columns[column][name] = value


def end() -> None:
    """After the form was drawn: what was not drawn begins with its value when it comes again."""
    drawn = st.session_state[_DRAWN]
    for key in _widgets():
        if key not in drawn:
            del st.session_state[key]
    st.session_state[_WHOLE] = {key: st.session_state[key] for key in drawn}


def leave() -> None:
    """Where the form is not drawn: all of its widgets begin with their values next time."""
    for key in _widgets():
        del st.session_state[key]
    st.session_state.pop(_WHOLE, None)


def forget_columns() -> None:
    """Let the columns begin anew."""
    for key in [key for key in _widgets() if key.startswith(_COLUMN)]:
        del st.session_state[key]
    st.session_state.pop(COLUMNS, None)


def forget_widget(column: str, name: str) -> None:
    """Before it is drawn: let a column's widget show another value than it did."""
    st.session_state.pop(f"{_COLUMN}{column}_{name}", None)


def forget_column(name: str) -> None:
    """Take a column out."""
    del st.session_state[COLUMNS][name]
    for key in [key for key in _widgets() if key.startswith(f"{_COLUMN}{name}_")]:
        del st.session_state[key]


def _widgets() -> list[str]:
    keys = [str(key) for key in st.session_state]
    return [key for key in keys if key.startswith((_GRID, _COLUMN))]


def _mend() -> None:
    """Undo what a click on a page that was not whole has emptied.

    The browser then sends back widgets that it has not filled yet. A choice that cannot be
    unmade and still is none gives it away; what was drawn last takes its place.
    """
    if st.session_state.get("grid_kind", "") is not None:
        return
    columns = st.session_state.get(COLUMNS, {})
    for key, value in st.session_state.get(_WHOLE, {}).items():
        if key.startswith(_GRID) or key.split("_")[1] in columns:
            st.session_state[key] = value
            _take(key, value)
