"""The badge beside random vectors: how often it is wrong, and how often it finds what is there."""

import numpy as np
import pytest
import scipy.stats

from engine.statistics import badges, cells, nulls
from tests.engine.worlds import World, row_of
from tests.reference import statistics_reference as reference

SCALES = np.array([-20.0, -10.0, -5.0, 5.0, 10.0, 20.0])
STUDIES, VECTORS, CONTROLS, QUESTIONS = 400, 200, 64, 100
EFFECT = 8.0
"""True effect in sd of the random vectors' true effects."""


def studies(count, vectors, effect=0.0, draw=np.random.Generator.standard_normal, seed=0):
    """Changes [vector, scale] of random vectors, the last `CONTROLS` of them controls.

    A random vector truly does something: nearly linear in the scale, with a bend of its own at
    each scale and one that both signs share; questions add noise. The first vector is given a
    larger effect.
    """
    rng = np.random.default_rng(seed)
    for _ in range(count):
        size = (vectors + CONTROLS, 1)
        true = 0.02 * SCALES * draw(rng, size) + 0.0003 * SCALES**2 * draw(rng, size)
        true = true + 0.002 * np.abs(SCALES) * rng.standard_normal((len(true), len(SCALES)))
        if effect:
            spread = np.hypot(np.hypot(0.02 * SCALES, 0.0003 * SCALES**2), 0.002 * SCALES)
            true[0] = effect * spread * np.sign(SCALES)
        noise = 0.5 / np.sqrt(QUESTIONS) * rng.standard_normal(true.shape)
        yield true[:vectors] + noise[:vectors], true[vectors:] + noise[vectors:]


def has_badge(changes, controls):
    """Which vectors get the badge, as `badges.badges` gives it."""
    family = badges.compare(changes, controls)
    largest, null = np.abs(changes).max(axis=1), np.abs(controls).max()
    above = (np.abs(controls).max(axis=1) >= largest[:, None]).sum(axis=1)
    by_rank = nulls._best_of(above, np.full(len(above), len(controls)), len(changes))
    p = np.where(family.by_rank, by_rank, family.p)
    return (largest > null) & (p <= nulls.ALPHA)


def test_the_best_of_two_hundred_random_vectors_seldom_gets_the_badge() -> None:
    wrong = sum(has_badge(*one).any() for one in studies(STUDIES, VECTORS))

    # The exact (Clopper-Pearson) 97.5 % upper bound of the rate: 11 of 400 would be the most.
    bound = scipy.stats.beta.ppf(0.975, wrong + 1, STUDIES - wrong)
    assert bound <= 0.05, f"{wrong} of {STUDIES} null studies"


def test_the_badge_survives_random_effects_with_heavier_tails() -> None:
    def heavy(rng, size):
        return rng.standard_t(10, size) / np.sqrt(10 / 8)

    wrong = sum(has_badge(*one).any() for one in studies(STUDIES // 4, VECTORS, draw=heavy))

    assert wrong / (STUDIES // 4) <= 0.05


def test_a_true_effect_gets_the_badge() -> None:
    found = sum(has_badge(*one)[0] for one in studies(120, VECTORS, effect=EFFECT, seed=1))

    assert found / 120 >= 0.8


def test_naming_the_best_of_many_without_the_badge_is_often_wrong() -> None:
    """The uncorrected p, and being beyond every control, are met by the best of 200 most times."""
    best = [np.abs(v).max() > np.abs(c).max() for v, c in studies(60, VECTORS)]

    assert np.mean(best) > 0.5


def test_vectors_without_any_effect_do_not_get_the_badge() -> None:
    rng = np.random.default_rng(3)
    wrong = 0
    for changes, controls in studies(60, VECTORS, seed=4):
        noise = 0.5 / np.sqrt(QUESTIONS) * rng.standard_normal(changes.shape)
        wrong += has_badge(noise, controls).any()

    assert wrong == 0


def test_z_and_family_p_agree_with_the_reference() -> None:
    world = World(questions=10).vector(0, 0.9).vector(1, -0.02).controls(40, spread=0.05)
    summary = cells.summarise(world.frame, resamples=10)

    found = badges.badges(summary)

    for row in found.to_dict("records"):
        null, own = {}, {}
        for scale in (-10.0, -5.0, 5.0, 10.0):
            at = summary[summary["scale"] == scale]
            null[scale] = at[at["vector_set"] == "control"]["change"].tolist()
            mine = at[(at["vector_set"] == "abc") & (at["vector"] == row["vector"])]
            own[scale] = reference.studentised(mine["change"].item(), null[scale])
        best = max(own, key=lambda s: abs(own[s]))
        assert row["z"] == pytest.approx(own[best])
        assert row["cells"] == 2 * 4
    assert found["badge"].tolist() == ["beyond the best", "within random"]


def test_family_p_is_students_t_over_all_cells_where_tails_are_light() -> None:
    # The quantiles of a uniform distribution have tails lighter than a normal one's.
    controls = np.linspace(-1.0, 1.0, 64)[:, None]
    degrees = badges.tail_degrees(controls)

    found = badges.compare(np.array([[3.5], [0.1]]), controls)

    z = reference.studentised(3.5, controls[:, 0].tolist())
    assert degrees == 63
    assert found.p[0] == pytest.approx(2 * 2 * scipy.stats.t.sf(z, 63))
    assert found.p[1] == 1.0


def test_heavier_controls_get_fewer_degrees() -> None:
    rng = np.random.default_rng(0)
    normal, heavy = rng.standard_normal((64, 1)), rng.standard_t(3, (64, 1))

    assert badges.tail_degrees(heavy) < badges.tail_degrees(normal) < 63


def test_controls_that_are_not_normal_leave_only_ranks() -> None:
    rng = np.random.default_rng(0)
    world = World(questions=6).vector(0, 2.0)
    for index, size in enumerate(rng.exponential(0.05, 40)):
        world.vector(index, float(size), "control", "control")

    found = badges.badges(cells.summarise(world.frame, resamples=10)).iloc[0]

    assert (found["by"], found["badge"]) == ("rank", "beyond the best")
    assert found["p_family"] == pytest.approx(1 / 41)


def test_beyond_all_controls_but_not_for_the_best_of_many_is_only_beyond_random() -> None:
    world = World(questions=4)
    # Evenly spread quantiles of a normal distribution: nothing refuses these controls.
    for index, size in enumerate(0.05 * scipy.stats.norm.ppf((np.arange(30) + 0.5) / 30)):
        world.vector(index, float(size), "control", "control")
    for vector in range(10):
        world.vector(vector, 0.005 * vector)
    world.vector(99, 0.13)

    found = row_of(badges.badges(cells.summarise(world.frame, resamples=10)), vector=99)

    assert (found["above"], found["badge"]) == (0, "beyond random")
    assert found["p_family"] > 0.05
    assert "none reaches it" in badges.sentence(found)


def test_too_few_controls_give_no_badge() -> None:
    world = World(questions=6).vector(0, 2.0).controls(4)

    found = badges.badges(cells.summarise(world.frame, resamples=10)).iloc[0]

    assert found["badge"] == "too few controls"
    assert np.isnan(found["p_family"])
    assert badges.sentence(found) == "No verdict: at least 20 random controls are needed."


def test_no_controls_and_no_vectors_are_no_crash() -> None:
    alone = badges.badges(cells.summarise(World().vector(0, 1.0).frame, resamples=10))
    none = badges.badges(cells.summarise(World().controls(30).frame, resamples=10))

    assert alone["badge"].tolist() == ["too few controls"]
    assert none.empty
