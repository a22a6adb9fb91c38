"""The engine's shapes are checked in tests, on the first calls of each."""

import re
from pathlib import Path
from typing import Literal, NamedTuple

import numpy as np
import pandas as pd
import pytest
import torch
from beartype import beartype
from jaxtyping import Float, TypeCheckError, jaxtyped
from torch import Tensor

from engine.maths.directions import unit_rows
from tests import checked
from tests.alike import LONGEST, MOST, NAMED, NONE_LIKE_IT, look, look_at_all

ROOT = Path(__file__).resolve().parents[1]


@pytest.mark.parametrize("again", [1, 2])
def test_every_test_checks_the_first_calls(again: int) -> None:
    for _ in range(checked.FIRST):
        with pytest.raises(TypeCheckError):
            unit_rows(torch.ones(3))


def test_later_calls_are_not_checked() -> None:
    for _ in range(checked.FIRST):
        unit_rows(torch.ones(2, 3))

    assert unit_rows(torch.full((4,), 2.0)).tolist() == [0.5, 0.5, 0.5, 0.5]


def adder(number: float):
    @jaxtyped(typechecker=beartype)
    def add(rows: Float[Tensor, "n m"], times: int) -> Float[Tensor, "n m"]:
        more = adder(number / 2)(rows, times - 1) if times else rows[0] if number < 0 else rows
        return number + more

    return add


def test_inner_functions_share_a_check_and_each_does_its_own_work() -> None:
    before = len(checked._written)
    adders = [adder(1.0), adder(2.0)]

    for _ in range(checked.FIRST):
        for number, add in enumerate(adders, start=1):
            assert add(torch.zeros(2, 3), 1).tolist() == [[1.5 * number] * 3] * 2
    for add in (adder(1.0), adder(2.0)):
        with pytest.raises(TypeCheckError, match="the parameters"):
            add(torch.zeros(3), 0)
        with pytest.raises(TypeCheckError, match="the parameters"):
            add(torch.zeros(2, 3), "1")
    with pytest.raises(TypeCheckError, match="the return value"):
        adder(-1.0)(torch.zeros(2, 3), 0)

    assert len(checked._written) == before + 1


@jaxtyped(typechecker=beartype)
def scaled(
    rows: Float[Tensor, "n m"], way: Literal["up", "down"], shape: tuple[int, ...] | None = None
) -> Float[Tensor, "n m"]:
    return rows * 2 if shape is None else torch.zeros(shape)


def test_a_call_that_looks_like_one_that_passed_is_not_checked_again(monkeypatch) -> None:
    made = []

    def counted(one):
        checks = checked._checks_always(typechecker=beartype)(one)
        return lambda *given, **named: made.append(one.__name__) or checks(*given, **named)

    plain = scaled.__wrapped__
    call = checked._on_first_calls(plain, counted)

    assert call(torch.ones(2, 3), "up").tolist() == [[2.0] * 3] * 2
    assert call(torch.zeros(2, 3), "up").tolist() == [[0.0] * 3] * 2
    assert len(made) == 1
    others = ((torch.ones(3, 3), "up"), (torch.ones(2, 3), "down"), (torch.ones(2, 3), "up", None))
    for number, other in enumerate(others, start=2):
        call(*other)
        assert len(made) == number
    wrong = ((torch.ones(3), "up"), (torch.ones(2, 3).int(), "up"), (torch.ones(2, 3), "sideways"))
    for other in (*wrong, *wrong):
        with pytest.raises(TypeCheckError, match="the parameters"):
            call(*other)
    assert len(made) == 4 + 6


def test_a_wrong_result_is_found_however_its_arguments_look() -> None:
    found = iter([torch.ones(2, 3), torch.ones(2, 3), torch.ones(2), torch.ones(2)])

    def given(rows: Float[Tensor, "n m"]) -> Float[Tensor, "n m"]:
        return next(found)

    call = checked._on_first_calls(given, checked._checks_always(typechecker=beartype))
    for _ in range(2):
        assert call(torch.ones(2, 3)).shape == (2, 3)
    for _ in range(2):
        with pytest.raises(TypeCheckError, match="the return value"):
            call(torch.ones(2, 3))


def test_no_annotation_names_another_number_or_a_long_word() -> None:
    """Of which `look` would not tell one from another."""
    for path in sorted((ROOT / "engine").rglob("*.py")):
        text = path.read_text(encoding="utf-8")
        for named in re.findall(r"Literal\[([^\[\]]*)\]", text):
            numbers = re.findall(r"(?:^|[, ])(-?\d+)", named)
            assert set(map(int, numbers)) <= set(NAMED), (path, named)
            assert max(map(len, named.split(","))) <= LONGEST, (path, named)
        for kind in ("Float", "Int", "Bool", "Num", "Shaped", "Real"):
            sizes = re.findall(rf"\b{kind}\[[^\]]*?\"([^\"]*)\"\]", text)
            assert not any("{" in one for one in sizes), (path, sizes)


class Pair(NamedTuple):
    first: object
    second: object


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (torch.ones(2), torch.ones(3)),
        (torch.ones(2), torch.ones(2).double()),
        (torch.ones(2), np.ones(2, np.float32)),
        (torch.ones(2), torch.nn.Parameter(torch.ones(2))),
        (1, -1),
        (1, 2),
        (1, True),
        (True, False),
        (1.0, 1),
        ("a", "b"),
        ((1, "a"), (1, "b")),
        ((1, "a"), Pair(1, "a")),
        ([1, 2], [1.0, 2.0]),
        ([1, 2], (1, 2)),
        ([torch.ones(2)], [torch.ones(3)]),
        ({"a": 1}, {"a": 1.0}),
        ({"a": 1}, {1: 1}),
        (Path("a"), "a"),
        (pd.DataFrame(), None),
    ],
)
def test_what_an_annotation_may_tell_apart_looks_different(one: object, other: object) -> None:
    assert look(one) != look(other)
    assert look_at_all([one], {}) != look_at_all([], {"one": one})


@pytest.mark.parametrize(
    "value",
    [
        [1, "a"],
        [torch.ones(2), torch.ones(3)],
        {"a": 1, "b": "c"},
        [Pair(1, 2)] * MOST + [Pair(1, 3)],
        (1, [1, "a"]),
        {"a": [1, None]},
        int,
    ],
)
def test_what_a_check_takes_by_chance_has_no_look(value: object) -> None:
    assert look(value) is NONE_LIKE_IT
    assert look_at_all([1, value], {}) is NONE_LIKE_IT
    assert look_at_all([1], {"more": value}) is NONE_LIKE_IT
