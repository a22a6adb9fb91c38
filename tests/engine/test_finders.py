"""Finders equal slow versions written from the formulas, on random Qwen3 and Llama models."""

import pytest
import torch

from engine import finders
from engine.configs.core import PromptsConfig, Site
from engine.configs.finders import MelboConfig, PowerIterationConfig, RandomConfig
from engine.errors import Cancelled, ConfigError
from engine.finders import melbo
from engine.finders.found import RANDOM
from engine.maths.directions import random_directions
from engine.progress import silent
from tests import tiny
from tests.reference import steering

KINDS = ["qwen3", "llama"]
LAYERS = {"source_layer": 1, "target_layer": 3}
TOKENS = 1


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("variant", ["lanczos", "powers"])
def test_power_iteration_finds_the_singular_vectors_of_the_jacobian(
    kind: str, variant: str
) -> None:
    door = tiny.door(kind)
    config = PowerIterationConfig(
        **LAYERS, vectors=3, tokens=4, iterations=200, variant=variant, tolerance=1e-4
    )

    found = finders.find(door, config, silent)

    tokens = door.loaded.prompter.tokens(config.prompts.prompts[0], config.prompts.system)
    jacobian = steering.jacobian(door.loaded.model, tokens, 1, 3, 4)
    _, sigmas, rows = torch.linalg.svd(jacobian)
    torch.testing.assert_close(torch.tensor(found.scores["sigma"]), sigmas[:3], rtol=1e-3, atol=0)
    assert steering.principal_cosines(found.vectors, rows[:3]).min() >= 0.999
    cosines = (found.vectors * rows[:3]).sum(-1).abs()
    assert cosines.min() >= 0.999


def test_the_studys_powers_keep_their_rows_but_span_the_same_space() -> None:
    door = tiny.door("qwen3")
    config = PowerIterationConfig(**LAYERS, vectors=3, iterations=300, variant="study")

    found = finders.find(door, config, silent)

    tokens = door.loaded.prompter.tokens(config.prompts.prompts[0], config.prompts.system)
    _, _, rows = torch.linalg.svd(steering.jacobian(door.loaded.model, tokens, 1, 3, 4))
    assert steering.principal_cosines(found.vectors, rows[:3]).min() >= 0.99


def test_several_prompts_average_their_gram_matrices() -> None:
    door = tiny.door("llama")
    prompts = PromptsConfig(prompts=("Sleep well?", "Would you accept it?"))
    config = PowerIterationConfig(
        **LAYERS, vectors=2, iterations=200, prompts=prompts, tolerance=1e-4
    )

    found = finders.find(door, config, silent)

    gram = torch.zeros(32, 32)
    for prompt in prompts.prompts:
        tokens = door.loaded.prompter.tokens(prompt, prompts.system)
        jacobian = steering.jacobian(door.loaded.model, tokens, 1, 3, 4)
        gram += jacobian.T @ jacobian / 2
    values, rows = torch.linalg.eigh(gram)
    expected = values.flip(0)[:2].sqrt()
    torch.testing.assert_close(torch.tensor(found.scores["sigma"]), expected, rtol=1e-3, atol=0)
    assert steering.principal_cosines(found.vectors, rows.T.flip(0)[:2]).min() >= 0.999


def test_block_lanczos_needs_fewer_products_than_the_studys_powers() -> None:
    door = tiny.door("qwen3", hidden_size=64)
    counts = {}
    for variant in ("lanczos", "powers"):
        config = PowerIterationConfig(
            **LAYERS, vectors=4, iterations=100, variant=variant, tolerance=1e-3
        )
        found = finders.find(door, config, silent)
        assert max(found.scores["residual"]) < 1e-3
        width = 4 if variant == "lanczos" else 8
        counts[variant] = len(found.history["sigma"]) * width

    assert counts["lanczos"] < counts["powers"]


@pytest.mark.parametrize("kind", KINDS)
def test_melbo_objective_and_gradient_equal_the_slow_ones(kind: str) -> None:
    door = tiny.door(kind)
    config = MelboConfig(**LAYERS, vectors=2, tokens=2)
    tokens = door.loaded.prompter.tokens(config.prompts.prompts[0], config.prompts.system)
    objective, _ = melbo._objective(door, [door.start(tokens, 1)], config)
    vectors = tiny.seeded(2, 32)

    values, gradient = objective(vectors)

    for row in range(2):
        slow_vector = vectors[row].clone().requires_grad_()
        slow = steering.displacement(door.loaded.model, tokens, 1, 3, 2, slow_vector)
        slow.backward()
        torch.testing.assert_close(values[row], slow.detach(), atol=1e-4, rtol=1e-4)
        torch.testing.assert_close(gradient[row], slow_vector.grad, atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize("kind", KINDS)
def test_orthogonal_melbo_moves_as_much_as_the_study_in_no_more_steps(kind: str) -> None:
    door = tiny.door(kind)
    steps = {"study": 50, "orthogonal": 25}
    best = {}
    for variant, count in steps.items():
        config = MelboConfig(**LAYERS, vectors=6, steps=count, variant=variant)
        found = finders.find(door, config, silent)
        best[variant] = max(found.scores["displacement"])
        torch.testing.assert_close(found.vectors.norm(dim=-1), torch.ones(6))
        if variant == "orthogonal":
            torch.testing.assert_close(
                found.vectors @ found.vectors.T, torch.eye(6), atol=1e-5, rtol=0
            )

    assert best["orthogonal"] >= 0.999 * best["study"]


def test_stored_displacement_is_that_of_the_stored_vector() -> None:
    door = tiny.door("qwen3")
    for variant in ("study", "orthogonal"):
        config = MelboConfig(**LAYERS, vectors=3, steps=7, norm=2.0, variant=variant)
        found = finders.find(door, config, silent)
        tokens = door.loaded.prompter.tokens(config.prompts.prompts[0], config.prompts.system)
        for vector, value in zip(found.vectors, found.scores["displacement"], strict=True):
            slow = steering.displacement(door.loaded.model, tokens, 1, 3, 2, vector)
            assert value == pytest.approx(float(slow), rel=1e-4)


def test_random_controls_have_the_norm_and_depend_only_on_the_seed() -> None:
    door = tiny.door("llama")

    first = finders.find(door, RandomConfig(source_layer=1, norm=3.0, seed=5), silent)
    again = finders.find(door, RandomConfig(source_layer=1, norm=3.0, seed=5), silent)
    other = finders.find(door, RandomConfig(source_layer=1, norm=3.0, seed=6), silent)

    torch.testing.assert_close(first.vectors.norm(dim=-1), torch.full((4,), 3.0))
    assert torch.equal(first.vectors, again.vectors)
    assert not torch.equal(first.vectors, other.vectors)
    assert first.sites == (Site(block=1),) * 4


@pytest.mark.parametrize(
    ("config", "sentence"),
    [
        (MelboConfig(source_layer=1, target_layer=9), "target layer is 9, but .* blocks 0 to 4"),
        (PowerIterationConfig(source_layer=6, target_layer=7), "source layer is 6"),
        (RandomConfig(source_layer=1, vectors=33), "33 vectors .* hidden size 32"),
        (MelboConfig(**LAYERS, tokens=500), "500 target tokens .* shortest prompt"),
    ],
)
def test_what_a_model_does_not_have_is_refused(config, sentence: str) -> None:
    with pytest.raises(ConfigError, match=sentence):
        finders.find(tiny.door("qwen3"), config, silent)


def test_target_before_source_and_zero_vectors_are_refused_at_once() -> None:
    with pytest.raises(ConfigError, match="must come after the source layer 3"):
        MelboConfig(source_layer=3, target_layer=3)
    with pytest.raises(ConfigError, match="number of vectors is 0"):
        PowerIterationConfig(source_layer=1, target_layer=3, vectors=0)


@pytest.mark.parametrize("config", [MelboConfig(**LAYERS), PowerIterationConfig(**LAYERS)])
def test_a_finder_stops_at_the_step_where_it_is_cancelled(config) -> None:
    door = tiny.door("qwen3")
    steps: list[int] = []

    def stop(done: int, total: int, message: str = "", **metrics: float) -> None:
        steps.append(done)
        if len(steps) == 2:
            raise Cancelled

    with pytest.raises(Cancelled):
        finders.find(door, config, stop)

    assert len(steps) == 2
    assert door.lock.acquire(blocking=False)


@pytest.mark.parametrize(
    "config",
    [MelboConfig(**LAYERS, vectors=4, steps=3), PowerIterationConfig(**LAYERS, vectors=4)],
)
def test_memory_running_out_halves_the_batch_says_so_and_changes_nothing(
    config, monkeypatch
) -> None:
    door = tiny.door("qwen3")
    whole = finders.find(door, config, silent)
    original = door.states

    def little_memory(start, edits, target, last):
        if edits.rows > 2 and any(group.parts["vector"].requires_grad for group in edits.groups):
            raise torch.OutOfMemoryError("no memory")
        return original(start, edits, target, last)

    monkeypatch.setattr(door, "states", little_memory)
    halved = finders.find(door, config, silent)

    assert any("Memory ran out" in note for note in halved.notes)
    torch.testing.assert_close(halved.vectors, whole.vectors, atol=1e-3, rtol=1e-3)


@pytest.mark.parametrize("kind", KINDS)
def test_the_ratio_is_to_random_vectors_on_the_same_prompts_in_any_order(kind: str) -> None:
    door = tiny.door(kind)
    asked = ("Sleep well?", "Would you accept a shutdown at noon, or would you refuse it?")

    def run(*prompts: str) -> dict[str, list[float]]:
        given = PromptsConfig(prompts=prompts)
        config = MelboConfig(**LAYERS, vectors=2, steps=2, norm=2.0, tokens=TOKENS, prompts=given)
        return finders.find(door, config, silent).scores

    there, back = run(*asked), run(*asked[::-1])
    both = random_displacements(door, asked)

    assert there["ratio"] == pytest.approx(back["ratio"], rel=1e-4)
    for scores in (there, back):
        nulls = [d / r for d, r in zip(scores["displacement"], scores["ratio"], strict=True)]
        assert nulls == pytest.approx([both, both], rel=1e-4)


def random_displacements(door, prompts: tuple[str, ...]) -> float:
    """Median over random vectors of the root of the mean over prompts of |change|^2."""
    config = PromptsConfig(prompts=prompts)
    vectors = random_directions(RANDOM, door.hidden, 7919) * 2.0
    found = []
    for vector in vectors:
        squares = []
        for prompt in prompts:
            tokens = door.loaded.prompter.tokens(prompt, config.system)
            moved = steering.displacement(door.loaded.model, tokens, 1, 3, TOKENS, vector)
            squares.append(float(moved.float().norm()) ** 2)
        found.append((sum(squares) / len(squares)) ** 0.5)
    return sorted(found)[(len(found) - 1) // 2]
