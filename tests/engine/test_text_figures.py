"""Side effects of steering, against their definitions."""

import math
from pathlib import Path

import pytest
import torch

from engine.configs.core import Site
from engine.configs.grids import Configuration, GenerateConfig
from engine.evaluators import cells, generation, text_figures
from engine.evaluators.text_figures import Arm, Neutral, Scored
from engine.maths import repeats
from engine.model import decoding
from engine.model.edits import Edit
from engine.progress import silent
from engine.store.units import Partial
from tests.engine.test_generation import FIRST, KINDS, SETS, door_of
from tests.reference import generation_reference as slow

PROMPT = [5, 9, 300, 41, 7, 88]
ANSWERS = ([13, 200, 64], [31], [7, 7, 7, 8, 9])


def nothing(_told: object) -> None:
    """Listen to nobody."""


def edit(scale: float = 2.0, positions: str = "all") -> Edit:
    vector = torch.from_numpy(SETS["a1"].vectors[0])
    return Edit(site=Site(block=1), vector=vector, scale=scale, positions=positions)


def as_change(one: Edit) -> dict:
    values = {n: getattr(one, n) for n in ("scale", "operation", "positions", "preserve_norm")}
    return {**values, "block": one.site.block, "vector": one.vector}


@pytest.mark.parametrize(
    ("tokens", "expected"),
    [
        ([], 0.0),
        ([1, 2], 0.0),
        ([1, 2, 3, 4, 5], 0.0),
        ([1, 1, 1, 1, 1], 2 / 3),
        ([1, 2, 3, 1, 2, 3], 1 / 4),
    ],
)
def test_repetition_is_the_share_of_3_grams_seen_before(tokens, expected) -> None:
    assert repeats.repetition(tokens) == pytest.approx(expected)


def test_unique_tokens_is_their_share() -> None:
    assert text_figures.unique_tokens([4, 4, 5, 4]) == 0.5
    assert text_figures.unique_tokens([]) == 1.0


def test_kl_equals_the_sum_of_its_definition_and_is_zero_for_equals() -> None:
    logits = torch.randn(2, 50, generator=torch.Generator().manual_seed(1))
    base, other = logits.log_softmax(-1)

    assert text_figures.kl(base, other) == pytest.approx(slow.kl(logits[0], logits[1]), rel=1e-6)
    assert text_figures.kl(base, base) == 0.0


def test_kl_counts_tokens_the_base_never_says_as_nothing() -> None:
    base = torch.tensor([0.0, -math.inf])
    other = torch.tensor([0.5, 0.5]).log()

    assert text_figures.kl(base, other) == pytest.approx(math.log(2))


@pytest.mark.parametrize("adapter", [False, True])
@pytest.mark.parametrize("kind", KINDS)
def test_reading_texts_together_equals_each_read_alone(kind, adapter) -> None:
    door = door_of(kind, lora=True)
    edits = [(), (edit(),), (edit(3.0, "response"),)]
    texts = [Scored(PROMPT, a, e, adapter) for a, e in zip(ANSWERS, edits, strict=True)]

    readings = text_figures.read(door, texts, nothing, nothing)

    for text, reading in zip(texts, readings, strict=True):
        changes = [as_change(e) for e in text.edits]
        expected = slow.mean_logprob(door.loaded.model, PROMPT, text.answer, changes, adapter)
        assert len(reading.logprobs) == len(text.answer)
        assert reading.mean == pytest.approx(expected, abs=1e-4)


def test_reading_is_the_same_where_logits_are_made_in_several_blocks(monkeypatch) -> None:
    door = door_of("llama")
    texts = [Scored(PROMPT, answer, (edit(),)) for answer in ANSWERS]
    whole = text_figures.read(door, texts, nothing, nothing)
    monkeypatch.setattr(decoding, "LOGIT_ROWS", 3)

    parts = text_figures.read(door, texts, nothing, nothing)

    for one, other in zip(whole, parts, strict=True):
        assert one.logprobs == pytest.approx(other.logprobs, abs=1e-5)


@pytest.mark.parametrize("kind", KINDS)
def test_neutral_figures_equal_their_definitions(kind) -> None:
    door = door_of(kind, lora=True)
    model = door.loaded.model
    neutral = Neutral([PROMPT, PROMPT[:3]], [ANSWERS[0], ANSWERS[2]])
    columns = [
        Arm(edits, adapter)
        for edits, adapter in [
            ((), False),
            ((edit(),), False),
            ((), True),
            ((edit(3.0, "prompt"),), True),
        ]
    ]

    found = text_figures.on_neutral(door, neutral, columns, nothing, nothing)

    assert found[0]["kl"] == 0.0
    for (edits, adapter, _), figures in zip(columns, found, strict=True):
        changes, kl, loss, count = [as_change(e) for e in edits], 0.0, 0.0, 0
        for prompt, answer in zip(neutral.prompts, neutral.answers, strict=True):
            base = slow.all_logits(model, prompt, [], len(prompt))[-1]
            other = slow.all_logits(model, prompt, changes, len(prompt), adapter)[-1]
            kl += slow.kl(base, other) / 2
            mean = slow.mean_logprob(model, prompt, answer, changes, adapter)
            loss, count = loss - mean * len(answer), count + len(answer)
        assert figures["kl"] == pytest.approx(kl, abs=1e-4)
        assert figures["neutral_perplexity"] == pytest.approx(math.exp(loss / count), rel=1e-3)


def test_the_grid_scores_its_texts_under_the_unsteered_base_model(
    tmp_path: Path, monkeypatch
) -> None:
    monkeypatch.setattr(text_figures, "NEUTRAL_TOKENS", 4)
    door = door_of("qwen3", lora=True)
    config = GenerateConfig(
        configurations=(
            Configuration(name="base"),
            Configuration(name="far", blend=FIRST, scale=20.0),
        ),
        max_new_tokens=5,
        neutral=3,
    )

    found = generation.run(door, config, SETS, silent, Partial(tmp_path))

    prompt = door.loaded.prompter.tokens(config.prompts[0], config.system)
    ends = cells.end_tokens(door)
    changes = [as_change(edit(20.0))]
    for name, made in (("base", []), ("far", changes)):
        row = found.frame[found.frame.configuration == name].iloc[0]
        written = slow.greedy(door.loaded.model, prompt, made, False, 5, ends)
        expected = slow.mean_logprob(door.loaded.model, prompt, written)
        assert row.mean_logprob == pytest.approx(expected, abs=1e-4)
    effects = found.side_effects
    assert effects["far"]["kl"] > 0.1 > effects["base"]["kl"]
    assert effects["far"]["neutral_perplexity"] > effects["base"]["neutral_perplexity"]
    assert effects["base"]["relative"] == 0.0 < effects["far"]["relative"]
