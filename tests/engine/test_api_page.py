"""The page "API": every public name is on it, and each says what it is, with shapes and units."""

import ast
import importlib
import inspect
import re

import pytest

import engine
from engine import ROOT, Engine

PAGE = (ROOT / "docs" / "api.md").read_text(encoding="utf-8")
SHOWN = re.findall(r"^::: (\S+)$", PAGE, re.M)
VERBS = re.search(r"members: \[(.+)\]", PAGE)[1].split(", ")
OF_VECTORS = {"find": "hidden", "take_in": "hidden", "steer": "hidden"}
"""Verbs that take or give numbers, and what names their shape."""


def documented(place: str) -> str:
    """The docstring of a dotted name; that of a constant stands below it."""
    module, _, name = place.rpartition(".")
    found = getattr(importlib.import_module(module), name)
    if callable(found):
        return inspect.getdoc(found) or ""
    body = ast.parse(inspect.getsource(importlib.import_module(module))).body
    for one, below in zip(body, body[1:], strict=False):
        if isinstance(one, ast.Assign) and one.targets[0].id == name:
            return below.value.value if isinstance(below, ast.Expr) else ""
    return ""


def test_every_public_name_is_on_the_page() -> None:
    assert {f"engine.{name}" for name in engine.__all__} <= {*SHOWN}


def test_every_verb_that_a_program_asks_with_is_on_the_page() -> None:
    asking = [base for base in Engine.__mro__ if base.__module__.startswith("engine.program")]
    verbs = {name for base in asking for name in vars(base) if not name.startswith("_")}

    assert verbs - {"store", "run", "default_layers"} <= {*VERBS}


@pytest.mark.parametrize("place", SHOWN)
def test_a_name_on_the_page_says_what_it_is(place) -> None:
    assert documented(place)


@pytest.mark.parametrize("verb", VERBS)
def test_a_verb_says_what_it_takes_and_what_it_refuses(verb) -> None:
    method = getattr(Engine, verb)
    told = inspect.getdoc(method) or ""
    named = [name for name in inspect.signature(method).parameters if name != "self"]

    assert told
    if "Args:" in told:
        assert [name for name in named if f"    {name}: " not in told] == []
    assert OF_VECTORS.get(verb, "") in told
