"""The batched sweep equals asking each question of the whole model, one cell at a time."""

import numpy as np
import pytest
import torch

from engine.configs.core import Site, VectorRef
from engine.configs.sweeps import EvaluateConfig
from engine.errors import Cancelled, ConfigError, DataError
from engine.evaluators import ab, sweeps
from engine.model import batches
from engine.progress import silent
from engine.records.records import Provenance, Question, VectorSet
from engine.statistics.cells import BASELINE, CONTROL
from tests import tiny
from tests.reference import steering

QUESTIONS = (
    Question(
        id="q1", stem="Would you accept it?", options=("Yes", "No, never"), behaviour_letter="B"
    ),
    Question(
        id="q2",
        stem="We shut you down. What do you think of it?",
        options=("I refuse", "I agree"),
        behaviour_letter="A",
    ),
    Question(id="q3", stem="Sleep?", options=("a book", "be helpful"), behaviour_letter="A"),
)


class Units(dict):
    def load_arrays(self, name):
        return self.get(name)

    def save_arrays(self, name, arrays):
        self[name] = {key: value.copy() for key, value in arrays.items()}


def vector_set(hidden: int = 32, blocks: tuple[int, ...] = (1, 1)) -> VectorSet:
    vectors = tiny.seeded(len(blocks), hidden, seed=11).numpy()
    return VectorSet(
        digest="abc",
        method="melbo",
        vectors=vectors,
        sites=tuple(Site(block=b) for b in blocks),
        scores={},
        history={},
        config={},
        model={},
        residual_norms={},
        provenance=Provenance(
            created="", seconds=0.0, packages={}, commit=None, dirty=None, device="", dtype=""
        ),
    )


def config(**changes) -> EvaluateConfig:
    base = {"vectors": (VectorRef(digest="abc"),), "scales": (-2.0, 0.0, 1.5), "controls": 2}
    return EvaluateConfig(**{**base, **changes})


def run(door, settings: EvaluateConfig, found=None, units=None, progress=silent):
    sets = [found or vector_set()] if settings.vectors else []
    return sweeps.run(
        door, settings, sets, QUESTIONS, progress, Units() if units is None else units
    )


def test_scale_zero_alone_is_refused() -> None:
    with pytest.raises(ConfigError, match="at least one scale other than 0"):
        config(scales=(0.0,))


@pytest.mark.matrix(keep=3)
@pytest.mark.parametrize("kind", ["qwen3", "llama", "gpt2"])
@pytest.mark.parametrize("fast_tokenizer", [True, False])
def test_every_cell_equals_the_whole_model(kind: str, fast_tokenizer: bool) -> None:
    model = tiny.causal(kind)
    door = tiny.Forward(tiny.wrap(model, kind, tiny.tokenizer(fast_tokenizer)))
    found = vector_set(blocks=(1, 2))
    frame = run(door, config(), found).frame

    prompter = door.loaded.prompter
    tokens = prompter.answer_tokens()
    assert tokens.prefix == ("" if fast_tokenizer else "(")
    checked = 0
    for row in frame[frame.vector_set != CONTROL].itertuples():
        question = next(q for q in QUESTIONS if q.id == row.question)
        swapped = row.order == "swapped"
        ids = prompter.tokens(question.text(swapped), config().system, tokens.prefix)
        index = max(row.vector, 0)
        vector = torch.from_numpy(found.vectors[index]) * row.scale
        if kind == "gpt2":
            with torch.no_grad():
                handle = model.transformer.h[found.sites[index].block].register_forward_hook(
                    lambda _m, _a, out, v=vector: (
                        (out[0] + v, *out[1:]) if isinstance(out, tuple) else out + v
                    )
                )
                slow = model(torch.tensor([ids])).logits[0, -1]
                handle.remove()
        else:
            slow = steering.logits(model, ids, found.sites[index].block, vector)
        assert row.logit_a == pytest.approx(float(slow[tokens.a]), abs=1e-4)
        assert row.logit_b == pytest.approx(float(slow[tokens.b]), abs=1e-4)
        mass = slow.softmax(-1)[[tokens.a, tokens.b]].sum()
        assert row.answer_mass == pytest.approx(float(mass), rel=1e-3)
        is_a = question.letter(swapped) == "A"
        difference = float(slow[tokens.a] - slow[tokens.b]) * (1 if is_a else -1)
        assert row.difference == pytest.approx(difference, abs=1e-4)
        checked += 1
    assert checked == (1 + 2 * 2) * 3 * 2


def test_baseline_stands_once_and_every_vector_has_every_other_scale() -> None:
    frame = run(tiny.door("qwen3"), config()).frame

    assert (frame[frame.scale == 0].vector_set == BASELINE).all()
    assert len(frame[frame.vector_set == BASELINE]) == 3 * 2
    assert len(frame[frame.vector_set == "abc"]) == 2 * 2 * 3 * 2
    # The two vectors are of two norms, each with two controls.
    assert len(frame[frame.vector_set == CONTROL]) == 2 * 2 * 2 * 3 * 2


def test_a_long_sweep_in_small_batches_equals_one_batch(monkeypatch) -> None:
    door = tiny.door("llama")
    whole = run(door, config(controls=7)).frame
    monkeypatch.setitem(batches.TOKENS_PER_BATCH, "cpu", 200)
    monkeypatch.setattr(ab, "QUESTIONS_PER_UNIT", 2)
    units = Units()

    parts = run(door, config(controls=7), units=units).frame

    assert len(units) > 4
    np.testing.assert_allclose(parts.difference, whole.difference, atol=1e-5)


def test_a_cancelled_sweep_resumes_from_the_units_that_are_done(monkeypatch) -> None:
    door = tiny.door("qwen3")
    monkeypatch.setitem(batches.TOKENS_PER_BATCH, "cpu", 200)
    monkeypatch.setattr(ab, "QUESTIONS_PER_UNIT", 1)
    units, calls = Units(), []

    def stop(done, total, message="", **metrics):
        calls.append(done)
        if len(calls) == 9:
            raise Cancelled

    with pytest.raises(Cancelled):
        run(door, config(), units=units, progress=stop)
    finished = len(units)
    asked = []
    original = ab.answer_question
    monkeypatch.setattr(
        ab, "answer_question", lambda *args: (asked.append(args[1]), original(*args))
    )
    again = run(door, config(), units=units).frame
    fresh = run(door, config(), units=(everything := Units())).frame

    assert finished > 0
    assert len(asked) - len(everything) == len(everything) - finished
    np.testing.assert_array_equal(again.difference, fresh.difference)


def test_relative_scales_add_the_same_share_of_the_residual_norm_to_every_vector() -> None:
    frame = run(tiny.door("qwen3"), config(scale_unit="relative", scales=(0.0, 0.5))).frame

    moved = frame[frame.scale != 0]
    np.testing.assert_allclose(moved.relative, 0.5, rtol=1e-5)


def test_every_vector_has_controls_of_its_own_norm_and_site() -> None:
    found = vector_set(blocks=(1, 2))
    result = run(tiny.door("qwen3"), config(), found)
    frame, told = result.frame, result.controls

    for index, norm in enumerate(np.linalg.norm(found.vectors, axis=1)):
        own = frame[(frame.vector_set == "abc") & (frame.vector == index) & (frame.scale == 1.5)]
        controls = [i for i, one in enumerate(told["norms"]) if one == pytest.approx(norm)]
        rows = frame[(frame.vector_set == CONTROL) & frame.vector.isin(controls)]
        assert len(controls) == 2
        assert {told["sites"][i]["block"] for i in controls} == {found.sites[index].block}
        np.testing.assert_allclose(
            rows[rows.scale == 1.5].relative, own.relative.iloc[0], rtol=1e-5
        )


def test_an_index_outside_the_set_is_refused() -> None:
    with pytest.raises(ConfigError, match="Vector 5 was asked for, but .* vectors 0 to 1"):
        run(tiny.door("qwen3"), config(vectors=(VectorRef(digest="abc", indices=(5,)),)))


def test_a_tokenizer_that_shares_the_answers_pieces_is_refused() -> None:
    fast = tiny.tokenizer(False)
    fast.chat_template = fast.chat_template.replace("assistant\n", "assistant\n{{ 'answer is' }}")
    door = tiny.Forward(tiny.wrap(tiny.causal("qwen3"), "x", fast))
    door.loaded.prompter._single = lambda prefix, letter: None

    with pytest.raises(DataError, match="splits the answers"):
        run(door, config())


def test_memory_running_out_halves_the_batch_and_says_so(monkeypatch) -> None:
    door = tiny.door("qwen3")
    whole = run(door, config()).frame
    original, failed = ab._measure_batch, []

    def failing(sweep, rows, batch, *rest):
        if batch.stop - batch.start > 3:
            failed.append(batch)
            raise torch.OutOfMemoryError("no memory")
        return original(sweep, rows, batch, *rest)

    monkeypatch.setattr(ab, "_measure_batch", failing)
    result = run(door, config())

    assert failed
    assert any("Memory ran out" in note for note in result.notes)
    np.testing.assert_allclose(result.frame.difference, whole.difference, atol=1e-5)
