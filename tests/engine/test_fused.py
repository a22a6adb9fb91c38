"""A block run by hand equals the library's own: its output, gradients and Jacobian products."""

import pytest
import torch
from peft import LoraConfig, get_peft_model
from torch.nn.attention import SDPBackend, sdpa_kernel

from engine.model import fused
from engine.model.blocks import _Appending
from tests.tiny import causal, seeded

KINDS = ["qwen3", "llama"]
ALL = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]
BLOCK = 2
CLOSE = {"rtol": 1e-5, "atol": 3e-6}
"""Of float64, in which the library's norms are still float32."""


def model(kind: str, lora: bool = False, dtype: torch.dtype = torch.float64) -> torch.nn.Module:
    """A random decoder whose norms differ from one."""
    made = causal(kind)
    for number, (name, weight) in enumerate(made.named_parameters()):
        if "norm" in name:
            weight.data = 1 + 0.3 * seeded(*weight.shape, seed=number)
    if lora:
        with torch.random.fork_rng():
            torch.manual_seed(5)
            tuned = get_peft_model(made, LoraConfig(r=4, lora_alpha=12, target_modules=ALL))
        for number, (name, weight) in enumerate(tuned.named_parameters()):
            if "lora_B" in name:
                weight.data = 0.3 * seeded(*weight.shape, seed=number)
        made = tuned.base_model.model
    made.requires_grad_(False)
    return made.to(dtype).eval()


def both(made: torch.nn.Module, hidden: torch.Tensor, mask: torch.Tensor | None):
    """Our way and the library's, as functions of a block's input."""
    core = made.model
    positions = torch.arange(hidden.shape[1])[None]
    rotary = core.rotary_emb(hidden, positions)
    block = fused.blocks(core)[BLOCK]

    def ours(states: torch.Tensor) -> torch.Tensor:
        return block.run(states, rotary, mask, _Appending(None, None))

    def library(states: torch.Tensor) -> torch.Tensor:
        return core.layers[BLOCK](
            states,
            attention_mask=mask,
            position_ids=positions,
            position_embeddings=rotary,
            past_key_values=_Appending(None, None),
            use_cache=True,
        )

    return ours, library


def own_only() -> torch.Tensor:
    """A mask under which no token sees its neighbours but itself and the first."""
    sees = torch.eye(7, dtype=torch.bool)
    sees[:, 0] = True
    return sees[None, None]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("lora", [False, True])
@pytest.mark.parametrize("mask", [None, own_only()], ids=["causal", "mask"])
def test_output_and_gradient_equal_the_librarys(kind, lora, mask) -> None:
    hidden = seeded(3, 7, 32, seed=1).double()
    ours, library = both(model(kind, lora), hidden, mask)
    with torch.no_grad():
        torch.testing.assert_close(ours(hidden), library(hidden), **CLOSE)

    weights = seeded(3, 7, 32, seed=2).double()
    found = []
    for way in (ours, library):
        leaf = hidden.clone().requires_grad_()
        found.append(torch.autograd.grad((way(leaf) * weights).sum(), leaf)[0])

    torch.testing.assert_close(*found, **CLOSE)
    assert hidden.equal(seeded(3, 7, 32, seed=1).double()), "the input is left as it was"


@pytest.mark.parametrize("kind", KINDS)
def test_products_with_the_jacobian_equal_the_librarys(kind) -> None:
    hidden = seeded(2, 7, 32, seed=1).double()
    direction = seeded(2, 7, 32, seed=5).double()
    made = model(kind, lora=True)
    ours, library = both(made, hidden, None)

    products = []
    for way in (ours, library):
        leaf = hidden.clone().requires_grad_()
        with sdpa_kernel(SDPBackend.MATH):
            out = way(leaf)
            dummy = torch.zeros_like(out, requires_grad=True)
            (pulled,) = torch.autograd.grad(out, leaf, dummy, create_graph=True)
            products.append(torch.autograd.grad(pulled, dummy, direction)[0])

    torch.testing.assert_close(*products, **CLOSE)


@pytest.mark.parametrize("kind", KINDS)
def test_an_adapter_that_is_switched_off_is_the_base_block(kind) -> None:
    hidden = seeded(2, 7, 32, seed=1).double()
    made = model(kind, lora=True)
    ours, library = both(made, hidden, None)
    with torch.no_grad():
        on = ours(hidden)
        for module in made.modules():
            if hasattr(module, "_disable_adapters"):
                module._disable_adapters = True
        off = ours(hidden)

        torch.testing.assert_close(off, library(hidden), **CLOSE)
        plain, _ = both(model(kind), hidden, None)
        torch.testing.assert_close(off, plain(hidden), **CLOSE)
    assert not torch.allclose(on, off)


@pytest.mark.parametrize("kind", KINDS)
def test_bfloat16_is_no_farther_from_float32_than_the_librarys(kind) -> None:
    hidden = seeded(4, 7, 32, seed=1)
    exact = both(model(kind, dtype=torch.float32), hidden, None)[1](hidden)
    ours, library = both(model(kind, dtype=torch.bfloat16), hidden.bfloat16(), None)

    def error(way) -> float:
        with torch.no_grad():
            return float((way(hidden.bfloat16()).float() - exact).square().mean().sqrt())

    assert 0 < error(ours) <= 1.2 * error(library)


@pytest.mark.parametrize(
    "change", [{"hidden_act": "gelu"}, {"_attn_implementation": "eager"}], ids=str
)
def test_other_arithmetic_is_left_to_the_library(change) -> None:
    made = model("qwen3")
    for name, value in change.items():
        setattr(made.model.config, name, value)

    assert fused.blocks(made.model) is None


def test_weights_that_are_moved_between_devices_are_left_to_the_library() -> None:
    made = model("llama")
    made.model.layers[1].mlp._hf_hook = object()

    assert fused.blocks(made.model) is None


def test_a_hook_on_a_block_is_seen() -> None:
    made = model("llama")
    block = fused.blocks(made.model)[BLOCK]
    handle = made.model.layers[BLOCK].register_forward_hook(lambda *_: None)
    assert block.is_watched
    handle.remove()
    assert not block.is_watched
