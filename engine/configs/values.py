"""Configs from the JSON that `as_json` made of them, by the types of their fields."""

import dataclasses
import functools
import types
from collections.abc import Callable
from typing import Any, Union, get_args, get_origin, get_type_hints


def built(config: Callable[..., Any], values: dict[str, Any]) -> Any:
    """A config, or a part of one, from its plain values; fields left out keep their defaults.

    Raises:
        TypeError: If a field is unknown, or the values are none.
        KeyError: If the model is not named, for which there is no default that could be meant.
        ValueError: If a number is none, or the config refuses a value.
    """
    hints = _hints(config)
    if "model" in hints and "model" not in values:
        raise KeyError("model")
    return config(**{name: _value(hints.get(name), value) for name, value in values.items()})


@functools.cache
def _hints(config: Callable[..., Any]) -> dict[str, Any]:
    return get_type_hints(config)


def _value(hint: Any, value: Any) -> Any:
    """A value as its field has it: JSON knows no tuples and no configs."""
    origin, arguments = get_origin(hint), get_args(hint)
    if origin in (Union, types.UnionType):
        return value if value is None else _one_of(arguments, value)
    if isinstance(hint, type) and dataclasses.is_dataclass(hint):
        return built(hint, value)
    if origin is tuple:
        if arguments[-1] is Ellipsis:
            return tuple(_value(arguments[0], one) for one in value)
        return tuple(_value(kind, one) for kind, one in zip(arguments, value, strict=True))
    return float(value) if hint is float else value


def _one_of(hints: tuple[Any, ...], value: Any) -> Any:
    """A value that may be of several types: a list is the tuple, an object the config."""
    for hint in hints:
        is_list = isinstance(value, list | tuple) and get_origin(hint) is tuple
        is_object = isinstance(value, dict) and dataclasses.is_dataclass(hint)
        if is_list or is_object or (hint is float and isinstance(value, int | float)):
            return _value(hint, value)
    return value
