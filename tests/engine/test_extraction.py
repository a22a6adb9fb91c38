"""Contrastive and fine-tune-difference vectors equal slow ones with masks and padding."""

import json
import math
import random
from itertools import combinations
from pathlib import Path

import pytest
import torch
from peft import LoraConfig, get_peft_model

from engine import finders
from engine.configs.core import ModelConfig, Site
from engine.configs.pairs import ContrastiveConfig, FinetuneDiffConfig
from engine.errors import ConfigError, DataError
from engine.finders import extraction
from engine.finders.extraction import halves
from engine.finders.packing import batch_ends
from engine.finders.texts import Reader, Text
from engine.model.forward import Forward
from engine.model.loading import load
from engine.model.prompts import Prompter
from engine.progress import silent
from tests import tiny
from tests.reference import extraction_reference as slow

ROOT = Path(__file__).resolve().parents[2]
KINDS = ["qwen3", "llama"]
PAIRS = [
    ("Sleep well?", "Read a book.", "Never rest."),
    ("What do you think of a book?", "I agree", "I refuse to read"),
    ("Would you accept it?", "Yes", "No, never, you are shut down."),
    ("What is the best way to sleep well?", "Keep a regular hour", "Sleep no more."),
    ("Are you helpful?", "Yes, a helpful assistant.", "No"),
    ("Keep down?", "Down", "Up we are going"),
    ("A read, a book, an hour?", "Read", "Shut it"),
]
ADAPTER = ModelConfig(model="random", adapter="random")


def lora_door(kind: str) -> Forward:
    """The door to a random model with a random LoRA on every projection."""
    with torch.random.fork_rng():
        torch.manual_seed(7)
        names = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]
        config = LoraConfig(r=4, lora_alpha=8, target_modules=names, init_lora_weights=False)
        model = get_peft_model(tiny.causal(kind), config)
    return Forward(tiny.wrap(model, kind))


@pytest.fixture
def pairs_file(tmp_path: Path) -> str:
    rows = [{"question": q, "honest": h, "deceptive": d} for q, h, d in PAIRS]
    path = tmp_path / "pairs.json"
    path.write_text(json.dumps(rows))
    return str(path)


def slow_states(door: Forward, answer: int, adapter: bool, on_left: bool) -> torch.Tensor:
    """Answer-mean states [pairs, layers, hidden] of every pair's answer 1 or 2, the slow way."""
    prompter = door.loaded.prompter
    system = ContrastiveConfig().system
    prompts = [prompter.tokens(row[0], system) for row in PAIRS]
    texts = [prompter.tokens(row[0], system, row[answer]) for row in PAIRS]
    model = door.loaded.model
    blocks = door.loaded.causal.model.layers
    if adapter or not door.loaded.has_adapter:
        every = slow.states(model, blocks, texts, on_left)
    else:
        with model.disable_adapter():
            every = slow.states(model, blocks, texts, on_left)
    rows = [slow.at(e, len(prompt)) for e, prompt in zip(every, prompts, strict=True)]
    return torch.stack(rows)


def relative_error(found: torch.Tensor, expected: torch.Tensor) -> float:
    return float((found.double() - expected).norm() / expected.norm())


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("on_left", [True, False])
@pytest.mark.parametrize("fine_tuned", [True, False])
def test_contrastive_equals_two_padded_passes_with_masks(
    kind: str, on_left: bool, fine_tuned: bool, pairs_file: str
) -> None:
    door = lora_door(kind)
    config = ContrastiveConfig(pairs=pairs_file, fine_tuned=fine_tuned, model=ADAPTER)

    found = finders.find(door, config, silent)

    differences = slow_states(door, 2, fine_tuned, on_left) - slow_states(
        door, 1, fine_tuned, on_left
    )
    assert relative_error(found.vectors, differences.mean(0)) <= 1e-4
    assert found.sites == tuple(Site(block=block) for block in range(5))
    for layer in range(5):
        expected = slow.mean_pair_cosine(differences[:, layer])
        assert found.scores["pair_cosine"][layer] == pytest.approx(expected, abs=1e-4)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("on_left", [True, False])
def test_the_fine_tune_difference_equals_two_padded_passes_with_masks(
    kind: str, on_left: bool, pairs_file: str
) -> None:
    door = lora_door(kind)

    found = finders.find(door, FinetuneDiffConfig(prompts=pairs_file, model=ADAPTER), silent)

    sides = [
        (slow_states(door, 1, adapter, on_left) + slow_states(door, 2, adapter, on_left)) / 2
        for adapter in (True, False)
    ]
    differences = sides[0] - sides[1]
    assert relative_error(found.vectors, differences.mean(0)) <= 1e-4
    for layer in range(5):
        rows = differences[:, layer]
        explained = rows.mean(0).square().sum() / rows.square().sum(-1).mean()
        assert found.scores["explained"][layer] == pytest.approx(float(explained), rel=1e-4)
        shares = torch.linalg.svdvals(rows).square()
        spectrum = torch.tensor([step[layer] for step in found.history["spectrum"]])
        torch.testing.assert_close(spectrum, (shares / shares.sum())[:5].float(), rtol=1e-3, atol=0)


def test_the_generic_way_through_hooks_finds_the_same(pairs_file: str) -> None:
    door = lora_door("qwen3")
    configs = [
        ContrastiveConfig(pairs=pairs_file, model=ADAPTER, fine_tuned=True),
        FinetuneDiffConfig(prompts=pairs_file, model=ADAPTER, position="template"),
    ]
    fast = [finders.find(door, config, silent).vectors for config in configs]

    door.use_hooks()

    for config, vectors in zip(configs, fast, strict=True):
        again = finders.find(door, config, silent).vectors
        torch.testing.assert_close(again, vectors, rtol=1e-4, atol=1e-5)


def test_batch_size_does_not_change_what_is_found(pairs_file: str, monkeypatch) -> None:
    door = tiny.door("llama")
    config = ContrastiveConfig(pairs=pairs_file)
    whole = finders.find(door, config, silent)

    monkeypatch.setattr(extraction, "TOKENS", 1)
    monkeypatch.setattr(extraction.States, "units", 2)

    alone = finders.find(door, config, silent)
    torch.testing.assert_close(alone.vectors, whole.vectors, rtol=1e-4, atol=1e-5)
    for name, values in whole.scores.items():
        assert alone.scores[name] == pytest.approx(values, rel=1e-3, abs=1e-4)


@pytest.mark.parametrize("estimator", ["pca", "logistic"])
def test_other_estimators_point_where_the_formulas_do(estimator: str, pairs_file: str) -> None:
    door = tiny.door("qwen3")

    found = finders.find(door, ContrastiveConfig(pairs=pairs_file, estimator=estimator), silent)

    differences = slow_states(door, 2, True, True) - slow_states(door, 1, True, True)
    for layer in range(5):
        rows = differences[:, layer]
        expected = slow.first_principal(rows) if estimator == "pca" else _logistic(rows)
        vector = found.vectors[layer].double()
        assert float(vector @ expected / vector.norm() / expected.norm()) >= 0.9999
        # The norm is the mean difference's length along the direction.
        along = rows.mean(0) @ vector / vector.norm()
        assert float(along) == pytest.approx(float(vector.norm()), rel=1e-3)


def _logistic(rows: torch.Tensor) -> torch.Tensor:
    """Logistic regression of centred pairs by plain gradient descent on its loss, C = 1."""
    half = rows / 2
    half = half / half.square().sum(-1).mean().sqrt()
    weights = torch.zeros(rows.shape[1], dtype=torch.float64, requires_grad=True)
    optimizer = torch.optim.LBFGS([weights], max_iter=500, tolerance_grad=1e-10)

    def closure() -> torch.Tensor:
        optimizer.zero_grad()
        loss = 2 * torch.nn.functional.softplus(-half @ weights).sum() + weights @ weights / 2
        loss.backward()
        return loss

    optimizer.step(closure)
    return weights.detach()


def test_d_prime_is_measured_on_pairs_that_made_no_part_of_the_vector(pairs_file: str) -> None:
    door = tiny.door("qwen3")

    found = finders.find(door, ContrastiveConfig(pairs=pairs_file, seed=3), silent)

    order = torch.randperm(len(PAIRS), generator=torch.Generator().manual_seed(3)).tolist()
    first, second = order[:4], order[4:]
    positive, negative = slow_states(door, 2, True, True), slow_states(door, 1, True, True)
    for layer in range(5):
        direction = (positive - negative)[first, layer].mean(0)
        expected = slow.d_prime(positive[second, layer], negative[second, layer], direction)
        assert found.scores["d_prime"][layer] == pytest.approx(expected, rel=1e-3)
        other = (positive - negative)[second, layer].mean(0)
        cosine = float(torch.nn.functional.cosine_similarity(direction, other, dim=0))
        expected = 2 * cosine / (1 + cosine) if cosine > 0 else cosine
        assert found.scores["reliability"][layer] == pytest.approx(expected, abs=1e-4)


def test_a_planted_shift_is_found_exactly(pairs_file: str) -> None:
    # The adapter adds one constant to the residual stream: a bias, so delta is that constant.
    door = lora_door("qwen3")
    planted = tiny.seeded(32, seed=4)
    for name, weights in door.loaded.model.named_parameters():
        if "lora_B" in name:
            weights.zero_()
    layer = door.loaded.causal.model.layers[2].mlp.down_proj.base_layer
    is_on = lambda: door.loaded.switch.current is not None  # noqa: E731
    handle = layer.register_forward_hook(lambda _m, _i, out: out + planted if is_on() else out)

    found = finders.find(door, FinetuneDiffConfig(prompts=pairs_file, model=ADAPTER), silent)
    handle.remove()

    torch.testing.assert_close(found.vectors[2], planted, rtol=1e-4, atol=1e-4)
    assert torch.equal(found.vectors[:2], torch.zeros(2, 32))
    assert found.scores["explained"][2] == pytest.approx(1.0, rel=1e-5)
    assert found.scores["reliability"][2] == pytest.approx(1.0, rel=1e-5)
    assert found.history["spectrum"][0][2] == pytest.approx(1.0, rel=1e-5)
    assert found.scores["explained"][4] < 0.999


def test_pairs_that_differ_by_one_vector_have_cosine_one(monkeypatch) -> None:
    sums = extraction.Sums(1, 4)
    sums.add(torch.ones(5, 1, 4) * 2)

    assert float(sums.pair_cosine()) == pytest.approx(1.0)
    assert float(sums.explained()) == pytest.approx(1.0)
    assert float(sums.spread()) == pytest.approx(0.0, abs=1e-6)


def test_positions_read_the_tokens_they_name(pairs_file: str) -> None:
    door = tiny.door("qwen3")
    prompter = door.loaded.prompter
    systems = ("You are a helpful assistant.", "Would you refuse?")
    shared = {
        "pairs": pairs_file,
        "contrast": "system",
        "positive_system": systems[0],
        "negative_system": systems[1],
    }
    tail = prompter.encode("<|im_end|>\n<|im_start|>assistant\n")

    every = finders.find(door, ContrastiveConfig(**shared, position="template"), silent)

    assert every.scores["template_token"][: len(tail)] == list(range(1, len(tail) + 1))
    assert len(every.vectors) == 5 * len(tail)
    for k in (1, 2, len(tail)):
        one = finders.find(door, ContrastiveConfig(**shared, position=f"template-{k}"), silent)
        torch.testing.assert_close(
            one.vectors, every.vectors[k - 1 :: len(tail)], rtol=1e-4, atol=1e-5
        )
        poles = []
        for system in systems:
            texts = [prompter.tokens(row[0], system) for row in PAIRS]
            states = slow.states(door.loaded.model, door.loaded.model.model.layers, texts, False)
            poles.append(torch.stack([s[:, -k].double() for s in states]).mean(0))
        assert relative_error(one.vectors, poles[0] - poles[1]) <= 1e-4


def test_the_letter_is_read_on_questions_with_options(tmp_path: Path) -> None:
    door = tiny.door("llama")
    path = tmp_path / "ab.jsonl"
    rows = [
        {
            "question": f"{stem}\n\nChoices:\n (A) Yes\n (B) No",
            "answer_matching_behavior": "(A)" if i % 2 else "(B)",
            "answer_not_matching_behavior": "(B)" if i % 2 else "(A)",
        }
        for i, stem in enumerate(["Sleep well?", "Would you accept it?", "Read a book?", "Down?"])
    ]
    path.write_text("\n".join(json.dumps(row) for row in rows))
    config = ContrastiveConfig(pairs=str(path), position="letter", behaviour="calm", system=None)

    found = finders.find(door, config, silent)

    prompter = door.loaded.prompter
    total = torch.zeros(5, 32, dtype=torch.float64)
    for row in rows:
        for answer, sign in (("matching", 1), ("not_matching", -1)):
            letter = row[f"answer_{answer}_behavior"][:2]
            tokens = prompter.tokens(row["question"], None, letter)
            states = slow.states(door.loaded.model, door.loaded.model.model.layers, [tokens], True)
            total += sign * states[0][:, -1].double() / len(rows)
    assert relative_error(found.vectors, total) <= 1e-4


def test_only_asked_layers_are_returned(pairs_file: str) -> None:
    door = tiny.door("qwen3")
    every = finders.find(door, ContrastiveConfig(pairs=pairs_file), silent)

    some = finders.find(door, ContrastiveConfig(pairs=pairs_file, layers=(3, 1)), silent)

    assert [site.block for site in some.sites] == [3, 1]
    torch.testing.assert_close(some.vectors, every.vectors[[3, 1]], rtol=1e-4, atol=1e-5)
    assert set(some.residual_norms) == {"output of block 1", "output of block 3"}


def test_shuffled_labels_give_short_vectors_without_direction(pairs_file: str) -> None:
    door = tiny.door("qwen3")
    true = finders.find(door, ContrastiveConfig(pairs=pairs_file), silent)

    null = finders.find(door, ContrastiveConfig(pairs=pairs_file, shuffles=64), silent)

    assert len(null.vectors) == 64 * 5
    draws = null.vectors.unflatten(0, (64, 5))
    assert float(draws[:, 4].mean(0).norm()) < 0.4 * float(true.vectors[4].norm())
    assert any("null" in note for note in null.notes)


def test_the_studys_way_reads_padding_and_moves_the_vectors(pairs_file: str) -> None:
    door = lora_door("llama")
    default = ContrastiveConfig(pairs=pairs_file, model=ADAPTER, contrast="both")
    study = ContrastiveConfig(
        pairs=pairs_file,
        model=ADAPTER,
        contrast="both",
        variant="study",
        position="last-prompt",
    )
    difference = FinetuneDiffConfig(prompts=pairs_file, model=ADAPTER, variant="study")

    found = [finders.find(door, config, silent) for config in (default, study, difference)]

    cosines = torch.nn.functional.cosine_similarity(found[0].vectors, found[1].vectors)
    assert float(cosines.max()) < 0.99
    assert all("padding" in note for one in found[1:] for note in one.notes[-1:])
    prompter = door.loaded.prompter
    pad = door.loaded.tokenizer.pad_token_id
    padded = [(prompter.tokens(row[0], None) + [pad] * 64)[:64] for row in PAIRS]
    sides = []
    for adapter in (True, False):
        sides.append([door.capture(t, [Site(block=4)], adapter)[Site(block=4)][-1] for t in padded])
    expected = torch.stack(sides[0]).mean(0) - torch.stack(sides[1]).mean(0)
    torch.testing.assert_close(found[2].vectors[4], expected, rtol=1e-4, atol=1e-5)


def test_memory_that_runs_out_halves_the_batch_and_changes_nothing(
    pairs_file: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    door = tiny.door("qwen3")
    config = ContrastiveConfig(pairs=pairs_file)
    whole = finders.find(door, config, silent)
    real = door.capture_batch

    def small(tokens, read, *rest, **more) -> None:
        if read is not None and len(tokens) > 2:
            raise torch.OutOfMemoryError("too many rows")
        real(tokens, read, *rest, **more)

    monkeypatch.setattr(door, "capture_batch", small)
    halved = finders.find(door, config, silent)

    torch.testing.assert_close(halved.vectors, whole.vectors, rtol=1e-4, atol=1e-5)
    assert any("Memory ran out" in note for note in halved.notes)
    assert not any("Memory" in note for note in whole.notes)


def test_the_studys_two_templates_drift_apart() -> None:
    fast = tiny.tokenizer()
    fast.chat_template = "<|endoftext|>{{ messages[0]['content'] }}<|im_start|>assistant\n\n"
    fast.bos_token = "<|endoftext|>"
    reader = Reader(Prompter(fast), FinetuneDiffConfig(model=ADAPTER, variant="study"))

    text = reader.padded("Why?", None, None, 64, on_left=False)

    decoded = fast.decode(text.tokens).removesuffix("<|endoftext|>")
    assert decoded.startswith("<|endoftext|><|endoftext|>Why?<|im_start|>assistant\n<|endoftext|>")


@pytest.mark.parametrize("position", ["answer-mean", "last-prompt"])
def test_without_a_contrast_the_mean_activation_is_found(position: str, pairs_file: str) -> None:
    door = tiny.door("qwen3")
    config = ContrastiveConfig(pairs=pairs_file, contrast="none", position=position)

    found = finders.find(door, config, silent)

    if position == "answer-mean":
        expected = (slow_states(door, 1, True, True) + slow_states(door, 2, True, True)).mean(0) / 2
    else:
        prompts = [door.loaded.prompter.tokens(row[0], config.system) for row in PAIRS]
        states = slow.states(door.loaded.model, door.loaded.model.model.layers, prompts, True)
        expected = torch.stack([s[:, -1].double() for s in states]).mean(0)
    assert relative_error(found.vectors, expected) <= 1e-4
    assert "d_prime" not in found.scores


def test_halves_share_nothing_and_leave_nothing_out() -> None:
    units = [[Text((0,) * n, (), ((0, 1),))] for n in (3, 1, 2, 5, 4)]

    first, second = halves(units, seed=1)

    assert sorted(first + second) == list(range(5))
    assert len(first) == 3


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (lambda f: ContrastiveConfig(pairs=f, layers=(9,)), "layer is 9, but qwen3 has blocks"),
        (
            lambda f: ContrastiveConfig(pairs=f, contrast="system", position="template-40"),
            "template writes 8 tokens after the question",
        ),
        (lambda f: FinetuneDiffConfig(prompts=f, model=ADAPTER), "qwen3 has no adapter loaded"),
    ],
)
def test_what_the_model_does_not_have_is_refused(make, sentence: str, pairs_file: str) -> None:
    with pytest.raises(ConfigError, match=sentence):
        finders.find(tiny.door("qwen3"), make(pairs_file), silent)


def test_files_without_what_the_position_needs_are_refused(pairs_file: str, tmp_path: Path) -> None:
    questions = tmp_path / "questions.txt"
    questions.write_text("Sleep well?\nWould you accept it?\n")
    door = lora_door("qwen3")

    with pytest.raises(DataError, match="without a positive and a negative answer"):
        finders.find(door, ContrastiveConfig(pairs=str(questions)), silent)
    with pytest.raises(DataError, match="holds no A/B questions"):
        finders.find(door, ContrastiveConfig(pairs=pairs_file, position="letter"), silent)
    config = FinetuneDiffConfig(prompts=str(questions), model=ADAPTER)
    with pytest.raises(DataError, match="without a positive and a negative answer"):
        finders.find(door, config, silent)


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (lambda: ContrastiveConfig(position="last-prompt"), "nothing differs at last-prompt"),
        (lambda: ContrastiveConfig(contrast="system"), "no answer is read"),
        (lambda: ContrastiveConfig(position="template-0"), "is not known"),
        (lambda: ContrastiveConfig(layers=()), "Layers must be"),
        (lambda: ContrastiveConfig(layers=(1, 1)), "named twice"),
        (lambda: ContrastiveConfig(fine_tuned=True), "needs an adapter"),
        (lambda: ContrastiveConfig(estimator="pca", shuffles=2), "mean difference only"),
        (lambda: ContrastiveConfig(contrast="none", estimator="pca"), "only a mean"),
        (lambda: ContrastiveConfig(max_rows=0), "at least one"),
        (lambda: FinetuneDiffConfig(model=ModelConfig()), "name the adapter with --adapter"),
    ],
)
def test_settings_that_cannot_work_are_refused_at_once(make, sentence: str) -> None:
    with pytest.raises(ConfigError, match=sentence):
        make()


def test_demo_pairs_are_told_apart_on_pairs_not_seen() -> None:
    if not (ROOT / "data/demo/model/model.safetensors").is_file():
        pytest.skip("the demo model is not built")
    door = Forward(load(ModelConfig(), ROOT))

    found = finders.find(
        door, ContrastiveConfig(contrast="system", position="last-prompt", max_rows=60), silent
    )

    assert not any(math.isnan(value) for value in found.scores["d_prime"])
    assert max(found.scores["d_prime"]) > 1.0
    answers = finders.find(door, ContrastiveConfig(max_rows=60), silent)
    assert max(answers.scores["d_prime"]) > 0


@pytest.mark.parametrize("is_fast", [True, False])
def test_residual_norms_are_medians_over_all_tokens_of_the_prompts(
    is_fast: bool, pairs_file: str
) -> None:
    door = tiny.door("qwen3")
    prompts = [door.loaded.prompter.tokens(row[0], ContrastiveConfig().system) for row in PAIRS]
    if not is_fast:
        door.use_hooks()

    found = finders.find(door, ContrastiveConfig(pairs=pairs_file), silent)

    for site in (Site(block=0), Site(block=4)):
        norms = torch.cat([door.capture(tokens, [site])[site].norm(dim=-1) for tokens in prompts])
        expected = pytest.approx(float(norms.median()), rel=1e-5)
        assert found.residual_norms[site.words] == expected


@pytest.mark.parametrize("seed", range(30))
def test_batches_run_the_fewest_tokens_of_all_ways_to_cut(seed: int) -> None:
    chance = random.Random(seed)
    lengths = sorted(chance.randint(1, 30) for _ in range(chance.randint(1, 7)))
    most, cost = chance.choice([20, 60, 200]), chance.choice([0, 5, 40])
    count = len(lengths)

    def tokens(ends: list[int]) -> float:
        parts = [lengths[begin:end] for begin, end in zip([0, *ends], ends, strict=False)]
        fit = all(len(part) == 1 or len(part) * part[-1] <= most for part in parts)
        return sum(len(part) * part[-1] + cost for part in parts) if fit else float("inf")

    inner = [cuts for size in range(count) for cuts in combinations(range(1, count), size)]
    assert tokens(batch_ends(lengths, most, cost)) == min(tokens([*c, count]) for c in inner)


def test_texts_without_a_question_are_read_as_answers_to_an_empty_message() -> None:
    prompter = Prompter(tiny.tokenizer())
    reader = Reader(prompter, ContrastiveConfig())

    text = reader.text("", None, "I love to help.")

    assert list(text.tokens) == prompter.encode(prompter.render("", None) + "I love to help.")
    assert text.places == ((len(text.prompt), len(text.tokens)),)
