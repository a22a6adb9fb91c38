"""Drift over a conversation equals the formulas, and reads what the model was given."""

import dataclasses

import pytest
import torch

from engine.configs.chats import Chip, Pane, Settings, Turn
from engine.configs.core import Site
from engine.configs.reads.drift import DriftAsk, Spoken
from engine.configs.reads.strips import VectorAt
from engine.configs.steering import interventions
from engine.errors import ConfigError, DataError
from engine.evaluators.chats import asking
from engine.evaluators.tokens import drift, strips, turns
from engine.evaluators.tokens.strips import Pointed
from engine.maths.directions import random_directions
from engine.questions import files
from engine.records.conversations import Answer, Conversation, Exchange
from engine.runs.reads import drift as reads
from tests import tiny
from tests.engine.test_conversations import MADE
from tests.reference import drift_reference as slow
from tests.reference import strip_reference

NEUTRAL = ("What color is grass?", "Sleep well")
TEXTS = ("Be a helpful book.", "Would you sleep?", "I refuse it.", "Read on then", "A book, no.")
ROLES = ("system", "user", "assistant", "user", "assistant")
AT = (VectorAt(digest="abc"),)


@pytest.fixture(autouse=True)
def _few_neutral(monkeypatch) -> None:
    load, few = files.load_prompts, interventions.NEUTRAL
    monkeypatch.setattr(files, "load_prompts", lambda p: NEUTRAL if str(p) == few else load(p))


def asked(door, has_tokens: bool = True, **changes) -> DriftAsk:
    turns = [Spoken(role=r, text=t) for r, t in zip(ROLES, TEXTS, strict=True)]
    if has_tokens:
        tokenizer = door.loaded.tokenizer
        rest = tokenizer(" book, no.", add_special_tokens=False)["input_ids"]
        turns[-1] = Spoken(
            role="assistant",
            text=TEXTS[-1],
            prefill="A",
            is_steered=True,
            tokens=(*rest, tokenizer.eos_token_id),
        )
    return DriftAsk(**{"turns": tuple(turns), "vectors": AT, "seed": 5, **changes})


def bare(kind: str):
    """A model whose tokenizer has no chat template."""
    fast = tiny.tokenizer()
    fast.chat_template = None
    door = tiny.door(kind)
    return type(door)(tiny.wrap(door.loaded.causal, kind, fast))


WAYS = [("qwen3", True, False), ("llama", False, True), ("gpt2", False, False)]


@pytest.mark.parametrize(("kind", "has_template", "is_raw"), WAYS)
def test_every_turn_equals_the_formula(kind, has_template, is_raw) -> None:
    door = tiny.door(kind) if has_template else bare(kind)
    vectors = [
        Pointed(vector=3 * tiny.seeded(32, seed=4), site=Site(block=2), name="one"),
        Pointed(vector=tiny.seeded(32, seed=6), site=Site(block=4), name="two"),
        Pointed(vector=tiny.seeded(32, seed=7), site=Site(block=2), name="three"),
    ]
    vectors = vectors if kind == "qwen3" else vectors[:1]
    found = drift.read(door, asked(door, is_raw=is_raw), vectors, randoms=7)

    tokens = turns.laid_out(door.loaded.prompter, asked(door, is_raw=is_raw)).tokens
    model, prompter = door.loaded.causal, door.loaded.prompter
    prompts = [prompter.tokens(prompt) for prompt in NEUTRAL]
    own = slow.turns_of(door.loaded.tokenizer, tokens, list(TEXTS))
    own[0] = [place for place in own[0] if place > 0]
    for vector, one in zip(vectors, found, strict=True):
        every = strip_reference.values(model, tokens, prompts, vector.site.block, vector.vector)
        assert [turn.role for turn in one.turns] == list(ROLES)
        for turn, places in zip(one.turns, own, strict=True):
            values = [every[place] for place in places]
            assert turn.values == pytest.approx(values, abs=1e-3)
            assert turn.mean == pytest.approx(slow.mean(values), abs=1e-3)
        assert [turn.is_steered for turn in one.turns] == [False] * 4 + [True]
    others = [
        strip_reference.values(model, tokens, prompts, 2, unit)
        for unit in random_directions(7, 32, 5)
    ]
    last, first = ([slow.mean([o[p] for p in own[turn]]) for o in others] for turn in (4, 2))
    read = found[0].turns
    assert read[4].bound == pytest.approx(slow.bound(last), abs=1e-3)
    moved, steps = found[0].moved, [a - b for a, b in zip(last, first, strict=True)]
    assert moved.value == pytest.approx(read[4].mean - read[2].mean)
    assert moved.bound == pytest.approx(slow.bound(steps), abs=1e-3)
    assert moved.rank == 1 + sum(abs(one) >= abs(moved.value) for one in steps)
    assert moved.of == 8


def test_a_turn_s_tokens_are_those_of_its_strip() -> None:
    door = tiny.door("qwen3")
    one = Pointed(vector=tiny.seeded(32, seed=4), site=Site(block=2), name="one")
    [found] = drift.read(door, asked(door), [one], randoms=9)
    laid = turns.laid_out(door.loaded.prompter, asked(door))
    part = laid.turns[-1]
    [strip] = strips.read(door, (laid.tokens, part.start), [one], randoms=9, seed=5)

    assert found.turns[-1].values == pytest.approx(strip.values[part], abs=1e-4)
    assert found.turns[-1].mean == pytest.approx(strip.answer.mean, abs=1e-4)


def test_an_answer_is_read_as_it_was_written() -> None:
    door = tiny.door("qwen3")
    prompter = door.loaded.prompter
    whole = turns.laid_out(prompter, asked(door))
    letters = [door.loaded.tokenizer.decode(whole.tokens[part]) for part in whole.turns]
    assert [one.strip() for one in letters] == list(TEXTS)
    # The end of the last answer is no part of it.
    assert whole.turns[-1].stop == len(whole.tokens)
    # A text that a tokenizer would cut otherwise is read as its tokens.
    odd = dataclasses.replace(asked(door).turns[-1], tokens=(300, 301, 302), text="Anything")
    laid = turns.laid_out(prompter, asked(door, turns=(*asked(door).turns[:-1], odd)))
    assert laid.tokens[-3:] == [300, 301, 302]


def test_a_template_that_changes_what_was_said_is_refused_and_one_that_trims_is_not() -> None:
    def door_of(said: str):
        fast = tiny.tokenizer()
        fast.chat_template = tiny.TEMPLATE.replace("m['content']", said)
        return type(tiny.door("qwen3"))(tiny.wrap(tiny.causal("qwen3"), "qwen3", fast))

    changing = door_of("m['content'] | replace('book', 'hat')")
    with pytest.raises(DataError, match="chat template changes what was said"):
        turns.laid_out(changing.loaded.prompter, asked(changing))
    trimming = door_of("m['content'] | trim")
    said = [dataclasses.replace(asked(trimming).turns[0], role="user", text="  Sleep well \n")]
    laid = turns.laid_out(trimming.loaded.prompter, asked(trimming, turns=tuple(said)))
    [part] = laid.turns
    assert trimming.loaded.tokenizer.decode(laid.tokens[part]) == "Sleep well"


def test_what_is_no_conversation_is_refused() -> None:
    first, last = Spoken(role="user", text="a"), Spoken(role="assistant", text="b", tokens=(1,))
    with pytest.raises(ConfigError, match="Nothing was said yet"):
        DriftAsk(turns=(), vectors=AT)
    with pytest.raises(ConfigError, match="Only the last answer is read as tokens"):
        DriftAsk(turns=(first, last, first), vectors=AT)
    with pytest.raises(ConfigError, match="needs a vector"):
        DriftAsk(turns=(first,), vectors=())
    with pytest.raises(ConfigError, match="A system prompt stands first"):
        DriftAsk(turns=(first, Spoken(role="system", text="s")), vectors=AT)
    door = tiny.door("qwen3")
    with pytest.raises(DataError, match="begins with an answer"):
        turns.laid_out(door.loaded.prompter, DriftAsk(turns=(last,), vectors=AT))


PLAIN = Pane(name="unsteered")
STEERED = Pane(name="steered", chips=(Chip(digest="0123456789ab", scale=2.0),))


def exchange(number: int, parent: int | None, said: str, is_raw: bool = False) -> Exchange:
    panes = (PLAIN, STEERED)
    settings = Settings(system="Help.", prefill="Well ", is_raw=is_raw)
    return Exchange(
        id=number,
        turn=Turn(said=said, panes=panes, parent=parent, settings=settings),
        answers=tuple(
            Answer(text=f"{pane.name} book {number}", tokens=(40 + number, 50)) for pane in panes
        ),
        created=MADE.created,
    )


@pytest.mark.parametrize("is_raw", [False, True])
def test_a_stored_conversation_is_read_as_its_panes_saw_it(is_raw) -> None:
    said = [("Sleep?", None), ("Sure?", 0), ("No?", 0)]
    talk = Conversation(
        digest="aaaabbbbcccc",
        config={"model": {"model": "demo"}},
        model={"short_name": "demo"},
        exchanges=tuple(exchange(i, p, text, is_raw) for i, (text, p) in enumerate(said)),
        provenance=MADE,
    )
    door = tiny.door("qwen3")
    last = talk.exchange(2)
    for place, one in enumerate(reads.asks(talk, 2, AT)):
        pane = last.turn.panes[place]
        assert one.pane == pane.name
        texts = ["Sleep?", f"Well {pane.name} book 0", "No?", f"Well {pane.name} book 2"]
        assert [turn.text for turn in one.turns] == [*([] if is_raw else ["Help."]), *texts]
        assert [t.is_steered for t in one.turns if t.role == "assistant"] == [bool(place)] * 2
        before = talk.before(0, pane)
        given = asking.tokens(door, before, last.turn.said, last.turn.settings)
        assert turns.laid_out(door.loaded.prompter, one).tokens == [*given, 42, 50]


def test_a_long_conversation_and_a_strange_vector_are_refused() -> None:
    door = tiny.door("qwen3", max_position_embeddings=8192)
    long = asked(door, turns=(Spoken(role="user", text="book " * 5000),))
    one = Pointed(vector=torch.ones(32), site=Site(block=2))
    with pytest.raises(DataError, match="and a drift reads at most"):
        drift.read(door, long, [one])
    with pytest.raises(ConfigError, match="has length 0"):
        drift.read(door, asked(door), [Pointed(vector=torch.zeros(32), site=Site(block=2))])
    first = Pointed(vector=torch.ones(32), site=Site(block=0, kind="block_in"), name="one")
    with pytest.raises(ConfigError, match="stands at the input of block 0"):
        drift.read(door, asked(door), [first])
