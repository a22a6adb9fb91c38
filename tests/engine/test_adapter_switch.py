"""The switch equals PEFT's own way of turning an adapter off, and leaves no trace."""

import pytest
import torch
from peft import LoraConfig, get_peft_model

from engine.model.adapter_switch import AdapterSwitch
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
    switch = AdapterSwitch(model, has_adapter=True)
    base = causal("qwen3")(TOKENS).logits
    on = model(TOKENS).logits

    with switch.off():
        off = model(TOKENS).logits

    assert torch.equal(off, base)
    assert torch.equal(model(TOKENS).logits, on)
    assert not torch.allclose(on, off)


def test_a_pass_that_fails_leaves_the_adapter_on_and_no_gradient_wanted() -> None:
    model = tuned()
    switch = AdapterSwitch(model, has_adapter=True)
    on = model(TOKENS).logits

    with pytest.raises(RuntimeError, match="stop"), switch.off():
        raise RuntimeError("stop")

    assert torch.equal(model(TOKENS).logits, on)
    assert not any(weight.requires_grad for weight in model.parameters())


def test_an_adapter_that_was_off_stays_off() -> None:
    model = tuned()
    switch = AdapterSwitch(model, has_adapter=True)

    with model.disable_adapter():
        off = model(TOKENS).logits
        with switch.off():
            pass
        assert torch.equal(model(TOKENS).logits, off)


def test_a_model_without_an_adapter_is_left_alone() -> None:
    model = causal("qwen3")

    with AdapterSwitch(model, has_adapter=False).off():
        logits = model(TOKENS).logits

    assert torch.equal(logits, model(TOKENS).logits)
