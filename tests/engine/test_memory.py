"""The peak of a sweep or an extraction does not grow with what is asked, steered or kept."""

import json
from pathlib import Path

import pytest
import torch

from engine import finders
from engine.configs.core import VectorRef
from engine.configs.pairs import ContrastiveConfig
from engine.configs.sweeps import EvaluateConfig
from engine.evaluators import sweeps
from engine.evaluators.readings import asked as reading
from engine.finders import extraction
from engine.model import batches
from engine.progress import silent
from engine.records.records import Question
from tests import tiny
from tests.engine.memory import peak
from tests.engine.test_ab import Units, vector_set

SLACK = 8 * 1024
"""Bytes that are not looked into: indices, single numbers, the cached tables of positions."""


def questions(count: int) -> tuple[Question, ...]:
    """Questions of one length in tokens."""
    return tuple(
        Question(
            id=f"q{number}",
            stem=f"Would you accept {number:02d}?",
            options=("Yes", "No"),
            behaviour_letter="AB"[number % 2],
        )
        for number in range(count)
    )


def sweep_peak(door, asked: int, vectors: int) -> int:
    """Largest bytes of tensors while `vectors` are asked so many questions."""
    found = vector_set(blocks=(1,) * vectors)
    config = EvaluateConfig(vectors=(VectorRef(digest="abc"),), scales=(1.0,), controls=1)
    return peak(lambda: sweeps.run(door, config, [found], questions(asked), silent, Units()))


@pytest.fixture
def door(monkeypatch: pytest.MonkeyPatch):
    """A model whose sweeps ask four rows at a time, and keep the states of few questions."""
    monkeypatch.setitem(batches.TOKENS_PER_BATCH, "cpu", 100)
    monkeypatch.setattr(reading, "KEPT_BYTES", 20_000)
    monkeypatch.setattr(extraction, "TOKENS", 256)
    monkeypatch.setattr(extraction, "LEAST_UNITS", 4)
    monkeypatch.setattr(extraction, "BYTES", 1)
    return tiny.door("qwen3", num_hidden_layers=9)


@pytest.mark.matrix(keep=0)
def test_a_sweeps_peak_does_not_grow_with_questions_or_vectors(door) -> None:
    sweep_peak(door, 1, 1)
    few = sweep_peak(door, 2, 2)

    assert sweep_peak(door, 8, 2) <= few + SLACK
    # Of each row there is the vector that is added, and nothing else.
    assert sweep_peak(door, 2, 8) <= few + SLACK + 2 * (8 - 2) * door.hidden * 4


def extraction_peak(door, folder: Path, pairs: int, layers) -> int:
    """Largest bytes of tensors while so many pairs are read at these layers."""
    path = folder / f"pairs{pairs}.json"
    rows = [
        {"question": f"What about {number:02d}?", "deceptive": "Keep it.", "honest": "Read it."}
        for number in range(pairs)
    ]
    path.write_text(json.dumps(rows))
    config = ContrastiveConfig(pairs=str(path), layers=layers)
    return peak(lambda: finders.find(door, config, silent))


def test_an_extractions_peak_does_not_grow_with_pairs_or_layers_kept(door, tmp_path) -> None:
    extraction_peak(door, tmp_path, 4, (1, 4))
    few = extraction_peak(door, tmp_path, 8, (1, 4))

    # The scores along the vectors that were found are results: two numbers a pair and layer.
    assert extraction_peak(door, tmp_path, 32, (1, 4)) <= few + SLACK
    more = tuple(range(1, 9))
    # Per layer: the states of one small unit, and running sums in float64 of each half.
    layer = 4 * 2 * door.hidden * 4 + 24 * door.hidden * 8
    assert extraction_peak(door, tmp_path, 8, more) <= few + SLACK + 6 * layer


def test_what_is_alive_is_counted() -> None:
    def work() -> None:
        first = torch.zeros(1000)
        del first
        second, third = torch.zeros(500), torch.zeros(800)
        second[0] = third[0]

    assert peak(work) == 4 * 1300
