"""Token strips equal the formulas, through blocks run by hand and through hooks."""

import json
from dataclasses import asdict, replace

import numpy as np
import pytest
import torch
from tokenizers import Tokenizer, decoders, models
from transformers import PreTrainedTokenizerFast

from engine.configs.core import Site
from engine.configs.reads.strips import Passage
from engine.configs.steering.interventions import NEUTRAL
from engine.errors import ConfigError, DataError
from engine.evaluators.tokens import changes, pieces, strips
from engine.evaluators.tokens.passages import tokens_of
from engine.evaluators.tokens.strips import Pointed
from engine.maths.directions import random_directions
from engine.model.edits import Edit, TokenGate
from engine.questions import files
from tests import tiny
from tests.reference import strip_reference as slow

KINDS = ["qwen3", "llama", "gpt2"]
TOKENS = [1, 9, 300, 41, 7, 88, 13, 200, 64, 31]
LENGTH = 6
BLOCK = 2


FEW = files.load_prompts(NEUTRAL)[:4]


@pytest.fixture(autouse=True)
def few_neutral_prompts(monkeypatch: pytest.MonkeyPatch) -> None:
    """The yardstick of few prompts is made as quickly as it is checked."""
    monkeypatch.setattr(files, "load_prompts", lambda _path: FEW)


def pointed(seed: int = 4, block: int = BLOCK) -> Pointed:
    return Pointed(vector=3 * tiny.seeded(32, seed=seed), site=Site(block=block), name="one")


def edit(positions: str = "all", **more: object) -> Edit:
    vector = tiny.seeded(32, seed=9)
    return Edit(site=Site(block=1), vector=vector, scale=0.7, positions=positions, **more)


@pytest.mark.parametrize("kind", KINDS)
def test_projections_and_their_band_equal_the_formulas(kind: str) -> None:
    door, one = tiny.door(kind), pointed()
    model, prompts = door.loaded.model, [door.loaded.prompter.tokens(prompt) for prompt in FEW]

    # A second vector on the same text must not disturb the first.
    found, _ = strips.read(door, (TOKENS, LENGTH), [one, pointed(5, 3)], randoms=6, seed=8)

    states = slow.states(model, TOKENS, BLOCK)
    direct = [slow.projection(state, one.vector) for state in states]
    assert found.projections == pytest.approx(direct, abs=1e-5)
    assert found.total == pytest.approx(sum(direct), abs=1e-4)
    own = slow.values(model, TOKENS, prompts, BLOCK, one.vector)
    assert found.values == pytest.approx(own, abs=1e-4)
    last = slow.values(model, TOKENS, prompts, 4, one.vector)
    assert [row[4] for row in found.over_blocks] == pytest.approx(last, abs=1e-4)
    others = [
        slow.values(model, TOKENS, prompts, BLOCK, unit) for unit in random_directions(6, 32, 8)
    ]
    bounds = [slow.bound([one[place] for one in others]) for place in range(len(TOKENS))]
    assert found.bounds == pytest.approx(bounds, abs=1e-4)
    assert [row[BLOCK] for row in found.bounds_over_blocks] == pytest.approx(bounds, abs=1e-4)
    for standing, first in ((found.whole, 1), (found.answer, LENGTH)):
        beyond = sum(abs(z) > b for z, b in zip(own[first:], bounds[first:], strict=True))
        assert (standing.tokens, standing.beyond) == (len(TOKENS) - first, beyond)
        assert standing.mean == pytest.approx(np.mean(own[first:]), abs=1e-4)
        assert standing.rank == slow.rank(own[first:], [one[first:] for one in others])
    assert found.whole.of == 7
    assert [found.is_beyond(i) for i in range(len(own))] == [
        abs(z) > b for z, b in zip(own, bounds, strict=True)
    ]


@pytest.mark.parametrize("positions", slow.WINDOWS)
@pytest.mark.parametrize("kind", KINDS)
def test_changes_and_steered_positions_equal_the_formulas(kind: str, positions: str) -> None:
    door, one = tiny.door(kind), edit(positions)
    model = door.loaded.model

    found = changes.read(door, TOKENS, LENGTH, [one], False)

    plain = slow.logits(model, TOKENS, LENGTH, 1, 0 * one.vector, positions)
    steered = slow.logits(model, TOKENS, LENGTH, 1, 0.7 * one.vector, positions)
    for expected, logits in ((found.unsteered, plain), (found.steered, steered)):
        wanted = torch.tensor(slow.logps(logits, TOKENS), dtype=torch.float32)
        torch.testing.assert_close(expected.logps[1:], wanted, atol=2e-4, rtol=1e-4)
        shares = logits[:-1].softmax(-1).topk(changes.LIKELIEST)
        torch.testing.assert_close(expected.shares[1:], shares.values.float(), atol=1e-5, rtol=1e-3)
        assert expected.likely[1:, 0].tolist() == shares.indices[:, 0].tolist()
    places = [slow.WINDOWS[positions](place, LENGTH) for place in range(len(TOKENS))]
    assert found.moved.tolist() == places


@pytest.mark.parametrize(
    ("kind", "positions"), [("qwen3", "all"), ("llama", "response"), ("gpt2", "all")]
)
def test_random_vectors_in_the_same_place_bound_every_change(
    kind: str, positions: str, monkeypatch
) -> None:
    # Two passes of two rows and of one.
    monkeypatch.setattr(changes, "POSITIONS_AT_ONCE", 2 * len(TOKENS))
    door = tiny.door(kind)
    model, own = door.loaded.model, edit(positions)
    others = [replace(own, vector=tiny.seeded(32, seed=seed)) for seed in (20, 21, 22)]

    (found,) = strips.read(
        door, (TOKENS, LENGTH), [pointed()], edits=[own], controls=[[one] for one in others]
    )

    def logps(vector: torch.Tensor) -> np.ndarray:
        after = slow.logits(model, TOKENS, LENGTH, 1, vector, positions)
        return np.array(slow.logps(after, TOKENS))

    plain = logps(0 * own.vector)
    differences = [logps(0.7 * one.vector) - plain for one in others]
    bounds = np.abs(differences).max(axis=0)
    assert [one.change_bound for one in found.tokens[1:]] == pytest.approx(bounds, abs=5e-4)
    assert found.tokens[0].change_bound is None
    sums = [one[LENGTH - 1 :].sum() for one in differences]
    assert found.control_changes == pytest.approx(sums, abs=2e-3)
    own_change = (logps(0.7 * own.vector) - plain)[LENGTH - 1 :].sum()
    assert found.change == pytest.approx(own_change, abs=2e-3)


def test_a_gate_marks_only_the_positions_where_it_opened() -> None:
    door, vector = tiny.door("qwen3"), tiny.seeded(32, seed=2)
    unit = vector / vector.norm()
    along = torch.stack(slow.states(door.loaded.model, TOKENS, 0)).float() @ unit
    level = float(along.sort().values[4:6].mean())
    gate = TokenGate(block=0, unit=unit, mean=0.0, sd=1.0, level=level, is_above=True)

    found = changes.read(door, TOKENS, LENGTH, [edit(gate=gate)], False)

    assert found.moved.tolist() == (along > level).tolist()
    assert 0 < sum(found.moved.tolist()) < len(TOKENS)


def test_nothing_steered_has_no_change_and_all_of_it_is_plain_json() -> None:
    door = tiny.door("qwen3")

    (plain,) = strips.read(door, (TOKENS, LENGTH), [pointed()])
    (steered,) = strips.read(door, (TOKENS, LENGTH), [pointed()], edits=[edit("response")])

    assert not plain.is_steered
    assert {token.change for token in plain.tokens} == {None}
    assert all(token.likely_steered == () for token in plain.tokens)
    assert [token.is_steered for token in steered.tokens] == [False] * 5 + [True] * 5
    assert steered.tokens[0].change is None
    # What is written at a steered position is expected otherwise, what stands before is not.
    assert [abs(t.change) > 1e-4 for t in steered.tokens[1:]] == [False] * 5 + [True] * 4
    assert len(steered.tokens[-1].likely_steered) == changes.LIKELIEST
    assert steered.projections == pytest.approx(plain.projections, abs=1e-5)
    assert json.loads(json.dumps(asdict(steered)))["values"] == list(steered.values)


def test_the_embedding_and_an_mlp_are_read_where_they_act() -> None:
    door, one = tiny.door("llama"), pointed()
    first = replace(one, site=Site(block=0, kind="block_in"))
    mlp = replace(one, site=Site(block=BLOCK, kind="mlp_out"))

    found, inner, plain = strips.read(door, (TOKENS, LENGTH), [first, mlp, one])

    embedding = door.loaded.model.get_input_embeddings().weight[TOKENS].double()
    direct = [slow.projection(state, one.vector) for state in embedding]
    assert found.projections == pytest.approx(direct, abs=1e-5)
    assert (found.block, len(found.over_blocks[0])) == (-1, 5)
    assert inner.values == plain.values


def test_what_cannot_be_read_is_refused() -> None:
    door = tiny.door("qwen3")
    with pytest.raises(DataError, match="single token"):
        strips.read(door, ([5], 1), [pointed()])
    with pytest.raises(ConfigError, match="blocks 0 to 4"):
        strips.read(door, (TOKENS, LENGTH), [pointed(block=5)])
    with pytest.raises(ConfigError, match="length 0"):
        strips.read(door, (TOKENS, LENGTH), [replace(pointed(), vector=torch.zeros(32))])
    with pytest.raises(DataError, match="has tokens 0 to"):
        tokens_of(door, Passage(tokens=(3, 100_000)))
    with pytest.raises(DataError, match="at most 4,096"):
        tokens_of(door, Passage(tokens=(3,) * 4097))
    with pytest.raises(ConfigError, match="one text"):
        Passage(prompt="Hello", plain="Hello")


def test_a_text_is_its_prompt_in_the_template_and_its_answer() -> None:
    door = tiny.door("qwen3")
    tokens, length = tokens_of(door, Passage(prompt="Sleep well?", system="Be kind.", answer="Yes"))
    texts = pieces.pieces(door.loaded.tokenizer, tokens)

    assert "".join(texts[:length]).endswith("<|im_start|>assistant\n")
    assert "".join(texts[length:]) == "Yes"
    assert tokens_of(door, Passage(plain="Yes"))[0] == tokens[length:]
    assert tokens_of(door, Passage(tokens=tuple(tokens), prompt_length=length)) == (tokens, length)
    turns = (("system", "Be kind."), ("user", "Sleep well?"))
    assert tokens_of(door, Passage(turns=turns, answer="Yes")) == (tokens, length)
    known = Passage(turns=turns, prefill="Y", answer_tokens=tuple(tokens[length + 1 :]))
    assert tokens_of(door, known) == (tokens, length + 1)


def test_pieces_keep_the_spaces_of_a_tokenizer_that_decodes_without_the_first() -> None:
    inner = Tokenizer(models.WordLevel({"\u2581a": 0, "\u2581bc": 1, "d": 2}, unk_token="d"))
    inner.decoder = decoders.Metaspace()
    fast = PreTrainedTokenizerFast(tokenizer_object=inner)
    assert fast.decode([1]) == "bc"

    assert pieces.pieces(fast, [0, 1, 2, 1]) == ["a", " bc", "d", " bc"]


@pytest.mark.parametrize(
    "text", ["a  b\n\n c", "né 😀 日本", "\u202eabc\u200b", "(A) <|im_end|> x", "e\u0301 👩‍👩‍👧"]
)
def test_pieces_are_the_text(text: str) -> None:
    fast = tiny.tokenizer()
    tokens = fast(text, add_special_tokens=False)["input_ids"]

    found = pieces.pieces(fast, tokens)

    assert "".join(found) == text
    assert len(found) == len(tokens)
    assert all(pieces.BROKEN not in one for one in found)
    assert pieces.piece(fast, 1) == "<|im_start|>"
