"""A model of one's own under `engine.steer`: as the engine steers it, and as before afterwards."""

import pytest
import torch

import engine
from engine import Engine
from engine.configs.core import ModelConfig, Site
from engine.errors import ConfigError, EngineError
from engine.model.edits import Edit, EditBatch
from tests import tiny

TOKENS = [[5, 9, 301, 7, 44, 12], [8, 2, 17, 90, 6, 33]]
VECTOR = tiny.seeded(32, seed=3)
KINDS = ("qwen3", "llama")


@pytest.fixture(scope="module")
def mine(tmp_path_factory) -> Engine:
    return Engine(tmp_path_factory.mktemp("store"), keep_jobs=False)


def hooks(model) -> int:
    modules = list(model.modules())
    return sum(len(m._forward_hooks) + len(m._forward_pre_hooks) for m in modules)


def logits(model) -> torch.Tensor:
    with torch.no_grad():
        return model(torch.tensor(TOKENS)).logits


@pytest.mark.parametrize("operation", ["add", "ablate", "spherical"])
@pytest.mark.parametrize("kind", KINDS)
def test_it_steers_as_the_engine_does(mine, kind, operation) -> None:
    door, strength = tiny.door(kind), -0.7 if operation == "add" else 0.6
    edit = Edit(site=Site(block=2), vector=VECTOR, scale=strength, operation=operation)
    start = door.start(TOKENS[0], 2)
    ids = list(range(40))

    with mine.steer(door.loaded.causal, VECTOR, strength, block=2, operation=operation):
        own = logits(door.loaded.causal)[0, -1, :40]
    by_hand = door.answers(start, EditBatch.stack([[edit]]), ids).logits[0]
    door.use_hooks()
    by_hooks = door.answers(door.start(TOKENS[0], 2), EditBatch.stack([[edit]]), ids).logits[0]

    torch.testing.assert_close(own, by_hand, atol=2e-5, rtol=1e-5)
    torch.testing.assert_close(own, by_hooks, atol=2e-6, rtol=1e-6)
    assert (own - logits(door.loaded.causal)[0, -1, :40]).abs().max() > 1e-3


@pytest.mark.parametrize("kind", KINDS)
def test_strength_0_changes_no_bit_and_nothing_is_left_afterwards(mine, kind) -> None:
    model = tiny.causal(kind)
    before, count = logits(model), hooks(model)

    with mine.steer(model, VECTOR, 0, block=1):
        assert torch.equal(logits(model), before)
    with mine.steer(model, VECTOR, 3.0, block=1):
        assert not torch.equal(logits(model), before)
    with pytest.raises(KeyError), mine.steer(model, VECTOR, 3.0, block=1):
        raise KeyError("of the program")

    assert torch.equal(logits(model), before)
    assert hooks(model) == count


def test_written_tokens_are_steered_too_from_the_library_s_cache(mine) -> None:
    model = tiny.causal("qwen3")
    asked = {"max_new_tokens": 6, "do_sample": False, "pad_token_id": 0}
    with torch.no_grad(), mine.steer(model, VECTOR, 4.0, block=1):
        kept = model.generate(torch.tensor(TOKENS), use_cache=True, **asked)
        whole = model.generate(torch.tensor(TOKENS), use_cache=False, **asked)

    assert torch.equal(kept, whole)


def test_stored_vectors_act_at_their_own_site(mine) -> None:
    found = mine.find("random", vectors=2)
    model = mine.load(ModelConfig()).loaded.causal
    given = torch.tensor(found.record.vectors[1])
    site = found.record.sites[1].block
    with mine.steer(model, f"{found.digest}:1", 2.0):
        named = logits(model)
    with mine.steer(model, found, 2.0, index=1):
        shown = logits(model)
    with engine.steer(model, given, 2.0, block=site):
        numbers = logits(model)

    assert torch.equal(named, numbers)
    assert torch.equal(shown, numbers)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"block": None}, "name it by block="),
        ({"block": 5}, "blocks 0 to 4: there is no block 5"),
        ({"vector": VECTOR[:8]}, "8 numbers, but this model's states have 32"),
        ({"vector": VECTOR[None]}, "one row of finite numbers"),
        ({"vector": VECTOR * float("nan")}, "one row of finite numbers"),
        ({"vector": object()}, "one row of finite numbers"),
        ({"strength": "3"}, "strength is '3'"),
        ({"strength": float("inf")}, "finite number"),
        ({"operation": "cap"}, "use add, ablate, spherical"),
        ({"model": "demo"}, "A str cannot be steered"),
        ({"vector": "0123456789ab"}, "0123456789ab"),
    ],
)
def test_what_does_not_fit_is_one_sentence_and_leaves_no_hook(mine, given, said) -> None:
    model = tiny.causal("llama")
    asked = {"model": model, "vector": VECTOR, "strength": 1.0, "block": 1} | given
    count = hooks(model)
    with pytest.raises(EngineError, match=said), mine.steer(**asked):
        pass

    assert hooks(model) == count


def test_several_vectors_need_a_place(mine) -> None:
    found = mine.find("random", vectors=2)
    with pytest.raises(ConfigError, match="index=0"), mine.steer(tiny.causal("llama"), found, 1):
        pass
    with (
        pytest.raises(ConfigError, match="no vector 2: use one of 0, 1"),
        mine.steer(tiny.causal("llama"), found, 1, index=2),
    ):
        pass
