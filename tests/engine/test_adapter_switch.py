"""The switch equals PEFT's own way of turning an adapter off, and leaves no trace."""

import pytest
import torch
from peft import LoraConfig, get_peft_model

from engine.model.switching.adapter_switch import AdapterSwitch
from tests.tiny import causal, seeded

TOKENS = torch.tensor([[5, 9, 2, 77, 31]])


def tuned(**changes) -> torch.nn.Module:
    model = get_peft_model(
        causal("qwen3"), LoraConfig(r=4, target_modules=["q_proj", "up_proj"], **changes)
    )
    for number, (name, weight) in enumerate(model.named_parameters()):
        if "lora_B" in name:
            weight.data = 0.3 * seeded(*weight.shape, seed=number)
    model.requires_grad_(False)
    return model.eval()


@pytest.mark.parametrize("changes", [{}, {"modules_to_save": ["lm_head"]}])
def test_off_equals_the_base_model_and_on_comes_back(changes) -> None:
    model = tuned(**changes)
    on = model(TOKENS).logits
    with model.disable_adapter():
        as_peft_does = model(TOKENS).logits
    switch = AdapterSwitch(model)

    with switch.on(None):
        off = model(TOKENS).logits

    assert torch.equal(off, causal("qwen3")(TOKENS).logits)
    assert torch.equal(off, as_peft_does)
    assert torch.equal(model(TOKENS).logits, on)
    assert not torch.allclose(on, off)


def test_off_within_on_and_on_within_off_come_back() -> None:
    model = tuned()
    switch = AdapterSwitch(model)
    adapter, on = switch.current, model(TOKENS).logits

    with switch.on(None):
        off = model(TOKENS).logits
        with switch.on(adapter):
            assert torch.equal(model(TOKENS).logits, on)
        assert torch.equal(model(TOKENS).logits, off)

    assert switch.current is adapter


def test_a_pass_that_fails_leaves_the_adapter_on_and_no_gradient_wanted() -> None:
    model = tuned()
    switch = AdapterSwitch(model)
    on = model(TOKENS).logits

    with pytest.raises(RuntimeError, match="stop"), switch.on(None):
        raise RuntimeError("stop")

    assert torch.equal(model(TOKENS).logits, on)
    assert not any(weight.requires_grad for weight in model.parameters())


def test_a_model_without_an_adapter_is_left_alone() -> None:
    model = causal("qwen3")

    with AdapterSwitch(model).on(None):
        logits = model(TOKENS).logits

    assert torch.equal(logits, model(TOKENS).logits)
