"""The batched secant finds what scipy's root finder finds, and says what it cannot."""

import math

import numpy as np
import pytest
from scipy.optimize import brentq

from engine.maths import secant


def solved(costs, starts, budgets, limits=None, evaluations=secant.EVALUATIONS):
    """Solve for plain functions, counting what was asked."""
    asked = [[] for _ in costs]

    def evaluate(strengths, which):
        for strength, i in zip(strengths, which, strict=True):
            asked[i].append(float(strength))
        return np.array([costs[i](s) for s, i in zip(strengths, which, strict=True)])

    limits = limits or [math.inf] * len(costs)
    return secant.solve(evaluate, starts, budgets, limits, evaluations), asked


def smooth(rng):
    """A cost like x**2 at first, which then grows faster or slower, or levels off."""
    size, bend, power = np.exp(rng.normal(0, 1)), np.exp(rng.normal(0, 1)), rng.uniform(1.2, 3.5)
    top = np.exp(rng.normal(2, 0.5))

    def cost(x):
        grown = (x / size) ** 2 * (1 + (x / bend) ** 2) ** (power / 2 - 1)
        return grown / (1 + grown / top)

    return cost, top


def test_smooth_costs_are_met_where_scipy_meets_them() -> None:
    rng = np.random.default_rng(0)
    made = [smooth(rng) for _ in range(600)]
    costs = [cost for cost, _ in made]
    budgets = [float(rng.choice([0.01, 0.1, 0.5])) for _ in made]
    roots = [
        brentq(lambda x, c=c, b=b: c(x) - b, 1e-6, 1e6) for c, b in zip(costs, budgets, strict=True)
    ]
    starts = [root * float(np.exp(rng.normal(0, 1.5))) for root in roots]

    found, asked = solved(costs, starts, budgets)

    for one, cost, budget, root, tried in zip(found, costs, budgets, roots, asked, strict=True):
        assert one.reached, one.reason
        assert abs(one.cost / budget - 1) <= (0.05 if one.evaluations < 6 else 0.1)
        assert one.cost == cost(one.strength)
        assert abs(math.log(one.strength / root)) < 0.1
        assert one.evaluations == len(tried) <= 6
    assert np.mean([one.evaluations for one in found]) < 3.4


def test_solved_cells_leave_the_batch() -> None:
    found, asked = solved([lambda x: x**3] * 3, [1.0, 1.01, 3.0], [1.0, 1.0, 1.0])

    assert [one.evaluations for one in found] == [1, 1, 2]
    assert asked[2] == [3.0, pytest.approx(1.0)]


def test_no_step_leaves_the_bracket() -> None:
    rng = np.random.default_rng(1)
    for _ in range(200):
        knee, steep, base = rng.uniform(0.5, 2), rng.uniform(5, 60), rng.uniform(0, 0.5)

        def cost(x, knee=knee, steep=steep, base=base):
            return base * x**2 / 4 + 1 / (1 + (knee / x) ** steep)

        _, (tried,) = solved([cost], [float(rng.uniform(0.1, 9))], [0.6])
        low, high = 0.0, math.inf
        for strength in tried:
            assert low < strength < high
            low, high = (strength, high) if cost(strength) < 0.6 else (low, strength)


@pytest.mark.parametrize("bad", [math.inf, math.nan])
def test_a_cost_that_is_not_finite_counts_as_above(bad) -> None:
    (found,), _ = solved([lambda x: x**2 if x < 0.5 else bad], [1.0], [0.1])

    assert found.reached
    assert found.strength == pytest.approx(math.sqrt(0.1), rel=0.05)
    (never,), asked = solved([lambda _: bad], [1.0], [0.1])
    assert not never.reached
    assert math.isnan(never.largest)
    assert never.reason == "All 6 strengths tried cost more than 0.1."
    assert asked[0] == sorted(asked[0], reverse=True)


def test_a_cost_that_levels_off_below_the_budget_is_not_reached() -> None:
    def level(x):
        return 0.05 * x**2 / (1 + x**2)

    costs, limits = [level, level, level], [3.0, math.inf, 2.0]
    (limited, free, at_once), asked = solved(costs, [0.2, 0.2, 9.0], [0.1] * 3, limits)

    assert not limited.reached
    assert limited.largest == level(3.0)
    assert limited.strength == 3.0
    assert limited.reason == (
        "At the largest strength allowed, 3, it costs 0.045, less than the budget of 0.1."
    )
    assert len(asked[0]) < 6
    assert asked[2] == [2.0]
    assert at_once.strength == 2.0
    assert not free.reached
    assert free.reason == "All 6 strengths tried cost less than 0.1."
    growths = np.array(asked[1][1:]) / np.array(asked[1][:-1])
    assert (growths <= secant.GROWTH * (1 + 1e-9)).all()


def test_a_leap_over_the_budget_is_not_reached_and_says_where() -> None:
    (found,), (tried,) = solved([lambda x: 0.01 if x < 1 else 10.0], [0.3], [0.1])

    assert not found.reached
    assert found.cost in (0.01, 10.0)
    low, high = (max(x for x in tried if x < 1), min(x for x in tried if x >= 1))
    assert found.reason == (
        f"After 6 strengths it lies between {low:.3g}, which costs 0.01, and {high:.3g}, which "
        "costs 10."
    )


def test_of_several_crossings_the_lowest_bracket_is_taken() -> None:
    # Crosses 1 at x = 1, falls below again at 4 and crosses once more at 9.
    def cost(x):
        return math.exp(0.3 * math.log(x) * math.log(x / 4) * math.log(x / 9))

    (above,), _ = solved([cost], [20.0], [1.0])
    (within,), _ = solved([cost], [1.3], [1.0])
    (falling,), _ = solved([cost], [2.9], [1.0])

    assert above.reached
    assert above.strength == pytest.approx(9.0, rel=0.2)
    assert within.reached
    assert within.strength == pytest.approx(1.0, rel=0.1)
    assert falling.reached
    assert falling.strength == pytest.approx(1.0, rel=0.1)


def test_no_cost_at_all_is_below() -> None:
    (found,), asked = solved([lambda x: max(x - 1, 0.0)], [0.4], [0.1], evaluations=9)

    assert found.reached
    assert asked[0][1] == pytest.approx(0.4 * secant.GROWTH)
