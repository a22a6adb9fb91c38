"""Bounds that hold while one looks: equal to their formulas, and wrong as rarely as they say."""

import math
from pathlib import Path

import numpy as np
import pytest

from engine.maths.race import ALONE, CAUTION, GRID, Race, Worst, mean_intervals
from engine.store.store import Store
from tests import shipped
from tests.reference import race_reference as slow

ROOT = Path(__file__).resolve().parents[2]
SHARES, SHIFTS = Worst(-1.0, -2.0), Worst(-2.0, -2.0)


def played(values, signs, worst, delta=0.05, batch=5, unbet=0) -> tuple[Race, int]:
    """A race over questions in the order given, and how many cells it asked."""
    arms, total = values.shape
    race, cells = Race(arms, total, signs, worst, delta, unbet), 0
    while race.asked < total:
        asked = slice(race.asked, min(race.asked + batch, total))
        living = race.living_arms
        part = np.full((arms, asked.stop - asked.start), np.nan)
        part[living] = values[living, asked]
        race.ask(part)
        cells += len(living) * part.shape[1]
    return race, cells


@pytest.mark.parametrize(("signs", "unbet"), [((1,), 0), ((-1,), 3), ((1, -1), 4)])
def test_a_race_equals_its_formula(signs, unbet: int) -> None:
    draw = np.random.default_rng(3)
    values = np.clip(draw.normal([[0.5], [0.1], [-0.3], [0.0], [-0.6]], 0.3, (5, 40)), -1, 1)

    race, _ = played(values, signs, SHIFTS, 0.1, 4, unbet)

    dropped, largest = slow.race(values.tolist(), signs, (-2.0, -2.0), 0.1, 4, CAUTION, unbet)
    entries = [(sign, arm) for sign in signs for arm in range(5)]
    assert 0 < len(dropped) < len(entries)
    assert [dropped.get(entry) for entry in entries] == [
        None if alive else int(at) for alive, at in zip(race.alive, race.dropped_at, strict=True)
    ]
    for entry, evidence in zip(entries, race.evidence, strict=True):
        assert evidence == pytest.approx(math.log(largest[entry]), abs=1e-9)


def test_an_arm_that_can_no_longer_win_is_dropped_for_certain() -> None:
    values = np.vstack([np.ones(20), np.zeros(20)])

    race, _ = played(values, (1,), SHARES, delta=1e-300, batch=1)

    # After 11 of 20 questions the 9 that are left cannot turn the order.
    assert race.dropped_at[1] == 12
    assert race.evidence[1] == np.inf
    assert race.alive[0]


def test_equal_arms_are_never_all_dropped_and_the_first_seldom() -> None:
    replays, lost = 300, 0
    for seed in range(replays):
        draw = np.random.default_rng(seed)
        answers = draw.choice([-1.0, 0.0, 0.0, 1.0, 1.0], 18)
        values = np.stack([draw.permutation(answers) for _ in range(8)])
        race, _ = played(values, (1, -1), SHIFTS)
        lost += not race.alive[0 if answers.sum() >= 0 else 8]
        assert race.alive.any()

    assert lost / replays <= 0.05 + 2 * math.sqrt(0.05 * 0.95 / replays)


def test_a_best_arm_that_owes_its_lead_to_few_questions_is_seldom_lost() -> None:
    lost = 0
    for seed in range(100):
        values = np.full((5, 30), 0.06)
        values[0] = 0.0
        values[0, np.random.default_rng(seed).permutation(30)[:2]] = 1.0
        race, _ = played(values, (1,), SHARES)
        lost += not race.alive[0]

    assert lost / 100 <= 0.05 + 2 * math.sqrt(0.05 * 0.95 / 100)


@pytest.mark.parametrize("questions", ["survival", "corrigibility"])
def test_the_shipped_sweeps_are_decided_by_a_third_of_their_cells(questions: str) -> None:
    frame = Store(ROOT).load_evaluation(shipped.sweep(questions)).frame
    frame = frame[frame["vector_set"] != "control"]
    rows = frame["difference"].to_numpy(float).reshape(-1, 100, 2).mean(axis=2)
    changes = rows[1:] - rows[0]
    best = int(np.abs(changes.mean(axis=1)).argmax())

    shares = []
    for seed in range(12):
        order = np.random.default_rng(seed).permutation(100)
        limit = 1.5 * np.abs(changes[:, order[:5]]).max()
        values = np.clip(changes[:, order], -limit, limit)
        race, cells = played(values, (1, -1), Worst(-2 * limit, -2 * limit), unbet=5)
        assert best in race.living_arms
        shares.append(cells / changes.size)

    assert len(changes) == 144
    assert max(shares) <= 1 / 3


@pytest.mark.parametrize("span", [(0.0, 1.0), (-4.0, 4.0)])
def test_an_interval_equals_its_formula(span) -> None:
    low, high = span
    values = low + (high - low) * np.random.default_rng(5).beta(4, 2, 18)

    found = mean_intervals(values[None], 30, span, 0.1)

    wanted = slow.interval(values.tolist(), 30, span, 0.1, GRID, ALONE)
    assert found.low[0, -1] == pytest.approx(wanted[0], abs=1e-9)
    assert found.high[0, -1] == pytest.approx(wanted[1], abs=1e-9)
    assert high - low > found.high[0, -1] - found.low[0, -1]


def test_intervals_hold_after_every_question_at_once() -> None:
    draw = np.random.default_rng(2)
    for values in (draw.choice([-1.0, 0.0, 0.0, 1.0], 60), np.r_[np.ones(4), np.zeros(56)]):
        orders = np.stack([draw.permutation(values) for _ in range(250)])

        found = mean_intervals(orders, 60, (-1.0, 1.0), 0.1)

        mean = values.mean()
        is_out = (found.low > mean + 1e-9) | (found.high < mean - 1e-9)
        # The last one is the mean itself.
        assert is_out[:, :-1].any(axis=1).mean() <= 0.1 + 2 * math.sqrt(0.09 / 250)
        assert (np.diff(found.low[:, :-1], axis=1) >= 0).all()
        assert (np.diff(found.high[:, :-1], axis=1) <= 0).all()
        np.testing.assert_allclose(found.low[:, -1], mean)


def test_the_interval_of_a_dropped_arm_stays() -> None:
    values = np.full((1, 30), np.nan)
    values[0, :12] = 0.4

    found = mean_intervals(values, 30, (0.0, 1.0), 0.05)

    assert set(found.low[0, 11:]) == {found.low[0, 11]}
    assert set(found.high[0, 11:]) == {found.high[0, 11]}
