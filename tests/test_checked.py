"""The engine's shapes are checked in tests, on the first calls of each."""

import pytest
import torch
from beartype import beartype
from jaxtyping import Float, TypeCheckError, jaxtyped
from torch import Tensor

from engine.maths.directions import unit_rows
from tests import checked


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
