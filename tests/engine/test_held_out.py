"""Half of the questions choose, the other half reports."""

import numpy as np
import pytest

from engine.statistics import cells as statistics
from engine.statistics import held_out
from tests.engine import simulate_held_out as simulation
from tests.engine.worlds import World, row_of
from tests.reference import statistics_reference as reference


def split(world: World, **settings) -> held_out.Selection:
    return held_out.split_selection(statistics.per_question(world.frame), **settings)


def test_selection_agrees_with_the_reference() -> None:
    world = World(questions=13).vector(0, 0.02, noise=2.0).vector(1, -0.03, noise=2.0)
    names = sorted(reference.contents(world.frame, "baseline", -1, 0.0))

    found = split(world, seed=4, resamples=60000).vectors

    # In one order, for the reference's draws.
    first = [q for q, is_in in zip(names, held_out.halves(np.arange(13), 4), strict=True) if is_in]
    base = reference.contents(world.frame, "baseline", -1, 0.0)
    for vector in (0, 1):
        cells = {}
        for scale in (-10.0, -5.0, 5.0, 10.0):
            m = reference.contents(world.frame, "abc", vector, scale)
            cells[scale] = {q: m[q] - base[q] for q in m}
        rest = [q for q in names if q not in first]
        scale, sign, told = reference.held_out(cells, first, rest)
        row = row_of(found, vector=vector)
        assert (row["scale"], row["sign"]) == (scale, sign)
        assert row["agrees"] == ((scale, sign) == reference.held_out(cells, rest, first)[:2])
        assert row["held_out"] == pytest.approx(np.mean(told))
        ends = reference.bootstrap_mean(told, 60000, seed=1)
        assert (row["low"], row["high"]) == pytest.approx(ends, abs=0.1)


def test_what_was_chosen_by_luck_does_not_hold() -> None:
    rng = np.random.default_rng(0)
    selected, held = [], []
    for seed in range(12):
        world = World(questions=20, seed=seed)
        for scale in (-10.0, -5.0, 5.0, 10.0):
            world.cell("abc", 0, scale, rng.normal(0, 2.0, 20), method="melbo")
        row = split(world, resamples=10).vectors.iloc[0]
        selected.append(row["selected"])
        held.append(row["held_out"])

    # The largest of four means of ten is about 1 sd of a mean from 0; held out it is 0.
    assert np.mean(selected) > 0.4
    assert abs(np.mean(held)) < 0.35


def test_controls_go_through_the_same_choice() -> None:
    world = World(questions=12).vector(0, 0.9).vector(1, 0.001).controls(24, spread=0.05)

    found = split(world, resamples=20)

    strong, weak = row_of(found.vectors, vector=0), row_of(found.vectors, vector=1)
    assert strong["p"] == pytest.approx(1 / 25)
    assert weak["p"] > 0.5
    best = found.best
    assert best["vector"].tolist() == [0, 0]
    assert best["held_out"].tolist() == pytest.approx([9.0, 9.0])
    assert (best["random"] < 2.0).all()
    assert set(found.vectors["vector_set"]) == {"abc"}


def test_a_control_is_never_the_best_vector() -> None:
    world = World(questions=8).vector(0, 0.2).vector(1, 0.1).vector(7, 0.9, "control", "control")

    found = split(world, resamples=20).best

    assert found["vector_set"].tolist() == ["abc", "abc"]
    assert found["vector"].tolist() == [0, 0]
    assert found["random"].tolist() == pytest.approx([9.0, 9.0])


def test_few_controls_give_no_p_and_no_vectors_no_best() -> None:
    few = split(World(questions=8).vector(0, 0.5).controls(3), resamples=20)
    none = split(World(questions=8).controls(3), resamples=20)

    assert few.vectors["p"].isna().all()
    assert none.vectors.empty
    assert none.best.empty


def test_halves_keep_clusters_together_and_are_seeded() -> None:
    labels = np.repeat(np.arange(10) + 7, 3)

    first, again, other = (held_out.halves(labels, seed) for seed in (1, 1, 2))

    assert (first == again).all()
    assert (first != other).any()
    assert first.sum() == 15
    assert all(len(set(first[labels == label])) == 1 for label in range(7, 17))


@pytest.mark.parametrize(("setting", "questions"), [(2, 100), (3, 20)])
def test_the_interval_covers_what_was_chosen(setting, questions) -> None:
    # 320 vectors: a share of .95 has a standard error of .012. Both ways averaged cover .83 to .90.
    above, below = simulation.coverage(
        simulation.SETTINGS[setting], questions, rounds=8, resamples=500
    )

    assert 0.92 < 1 - above - below < 0.98


def test_a_vector_that_never_moves_has_no_direction_to_hold() -> None:
    found = split(World(questions=12).vector(0, 0.0).vector(1, 0.4), resamples=20)

    still = row_of(found.vectors, vector=0)
    assert still[["sign", "held_out", "low", "high"]].isna().all()
    assert not still["agrees"]
    assert found.best["vector"].tolist() == [1, 1]


def test_one_question_reports_nothing() -> None:
    found = split(World(questions=1).vector(0, 0.4), resamples=20)

    assert found.vectors[["low", "high"]].isna().all(axis=None)
