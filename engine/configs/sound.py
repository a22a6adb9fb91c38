"""Values that no record can hold and no random draw can take, refused whatever their field.

Knows nothing of what the fields mean: a config checks that itself.
"""

import dataclasses
import math
from collections.abc import Iterator
from typing import Any

from engine.errors import ConfigError

MOST = 2**53
"""Largest whole number that every reader of JSON keeps exactly."""


def is_text(value: str) -> bool:
    """Whether it can be written to a file and given to a tokenizer: no half characters, no NUL."""
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return "\0" not in value


def refuse_odd(config: Any) -> None:
    """Check every value of a config, however deep it lies.

    Raises:
        ConfigError: Names the first field whose value cannot be kept.
    """
    for name, value in _leaves(dataclasses.asdict(config), ""):
        words = name.replace("_", " ").strip()
        if isinstance(value, str) and not is_text(value):
            raise ConfigError(f"{words} is {value[:80]!a}, which is no text: write it in UTF-8.")
        if isinstance(value, float) and not math.isfinite(value):
            raise ConfigError(f"{words} is {value}, but must be a finite number.")
        if isinstance(value, int) and abs(value) > MOST:
            raise ConfigError(f"{words} is too large: use a number below {MOST:,}.")
        if name == "seed" and value < 0:
            raise ConfigError(f"The seed is {value}, but must be 0 or more.")


def _leaves(value: Any, name: str) -> Iterator[tuple[str, Any]]:
    """Every value with the name of the field that it lies in."""
    if isinstance(value, dict):
        for key, one in value.items():
            yield from _leaves(one, str(key))
    elif isinstance(value, list | tuple):
        for one in value:
            yield from _leaves(one, name)
    else:
        yield name, value
