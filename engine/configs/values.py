"""Configs by the types of their fields: refused where a value has another, and made from JSON."""

import dataclasses
import functools
import types
from collections.abc import Callable
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from engine.errors import ConfigError

KINDS = {int: "a whole number", float: "a number", str: "a text", bool: "True or False"}
LONGEST = 80
"""Characters of a value that a refusal shows."""


class Typed:
    """Refuses values of other types than its fields say, before anything is done with them.

    A whole number will do for a number; nothing else is taken for something else, as a record is
    named by its values as they are.
    """

    def __new__(cls, **given: Any) -> Any:
        """Look at every value that is given.

        Raises:
            ConfigError: Names the first field whose value has a wrong type.
        """
        kind: Any = cls
        hints = _hints(kind) if given else {}
        for name, value in given.items():
            if name in hints and not _fits(hints[name], value):
                shown = repr(value)
                shown = shown if len(shown) <= LONGEST else shown[:LONGEST] + "\u2026"
                raise ConfigError(f"{name} is {shown}, but must be {_told(hints[name])}.")
        return super().__new__(cls)


def _fits(hint: Any, value: Any) -> bool:
    """Whether a value is of a field's type; which words it may be is for its class to say."""
    origin, arguments = get_origin(hint), get_args(hint)
    if hint is Any:
        return True
    if origin in (Union, types.UnionType):
        return any(_fits(one, value) for one in arguments)
    if origin is Literal:
        return any(type(value) is type(word) for word in arguments)
    if origin is tuple:
        if not isinstance(value, tuple):
            return False
        if arguments[-1] is Ellipsis:
            return all(_fits(arguments[0], one) for one in value)
        return len(value) == len(arguments) and all(map(_fits, arguments, value))
    if hint in (int, float):
        allowed = (int, float) if hint is float else (int,)
        return isinstance(value, allowed) and not isinstance(value, bool)
    return isinstance(value, origin or hint)


def _told(hint: Any) -> str:
    """A field's type in words."""
    origin, arguments = get_origin(hint), get_args(hint)
    if origin in (Union, types.UnionType):
        return " or ".join(_told(one) for one in arguments)
    if origin is Literal:
        return " or ".join(map(repr, arguments))
    if origin is tuple and arguments[-1] is Ellipsis:
        return f"a tuple, each of it {_told(arguments[0])}"
    if origin is tuple:
        return f"a tuple of {len(arguments)}: {', '.join(map(_told, arguments))}"
    if hint is types.NoneType:
        return "None"
    return KINDS.get(hint, f"a {getattr(hint, '__name__', hint)}")


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
