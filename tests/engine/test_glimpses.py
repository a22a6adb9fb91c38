"""What a sweep shows before it is whole equals the same answers of the whole sweep."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from engine.configs.core import ModelConfig, VectorRef
from engine.configs.sweeps import EvaluateConfig
from engine.errors import Cancelled
from engine.evaluators import ab, glimpses, sweeps
from engine.evaluators.glimpses import Glimpses, block
from engine.evaluators.layout import Part
from engine.model import batches
from engine.progress import silent
from engine.records.records import Evaluation
from engine.runs.engine import Engine
from engine.statistics import whole as readings
from engine.store import unfinished
from engine.store.store import Store
from tests import tiny
from tests.engine import test_ab as small

CELL = ["vector_set", "vector", "scale", "question", "order"]


def brute_force(answered: np.ndarray) -> int:
    """The most answers in any block that has row 0."""
    best = 0
    for count in range(1, answered.shape[1] + 1):
        whole = answered[:, :count].all(axis=1)
        best = max(best, count * int(whole.sum())) if whole[0] else best
    return best


def test_the_block_is_the_largest_that_holds_the_baseline() -> None:
    generator = np.random.default_rng(5)
    for _ in range(300):
        rows, questions = generator.integers(1, 9, size=2)
        answered = generator.random((rows, questions)) < generator.choice([0.3, 0.8, 0.97])

        chosen, count = block(answered)

        assert len(chosen) * count == brute_force(answered)
        assert answered[np.ix_(chosen, range(count))].all()
        assert not len(chosen) or chosen[0] == 0


def test_looks_are_rare_and_never_show_less() -> None:
    shown: list[int] = []
    seen = Glimpses(4, 4, lambda rows, count: shown.append(len(rows) * count))
    seen.look()
    seen.note(Part(start=0, stop=2, first=0, last=4))
    seen.look_if_due()
    assert shown == []

    seen.look()
    seen.note(Part(start=2, stop=4, first=0, last=1))
    seen.look()
    seen.note(Part(start=2, stop=4, first=1, last=4))
    seen.look()

    assert shown == [8, 16]


class Asked:
    """Stops a sweep after some questions, and keeps what it showed."""

    def __init__(self, after: int) -> None:
        self.after, self.count = after, 0
        self.shown: list[tuple[sweeps.SweepResult, int]] = []

    def progress(self, done: int, total: int, message: str = "", **metrics: float) -> None:
        self.count += 1
        if self.count == self.after:
            raise Cancelled("sweep")

    def show(self, result: sweeps.SweepResult, count: int) -> None:
        self.shown.append((result, count))


@pytest.fixture
def fine_units(monkeypatch: pytest.MonkeyPatch) -> None:
    """Few rows at a time, one question a unit."""
    monkeypatch.setitem(batches.TOKENS_PER_BATCH, "cpu", 200)
    monkeypatch.setattr(ab, "QUESTIONS_PER_UNIT", 1)


@pytest.mark.parametrize("after", [5, 9, 13])
def test_a_stopped_sweep_shows_the_answers_that_the_whole_one_has(
    fine_units: None, monkeypatch: pytest.MonkeyPatch, after: int
) -> None:
    door, config, asked = tiny.door("qwen3"), small.config(), Asked(after)
    monkeypatch.setattr(glimpses, "EVERY", 0.0)
    sets = [small.vector_set()]
    whole = sweeps.run(door, config, sets, small.QUESTIONS, silent, small.Units())

    with pytest.raises(Cancelled):
        sweeps.run(door, config, sets, small.QUESTIONS, asked.progress, small.Units(), asked.show)

    assert asked.shown
    sizes = [len(result.frame) for result, _ in asked.shown]
    assert sizes == sorted(set(sizes))
    for result, count in asked.shown:
        known = whole.frame.set_index(CELL)
        found = result.frame.set_index(CELL)
        assert set(result.frame["question"]) == {q.id for q in small.QUESTIONS[:count]}
        assert (result.frame["vector_set"] == "baseline").any()
        assert result.notes[0].startswith("Unfinished: so far")
        np.testing.assert_array_equal(
            found["difference"], known.loc[found.index, "difference"].to_numpy()
        )


def engine_of(folder: Path) -> tuple[Engine, EvaluateConfig]:
    """An engine over a small model, and a sweep of a set that it holds."""
    model = ModelConfig(model=str(tiny.save_folder(folder / "model")))
    store = Store(folder / "store")
    store.save_vectors(replace(small.vector_set(), model={"short_name": "tiny"}))
    config = EvaluateConfig(
        model=model,
        vectors=(VectorRef(digest="abc"),),
        scales=(-1.0, 1.0),
        controls=2,
        max_questions=6,
    )
    return Engine(store, keep_jobs=False), config


def test_the_engine_keeps_what_there_is_until_the_sweep_is_whole(
    fine_units: None, tmp_path: Path
) -> None:
    engine, config = engine_of(tmp_path)
    stopped = Asked(30)
    with pytest.raises(Cancelled):
        engine.run(config, stopped.progress)

    part = unfinished.found(engine.store)[0]
    assert part.digest == engine.digest(config)
    assert unfinished.is_part(part)
    assert engine.store.list() == [engine.store.find("abc")]
    head = engine.store.load_head(Path(part.path))[1]
    assert head.unfinished
    record: Evaluation = engine.store.load_evaluation(Path(part.path))
    assert {q.id for q in head.questions.questions} == set(record.frame["question"])
    assert len(readings.read(record).summary) >= 1

    digest = engine.run(config, silent)

    assert unfinished.found(engine.store) == []
    assert not Path(part.path).exists()
    whole: Any = engine.store.load_evaluation(digest)
    assert not whole.unfinished
    assert not any("Unfinished" in note for note in whole.notes)
    assert len(whole.questions.questions) == 6


def test_a_disk_that_takes_no_look_does_not_stop_the_sweep(
    fine_units: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine, config = engine_of(tmp_path)
    monkeypatch.setattr(glimpses, "EVERY", 0.0)
    place = engine.store.partial(engine.digest(config)).folder
    place.mkdir(parents=True)
    (place / unfinished.FOLDER).write_text("in the way")

    digest = engine.run(config, silent)

    assert engine.store.has(digest)
