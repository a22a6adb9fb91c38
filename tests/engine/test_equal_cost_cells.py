"""Every operator's cells are turned both ways, start within bounds and cost what they say."""

import numpy as np
import pytest

from engine.configs.steering.interventions import OPERATIONS
from engine.evaluators import aiming
from engine.evaluators.equal_cost import cells, divergence
from engine.progress import silent
from engine.statistics.cells import CONTROL
from tests import tiny
from tests.engine.test_ab import QUESTIONS, config, vector_set
from tests.engine.test_equal_cost import PROMPTS, untold
from tests.reference import divergence_reference as slow
from tests.reference.steering import blocks_of

BUDGET = 0.05
PLAIN = [operation for operation in OPERATIONS if operation != "transport"]
"""Those that need no samples of two sides."""


@pytest.fixture(scope="module", params=["qwen3", "llama"])
def world(request):
    """A random model, neutral answers, and every turn of a vector and two controls."""
    model = tiny.causal(request.param)
    door = tiny.Forward(tiny.wrap(model, request.param))
    ground = aiming.ground(door, config(), [vector_set(blocks=(1,))], QUESTIONS)
    prompts = [door.loaded.prompter.tokens(prompt) for prompt in PROMPTS]
    neutral = divergence.NeutralAnswers(door, True, prompts, [[7], [300, 41, 5], [9, 8]])
    wanted = [one for name in PLAIN for one in cells.turns(aiming.aimed(ground, config(), name))]
    return model, neutral, cells.at_budget(neutral, wanted, BUDGET, "mean", silent, untold)


def test_every_aim_is_turned_both_ways_but_where_it_is_removed(world) -> None:
    table = world[2].table
    signs = table.groupby("operation")["sign"].agg(list)

    assert set(signs.index) == set(PLAIN)
    for name, found in signs.items():
        assert found == ([1] * 3 if name in ("ablate", "low-rank") else [1, -1] * 3)
    assert (np.sign(table["strength"]) == table["sign"]).all()
    assert (table["vector_set"] == CONTROL).sum() == 2 * (len(table) // 3)


def test_what_is_reached_costs_the_budget_and_what_is_not_says_why(world) -> None:
    table = world[2].table
    error = (table["kl_mean"] / BUDGET - 1).abs()

    assert (table["reached"] == (error <= 0.1)).all()
    assert (table["reason"] == "").equals(table["reached"])
    assert table.loc[table["operation"] == "add", "reached"].all()
    turning = table[table["operation"].isin(cells.TURNING)]
    assert (turning["strength"].abs() <= 1).all()
    assert table["evaluations"].between(1, 6).all()


def test_whole_passes_cost_the_same_at_the_strength_that_was_found(world) -> None:
    model, neutral, found = world
    table = found.table
    for place in np.flatnonzero(table["operation"] == "add"):
        row = found.rows(32)[place]
        values = [
            value
            for prompt, answer in zip(neutral.prompts, neutral.answers, strict=True)
            for value in slow.divergence(
                model, blocks_of(model)[1], row.delta, "all", prompt, answer
            )
        ]

        assert np.mean(values) == pytest.approx(table["kl_mean"][place], rel=1e-3)
        assert np.percentile(values, 95) == pytest.approx(table["kl_p95"][place], rel=1e-3)
        assert row.scale == table["strength"][place]
