"""The self-tests pass on sound models and catch what they are there to catch."""

import pytest
import torch
from torch import Tensor

from engine.model.blocks import BlockRunner
from engine.model.checks import run_checks
from engine.model.edits import EditBatch
from tests import tiny

EDIT = "the edit fires on every decode step"


@pytest.mark.parametrize("kind", ["qwen3", "llama", "gpt2"])
def test_sound_models_pass_every_test(kind: str) -> None:
    door = tiny.door(kind)

    checks = run_checks(door)

    assert [c.name for c in checks if not c.passed] == []
    assert door.is_segmented == (kind != "gpt2")


def test_a_wrong_fast_way_is_found_and_given_up(monkeypatch) -> None:
    door = tiny.door("qwen3")
    original = BlockRunner._block

    def wrong(self, block: int, hidden: Tensor, context, cache) -> Tensor:
        return original(self, block, hidden, context, cache) * (1.1 if block == 3 else 1.0)

    monkeypatch.setattr(BlockRunner, "_block", wrong)
    checks = run_checks(door)

    assert not door.is_segmented
    assert all(check.passed for check in checks)
    assert "hooks" in next(c for c in checks if "library" in c.name).reason


def test_an_edit_that_never_fires_is_caught(monkeypatch) -> None:
    door = tiny.door("qwen3")
    monkeypatch.setattr(EditBatch, "at", lambda self, hidden, block, first, prompt_length: hidden)

    failed = [c.name for c in run_checks(door) if not c.passed]

    assert EDIT in failed


def test_an_edit_that_stops_after_the_prompt_is_caught(monkeypatch) -> None:
    door = tiny.door("qwen3")
    original = EditBatch.at

    def only_prompt(self, hidden: Tensor, block: int, first: int, prompt_length: int) -> Tensor:
        is_decoding = hidden.shape[1] == 1 and first > 0
        return hidden if is_decoding else original(self, hidden, block, first, prompt_length)

    monkeypatch.setattr(EditBatch, "at", only_prompt)
    assert door.keeps_past
    checks = run_checks(door)

    # Texts are then written by whole passes, in which the edit does fire.
    assert not door.keeps_past
    assert "whole pass" in next(c for c in checks if c.name == EDIT).reason
    assert [c.name for c in checks if not c.passed] == []


def test_rows_that_touch_each_other_are_caught(monkeypatch) -> None:
    door = tiny.door("llama")
    original = EditBatch.at

    def mixed(self, hidden: Tensor, block: int, first: int, prompt_length: int) -> Tensor:
        changed = original(self, hidden, block, first, prompt_length)
        return changed.flip(0) if block == 2 and len(changed) > 2 else changed

    monkeypatch.setattr(EditBatch, "at", mixed)

    assert "a row in a batch equals the row alone" in [
        c.name for c in run_checks(door) if not c.passed
    ]


def test_a_steering_vector_left_behind_is_caught() -> None:
    door = tiny.door("qwen3")
    calls = []

    def drifting(_module, _args, output):
        calls.append(1)
        return output + 0.01 * len(calls)

    handle = door.loaded.model.model.layers[2].register_forward_hook(drifting)
    try:
        failed = [c.name for c in run_checks(door) if not c.passed]
    finally:
        handle.remove()

    assert "scale 0 is the baseline" in failed


def test_a_tokenizer_without_template_is_said() -> None:
    fast = tiny.tokenizer()
    fast.chat_template = None
    door = tiny.Forward(tiny.wrap(tiny.causal("qwen3"), "plain", fast))

    checks = {c.name: c for c in run_checks(door)}

    assert not checks["chat template renders"].passed
    assert "plain text" in checks["chat template renders"].reason
    assert torch.isfinite(door.next_logits([1, 2, 3], EditBatch.none(1))).all()
