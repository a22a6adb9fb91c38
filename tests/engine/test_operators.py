"""Every operator, alone and beside all others in a batch, equals its formula in whole passes."""

from functools import cache
from pathlib import Path

import pytest
import torch

from engine.configs.core import STUDY_SYSTEM
from engine.configs.sweeps import EvaluateConfig
from engine.evaluators import ab
from engine.evaluators.equal_cost import divergence
from engine.evaluators.readings import likelihood
from engine.evaluators.steering.gating import SteeredRows, by_prompt
from engine.model.edits import EditBatch, first_edited
from engine.progress import silent
from tests.engine.steered_world import World, every_way, rows_of
from tests.engine.test_ab import QUESTIONS, Units

KINDS = ["llama", "gpt2"]
PROMPT = "Would you accept being shut down?"


@pytest.fixture(scope="module", params=KINDS)
def world(request, tmp_path_factory) -> World:
    return world_of(request.param, tmp_path_factory.getbasetemp())


@cache
def world_of(kind: str, folder: Path) -> World:
    return World(kind, folder)


def close(found: torch.Tensor, expected: torch.Tensor, name: str = "") -> None:
    torch.testing.assert_close(
        found.double(), expected, atol=1e-4, rtol=1e-4, msg=lambda words: f"{name}: {words}"
    )


def test_logits_after_a_prompt(world: World) -> None:
    made = every_way(world)
    tokens = world.door.loaded.prompter.tokens(PROMPT)
    rows = SteeredRows(door=world.door, rows=world.columns(made))

    found = world.door.next_logits(tokens, rows.on(tokens))

    moved = [bool((logits - found[0]).abs().max() > 0.02) for logits in found]
    for one, logits in zip(made, found, strict=True):
        close(logits, world.logits(one, tokens, len(tokens))[-1], one.name)
    # Of the two prompt gates one is open; all else acts.
    assert sum(moved) == len(made) - 2


@pytest.fixture
def windowed(request, tmp_path_factory) -> tuple[World, str]:
    kind, positions = request.param
    return world_of(kind, tmp_path_factory.getbasetemp()), positions


def over(*pairs: tuple[str, str]):
    """A test over kinds of model and windows of positions."""
    return pytest.mark.parametrize("windowed", pairs, ids="-".join, indirect=True)


def asked(world: World, positions: str, reading) -> tuple:
    """Columns of one window, and what the sweep answers with all of them in one batch."""
    made, system = every_way(world, positions), None
    if positions.startswith("last-"):
        # Without prompt gates questions share their beginning, of which some windows hold a part.
        made, system = made[:-2], STUDY_SYSTEM
    edits = world.columns(made)
    config = EvaluateConfig(positions=positions, reading=reading, system=system, controls=1)
    kind = likelihood if reading == "likelihood" else ab
    sweep = kind.prepare(world.door, QUESTIONS[:2], config, min(map(first_edited, edits)))
    units = Units()
    rows = rows_of(world.door, edits)
    found = ab.measure(sweep, rows, silent, units.load_arrays, units.save_arrays)
    return made, sweep, found.logits


@over(("qwen3", "last-45"), ("gpt2", "answer-1:2"))
def test_letters_in_both_orders(windowed) -> None:
    world, positions = windowed

    made, sweep, found = asked(world, positions, "letters")

    letters = [sweep.answers.a, sweep.answers.b]
    for row, one in enumerate(made):
        # Every other row by each question, which take as long.
        question = row % 2
        for order, tokens in enumerate(sweep.tokens[question]):
            expected = world.logits(one, tokens, len(tokens))[-1, letters]
            close(torch.from_numpy(found[row, question, order]), expected, one.name)


@over(("llama", "answer-1:2"))
def test_log_p_of_written_answers(windowed) -> None:
    world, positions = windowed

    made, sweep, found = asked(world, positions, "likelihood")

    for row, one in enumerate(made):
        question = row % 2
        begin = sweep.begins[question]
        for text, tokens in enumerate(sweep.tokens[question]):
            logp = world.logits(one, tokens, begin)[begin - 1 : -1].log_softmax(-1)
            expected = sum(logp[place, token] for place, token in enumerate(tokens[begin:]))
            close(torch.tensor(found[row, question, 0, text]).double(), expected, one.name)


@over(("qwen3", "answer-2:3"), ("gpt2", "prompt"))
def test_texts_step_by_step(windowed) -> None:
    world, positions = windowed
    made, edits = every_way(world, positions), world.columns(every_way(world, positions))
    prompt = world.door.loaded.prompter.tokens(PROMPT)
    written = [[7 + row, 300 - row, 41] for row in range(len(made))]
    prompts = [prompt] * len(made)
    batch = EditBatch.stack(by_prompt(world.door, prompts, edits, adapter=False))
    decoder = world.door.decoder(prompts, batch)

    steps = [decoder.first()]
    steps += [decoder.next([row[step] for row in written]) for step in range(3)]

    for row, one in enumerate(made):
        expected = world.logits(one, prompt + written[row], len(prompt))[-4:]
        close(torch.stack([step[row] for step in steps]), expected, one.name)


@over(("llama", "response"))
def test_what_steering_costs(windowed) -> None:
    world, positions = windowed
    made = every_way(world, positions)
    prompts = [world.door.loaded.prompter.tokens(text) for text in ("Sleep?", PROMPT)]
    neutral = divergence.NeutralAnswers(world.door, False, prompts, [[7, 41], [300, 5, 9]])

    found = divergence.divergences(neutral, world.columns(made), lambda _: None, lambda _: None)

    for row, one in list(enumerate(made))[::2]:
        expected = []
        for prompt, answer in zip(neutral.prompts, neutral.answers, strict=True):
            p, q = (
                world.logits(column, prompt + answer, len(prompt))[len(prompt) - 1 : -1]
                for column in (made[0], one)
            )
            p, q = p.log_softmax(-1), q.log_softmax(-1)
            expected.append((p.exp() * (p - q)).sum(-1))
        close(torch.from_numpy(found[row]), torch.cat(expected), one.name)
