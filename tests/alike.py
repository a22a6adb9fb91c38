"""What a check of types and shapes sees of a value, so that it need not look at the same twice.

Two values with an equal look pass or fail every annotation alike: types count, shapes and dtypes
of arrays, and words and numbers that a `Literal` may name. Of a container a check takes one item
by chance, so a look is had only where each item would do. Knows nothing of checks.
"""

import enum
from collections.abc import Callable, Collection, Hashable, Iterable
from types import SimpleNamespace
from typing import Any

import numpy as np

MOST = 8
"""Items of a container that are looked at one by one; longer ones have no look but for words."""
LONGEST = 60
"""Letters of a word that a `Literal` may name."""
NAMED = (-1, 0, 1)
"""Numbers that a `Literal` may name."""
NONE_LIKE_IT = object()
"""The look of what a check has to see each time anew."""
WORDS = ({bool}, {int}, {float}, {str})
"""What long lists hold; no annotation here names the values that a list may have."""

_ways: dict[type, Callable[[Any], Hashable]] = {}
"""How values of a type are looked at; found out once for each type."""


def look(value: Any) -> Hashable:
    """What a check sees of this value, or `NONE_LIKE_IT`."""
    kind = type(value)
    way = _ways.get(kind)
    if way is None:
        way = _ways[kind] = _way(kind)
    return way(value)


def look_at_all(values: Iterable[Any], named: dict[str, Any]) -> Hashable:
    """What a check sees of a call's arguments, or `NONE_LIKE_IT`."""
    found = (*map(look, values), *named, *map(look, named.values()))
    return NONE_LIKE_IT if NONE_LIKE_IT in found else found


def _way(kind: type) -> Callable[[Any], Hashable]:
    """How to look at values of this type."""
    if issubclass(kind, enum.Enum):
        return lambda value: (kind, value)
    if issubclass(kind, int):
        return lambda value: (kind, value) if value in NAMED else kind
    if issubclass(kind, str | bytes):
        return lambda value: (kind, value) if len(value) <= LONGEST else kind
    if issubclass(kind, np.ndarray) or _is_tensor(kind):
        return lambda value: (kind, value.shape, value.dtype)
    if issubclass(kind, tuple):
        return lambda value: _each(kind, value)
    if issubclass(kind, list | set | frozenset):
        return lambda value: _one_of(kind, value)
    if issubclass(kind, dict):
        return _of_dict
    is_table = kind.__module__.startswith("pandas")
    if issubclass(kind, type | SimpleNamespace) or issubclass(kind, Collection) and not is_table:
        return lambda _: NONE_LIKE_IT
    # An instance of a class: annotations name the class, and no more of it.
    return lambda _: kind


def _is_tensor(kind: type) -> bool:
    return any(one.__module__ == "torch" and one.__name__ == "Tensor" for one in kind.__mro__)


def _each(kind: type, value: Any) -> Hashable:
    """A tuple's annotation may name each item, or all of them at once."""
    if len(value) > MOST:
        return _one_of(kind, value)
    found = tuple(map(look, value))
    return NONE_LIKE_IT if NONE_LIKE_IT in found else (kind, found)


def _one_of(kind: type, value: Any) -> Hashable:
    """A container all items of which look alike; of words the type counts."""
    kinds = set(map(type, value))
    if kinds in WORDS:
        return kind, *kinds
    if len(value) > MOST:
        return NONE_LIKE_IT
    found = set(map(look, value))
    return NONE_LIKE_IT if len(found) > 1 or NONE_LIKE_IT in found else (kind, *found)


def _of_dict(value: Any) -> Hashable:
    found = _one_of(list, list(value)), _one_of(list, list(value.values()))
    return NONE_LIKE_IT if NONE_LIKE_IT in found else (type(value), found)
