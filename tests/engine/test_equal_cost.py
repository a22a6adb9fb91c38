"""What steering costs on neutral answers equals the formula, and the strength meets its budget."""

import dataclasses

import numpy as np
import pytest
import torch

from engine import ROOT
from engine.configs.core import ModelConfig, Site
from engine.errors import ConfigError, DataError
from engine.evaluators.cells import end_tokens
from engine.evaluators.equal_cost import divergence, solving
from engine.evaluators.steering.usual import pooled
from engine.model import loading
from engine.model.edits import Edit, PromptGate
from engine.progress import silent
from engine.questions.files import load_prompts
from tests import tiny
from tests.engine import measure_equal_cost
from tests.reference import divergence_reference as slow
from tests.reference.steering import blocks_of

PROMPTS = ["Sleep?", "What is the best way to sleep well?", "Choices: a book. Would you read?"]
POSITIONS = ["all", "prompt", "response", "last-1", "last-3", "last-500"]


def untold(_note) -> None:
    raise AssertionError("Memory did not run out.")


def row(vector, block=2, strength=1.0, positions="all") -> list[Edit]:
    return [Edit(site=Site(block=block), vector=vector, scale=strength, positions=positions)]


def measured(neutral, rows) -> np.ndarray:
    return divergence.divergences(neutral, rows, lambda _: None, untold)


@pytest.fixture(scope="module", params=["qwen3", "llama"])
def world(request):
    """A random model, its door, and three prompts with answers of other lengths."""
    model = tiny.causal(request.param)
    door = tiny.Forward(tiny.wrap(model, request.param))
    prompts = [door.loaded.prompter.tokens(prompt) for prompt in PROMPTS]
    answers = [[7], [300, 41, 5], [9, 8]]
    return model, door, divergence.NeutralAnswers(door, False, prompts, answers)


@pytest.mark.parametrize("by_hooks", [False, True])
def test_every_row_costs_what_the_formula_says(world, by_hooks, monkeypatch) -> None:
    monkeypatch.setattr(divergence, "ROWS_TOGETHER", {"cpu": 2})
    model, _, neutral = world
    door = tiny.Forward(neutral.door.loaded)
    if by_hooks:
        door.use_hooks()
    neutral = divergence.NeutralAnswers(door, False, neutral.prompts, neutral.answers)
    # Begins within what all texts share, at another place in the shortest one.
    within = f"last-{min(map(len, neutral.prompts)) - 2}"
    wanted = [*POSITIONS, within]
    vectors = tiny.seeded(len(wanted), 32, seed=3)
    asked = [(v, i % 4, p) for i, (v, p) in enumerate(zip(vectors, wanted, strict=True))]

    found = measured(neutral, [row(v, b, 1.5, p) for v, b, p in asked])

    assert found.shape == (len(wanted), neutral.tokens)
    assert divergence.shared_prefix(neutral.prompts) > 3
    for values, (vector, block, positions) in zip(found, asked, strict=True):
        expected = [
            value
            for prompt, answer in zip(neutral.prompts, neutral.answers, strict=True)
            for value in slow.divergence(
                model, blocks_of(model)[block], 1.5 * vector, positions, prompt, answer
            )
        ]
        assert values == pytest.approx(expected, abs=1e-5)
        assert max(expected) > 0.01


def test_rows_of_late_blocks_do_not_wait_for_early_ones() -> None:
    blocks = [3, 0, 3, 1, 3, 0]
    rows = [[], *(row(tiny.seeded(4), block) for block in blocks)]

    assert divergence._runs(rows, 2) == [[1, 3, 5], [4, 2, 6]]
    assert divergence._runs(rows, 9) == [[1, 3, 5, 4, 2, 6]]
    assert divergence._runs([[]], 2) == []


def test_the_answers_are_the_model_s_own(world, monkeypatch) -> None:
    model, door, _ = world
    monkeypatch.setattr(divergence, "MOST_TOKENS", 6)
    neutral = divergence.prepare(door, PROMPTS[:2], False)

    for prompt, answer in zip(neutral.prompts, neutral.answers, strict=True):
        assert answer == slow.greedy(model, prompt, divergence.MOST_TOKENS, end_tokens(door))


def test_a_row_without_edits_costs_exactly_nothing(world) -> None:
    _, _, neutral = world
    vector = tiny.seeded(32)

    alone = measured(neutral, [[]])
    beside = measured(neutral, [[], row(vector), row(vector, strength=0.0)])

    assert not alone.any()
    assert not beside[[0, 2]].any()
    assert (beside[1] > 0).all()


def test_a_text_whose_gate_stays_shut_costs_exactly_nothing(world) -> None:
    _, door, neutral = world
    unit, site = tiny.seeded(32, seed=9), Site(block=1)
    unit = unit / unit.norm()
    means = [
        float((pooled(door.capture(prompt, [site], adapter=False)[site]) @ unit).mean())
        for prompt in neutral.prompts
    ]
    highest = int(np.argmax(means))
    level = (sorted(means)[-1] + sorted(means)[-2]) / 2
    gate = PromptGate(block=1, unit=unit, mean=0.0, sd=1.0, level=level)
    plain = row(tiny.seeded(32, seed=2))
    gated = [dataclasses.replace(edit, gate=gate) for edit in plain]

    found, always = measured(neutral, [gated, plain])

    texts = np.repeat(np.arange(len(means)), [len(answer) for answer in neutral.answers])
    assert not found[texts != highest].any()
    assert found[texts == highest] == pytest.approx(always[texts == highest], abs=1e-5)
    assert (found[texts == highest] > 0).all()


def test_what_is_not_kept_is_made_again(world, monkeypatch) -> None:
    _, door, neutral = world
    rows = [row(tiny.seeded(32), 1), row(tiny.seeded(32, seed=1), 3)]
    before = measured(neutral, rows)
    bare = divergence.NeutralAnswers(door, False, neutral.prompts, neutral.answers)
    for room in (bare._states, bare._logprobs):
        room.left = 0

    assert measured(bare, rows) == pytest.approx(before, abs=1e-5)
    assert not bare._starts
    assert not bare._bases


def test_mean_and_p95_are_over_all_tokens_and_not_finite_where_one_is_not() -> None:
    values = np.array([np.arange(101.0), np.full(101, 2.0)])
    values[1, 7] = np.nan

    means, high = divergence.mean_and_p95(values)

    assert means[0] == 50
    assert high[0] == pytest.approx(95)
    assert not np.isfinite(means[1])
    assert not np.isfinite(high[1])


def test_every_strength_costs_its_budget(world) -> None:
    _, _, neutral = world
    cells = [
        solving.CostedCell(
            edits_at=lambda strength, v=vector, b=block: row(v, b, strength),
            budget=budget,
            start=0.5,
            of=of,
            sign=sign,
        )
        for block, vector in enumerate(tiny.seeded(2, 32, seed=5))
        for budget, sign, of in ((0.01, 1, "mean"), (0.1, -1, "p95"), (0.3, 1, "p95"))
    ]

    found = solving.solve({False: neutral}, cells, silent, untold)

    for cell, one in zip(cells, found, strict=True):
        again = divergence.mean_and_p95(measured(neutral, [cell.edits_at(one.strength)]))
        assert one.reached, one.reason
        assert one.evaluations <= 6
        assert one.strength * cell.sign > 0
        assert (one.kl_mean, one.kl_p95) == pytest.approx([float(x[0]) for x in again], rel=1e-3)
        asked = one.kl_mean if cell.of == "mean" else one.kl_p95
        assert asked == pytest.approx(cell.budget, rel=0.1)


def test_stored_vectors_of_the_demo_meet_their_budget() -> None:
    door = tiny.Forward(loading.load(ModelConfig(model="demo", adapter="demo"), ROOT))
    prompts = load_prompts("data/prompts/neutral.txt")[::15]
    neutral = divergence.prepare(door, prompts, True)
    vectors = measure_equal_cost.stored("demo", 1)
    by_mean, by_p95 = (measure_equal_cost.cells(vectors, 0.1, of) for of in ("mean", "p95"))

    found = solving.solve({True: neutral}, [*by_mean, *by_p95], silent, untold)

    assert len(found) == 12
    assert all(one.reached and one.evaluations <= 6 for one in found)
    assert measure_equal_cost.missed(found[:6], 0.1, "mean") <= 0.1
    assert measure_equal_cost.missed(found[6:], 0.1, "p95") <= 0.1


def test_a_cell_that_costs_too_little_says_so(world) -> None:
    _, _, neutral = world
    cell = solving.CostedCell(
        edits_at=lambda strength: row(tiny.seeded(32), 2, strength),
        budget=5.0,
        start=1.0,
        limit=0.01,
    )

    (found,) = solving.solve({False: neutral}, [cell], silent, untold)

    assert not found.reached
    assert found.strength == 0.01
    assert found.evaluations == 1
    assert "largest strength allowed, 0.01" in found.reason
    assert found.kl_mean < 5.0


def test_a_search_stops_when_it_is_told_to(world) -> None:
    _, _, neutral = world

    class StoppedError(Exception):
        pass

    def stop(done, total, message="", **_) -> None:
        assert (done, total) == (0, 6 * len(PROMPTS))
        assert message == "0 of 1 strengths found, trying for the 1st time"
        raise StoppedError

    cell = solving.CostedCell(edits_at=lambda s: row(tiny.seeded(32), 2, s), budget=0.1, start=1.0)
    with pytest.raises(StoppedError):
        solving.solve({False: neutral}, [cell], stop, untold)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"budget": 0.0}, "The budget is 0, but must be above 0"),
        ({"start": 0.0}, "The first strength is 0, but must be above 0 and finite"),
        ({"limit": -1.0}, "The largest strength is -1, but must be above 0"),
    ],
)
def test_what_no_strength_can_meet_is_refused(changes, words) -> None:
    with pytest.raises(ConfigError, match=words):
        solving.CostedCell(**{"edits_at": lambda _: [], "budget": 0.1, "start": 1.0, **changes})


def test_no_prompt_is_refused() -> None:
    with pytest.raises(DataError, match="No neutral prompt is given"):
        divergence.prepare(tiny.door("llama"), [], False)


def test_no_pass_keeps_a_graph(world) -> None:
    _, _, neutral = world
    with torch.enable_grad():
        assert np.isfinite(measured(neutral, [row(tiny.seeded(32))])).all()
