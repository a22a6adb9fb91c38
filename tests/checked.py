"""Shapes and types of the engine's functions, checked on the first calls that each test makes.

A check takes longer than what the inner functions of a tiny model do, and a test calls them ten
thousand times: checking every call took a third of the time of all tests, and the first ones of
each test still a quarter, so what looks to a check as a call that passed is not checked again. To
write a check takes longer still, so it is done when it is first needed, and once for an inner
function, of which each call of the outer one makes another.
"""

import functools
import inspect
import threading
import types
from collections.abc import Callable, Hashable
from importlib.machinery import SourceFileLoader
from typing import Any
from unittest.mock import patch

import jaxtyping
from jaxtyping import _import_hook

from tests.alike import NONE_LIKE_IT, look, look_at_all

FIRST = 30
"""Calls of a function that are checked in each test."""
KEPT = 300
"""Looks of arguments that are kept of each function."""

_checks_always = jaxtyping.jaxtyped
_tests = [0]
"""How many have begun."""
_written: dict[tuple[types.CodeType, str], Callable[..., Any]] = {}
"""Checks of inner functions, by what they are made of."""
_called = threading.local()
"""The inner function whose check is being made, or what a call gave that is to be checked."""
_Passed = dict[Hashable, set[Hashable]]
"""Looks of arguments that a function's check let pass, each with the looks of what it then gave."""
_passed: dict[tuple[types.CodeType, str], _Passed] = {}
"""Those of inner functions, by what they are made of."""


def install() -> None:
    """Let what jaxtyping's import hook decorates from now on be checked like this."""
    jaxtyping.jaxtyped = _decorator
    loader = _import_hook._JaxtypingLoader
    loader.get_code, loader.exec_module = _code, SourceFileLoader.exec_module


def begin() -> None:
    """Another test begins: check the first calls of each function anew."""
    _tests[0] += 1


def _code(loader: Any, name: str) -> types.CodeType | None:
    """A module's code with its checks, from a cache of its own.

    The hook itself takes this cache while the module runs: all that it is first to import, such as
    torch, is not found there and compiled anew.
    """
    kept = functools.partial(
        _import_hook._optimized_cache_from_source, loader._typechecker.get_hash()
    )
    with patch("importlib._bootstrap_external.cache_from_source", kept):
        return SourceFileLoader.get_code(loader, name)


def _decorator(*given: Any, **options: Any) -> Any:
    if given:
        return _checks_always(*given, **options)
    check = _checks_always(**options)
    return lambda one: _on_first_calls(one, check) if inspect.isfunction(one) else check(one)


def _on_first_calls(plain: Callable[..., Any], check: Callable[..., Any]) -> Callable[..., Any]:
    left, test = FIRST, _tests[0]
    made = giving = None
    key = _key(plain)
    passed: _Passed = {} if key is None else _passed.setdefault(key, {})

    @functools.wraps(plain)
    def call(*arguments: Any, **named: Any) -> Any:
        nonlocal left, test, made, giving
        if test != _tests[0]:
            left, test = FIRST, _tests[0]
        if left <= 0:
            return plain(*arguments, **named)
        left -= 1
        asked = look_at_all(arguments, named)
        if asked in passed:
            given = plain(*arguments, **named)
            if look(given) not in passed[asked]:
                if giving is None:
                    giving = check(_that_gives(plain))
                _called.given = given
                giving(*arguments, **named)
        else:
            if made is None:
                made = _checked(plain, check)
            given = made(*arguments, **named)
        _note(passed, asked, look(given))
        return given

    return call


def _note(passed: _Passed, asked: Hashable, given: Hashable) -> None:
    if asked is not NONE_LIKE_IT and len(passed) < KEPT:
        found = passed.setdefault(asked, set())
        if given is not NONE_LIKE_IT:
            found.add(given)


def _key(plain: Callable[..., Any]) -> tuple[types.CodeType, str] | None:
    """What inner functions share that are made of the same; None of one that shares nothing."""
    if "<locals>" not in plain.__qualname__ or plain.__defaults__ or plain.__kwdefaults__:
        # The check of a default would be that of another function's default.
        return None
    return plain.__code__, repr(plain.__annotations__)


def _checked(plain: Callable[..., Any], check: Callable[..., Any]) -> Callable[..., Any]:
    """The function behind its check, which functions of the same code and annotations share."""
    key = _key(plain)
    if key is None:
        return check(plain)
    if key not in _written:
        _written[key] = check(_stand_in(plain))
    shared = _written[key]

    def call(*arguments: Any, **named: Any) -> Any:
        _called.one = plain
        return shared(*arguments, **named)

    return call


def _stand_in(plain: Callable[..., Any]) -> Callable[..., Any]:
    """What looks like this function and calls the one that is called in its place."""
    called = _called

    def call(*arguments: Any, **named: Any) -> Any:
        one, called.one = called.one, None
        return one(*arguments, **named)

    return _disguised(call, plain)


def _that_gives(plain: Callable[..., Any]) -> Callable[..., Any]:
    """What looks like this function and gives what a call of it gave already."""
    called = _called

    def call(*_: Any, **__: Any) -> Any:
        given, called.given = called.given, None
        return given

    return _disguised(call, plain)


def _disguised(call: types.FunctionType, plain: Callable[..., Any]) -> Callable[..., Any]:
    # Annotations that are strings are looked up where the function is at home.
    at_home = types.FunctionType(call.__code__, plain.__globals__, closure=call.__closure__)
    functools.update_wrapper(at_home, plain)
    at_home.__signature__ = inspect.signature(plain)
    # What the first of them has seen would never be freed.
    del at_home.__wrapped__
    return at_home
