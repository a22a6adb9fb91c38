"""The widget of a config's field, by its type: a new field needs no new form.

Knows nothing of what the configs run.
"""

from collections.abc import Callable, Collection, Mapping
from types import NoneType
from typing import Any, get_args

import streamlit as st

from dashboard.session import state
from dashboard.widgets.adding import picking
from engine.configs.fields import Offered, offered
from engine.training import places

LONG = 60
"""Signs from which a text gets an area of its own."""


def draw(
    config: type[Any],
    prefix: str,
    first: Mapping[str, Any] | None = None,
    leave_out: Collection[str] = (),
    rare: Callable[[], dict[str, Any]] | None = None,
    keys: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """Widgets for all fields that a config offers, the rare ones among further settings.

    Args:
        config: The config's class.
        prefix: Begins the key of every widget; the field's name ends it.
        first: Values to begin with that depend on the model, and are not the defaults.
        leave_out: Fields that are asked otherwise, or not at all.
        rare: Draws what else stands among the further settings, and gives its values.
        keys: Of the widgets of fields that other forms ask as well, in the place of their own.

    Returns:
        Values by field, as the config takes them.
    """
    fields = [one for one in offered(config) if one.name not in leave_out]
    start = dict(first or {})
    given = draw_fields([one for one in fields if not one.setting.is_rare], prefix, start, keys)
    with st.expander("More settings", icon=":material/tune:"):
        given |= rare() if rare is not None else {}
        given |= draw_fields([one for one in fields if one.setting.is_rare], prefix, start, keys)
    return given


def draw_fields(
    fields: list[Offered],
    prefix: str,
    first: Mapping[str, Any] | None = None,
    keys: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """Widgets for some fields, of one kind after the other; short ones in two columns."""
    given: dict[str, Any] = {}
    columns: list[Any] = []
    for one in sorted(fields, key=lambda one: (_kind(one), one.setting.rank)):
        if _kind(one) == SHORT:
            columns = columns or list(st.columns(2, wrap=False))
            place = columns.pop(0)
        else:
            place = st
        key, value = (keys or {}).get(one.name, f"{prefix}{one.name}"), one.default
        if one.name in (first or {}):
            key, value = state.of_model(key), (first or {})[one.name]
        given[one.name] = widget(one, key, value, place)
    return given


CHOICES, SHORT, SWITCHES, TEXTS = range(4)
"""Kinds of fields in the order in which they are drawn."""


def _kind(one: Offered) -> int:
    if one.setting.file is not None or one.setting.is_segmented:
        return CHOICES
    if one.hint is bool:
        return SWITCHES
    # What may be empty is mostly a sentence, or a path.
    may_be_empty = {str, NoneType} <= set(get_args(one.hint))
    is_long = isinstance(one.default, str) and len(one.default) > LONG
    return TEXTS if is_long or may_be_empty else SHORT


def _is_number(one: Offered) -> bool:
    return bool({int, float} & {one.hint, *get_args(one.hint)})


def widget(one: Offered, key: str, value: Any, place: Any = st) -> Any:
    """One field's widget; its value as the config takes it."""
    told = one.setting
    common: dict[str, Any] = {
        "label": one.label,
        "help": one.about or None,
        "key": key,
        "persist_state": "session",
    }
    if told.file is not None:
        return picking.picker(told.file, value=value, place=place, **common)
    if one.hint is bool:
        return place.toggle(value=bool(value), **common)
    if one.choices:
        return _choice(one, value, key, common, place)
    if _is_number(one):
        return _number(one, value, common, place)
    if told.suggestions:
        options = list(told.suggestions)
        common |= {"index": options.index(value), "accept_new_options": True}
        return place.selectbox(options=options, **common)
    if isinstance(value, str) and len(value) > LONG:
        return place.text_area(value=value, height=90, **common)
    text = place.text_input(value=value or "", placeholder=told.placeholder, **common)
    return text or (None if NoneType in get_args(one.hint) else one.default)


def name(key: str, usual: str, about: str) -> str:
    """The name of what is made: `usual` where the reader writes none."""
    text = st.text_input("Name", key=key, persist_state="session", placeholder=usual, help=about)
    return places.check_name(text or usual)


def _choice(one: Offered, value: Any, key: str, common: dict[str, Any], place: Any) -> Any:
    options, words = list(one.choices), one.setting.words or {}
    common["format_func"] = lambda name: words.get(name, name)
    if not one.setting.is_segmented:
        return place.selectbox(options=options, index=options.index(value), **common)
    # What was chosen before would be overridden by a default.
    default = None if key in st.session_state else value
    found = place.segmented_control(options=options, default=default, required=True, **common)
    # Of a form that was away in between nothing is chosen when it is drawn again.
    return value if found is None else found


def _number(one: Offered, value: Any, common: dict[str, Any], place: Any) -> Any:
    told, types = one.setting, (one.hint, *get_args(one.hint))
    kind = int if int in types else float
    least = 0 if told.least is None and kind is int else told.least
    step = 1 if told.step is None and kind is int else told.step
    common |= {"min_value": least, "max_value": told.most, "step": step}
    common |= {"placeholder": told.placeholder}
    if kind is float:
        common["format"] = _digits(value, told.least)
    written = place.number_input(value=None if value is None else kind(value), **common)
    if written is None:
        return None if NoneType in types else one.default
    return kind(written)


def _digits(value: float | None, least: float | None) -> str:
    """The format in which neither the first value nor the smallest one shows as zero."""
    if value and value < 0.01:
        return "%.0e"
    return "%.3f" if least and least < 0.01 else "%.2f"
