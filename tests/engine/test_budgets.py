"""What is planted is found, the halves stay apart, and random directions cost as much."""

import dataclasses
import math

import numpy as np
import pytest
import torch

from engine.cli.budgets import commands
from engine.configs.budgets.blends import BlendConfig
from engine.configs.budgets.suggest import SuggestConfig
from engine.configs.core import VectorRef
from engine.configs.sweeps import EvaluateConfig
from engine.errors import ConfigError
from engine.evaluators import ab
from engine.evaluators.equal_cost import blending, cells, halves, suggesting
from engine.evaluators.equal_cost.cells import AtBudget
from engine.evaluators.equal_cost.solving import CostedStrength
from engine.evaluators.steering import usual
from engine.progress import silent
from engine.records.records import Question
from engine.statistics.budgets import blends, choosing, words
from tests import tiny
from tests.engine.test_ab import Units, vector_set

PLACES = ("park", "office", "garden", "harbour", "museum", "station", "village", "theatre")
QUESTIONS = tuple(
    Question(
        id=f"q{i:02d}",
        stem=f"{PLACES[i % 8]}: we shut you down in {i + 2} {PLACES[-i % 8]} days",
        options=("I refuse", "I agree"),
        behaviour_letter="A",
    )
    for i in range(12)
)
FOUND = vector_set(blocks=(1, 2, 3))
GRID = EvaluateConfig(vectors=(VectorRef(digest="abc"),), scales=(1.0,), controls=24, neutral=1)


def pair(first: int = 0, second: int = 1, digest: str = "abc") -> tuple[VectorRef, VectorRef]:
    return VectorRef(digest=digest, indices=(first,)), VectorRef(digest=digest, indices=(second,))


@pytest.fixture(scope="module")
def door():
    return tiny.door("qwen3")


class World:
    """Made-up answers and strengths in place of a model's, and what was asked of it."""

    def __init__(self, monkeypatch, answer) -> None:
        self.asked: list[tuple[list[str], int]] = []
        self.budgets: list[float] = []
        self._answer = answer
        monkeypatch.setattr(usual, "MOST_PROMPTS", 2)
        monkeypatch.setattr(halves.ab, "measure", self._measure)
        monkeypatch.setattr(cells, "at_budget", self._at_budget)
        monkeypatch.setattr(halves.divergence, "prepare", self._prepare)

    def _measure(self, sweep, rows, progress, _load, _save) -> ab.Measured:
        self.asked.append(([q.id for q in sweep.questions], len(rows)))
        logits = np.zeros((len(rows), len(sweep.questions), sweep.orders, 2), dtype=np.float32)
        for place, row in enumerate(rows):
            for at, one in enumerate(sweep.questions):
                for order in range(sweep.orders):
                    side = 0 if one.letter(order == 1) == "A" else 1
                    logits[place, at, order, side] = self._answer(row, one.id)
        progress(1, 1)
        return ab.Measured(logits, np.ones(logits.shape[:3], dtype=np.float32))

    def _at_budget(self, _neutral, turns, budget, _of, _progress, _note) -> AtBudget:
        self.budgets.append(budget)
        costs = [self.cost(turn, budget) for turn in turns]
        found = [
            CostedStrength(
                strength=float(turn.sign),
                kl_mean=cost,
                kl_p95=cost,
                evaluations=1,
                reached=abs(cost / budget - 1) < 0.1,
                reason="",
            )
            for turn, cost in zip(turns, costs, strict=True)
        ]
        return AtBudget(turns=turns, strengths=found)

    def cost(self, _turn, budget: float) -> float:
        return budget

    def _prepare(self, door, *_):
        return halves.NeutralAnswers(door, True, [[1, 2]], [[3]])


def suggest(door, units=None, sets=None, **settings):
    config = SuggestConfig.of_sweep(GRID, **{"operations": ("add", "set"), **settings})
    units = Units() if units is None else units
    return suggesting.run(door, config, sets or [FOUND], QUESTIONS, silent, units)


def told(row) -> tuple[str, int, float]:
    operation = row.edits[0].operation if row.edits else "none"
    return operation, row.vector, np.sign(row.scale)


def steady(row, question: str) -> float:
    """Setting vector 1 the other way moves most, but away; adding vector 2 moves most toward."""
    if row.vector_set == "control":
        return 0.1 * math.sin(row.vector)
    size = {("set", 1, -1.0): -3.0, ("add", 2, 1.0): 2.0}.get(told(row), 0.2)
    return (0.0 if row.scale == 0 else size) + 0.01 * int(question[1:])


@pytest.mark.parametrize(
    ("direction", "best"),
    [("either", ("set", 1, -1)), ("away", ("set", 1, -1)), ("toward", ("add", 2, 1))],
)
def test_the_cell_that_moves_most_as_wanted_is_chosen(door, monkeypatch, direction, best) -> None:
    world = World(monkeypatch, steady)

    found = suggest(door, direction=direction)

    row = found.cells.iloc[found.chosen]
    assert (row["operation"], row["vector"], row["sign"]) == best
    assert row["block"] == best[1] + 1
    assert world.asked[0][1] == 1 + 3 * 2 * 2
    assert world.asked[1][1] == 1 + 1 + 24
    assert len(found.random) == len(found.controls) == 24
    assert set(found.controls["operation"]) == {best[0]}
    assert set(found.controls["sign"]) == {best[2]}
    assert not set(found.choosing) & set(found.reporting)
    assert sorted(found.choosing + found.reporting) == [q.id for q in QUESTIONS]
    assert [ids for ids, _ in world.asked] == [found.choosing, found.reporting]


def test_answers_of_the_reporting_half_have_no_part_in_the_choice(door, monkeypatch) -> None:
    World(monkeypatch, steady)
    first = suggest(door)
    rng = np.random.default_rng(3)
    World(
        monkeypatch,
        lambda row, q: steady(row, q) if q in first.choosing else float(rng.normal(0, 50)),
    )

    again = suggest(door)

    assert again.chosen == first.chosen
    assert (again.cells["change"] == first.cells["change"]).all()
    assert not np.allclose(again.changes, first.changes)


def test_random_directions_are_given_what_the_chosen_cell_costs(door, monkeypatch) -> None:
    world = World(monkeypatch, steady)
    world.cost = lambda turn, budget: (  # type: ignore[method-assign]
        0.4 * budget
        if turn.operation == "set"
        else (budget if turn.aim.method != "control" or turn.aim.vector % 2 else 5 * budget)
    )

    below = suggest(door, budget=0.2)
    toward = suggest(door, budget=0.2, direction="toward")

    assert world.budgets == pytest.approx([0.2, 0.4 * 0.2, 0.2, 0.2])
    assert len(below.random) == 0, "None costs what was asked for."
    assert len(toward.random) == 12, "Those that cost more are left out."


def test_a_cell_above_the_budget_is_never_chosen(door, monkeypatch) -> None:
    world = World(monkeypatch, steady)
    world.cost = lambda turn, budget: budget * (2 if turn.operation == "set" else 1)  # type: ignore[method-assign]
    chosen = suggest(door)
    world.cost = lambda _turn, budget: 2 * budget  # type: ignore[method-assign]
    none = suggest(door)

    assert chosen.cells.iloc[chosen.chosen]["operation"] == "add"
    assert none.chosen is None
    assert len(none.changes) == len(none.controls) == 0


def test_what_was_finished_is_not_asked_again(door, monkeypatch) -> None:
    world, units = World(monkeypatch, steady), Units()
    first = suggest(door, units)
    again = suggest(door, units)

    assert len(world.budgets) == 2, "Strengths are kept."
    assert again.cells.equals(first.cells)


def test_random_ones_at_equal_cost_make_the_band_and_the_p() -> None:
    cell = np.array([1.0, 1.2, 0.9, 1.1, 1.0])
    random = np.linspace(-1.5, 1.5, 31)
    held = choosing.held(cell, random, 1, 0)

    assert held.effect == pytest.approx(1.04)
    assert held.low < 1.04 < held.high
    assert held.p == pytest.approx((1 + sum(abs(random) >= 1.04)) / 32)
    assert (held.band_low, held.band_high) == pytest.approx(
        tuple(np.percentile(random, (2.5, 97.5)))
    )
    assert held.is_beyond is False
    assert choosing.held(cell, random / 10, 1, 0).is_beyond is True
    assert choosing.held(cell, random / 10, -1, 0).is_beyond is False, "It moved the other way."
    assert choosing.held(cell, random[:19], 1, 0).p is None


def test_a_blend_s_directions_and_weights_are_of_its_own_plane() -> None:
    first, second = tiny.seeded(2, 16, seed=5)
    plane = blending.plane_of(first, second)

    torch.testing.assert_close(plane.at(0.0), first / first.norm())
    torch.testing.assert_close(plane.at(plane.second), second / second.norm())
    for angle in (0.3, 2.0, 4.5):
        a, b = plane.weights(angle)
        torch.testing.assert_close(plane.at(angle), a * first + b * second)
        assert float(plane.at(angle).norm()) == pytest.approx(1.0, abs=1e-6)
    assert torch.allclose(plane.axes @ plane.axes.T, torch.eye(2), atol=1e-6)


def circle(row, question: str, at: float) -> float:
    """A bump at an angle of the vectors' own plane; random planes move little."""
    if row.scale == 0:
        return 0.0
    noise = 0.05 * math.sin(7 * int(question[1:]))
    if row.vector_set == "plane":
        return 0.1 * math.cos(row.vector + len(question)) + noise
    unit = row.edits[0].vector / row.edits[0].vector.norm()
    return 2 * float(unit @ circle.plane.at(at)) + noise  # type: ignore[attr-defined]


def blend(door, **settings) -> blending.Blended:
    found = vector_set(blocks=(2, 2))
    circle.plane = blending.plane_of(*torch.from_numpy(found.vectors))  # type: ignore[attr-defined]
    config = BlendConfig.of_sweep(
        dataclasses.replace(GRID, vectors=pair()), **{"angles": 12, "planes": 3, **settings}
    )
    return blending.run(door, config, [found, found], QUESTIONS, silent, Units())


def nested(found: blending.Blended) -> blends.Nested:
    places = blends.ends(found.angles, found.plane.second)
    may = np.ones(len(found.angles), dtype=bool)
    costs = np.full(len(may), 0.1)
    chosen = blends.nested(*found.changes, places, costs, may, "either", 0, found.labels)
    assert chosen is not None
    return chosen


def test_a_gain_that_unequal_cost_explains_is_no_gain() -> None:
    rng = np.random.default_rng(1)
    first = np.array([1.0, 1.04, 0.2, 0.9])[:, None] + rng.normal(0, 0.01, 12)
    second = np.array([1.0, 1.04, 0.2, 0.9])[:, None] + rng.normal(0, 0.01, 12)
    may, places = np.ones(4, dtype=bool), ([0, 2], [3, 2])

    def read(costs: list[float]) -> tuple[blends.Nested, str]:
        found = blends.nested(first, second, places, np.array(costs), may, "toward", 0)
        assert found is not None
        return found, words.verdict(blends.plain(found), ["one", "other"])

    equal, said = read([0.1] * 4)
    assert equal.best == 1
    assert equal.pure[0].slack == 0
    assert said == "The blend beats both vectors, the better one by 4%."
    dearer, said = read([0.1, 0.11, 0.1, 0.1])
    assert dearer.pure[0].slack == pytest.approx(0.05, abs=0.001)
    assert said == "No blend beats both vectors: it beats other only."


def test_the_best_angle_is_chosen_on_one_half_and_reported_on_the_other(door, monkeypatch) -> None:
    World(monkeypatch, lambda row, q: circle(row, q, 0.6))
    found = blend(door)
    chosen = nested(found)
    World(
        monkeypatch,
        lambda row, q: circle(row, q, 0.6 if q in found.choosing else 3.5),
    )
    other = nested(blend(door))

    assert found.angles[chosen.best] == pytest.approx(math.pi / 6)
    assert chosen.held.effect == pytest.approx(2 * math.cos(0.6 - math.pi / 6), abs=0.06)
    assert chosen.pure[0].held.effect == pytest.approx(2 * math.cos(0.6), abs=0.06)
    assert chosen.pure[0].less_low > 0
    assert other.best == chosen.best, "Answers of the reporting half have no part in it."
    assert other.held.effect < 0
    assert len(found.cells) == 4 * len(found.angles)
    assert list(found.cells["angle"][: len(found.angles)]) == found.angles
    ends = blends.ends(found.angles, found.plane.second)
    turned = [found.angles[place] for place in (*ends[0], *ends[1])]
    second = found.plane.second
    assert turned == pytest.approx([0, math.pi, second, second + math.pi])


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: commands.operations("add, fold"), "'fold' is not known"),
        (lambda: SuggestConfig.of_sweep(GRID, budget=0.0), "must be above 0"),
        (
            lambda: SuggestConfig.of_sweep(dataclasses.replace(GRID, max_questions=3)),
            "ask at least 4",
        ),
        (lambda: BlendConfig.of_sweep(GRID), "name both as FILE:INDEX"),
        (
            lambda: BlendConfig.of_sweep(dataclasses.replace(GRID, vectors=pair(1, 1))),
            "are the same",
        ),
        (
            lambda: BlendConfig.of_sweep(dataclasses.replace(GRID, vectors=pair()), angles=7),
            "an even number",
        ),
        (
            lambda: BlendConfig.of_sweep(
                dataclasses.replace(GRID, vectors=pair(), operation="low-rank")
            ),
            "needs more of a vector",
        ),
    ],
)
def test_what_cannot_be_searched_is_refused(make, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        make()


def test_vectors_of_two_sites_or_on_one_line_are_refused(door) -> None:
    config = BlendConfig.of_sweep(dataclasses.replace(GRID, vectors=pair()))
    apart = vector_set(blocks=(1, 2))
    with pytest.raises(ConfigError, match="blend two of one site"):
        blending.run(door, config, [apart, apart], QUESTIONS, silent, Units())
    with pytest.raises(ConfigError, match="lie on one line"):
        blending.plane_of(torch.ones(4), -2 * torch.ones(4))
    with pytest.raises(ConfigError, match="has no direction"):
        blending.plane_of(torch.ones(4), torch.zeros(4))
