"""The engine's shapes are checked in tests, on the first calls of each."""

import pytest
import torch
from jaxtyping import TypeCheckError

from engine.linalg import unit_rows
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
