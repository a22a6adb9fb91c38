"""Answers are read through whatever stands on the head, in bfloat16 as in float32."""

import copy
from dataclasses import replace

import pytest
import torch
from peft import LoraConfig, get_peft_model
from torch import Tensor
from transformers import CohereConfig, CohereForCausalLM, GraniteConfig, GraniteForCausalLM

from engine.model.checks import run_checks
from engine.model.edits import EditBatch
from engine.model.forward import Forward
from engine.model.ways.head import Head
from tests import tiny

IDS = (7, 300)
SHAPE = {**tiny.SHAPE, "pad_token_id": 0, "bos_token_id": 1, "eos_token_id": 2}


def adapted(**settings) -> torch.nn.Module:
    """Qwen3 with a LoRA whose second factors are not zero."""
    config = LoraConfig(task_type="CAUSAL_LM", r=2, lora_alpha=8, **settings)
    model = get_peft_model(tiny.causal("qwen3"), config)
    for name, weight in model.named_parameters():
        if "lora_B" in name or "modules_to_save" in name:
            weight.data += tiny.seeded(*weight.shape)
    return model


def scaled(kind: str) -> torch.nn.Module:
    """A model that does something to its head's products."""
    torch.manual_seed(0)
    if kind == "cohere":
        return CohereForCausalLM(CohereConfig(**SHAPE, logit_scale=0.25))
    return GraniteForCausalLM(GraniteConfig(**SHAPE, logits_scaling=4.0, initializer_range=0.15))


MODELS = {
    "LoRA on the head": lambda: adapted(target_modules=["lm_head", "q_proj"]),
    "a head of its own": lambda: adapted(target_modules=["q_proj"], modules_to_save=["lm_head"]),
    "DoRA": lambda: adapted(target_modules=["lm_head", "q_proj"], use_dora=True),
    "logit_scale": lambda: scaled("cohere"),
    "logits_scaling": lambda: scaled("granite"),
}


def in_bfloat16(model: torch.nn.Module) -> Forward:
    return Forward(replace(tiny.wrap(model.to(torch.bfloat16)), dtype=torch.bfloat16))


@pytest.mark.parametrize("name", MODELS)
def test_answers_in_bfloat16_are_those_of_the_head_that_is_there(name: str) -> None:
    causal = in_bfloat16(MODELS[name]()).loaded.causal
    states = tiny.seeded(3, tiny.SHAPE["hidden_size"]).to(torch.bfloat16)
    with torch.no_grad():
        logits, answers = Head(causal).read(states, IDS)
        wide = copy.deepcopy(causal.get_output_embeddings()).float()
        expected = wide(causal.model.norm(states).float())
    if name in ("logit_scale", "logits_scaling"):
        expected = expected / 4

    assert logits.shape == expected.shape
    # No column of DoRA is cut out by hand: its own product stands, in its precision.
    bar = 0.02 * float(expected.abs().max()) if name == "DoRA" else 1e-5
    torch.testing.assert_close(answers, expected[:, list(IDS)], rtol=1e-5, atol=bar)
    torch.testing.assert_close(logits, expected, rtol=0.02, atol=0.02 * float(expected.abs().max()))


def test_answers_hold_no_more_than_all_of_the_probability() -> None:
    door = in_bfloat16(MODELS["LoRA on the head"]())
    start = door.start(list(range(20, 60)), 0)
    likely = door.next_logits(start.tokens, EditBatch.none(1))[0].topk(2).indices.tolist()

    found = door.answers(start, EditBatch.none(1), likely)

    rest = door.next_logits(start.tokens, EditBatch.none(1))[0].double()
    rest[likely] = -torch.inf
    both = found.logits[0].double().logsumexp(-1)
    expected = 1 / (1 + (rest.logsumexp(-1) - both).exp())
    assert abs(float(found.mass) - float(expected)) < 1e-5
    assert 0.1 < float(found.mass) <= 1


@pytest.mark.matrix(keep=2)
@pytest.mark.parametrize("name", MODELS)
def test_every_self_test_passes_in_bfloat16_and_float32(name: str) -> None:
    for door in (Forward(tiny.wrap(MODELS[name]())), in_bfloat16(MODELS[name]())):
        assert [(c.name, c.figure) for c in run_checks(door) if not c.passed] == []


def test_a_head_read_past_its_adapter_is_found(monkeypatch) -> None:
    door = in_bfloat16(MODELS["LoRA on the head"]())
    monkeypatch.setattr("engine.model.ways.head.Head.read", past_its_adapter)

    checks = run_checks(door)

    # The library's own head is read instead.
    assert not door.is_segmented
    assert all(check.passed for check in checks)


def past_its_adapter(head, hidden: Tensor, ids=()) -> tuple[Tensor, Tensor]:
    module = head._causal.get_output_embeddings()
    normed = head._causal.model.norm(hidden)
    rows = module.base_layer.weight[list(ids)].float()
    return module(normed).float(), normed.float() @ rows.T
