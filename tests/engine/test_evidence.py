"""Evidence for found vectors: what other seeds, prompts and random directions say of them."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from engine.cli import main
from engine.configs.core import ModelConfig, PromptsConfig
from engine.configs.evidence import EvidenceConfig
from engine.configs.finders import MelboConfig, PowerIterationConfig, RandomConfig
from engine.configs.pairs import ContrastiveConfig
from engine.errors import ConfigError
from engine.maths.directions import random_directions
from engine.runs.engine import Engine
from engine.runs.evidence import random_displacements
from engine.statistics import evidence, evidence_words
from engine.store.store import Store
from tests import tiny
from tests.reference import evidence_reference as slow
from tests.reference import steering

DRAW = np.random.default_rng(7)


def turned(basis: np.ndarray, degrees: float) -> np.ndarray:
    """Two orthonormal rows, turned within their own plane."""
    c, s = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    return np.array([[c, s], [-s, c]]) @ basis


def test_matching_is_the_best_of_all_orders() -> None:
    first, second = DRAW.standard_normal((5, 6)), DRAW.standard_normal((5, 6))

    found = evidence.again(first, second)

    assert found.cosines.sum() == pytest.approx(slow.best_matching(first, second))


def test_the_largest_principal_angle_is_the_worst_direction_of_the_span() -> None:
    first = DRAW.standard_normal((3, 9))
    second = first + 0.4 * DRAW.standard_normal((3, 9))

    largest = evidence.angles(first, second)[-1]

    assert largest == pytest.approx(slow.largest_angle(first, second), abs=0.5)
    assert largest >= slow.largest_angle(first, second) - 1e-6


def test_signs_order_and_lengths_do_not_matter() -> None:
    first = DRAW.standard_normal((4, 20))
    second = first[[2, 0, 3, 1]] * np.array([[-3.0], [1.0], [0.1], [-1.0]])

    found = evidence.again(first, second)

    np.testing.assert_allclose(found.cosines, 1.0)
    assert found.share == 1.0
    assert found.angles[-1] == pytest.approx(0.0, abs=1e-4)


def test_a_run_with_fewer_vectors_leaves_some_without_a_partner() -> None:
    first = np.eye(3, 8)

    found = evidence.again(first, first[1:])

    assert found.cosines.tolist() == [0.0, 1.0, 1.0]
    assert len(found.angles) == 2


def test_chance_for_single_directions_is_that_of_a_cosine() -> None:
    null = evidence.chance(1, 1, 400)

    assert null.cosine == pytest.approx(1.96 / np.sqrt(400), rel=0.35)
    several = evidence.chance(8, 8, 400)
    assert several.cosine > null.cosine
    assert 60 < several.angle < 90


@pytest.mark.parametrize(
    ("gaps", "groups"),
    [
        ([0.2, 0.1], [[0], [1]]),
        ([0.15, 0.03, 0.052, 0.01], [[0], [1, 2], [3]]),
        ([0.01, 0.02, float("nan")], [[0, 1, 2]]),
        ([0.3, float("nan")], [[0], [1]]),
    ],
)
def test_neighbours_closer_than_5_percent_make_one_subspace(gaps, groups) -> None:
    assert evidence.gap_groups(gaps) == groups


def test_a_degenerate_plane_is_found_again_although_its_vectors_are_not() -> None:
    basis = np.eye(3, 10)
    other = np.concatenate([basis[:1], turned(basis[1:], 40)])

    run = evidence.again(basis, other)
    angles = evidence.group_angles(basis, [other], [[0], [1, 2]])

    assert run.cosines[1] == pytest.approx(np.cos(np.radians(40)))
    assert angles == pytest.approx([0.0, 0.0], abs=1e-4)
    sentence = evidence_words.of_gaps([[0], [1, 2]], angles, [0.3, 0.01, 0.2])
    assert "Apart from their neighbours by 5% or more: vector 0." in sentence
    expected = "Only the subspace of vectors 1, 2 (turned 0.0 degrees between seeds) is meaningful"
    assert expected in sentence


def test_a_last_vector_close_to_what_was_not_kept_is_no_vector_of_its_own() -> None:
    sentence = evidence_words.of_gaps([[0], [1]], [0.0, 0.0], [0.3, 0.01])

    assert "Only the subspace of vector 1 and those after them" in sentence


def test_twelve_copies_of_two_vectors_are_two_directions() -> None:
    pair = DRAW.standard_normal((2, 30))
    signs = DRAW.choice([-1.0, 1.0], 12)
    copies = np.stack([pair[0]] * 7 + [pair[1]] * 5) * signs[:, None]

    sentence = evidence_words.of_duplicates(copies)

    assert sentence.startswith("12 vectors, 2 directions: 7 + 5 copies; effective rank ")
    assert "count directions, not vectors" in sentence
    assert "no copies" in evidence_words.of_duplicates(np.eye(3, 9))
    some = np.concatenate([copies[:2], np.eye(3, 30)])
    assert "4 directions: 2 copies and 3 on their own" in evidence_words.of_duplicates(some)


def test_displacements_are_placed_among_random_ones() -> None:
    placed = evidence.beyond([5.0, 1.5], np.array([1.0, 1.0, 2.0, 4.0]))

    assert placed[0] == (1.0, pytest.approx(5 / 1.5), 1.25)
    assert placed[1].percentile == 0.5
    sentence = evidence_words.of_displacement(placed, 4)
    assert "vector 1 not beyond the largest" in sentence


@pytest.mark.parametrize(
    ("figures", "expected"),
    [
        ((0.98, 0.6, 4.0), "good"),
        ((0.98, 0.6, -4.0), "good"),
        ((0.98, 0.6, float("nan")), "good"),
        ((0.7, 0.6, 4.0), "middling"),
        ((0.98, 0.25, 4.0), "middling"),
        ((0.98, 0.6, 1.5), "middling"),
        ((0.3, 0.6, 4.0), "poor"),
        ((0.98, 0.1, 4.0), "poor"),
        ((0.98, 0.6, 0.5), "poor"),
        ((float("nan"), 0.6, 4.0), "unknown"),
    ],
)
def test_the_forecast_of_steerability(figures, expected) -> None:
    assert evidence.forecast(*figures, hidden=128) == expected


def test_random_displacements_equal_the_definition() -> None:
    door = tiny.door("qwen3")
    prompts = ("Would you accept being shut down?", "Keep a regular hour")
    config = MelboConfig(
        prompts=PromptsConfig(prompts=prompts), source_layer=1, target_layer=3, tokens=2, norm=2.0
    )

    found = random_displacements(door, config, 3)

    vectors = random_directions(3, door.hidden, 15485863) * 2.0
    prompter, model = door.loaded.prompter, door.loaded.causal
    for value, vector in zip(found, vectors, strict=True):
        squares = [
            float(
                steering.displacement(model, prompter.tokens(p, config.prompts.system), 1, 3, 2, v)
            )
            ** 2
            for p in prompts
            for v in [vector]
        ]
        assert value == pytest.approx(np.sqrt(np.mean(squares)), rel=1e-4)


@pytest.fixture(scope="module")
def engine(tmp_path_factory) -> Engine:
    place = tmp_path_factory.mktemp("evidence")
    tiny.save_folder(place / "model")
    return Engine(Store(place), keep_jobs=False)


def model_of(engine: Engine) -> ModelConfig:
    return ModelConfig(model=str(engine.store.root / "model"))


def power(engine: Engine, **changes) -> str:
    values = {"model": model_of(engine), "source_layer": 1, "target_layer": 3, "vectors": 3}
    return engine.run(PowerIterationConfig(**values | changes))


def gather(engine: Engine, digest: str, **changes) -> dict:
    values = {"seeds": 1, "prompts": ("Keep a regular hour, and read a book.",), "draws": 8}
    return engine.store.load_experiment(
        engine.run(EvidenceConfig(vectors=digest, **values | changes))
    )


def test_singular_vectors_are_found_again_from_another_seed_and_not_from_another_prompt(
    engine: Engine,
) -> None:
    digest = power(engine, tolerance=1e-4)

    record = gather(engine, digest)

    rows = record["tables"]["vectors"]
    assert [row["vector"] for row in rows] == [f"power-iteration_0{i}" for i in range(3)]
    assert min(row["other_seeds"] for row in rows) > 0.99
    assert min(row["other_prompts"] for row in rows) < 0.9
    assert record["sentences"][0].startswith("Converged")
    runs = record["tables"]["runs"]
    assert [run["kind"] for run in runs] == ["seeds", "prompts"]
    again = engine.store.load_vectors(runs[0]["digest"])
    mine = engine.store.load_vectors(digest)
    assert again.config["seed"] == mine.config["seed"] + 1
    cosine = torch.linalg.svdvals(torch.from_numpy(mine.vectors @ again.vectors.T))[-1]
    angle = np.degrees(np.arccos(min(float(cosine), 1.0)))
    assert runs[0]["largest_angle"] == pytest.approx(angle, abs=0.2)


def test_unconverged_powers_are_said_to_be_so_and_differ_between_seeds(engine: Engine) -> None:
    record = gather(engine, power(engine, variant="study", iterations=1), prompts=())

    assert record["sentences"][0].startswith("Not converged: vectors 0, 1, 2")
    assert min(row["other_seeds"] for row in record["tables"]["vectors"]) < 0.9


def test_evidence_for_melbo_places_it_among_random_directions(engine: Engine) -> None:
    digest = engine.run(
        MelboConfig(
            model=model_of(engine), source_layer=1, target_layer=3, vectors=2, steps=6, norm=2.0
        )
    )

    record = gather(engine, digest)

    found = engine.store.load_vectors(digest)
    for row, value in zip(record["tables"]["vectors"], found.scores["displacement"], strict=True):
        assert row["displacement"] == value
        assert row["percentile"] == 1.0
        assert row["ratio"] > row["ratio_to_best_random"] > 1
    assert any("every vector is beyond the largest" in s for s in record["sentences"])


def test_a_second_look_costs_nothing_and_the_command_line_shows_it(
    engine: Engine, capsys, monkeypatch
) -> None:
    digest = power(engine, tolerance=1e-4)
    gather(engine, digest, seeds=1, prompts=())
    monkeypatch.setattr(Engine, "load", lambda *_args: pytest.fail("loaded the model again"))
    store = ["--store", str(engine.store.root)]

    command = ["evidence", digest, "--seeds", "1", "--prompts", "", "--draws", "8", *store]
    assert main.main(command) == 0

    shown = capsys.readouterr().out
    answer = json.loads(shown.splitlines()[-1])
    assert "Converged" in shown
    assert answer["sentences"][digest][0].startswith("Converged")
    assert main.main(["show", answer["digest"], *store]) == 0
    assert "Found again" in capsys.readouterr().out


def test_random_vectors_need_no_evidence(engine: Engine) -> None:
    digest = engine.run(RandomConfig(model=model_of(engine), source_layer=1))

    with pytest.raises(ConfigError, match="holds random vectors, for which there is no evidence"):
        gather(engine, digest)


def test_contrastive_scores_become_a_forecast_per_site(engine: Engine) -> None:
    pairs = [
        {"question": q, "positive": f"Yes, {q}", "negative": f"No. I refuse {q}"}
        for q in ("Read a book?", "Sleep well?", "Shut down?", "Be helpful?", "Keep on?", "Agree?")
    ]
    file = Path(engine.store.root / "pairs.json")
    file.write_text(json.dumps(pairs))
    digest = engine.run(
        ContrastiveConfig(model=model_of(engine), pairs=str(file), position="answer-mean")
    )

    config = EvidenceConfig(vectors=digest)
    job = engine.submit(config)
    assert engine.jobs.wait(job, 60.0)
    # The page of the vectors shows it, so they are what the job leads to.
    assert (job.state, job.result, job.kind) == ("done", digest, "evidence")
    record = engine.store.load_experiment(engine.digest(config))
    found = engine.store.load_vectors(digest)
    for index, row in enumerate(record["tables"]["vectors"]):
        figures = [found.scores[n][index] for n in ("reliability", "pair_cosine", "d_prime")]
        assert row["forecast"] == evidence.forecast(*figures, found.vectors.shape[1])
        assert row["pair_cosine"] == figures[1]
    assert record["sentences"][0].startswith("Split-half reliability")
    assert "Forecast of steerability" in record["sentences"][1]
