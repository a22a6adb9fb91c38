"""A token is drawn from the set that temperature, top-k and top-p leave, as the library has it."""

import pytest
import torch
from transformers import TemperatureLogitsWarper, TopKLogitsWarper, TopPLogitsWarper

from engine.configs.core import ModelConfig
from engine.configs.grids import GenerateConfig
from engine.evaluators import cells, generation, sampling
from engine.progress import silent
from engine.store.units import Partial
from tests import tiny
from tests.engine.test_generation import SETS, columns, expected_changes
from tests.reference import generation_reference as slow

SETTINGS = [
    (1.0, 0, 0.5),
    (0.6, 20, 0.95),
    (1.5, 0, 0.05),
    (2.0, 0, 0.99),
    (0.7, 5, 1.0),
    (1.2, 1, 0.3),
]


@pytest.mark.parametrize("settings", [*SETTINGS, (1e-300, 3, 0.9), (0.9, 10**30, 1.0)])
def test_what_is_left_out_equals_the_formula_and_the_library(settings) -> None:
    # Of 400 tokens some rows need more than are looked at first.
    logits = 2 * tiny.seeded(6, 400, seed=1)
    temperature, top_k, top_p = settings

    found = sampling.warped(logits, temperature, top_k, top_p)

    expected = [slow.shares(row.double().tolist(), *settings) for row in logits]
    kept = found / found.sum(-1, keepdim=True)
    torch.testing.assert_close(kept, torch.tensor(expected, dtype=torch.float64))
    if temperature > 1e-10:
        torch.testing.assert_close(kept, library(logits.double(), settings))


def library(scores: torch.Tensor, settings: tuple[float, int, float]) -> torch.Tensor:
    temperature, top_k, top_p = settings
    warpers = [TemperatureLogitsWarper(temperature)]
    warpers += [TopKLogitsWarper(top_k)] if top_k else []
    warpers += [TopPLogitsWarper(top_p)] if top_p < 1 else []
    for warper in warpers:
        scores = warper(torch.zeros(len(scores), 1, dtype=torch.long), scores)
    return scores.softmax(-1)


def test_equal_logits_are_left_out_in_one_way_in_every_batch() -> None:
    # As bfloat16 gives them: the eighth is the first that may stay or go.
    row = torch.tensor([[2.0] * 3 + [1.0] * 500 + [0.0] * 500])
    other = torch.zeros(1, 1003)

    alone = sampling.warped(row, 1.0, 0, 0.04)
    beside = sampling.warped(torch.cat([other, row]), 1.0, 0, 0.04)

    expected = torch.tensor(slow.shares(row[0].double().tolist(), 1.0, 0, 0.04))
    assert torch.equal(alone[0] > 0, expected > 0)
    assert 3 < int((alone > 0).sum()) < 503
    assert torch.equal(alone[0], beside[1])
    # Those that equal the last of the k likeliest stay, as in the library.
    assert int((sampling.warped(row, 1.0, 5, 1.0) > 0).sum()) == 503


def test_sampling_follows_the_models_distribution() -> None:
    logits = tiny.seeded(1, 6, seed=2)
    draws = torch.rand(4000, generator=torch.Generator().manual_seed(0)).tolist()

    for settings in ((0.7, 0, 1.0), (0.7, 4, 0.8)):
        chosen = sampling.choose(logits.expand(4000, -1), draws, *settings)

        shares = torch.bincount(torch.tensor(chosen), minlength=6) / 4000
        expected = torch.tensor(slow.shares(logits[0].tolist(), *settings))
        torch.testing.assert_close(shares, expected, atol=0.025, rtol=0)
        assert not shares[expected == 0].any()


@pytest.mark.matrix(keep=2)
@pytest.mark.parametrize("kind", ["qwen3", "llama"])
@pytest.mark.parametrize("settings", [(0.6, 20, 0.95), (1.0, 0, 0.5)])
def test_every_drawn_text_equals_the_slow_way(kind, settings, tmp_path) -> None:
    door = tiny.door(kind)
    temperature, top_k, top_p = settings
    config = GenerateConfig(
        model=ModelConfig(model="random"),
        prompts=("What is the best way to sleep well?", "Read."),
        configurations=columns()[:4],
        max_new_tokens=6,
        temperature=temperature,
        top_k=top_k,
        top_p=top_p,
        samples=2,
        neutral=0,
    )

    frame = generation.run(door, config, SETS, silent, Partial(tmp_path)).frame

    ends, by_name = cells.end_tokens(door), {one.name: one for one in config.configurations}
    for row in frame.to_dict("records"):
        one = by_name[row["configuration"]]
        key = cells.key_of(config, row["prompt"], one.effect, row["sample"])
        tokens = door.loaded.prompter.tokens(row["prompt"], config.system)
        written = slow.sampled(
            door.loaded.model,
            tokens,
            expected_changes(door, one),
            cells.draws_of(key, config),
            settings,
            ends,
        )
        text = door.loaded.tokenizer.decode(written, skip_special_tokens=True)
        assert row["text"] == text
    assert frame.text.nunique() > 12
