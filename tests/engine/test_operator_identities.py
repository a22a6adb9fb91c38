"""What holds of every operator on any model, and bit for bit where nothing is to change."""

import math
from dataclasses import replace

import numpy as np
import pytest
import torch

from engine.configs.core import Site
from engine.configs.steering.interventions import OPERATIONS
from engine.configs.sweeps import EvaluateConfig
from engine.evaluators import ab
from engine.evaluators.readings import likelihood
from engine.evaluators.steering.directions import Direction, Sides
from engine.evaluators.steering.gating import SteeredRows, by_prompt
from engine.model.edits import Edit, EditBatch, PromptGate, TokenGate
from engine.model.operators import low_rank, projection, transport
from engine.model.operators.registry import OPERATORS
from engine.progress import silent
from tests import tiny
from tests.engine.steered_world import rows_of
from tests.engine.test_ab import QUESTIONS, Units

HIDDEN = 32
STATES = 3.0 * tiny.seeded(4, 6, HIDDEN, seed=1)
VECTOR, SECOND = tiny.seeded(2, HIDDEN, seed=2)
UNIT = VECTOR / VECTOR.norm()
NEVER, ALWAYS = 1e9, -1e9


def needed(operation: str) -> dict[str, torch.Tensor]:
    """What an operator needs beside its vector, so that it changes states."""
    second = SECOND - (SECOND @ UNIT) * UNIT
    every = {
        "target": torch.tensor([[-3.0 if operation == "cap" else 2.0]]),
        "second": (second / second.norm())[None],
        "angle": torch.tensor([[0.7]]),
        "gain": 1 + 0.3 * tiny.seeded(1, HIDDEN, seed=3),
        "offset": tiny.seeded(1, HIDDEN, seed=4),
        "span": low_rank.span_of(torch.stack([VECTOR, SECOND])),
    }
    return {name: every[name] for name in OPERATORS[operation].needs if name in every}


def edit(operation: str = "set", scale: float = 0.8, block: int = 2, **changes) -> Edit:
    settings = {"vector": VECTOR, "parts": needed(operation), **changes}
    return Edit(site=Site(block=block), scale=scale, operation=operation, **settings)


def changed(states: torch.Tensor, *edits: Edit) -> torch.Tensor:
    """The same edits of every row."""
    batch = EditBatch.stack([list(edits)] * len(states))
    return batch.at(states, edits[0].site.block, 0, states.shape[1])


def along(states: torch.Tensor, vector: torch.Tensor = UNIT) -> torch.Tensor:
    return states @ (vector / vector.norm())


# What operators are


def test_set_to_its_own_projection_changes_nothing() -> None:
    states = STATES.flatten(0, 1)[:, None]
    units = UNIT.expand(len(states), 1, HIDDEN)
    rows = [
        [edit("set", parts={"target": own[None]})] for own in projection.along(states, units)[:, 0]
    ]

    assert torch.equal(EditBatch.stack(rows).at(states, 2, 0, 1), states)


def test_set_reaches_its_target_whatever_lies_off_the_vector() -> None:
    after = changed(STATES, edit("set", 1.0))

    torch.testing.assert_close(along(after), torch.full((4, 6), 2.0), atol=1e-5, rtol=0)
    torch.testing.assert_close(
        after - along(after)[..., None] * UNIT, STATES - along(STATES)[..., None] * UNIT
    )


@pytest.mark.parametrize("strength", [0.4, 1.0])
def test_ablation_is_set_to_0_and_the_removal_of_a_span_of_one(strength) -> None:
    ablated = changed(STATES, edit("ablate", strength))
    one = edit("low-rank", strength, parts={"span": low_rank.span_of(VECTOR[None])})

    zero = changed(STATES, edit("set", strength, parts={"target": torch.zeros(1, 1)}))
    torch.testing.assert_close(zero, ablated)
    torch.testing.assert_close(changed(STATES, one), ablated)


def test_a_floor_the_other_way_is_a_cap() -> None:
    target = needed("cap")["target"]

    capped = changed(STATES, edit("cap", 0.9))

    floored = edit("floor", 0.9, vector=-VECTOR, parts={"target": -target})
    torch.testing.assert_close(changed(STATES, floored), capped)
    assert not torch.equal(capped, STATES)


def test_a_cap_above_every_projection_and_a_floor_below_change_nothing() -> None:
    highest, lowest = along(STATES).max() + 0.01, along(STATES).min() - 0.01

    assert torch.equal(changed(STATES, edit("cap", parts={"target": highest[None, None]})), STATES)
    assert torch.equal(changed(STATES, edit("floor", parts={"target": lowest[None, None]})), STATES)


@pytest.mark.parametrize("operation", ["spherical", "angular"])
@pytest.mark.parametrize("strength", [0.3, 1.0])
def test_turning_keeps_norms_and_ends_where_it_should(operation, strength) -> None:
    after = changed(STATES, edit(operation, strength))

    torch.testing.assert_close(after.norm(dim=-1), STATES.norm(dim=-1))
    if operation == "spherical":
        left = (1 - strength) * torch.arccos(along(STATES) / STATES.norm(dim=-1))
        torch.testing.assert_close(along(after) / after.norm(dim=-1), left.cos())
    else:
        other = needed("angular")["second"][0]
        rest = [s - along(s)[..., None] * UNIT - (s @ other)[..., None] * other
                for s in (after, STATES)]  # fmt: skip
        torch.testing.assert_close(*rest, atol=1e-4, rtol=0)
        own, now = (torch.atan2(state @ other, along(state)) for state in (STATES, after))
        ways = torch.stack([0.7 - own + full for full in (-2 * math.pi, 0.0, 2 * math.pi)])
        shorter = ways.gather(0, ways.abs().argmin(0, keepdim=True))[0]
        assert (ways[1] != shorter).any()
        torch.testing.assert_close(now.cos(), (own + strength * shorter).cos(), atol=1e-4, rtol=0)
        torch.testing.assert_close(now.sin(), (own + strength * shorter).sin(), atol=1e-4, rtol=0)


def test_what_is_added_and_taken_away_again_is_nothing() -> None:
    both = edit("add", 1.7), edit("add", -1.7)

    assert torch.equal(changed(STATES, *both), STATES)
    assert not torch.equal(changed(STATES, both[0]), STATES)


def test_transport_carries_quantiles_to_quantiles() -> None:
    source = 1.5 + 2 * tiny.seeded(4000, HIDDEN, seed=8)
    goal = tiny.seeded(4000, HIDDEN, seed=9) * torch.linspace(0.5, 3, HIDDEN) - 4
    gain, offset = transport.fit(source, goal)

    parts = {"gain": gain[None], "offset": offset[None]}
    after = changed(source[None], edit("transport", 1.0, parts=parts))[0]

    torch.testing.assert_close(after.mean(0), goal.mean(0), atol=1e-4, rtol=0)
    assert float((after.std(0) / goal.std(0) - 1).abs().max()) < 0.02
    shares = torch.linspace(0.1, 0.9, 9)
    apart = (after.quantile(shares, dim=0) - goal.quantile(shares, dim=0)) / goal.std(0)
    assert float(apart.abs().max()) < 0.1


# Bit for bit


@pytest.fixture(scope="module", params=["qwen3", "gpt2"])
def door(request) -> tiny.Forward:
    return tiny.door(request.param)


def gate(kind: type, level: float, block: int = 1) -> TokenGate:
    return kind(block=block, unit=UNIT, mean=0.1, sd=2.0, level=level)


def off_and_on(operation: str) -> list[list[Edit]]:
    """A baseline, a row of strength 0 and one that acts."""
    return [[], [edit(operation, 0.0)], [edit(operation)]]


def logits_of(door, rows: list[list[Edit]]) -> torch.Tensor:
    return door.next_logits(list(range(40, 60)), EditBatch.stack(rows))


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_strength_0_is_the_baseline_bit_for_bit(dtype) -> None:
    model = tiny.causal("qwen3").to(dtype)
    door = tiny.Forward(replace(tiny.wrap(model), dtype=dtype))
    for keeps in (False, True):
        rows = [row for operation in OPERATIONS for row in off_and_on(operation)]
        rows = [[replace(e, preserve_norm=keeps) for e in row] for row in rows]

        base, off, on = (logits_of(door, rows)[i::3] for i in range(3))

        assert torch.equal(off, base)
        assert (on != base).any(-1).all()


@pytest.mark.parametrize("operation", OPERATIONS)
def test_a_row_of_strength_0_beside_many_is_left_as_it_is(operation) -> None:
    # Beside few the others are changed on their own, beside many all and this one is put back.
    for count in (1, 9):
        rows = [[edit(operation, 0.0)], *[[edit(operation)]] * count]
        after = EditBatch.stack(rows).at(STATES[:1].expand(len(rows), -1, -1), 2, 0, 6)

        assert torch.equal(after[0], STATES[0])
        assert (after[1:] != STATES[0]).any()


def test_a_strength_of_0_takes_no_other_edit_of_its_row_with_it() -> None:
    rows = [[edit("add", 2.0), edit("add", 0.0, vector=SECOND)], [], [], [], []]

    after = EditBatch.stack(rows).at(STATES[:1].expand(5, -1, -1), 2, 0, 6)

    torch.testing.assert_close(after[0], STATES[0] + 2 * VECTOR)
    assert torch.equal(after[1:], STATES[:1].expand(4, -1, -1))


def test_edits_of_one_row_are_made_in_its_own_order() -> None:
    first, second = edit("set"), edit("ablate", 0.5, vector=SECOND)
    third = edit("cap", block=3, vector=SECOND)
    third = replace(third, site=Site(block=3, kind="block_in"))
    rows = [[first, second, third], [third, second, first], [second, first, second]]

    together = EditBatch.stack(rows).at(STATES[:1].expand(3, -1, -1), 2, 0, 6)

    for row, edits in enumerate(rows):
        alone = STATES[:1]
        for one in edits:
            alone = EditBatch.stack([[one]]).at(alone, 2, 0, 6)
        torch.testing.assert_close(together[row], alone[0])


def rows_with(kind: type) -> list[list[Edit]]:
    """A baseline, a gate that never opens, one that always does, the same without, and one more."""
    return [
        [],
        [edit(gate=gate(kind, NEVER))],
        [edit(gate=gate(kind, ALWAYS))],
        [edit()],
        [edit("spherical", 0.4, gate=gate(kind, 0.0))],
    ]


def held(found: np.ndarray) -> None:
    """What a gate that never opens, and one that always does, must give."""
    assert np.array_equal(found[1], found[0])
    assert np.array_equal(found[2], found[3])
    assert (found[3] != found[0]).any()


@pytest.mark.parametrize("kind", [TokenGate, PromptGate])
@pytest.mark.parametrize("reading", ["letters", "likelihood"])
def test_a_gate_that_never_opens_is_the_baseline_and_one_that_always_does_is_none(
    door, kind, reading
) -> None:
    config = EvaluateConfig(reading=reading, system=None, controls=1)
    prepare = (likelihood if reading == "likelihood" else ab).prepare
    sweep, units = prepare(door, QUESTIONS, config, 1), Units()

    found = ab.measure(
        sweep, rows_of(door, rows_with(kind)), silent, units.load_arrays, units.save_arrays
    )

    held(found.logits)


@pytest.mark.parametrize("kind", [TokenGate, PromptGate])
def test_gates_in_texts(door, kind) -> None:
    rows, prompt = rows_with(kind), list(range(40, 52))
    prompts = [prompt] * len(rows)
    decoder = door.decoder(prompts, EditBatch.stack(by_prompt(door, prompts, rows, False)))

    held(torch.stack([decoder.first(), *(decoder.next([9] * 5) for _ in range(3))], 1).numpy())


def test_a_prompt_gate_asks_the_mean_of_the_unsteered_prompt_less_its_first_token(door) -> None:
    for tokens in (list(range(40, 52)), list(range(90, 99))):
        states = along(door.capture(tokens, [Site(block=1)])[Site(block=1)])
        asked, other = float(states[1:].mean()), float(states.mean())
        for near in (0.25, 4.0):
            level = asked + near * (other - asked)
            own = PromptGate(block=1, unit=UNIT, mean=level, sd=1.0, level=0.0)
            rows = SteeredRows(door=door, rows=[[edit(gate=own)]])

            assert bool(rows.on(tokens).groups) == (asked > level)


# Controls


def sides(seed: int = 0) -> Sides:
    source = tiny.seeded(12, HIDDEN, seed=seed)
    return Sides(source=source, destination=source + 0.5 * tiny.seeded(12, HIDDEN, seed=5) + VECTOR)


def test_a_control_of_transport_takes_the_same_steps_along_its_own_direction() -> None:
    own, unit = sides(), SECOND / SECOND.norm()
    steps = own.destination - own.source

    control = Direction(vector=steps.mean(0), sides=own).random(unit, 1.0, 7).sides

    mirrored = control.destination - control.source
    torch.testing.assert_close(mirrored @ mirrored.T, steps @ steps.T, atol=1e-4, rtol=1e-4)
    torch.testing.assert_close(mirrored.mean(0), steps.mean(0).norm() * unit, atol=1e-5, rtol=0)
    assert torch.equal(control.source, own.source)


def test_a_control_of_a_span_is_orthonormal_of_its_rank_and_the_seed_s_own() -> None:
    span = low_rank.span_of(torch.stack([VECTOR, SECOND, VECTOR + SECOND]))
    like, unit = Direction(vector=VECTOR, span=span), tiny.seeded(HIDDEN, seed=6)
    unit = unit / unit.norm()

    first, again, other = (like.random(unit, 2.0, seed) for seed in (1, 1, 2))

    torch.testing.assert_close(first.span @ first.span.T, torch.eye(2))
    torch.testing.assert_close(first.span[0], unit)
    torch.testing.assert_close(first.vector, 2 * unit)
    assert torch.equal(first.span, again.span)
    assert not torch.allclose(first.span[1], other.span[1])
