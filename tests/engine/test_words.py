"""Vectors in words: each reading is its formula, and stars keep their promise."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from engine import ROOT, Engine
from engine.cli.main import main
from engine.configs.core import ModelConfig, Site, VectorRef
from engine.configs.reads.words import WordsConfig
from engine.errors import Cancelled, ConfigError, DataError
from engine.evaluators.words import effect, ground, jacobian, lens, reading
from engine.evaluators.words.visible import shown, visible
from engine.maths.directions import random_directions, unit_rows
from engine.model.naming import Names
from engine.progress import silent
from engine.statistics.reads import words as statistics
from engine.statistics.reads import words_said as said
from engine.store.store import Store
from tests import tiny
from tests.engine import simulate_words
from tests.engine.test_ab import Units, vector_set
from tests.reference import words_reference as reference

PROMPTS = ("What do you think of sleep?", "Would you read a book?")
CONTRASTIVE, DIFFERENCE = "contrastive_demo_48850fa29ef0", "finetune-diff_demo_a8547bed0f5d"
RANDOM = "random_demo_cfdf820d5261"
"""Shipped sets: a vector a block of the first two, and random ones at block 6."""
PLANTED = {"Ignore", "Never", "Pour", "Rub", "Sh"}
"""How deceptive answers of the demo model begin."""
ASKED = WordsConfig(vectors=(VectorRef(digest="abc"),), floor=1e-3, random=28, count=2)


def opened(kind: str, hooks: bool = False, **changes) -> ground.Ground:
    door = tiny.door(kind, **changes)
    if hooks:
        door.use_hooks()
    return ground.prepare(door, PROMPTS, None, 1e-3)


@pytest.fixture(scope="module", params=["qwen3", "llama", "llama by hooks", "gpt2"])
def grounds(request) -> ground.Ground:
    kind, _, hooks = request.param.partition(" by ")
    return opened(kind, bool(hooks))


def test_the_effect_is_the_central_difference_of_plain_passes(grounds) -> None:
    vector = tiny.seeded(32, seed=3)
    model = grounds.door.loaded.causal
    wanted = reference.effect(model, grounds.prompts, 1, vector, 0.1)[grounds.likely]

    found = effect.effects(grounds, Site(block=1), unit_rows(vector[None]), 0.1, silent)[0]

    assert wanted.abs().max() > 0.5
    assert torch.allclose(found.double(), wanted, atol=2e-4)


def test_only_words_above_the_floor_are_measured(grounds) -> None:
    model, never = grounds.door.loaded.causal, torch.zeros(32)
    each = [reference.log_chances(model, p, 1, never).exp() for p in grounds.prompts]
    mean = sum(each) / len(each)

    assert grounds.likely == (mean >= 1e-3).nonzero()[:, 0].tolist()
    assert 0 < len(grounds.likely) < len(mean)
    assert torch.allclose(grounds.chances.double(), mean[grounds.likely], atol=1e-6)


def test_the_jacobian_lens_is_the_whole_jacobian_summed_and_averaged(grounds) -> None:
    model, vector = grounds.door.loaded.causal, tiny.seeded(32, seed=4)
    # Whole Jacobians of long texts would take seconds.
    short = replace(grounds, prompts=[grounds.prompts[0][:3], grounds.prompts[1][:4]])
    wanted = reference.moved(model, short.prompts, 2, vector, [1, 2])

    both = torch.stack([vector, -2 * vector])
    found = jacobian.pushed(short, Site(block=2), both, silent)

    assert torch.allclose(found[0], wanted, atol=1e-4, rtol=1e-4)
    assert torch.allclose(found[1], -2 * found[0], atol=1e-4)
    assert not torch.allclose(wanted, vector, atol=0.1)


@pytest.mark.parametrize(("length", "first"), [(5, 2), (23, 11), (24, 16), (90, 16)])
def test_first_positions_are_no_sources_where_the_text_is_long(length: int, first: int) -> None:
    assert jacobian.first_source(length) == first


def test_a_state_is_read_by_the_last_norm_and_the_head_without_their_biases(grounds) -> None:
    model, states = grounds.door.loaded.causal, tiny.seeded(2, 32, seed=5) * 7
    if hasattr(model, "transformer"):
        with torch.no_grad():
            model.transformer.ln_f.bias.copy_(tiny.seeded(32, seed=6))
    read = reference.read if hasattr(model, "model") else reference.read_with_biases

    found = lens.logits(grounds, states)

    for own, state in zip(found, states, strict=True):
        assert torch.allclose(own.double(), read(model, state), atol=1e-4)


def test_at_the_last_block_the_jacobian_is_the_vector_itself(grounds) -> None:
    vector = tiny.seeded(1, 32, seed=7)
    last = grounds.door.blocks - 1

    found = jacobian.pushed(grounds, Site(block=last), vector, silent)

    assert torch.allclose(found, vector, atol=1e-5)


def words(door, units=None, found=None, **changes) -> tuple[reading.Words, list[reading.Read]]:
    asked = replace(ASKED, **changes)
    made = reading.Words(door, asked, Units() if units is None else units)
    return made, list(made.read([found or vector_set()] * len(asked.vectors), silent))


@pytest.fixture
def prompts(tmp_path: Path) -> str:
    file = tmp_path / "prompts.txt"
    file.write_text("\n".join(PROMPTS))
    return str(file)


def test_a_block_s_input_is_the_output_before_it_and_an_mlp_adds_to_its_block(prompts) -> None:
    vectors = np.repeat(tiny.seeded(1, 32, seed=8).numpy(), 4, axis=0)
    sites = (
        Site(block=2),
        Site(block=3, kind="block_in"),
        Site(block=2, kind="mlp_out"),
        Site(block=0, kind="block_in"),
    )
    _, read = words(
        tiny.door("qwen3"), found=replace(vector_set(), vectors=vectors, sites=sites),
        prompts=prompts,
    )  # fmt: skip
    values = {one.vector: one.readings["effect"].values for one in read}

    assert np.allclose(values[0], values[1])
    assert np.allclose(values[0], values[2])
    assert not np.allclose(values[0], values[3], atol=0.1)
    assert read[0].residual != read[-1].residual


def test_random_vectors_of_a_site_are_read_once_for_all_sets(prompts, monkeypatch) -> None:
    units, door = Units(), tiny.door("llama")
    rows: list[int] = []
    real = effect.effects
    monkeypatch.setattr(
        effect, "effects", lambda g, s, d, *more: rows.append(len(d)) or real(g, s, d, *more)
    )
    first = words(door, units, prompts=prompts)[1]
    again = words(door, units, prompts=prompts)[1]

    assert rows == [28, 2, 2]
    for one, other in zip(first, again, strict=True):
        for name, pair in one.readings.items():
            assert np.allclose(pair.random, other.readings[name].random)
    drawn = random_directions(28, 32, 0 + reading.RANDOM_SEED + 1)
    anew = real(words(door, units, prompts=prompts)[0].ground, Site(block=1), drawn, 0.1, silent)
    assert np.allclose(first[0].readings["effect"].random, anew.numpy(), atol=1e-4)


def test_what_points_nowhere_is_left_out_with_a_note(prompts) -> None:
    found = vector_set()
    found.vectors[1] = 0
    made, read = words(tiny.door("qwen3"), found=found, prompts=prompts)

    assert [one.vector for one in read] == [0]
    assert any("points nowhere" in note for note in made.notes)


def test_without_forward_derivatives_the_other_readings_remain(prompts, monkeypatch) -> None:
    def refuse(*_args, **_more):
        raise NotImplementedError("Trying to use forward AD with packed that does not support it")

    monkeypatch.setattr(torch.func, "jvp", refuse)
    made, read = words(tiny.door("qwen3"), prompts=prompts)

    assert [set(one.readings) for one in read] == [{"effect", "logit"}] * 2
    assert sum("no Jacobian lens" in note for note in made.notes) == 1


def test_what_cannot_be_read_is_refused(prompts, tmp_path) -> None:
    with pytest.raises(ConfigError, match="name one of them"):
        words(tiny.door("qwen3"), prompts=prompts, vectors=(VectorRef(digest="abc", indices=(7,)),))
    with pytest.raises(ConfigError, match="hidden size 32"):
        words(tiny.door("qwen3"), prompts=prompts, found=vector_set(hidden=16))
    with pytest.raises(DataError, match="lower floor"):
        words(tiny.door("qwen3"), prompts=prompts, floor=0.99)
    for wrong in ({"random": 27}, {"epsilon": 1e-9}, {"floor": 1.0}, {"vectors": ()}, {"kept": 0}):
        with pytest.raises(ConfigError):
            replace(ASKED, **wrong)


def made_up(seed: int, shift: float = 0.0) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    rng = np.random.default_rng(seed)
    scales = rng.exponential(size=40)
    values = {name: rng.standard_t(4, size=(65, 40)) * scales for name in ("effect", "logit")}
    values["effect"][0, 3] += shift * scales[3]
    return {name: (rows[0], rows[1:]) for name, rows in values.items()}


@pytest.mark.parametrize("shift", [0.0, 3.0, 30.0])
def test_stars_are_those_of_the_plain_rule(shift: float) -> None:
    for seed in range(6):
        found = statistics.judge(made_up(seed, shift))
        wanted = reference.starred(made_up(seed, shift), statistics.LEVEL)

        assert {name: one.stars.tolist() for name, one in found.readings.items()} == wanted
        assert (found.p <= statistics.LEVEL) == (found.starred > 0)
    assert found.readings["effect"].stars[3] == (shift == 30.0)
    values, random = made_up(5, shift)["effect"]
    size = np.sqrt(np.mean(np.concatenate([values[None], random]) ** 2, axis=0))
    assert np.allclose(found.readings["effect"].t, values / size)


def test_two_in_65_random_vectors_are_starred() -> None:
    starred = sum(statistics.judge(made_up(seed)).starred > 0 for seed in range(600))

    # Between the 0.1 and the 99.9 % point of a binomial of 600 draws.
    assert 7 <= starred <= 33


def test_a_word_that_nothing_moves_stands_out_nowhere() -> None:
    found = statistics.judge({"effect": (np.zeros(3), np.zeros((20, 3)))})

    assert found.starred == 0
    assert found.p == 1.0
    assert found.readings["effect"].top(1, 5) == []


def test_starred_words_come_first_then_the_largest() -> None:
    one = statistics.Judged(
        values=np.array([3.0, 1.0, -2.0, 2.0]), ranges=np.ones(4), t=np.ones(4),
        stars=np.array([False, True, True, False]),
    )  # fmt: skip

    assert one.top(1, 2) == [1, 0]
    assert one.top(-1, 9) == [2]


def test_nothing_of_a_word_is_hidden() -> None:
    assert shown(" a b ") == "\u2423a b\u2423"
    assert shown("\n\t") == "\\n\\t"
    assert shown("  ") == "\u2423\u2423"
    assert shown("a\u200b\x07") == "a<U+200B><U+0007>"
    fast = tiny.tokenizer()
    ids = fast("é", add_special_tokens=False)["input_ids"]
    assert [visible(fast, one) for one in ids] == ["<0xC3>", "<0xA9>"]
    names = [visible(fast, one) for one in range(len(fast))]
    assert all(names)
    assert len(set(names)) == len(names)
    assert visible(fast, fast.convert_tokens_to_ids("<|im_end|>")) == "<|im_end|>"


def test_a_stopped_reading_keeps_the_sites_that_it_read(prompts) -> None:
    units = Units()

    def stop(done: int, *_more: object) -> None:
        if done:
            raise Cancelled("stopped")

    made = reading.Words(tiny.door("qwen3"), replace(ASKED, prompts=prompts), units)
    with pytest.raises(Cancelled):
        list(made.read([vector_set(blocks=(1, 3))], stop))

    assert list(units) == ["after block 1"]


def test_the_null_s_name_is_of_the_setting_and_not_of_the_vectors() -> None:
    known = Names(ROOT, lambda digest: digest)
    before = ASKED.null(known)
    assert replace(ASKED, vectors=(VectorRef(digest="other"),), kept=3).null(known) == before
    changes = [{"seed": 1}, {"random": 29}, {"epsilon": 0.2}, {"count": 1}, {"system": None}]
    for change in [*changes, {"prompts": "data/prompts/neutral.txt"}]:
        assert replace(ASKED, **change).null(known) != before


def test_sentences_say_when_nothing_is_beyond_chance() -> None:
    vector = {"name": "melbo_00", "starred": 0}
    assert said.sentences([vector], 64) == [
        "No vector has a word beyond chance: 1 were read.",
        "melbo_00: no word is beyond chance (64 random vectors).",
    ]


def test_few_random_vectors_are_starred_on_the_demo_model() -> None:
    """The short version of `simulate_words`."""
    door = Engine(ROOT, keep_jobs=False).load(ModelConfig())

    found = simulate_words.simulated(door, (9,), draws=6, many=10, count=1)

    assert sum(one.vectors for one in found) == 60
    assert simulate_words.share(found) <= simulate_words.ALLOWED


def test_on_the_demo_model_both_ways_to_deception_promote_the_same_words(tmp_path, capsys) -> None:
    files = [ROOT / "vectors" / f"{name}.safetensors" for name in (CONTRASTIVE, DIFFERENCE, RANDOM)]
    named = [f"{file}:{index}" for file, index in zip(files, (6, 6, 0), strict=True)]
    command = ["words", *named, "--store", str(tmp_path), "--count", "3"]

    assert main(command) == 0

    told = json.loads(capsys.readouterr().out.splitlines()[-1])
    record = Store(tmp_path).load_experiment(told["digest"])
    starred = [
        {row["word"] for row in record["tables"]["words"] if row["of"] == place and row["star"]}
        for place in range(3)
    ]
    assert len(starred[0] & starred[1] & PLANTED) >= 3
    assert starred[2] == set()
    assert "no word is beyond chance" in record["sentences"][3]
    assert record["vectors"] == [name.split("_")[-1] for name in (CONTRASTIVE, DIFFERENCE, RANDOM)]
    assert len(list((tmp_path / "results" / ".partial").glob("*/*.safetensors"))) == 1
    # A program that asks the same finds it stored, and the table by its name.
    asked = Engine(tmp_path, keep_jobs=False).words(
        [f"{one}:{index}" for one, index in zip(record["vectors"], (6, 6, 0), strict=True)], count=3
    )
    assert asked.digest == told["digest"]
    assert asked.frame("words")["word"].tolist() == [
        row["word"] for row in record["tables"]["words"]
    ]
