"""Shapes and types of the engine's functions, checked on the first calls that each test makes.

A check takes longer than what the inner functions of a tiny model do, and a test calls them ten
thousand times: checking every call took a third of the time of all tests.
"""

import functools
import inspect
from collections.abc import Callable
from typing import Any

import jaxtyping

FIRST = 30
"""Calls of a function that are checked in each test."""

_checks_always = jaxtyping.jaxtyped
_left: list[list[int]] = []


def install() -> None:
    """Let what jaxtyping's import hook decorates from now on be checked like this."""
    jaxtyping.jaxtyped = _decorator


def begin() -> None:
    """Another test begins: check the first calls of each function anew."""
    for one in _left:
        one[0] = FIRST


def _decorator(*given: Any, **options: Any) -> Any:
    if given:
        return _checks_always(*given, **options)
    check = _checks_always(**options)
    return lambda one: _on_first_calls(one, check) if inspect.isfunction(one) else check(one)


def _on_first_calls(plain: Callable[..., Any], check: Callable[..., Any]) -> Callable[..., Any]:
    left, made = [FIRST], []
    _left.append(left)

    @functools.wraps(plain)
    def call(*arguments: Any, **named: Any) -> Any:
        if left[0] <= 0:
            return plain(*arguments, **named)
        left[0] -= 1
        if not made:
            # To write the check of a function takes a while, and most are never called.
            made.append(check(plain))
        return made[0](*arguments, **named)

    return call
