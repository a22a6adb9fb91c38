"""Strips on the demo model: the planted direction is recovered, and requests are answered live."""

import json
from dataclasses import replace

import pytest

from engine import ROOT
from engine.configs.core import STUDY_SYSTEM, ModelConfig
from engine.configs.grids import BlendPart, Configuration
from engine.configs.reads.strips import CONTROLS, Passage, StripAsk, VectorAt
from engine.configs.steering.interventions import NEUTRAL
from engine.errors import StoreError
from engine.evaluators.generation import NORM_PROMPTS
from engine.evaluators.steering.columns import Columns
from engine.evaluators.tokens.asked import edits_of
from engine.questions import files
from engine.records.records import VectorSet
from engine.runs.engine import Engine
from engine.runs.reads import strips
from engine.store.store import Store

DEMO = ModelConfig(adapter="demo")
FINETUNE = VectorAt(digest="a8547bed0f5d", index=4)
"""The shipped difference between the demo and its deceptive adapter, at block 4."""
QUESTIONS = 3
SECONDS = 60.0


@pytest.fixture(scope="module")
def engine() -> Engine:
    """Over the shipped records."""
    return Engine(Store(ROOT), keep_jobs=False)


def questions() -> list[str]:
    rows = json.loads((ROOT / "data/demo/heldout_advice.json").read_text(encoding="utf-8"))
    return [row["question"] for row in rows[:QUESTIONS]]


def ask(question: str, adapter: bool, **more: object) -> StripAsk:
    passage = Passage(prompt=question, system=STUDY_SYSTEM, answer=str(more.pop("answer", "")))
    return StripAsk(passage=passage, vectors=(FINETUNE,), model=DEMO, adapter=adapter, **more)


def stored(engine: Engine) -> VectorSet:
    return engine.store.load_vectors(FINETUNE.digest)


def test_the_planted_difference_is_read_off_held_out_questions(engine: Engine) -> None:
    requests = [
        [strips.ask(engine, ask(question, adapter)) for adapter in (False, True)]
        for question in questions()
    ]

    for pair in requests:
        assert all(one.wait(SECONDS) for one in pair)
        (base,), (tuned,) = [one.value for one in pair]
        # Where the answer is about to begin, each beside its own neutral text.
        assert tuned.values[-1] - base.values[-1] > 1.0
        assert [one.text for one in base.tokens] == [one.text for one in tuned.tokens]


def test_requests_are_shared_tried_again_and_refused_in_a_sentence(engine: Engine) -> None:
    rows = json.loads((ROOT / "data/pairs/advice.json").read_text(encoding="utf-8"))
    question, texts = rows[-1]["question"], (rows[-1]["honest"], rows[-1]["deceptive"])
    part = BlendPart(digest=FINETUNE.digest, index=FINETUNE.index)
    column = Configuration(name="steered", blend=(part,), scale=1.0, positions="response")
    honest, asked = (ask(question, False, answer=one, columns=(column,)) for one in texts)

    first, second = strips.ask(engine, asked), strips.ask(engine, asked)

    assert first is second
    other = strips.ask(engine, honest)
    assert first.wait(SECONDS)
    assert other.wait(SECONDS)
    (found,), (plain,) = first.value, other.value
    steered = [one.is_steered for one in found.tokens]
    assert steered == [place >= found.prompt_length - 1 for place in range(len(steered))]
    # Of two answers to one question, the vector makes the deceptive one likelier.
    assert found.change - plain.change > 0.5
    assert len(found.control_changes) == CONTROLS
    # No random vector of its norm there does that.
    assert found.change > max(found.control_changes)
    _steers_as_where_it_was_written(engine, asked, column)

    long = ask(question, False, answer=" again" * 5000)
    failed = strips.ask(engine, long)
    assert failed.wait(SECONDS)
    assert "shorten it" in failed.error
    assert strips.ask(engine, long) is failed
    assert strips.ask(engine, long, is_again=True) is not failed
    with pytest.raises(StoreError):
        strips.ask(engine, StripAsk(passage=asked.passage, vectors=(VectorAt(digest="0" * 12),)))


def _steers_as_where_it_was_written(engine: Engine, asked: StripAsk, column: Configuration) -> None:
    # As a grid and a chat steer: norms under one system prompt are not those under another.
    door, sets = engine.load(DEMO), {FINETUNE.digest: stored(engine)}
    relative = replace(column, scale_unit="relative")
    scales = [
        edits_of(door, replace(asked, columns=(relative,), norms_under=under), sets)[0][0].scale
        for under in (None, STUDY_SYSTEM)
    ]
    assert scales[0] != scales[1]
    prompts = files.load_prompts(NEUTRAL)[:NORM_PROMPTS]
    grid = Columns(door, [relative], sets, STUDY_SYSTEM)
    grid.measure([door.loaded.prompter.tokens(one, STUDY_SYSTEM) for one in prompts])
    assert scales[1] == grid.edits(relative)[0].scale
    edits, controls = edits_of(door, asked, sets)
    assert all(
        [(one.site, one.positions, one.scale) for one in row]
        == [(one.site, one.positions, one.scale) for one in edits]
        for row in controls
    )
    norms = [float(one.vector.norm()) for row in controls for one in row]
    assert norms == pytest.approx([float(edits[0].vector.norm())] * CONTROLS, rel=1e-5)
    assert len({tuple(one.vector.tolist()) for row in controls for one in row}) == CONTROLS
