"""What is planned for is found about as often as it says."""

import numpy as np
import pytest
import scipy.stats

from engine.statistics import cells, power
from engine.statistics.flips import mcnemar
from engine.statistics.power import Spread
from tests.engine.worlds import World

SPREAD = Spread(3.0, 1.2, 0.5, 0.3, "a test")
SWEEP = {"both_orders": True, "vectors": 24, "scales": 6, "controls": 64}


def test_the_planned_change_is_found_four_times_in_five() -> None:
    found = power.plan(100, SPREAD, **SWEEP)

    rng = np.random.default_rng(0)
    samples = rng.normal(found.change, SPREAD.change_sd, (4000, 100))
    z = samples.mean(axis=1) / (SPREAD.change_sd / 10)
    hits = 2 * scipy.stats.norm.sf(np.abs(z)) <= 0.05 / found.tests
    assert found.tests == 144
    assert hits.mean() == pytest.approx(0.8, abs=0.02)


@pytest.mark.parametrize(("questions", "alpha"), [(100, 0.05), (200, 0.05 / 144)])
def test_the_planned_share_of_flips_is_found_four_times_in_five(questions, alpha) -> None:
    share = power.one_way_flips(questions, alpha)

    flips = np.random.default_rng(0).binomial(questions, share, 4000)
    assert (mcnemar(flips, np.zeros_like(flips)) <= alpha).mean() == pytest.approx(0.8, abs=0.02)


def test_more_flips_than_there_are_answers_to_flip_is_no_plan() -> None:
    assert np.isnan(power.one_way_flips(5, 0.05))
    assert np.isnan(power.one_way_flips(12, 0.05 / 144, most=0.7))
    assert "no share of flipped answers" in power.sentence(power.plan(12, SPREAD, **SWEEP))


def test_more_questions_and_fewer_cells_show_smaller_effects() -> None:
    few, many = power.plan(100, SPREAD, **SWEEP), power.plan(400, SPREAD, **SWEEP)
    single = power.plan(100, SPREAD, **{**SWEEP, "vectors": 1, "scales": 1})
    one_order = power.plan(100, SPREAD, **{**SWEEP, "both_orders": False})

    assert many.change == pytest.approx(few.change / 2)
    assert single.change < few.change
    assert one_order.change == pytest.approx(few.change * np.hypot(1.2, 0.5) / 1.2)
    assert (few.p_floor, few.best_floor) == (1 / 65, 24 / 88)


def test_the_spread_of_a_sweep_is_measured_on_its_controls() -> None:
    world = World(questions=30, seed=1).vector(0, 3.0, noise=9.0).vector(1, 3.0, noise=9.0)
    for vector in range(3):
        for scale in (5.0, 10.0):
            jitter = world.rng.normal(0.0, 0.2 * scale, 30)
            world.cell("control", vector, scale, jitter, letter=0.7, method="control")
    questions = cells.per_question(world.frame)

    found = power.spread_of(questions, "here")

    assert found.sd == pytest.approx(np.std(world.content, ddof=1))
    assert found.change_sd == pytest.approx(2.0, rel=0.3)
    assert found.letter_sd == pytest.approx(0.7)
    assert found.source == "here at scale 10"
    assert power.spread_of(questions[questions["vector_set"] == "abc"], "here") is None


def test_a_baseline_alone_gives_the_spread_without_pairing() -> None:
    found = power.spread_of(cells.per_question(World().frame), "here")

    assert found.change_sd == pytest.approx(found.sd * 2**0.5)
