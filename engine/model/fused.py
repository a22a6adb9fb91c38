"""One Qwen3 or Llama block with fewer passes over memory than the library's own modules make.

The matrices are the block's own modules, so that adapters act as they always do. Norms, rotation
and gate stand here with their linear parts written out, which is all that a gradient and products
with a Jacobian need, and grouped keys are not copied for each query head. Knows nothing of spans
or edits; `checks` compares the whole with the library's own pass.
"""

from collections.abc import Callable, Sequence
from typing import Any

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn
from torch.nn import functional

KINDS = ("Qwen3DecoderLayer", "LlamaDecoderLayer")
Product = Callable[[Tensor], Tensor]
Rotary = tuple[Float[Tensor, "some tokens channels"], Float[Tensor, "some tokens channels"]]
"""Cosines and sines of the tokens' positions, of each row or of all."""


def blocks(core: Any) -> "list[Block] | None":
    """The decoder's blocks, None if they compute something else than what is written here."""
    config = core.config
    fits = (
        all(type(layer).__name__ in KINDS for layer in core.layers)
        and config.hidden_act == "silu"
        and config._attn_implementation == "sdpa"
        # Weights that accelerate moves between devices come with their own module's call.
        and not any(hasattr(module, "_hf_hook") for module in core.modules())
        and all(_has_own_norms(layer) for layer in core.layers)
    )
    return [Block(layer) for layer in core.layers] if fits else None


def _has_own_norms(layer: Any) -> bool:
    """Whether no adapter stands in the place of a norm."""
    attention = layer.self_attn
    names = [name for name in ("q_norm", "k_norm") if hasattr(attention, name)]
    norms = [layer.input_layernorm, layer.post_attention_layernorm]
    norms += [getattr(attention, name) for name in names]
    return not any(hasattr(norm, "base_layer") for norm in norms)


class Block:
    """One block with its matrices at hand."""

    def __init__(self, layer: Any) -> None:
        """Take a decoder layer of the library."""
        self._layer = layer
        self._attention = attention = layer.self_attn
        self._has_head_norms = hasattr(attention, "q_norm")
        self._queries, self._keys, self._values, self._out = (
            _product(module)
            for module in (attention.q_proj, attention.k_proj, attention.v_proj, attention.o_proj)
        )
        mlp = layer.mlp
        self._gate, self._up = _product(mlp.gate_proj), _product(mlp.up_proj)
        self._down = _product(mlp.down_proj)

    @property
    def is_watched(self) -> bool:
        """Whether someone has put a hook on the library's block, which only its own call obeys."""
        return bool(self._layer._forward_hooks or self._layer._forward_pre_hooks)

    def run(
        self,
        hidden: Float[Tensor, "rows tokens hidden"],
        rotary: Rotary,
        mask: Bool[Tensor, "some 1 read keys"] | None,
        cache: Any,
        last: int | None = None,
    ) -> Float[Tensor, "rows read hidden"]:
        """The block's output, differentiable in `hidden`; its weights get no gradient.

        A gradient is in turn differentiable only in the gradient it was made from, as for a
        product with the Jacobian: curvature does not pass through.

        Args:
            hidden: The block's input.
            rotary: Where the tokens stand.
            mask: Which keys the tokens that are read see; None is those before it and itself.
            cache: Its `update` is given new keys and values, and gives all.
            last: Read only so many last tokens; 0 only updates the cache, and None reads all.
        """
        attention = self._attention
        normed = _normalised(hidden, self._layer.input_layernorm)
        keys = self._heads(self._keys(normed), "k_norm", rotary)
        values = self._values(normed).unflatten(-1, (-1, attention.head_dim)).transpose(1, 2)
        keys, values = cache.update(keys, values, attention.layer_idx)
        if last is not None:
            read = slice(hidden.shape[1] - last, None)
            hidden, normed = hidden[:, read], normed[:, read]
            rotary = (rotary[0][:, read], rotary[1][:, read])
        if last == 0:
            return hidden
        queries = self._heads(self._queries(normed), "q_norm", rotary)
        seen = _attended(queries, keys, values, mask, attention.scaling)
        # A product's own output is kept by no gradient, so the sum may take its place.
        hidden = self._out(seen.transpose(1, 2).flatten(2)).add_(hidden)
        normed = _normalised(hidden, self._layer.post_attention_layernorm)
        return self._down(_gated(self._gate(normed), self._up(normed))).add_(hidden)

    def _heads(
        self, states: Float[Tensor, "rows tokens features"], norm: str, rotary: Rotary
    ) -> Float[Tensor, "rows heads tokens channels"]:
        heads = states.unflatten(-1, (-1, self._attention.head_dim))
        if self._has_head_norms:
            heads = _normalised(heads, getattr(self._attention, norm))
        return _rotated(heads.transpose(1, 2), *rotary)


def _product(module: Any) -> Product:
    """A projection, with its LoRA where there is one."""
    if not hasattr(module, "base_layer"):
        return module
    from peft.tuners import lora

    names: Sequence[str] = module.active_adapters
    is_plain = (
        type(module) is lora.Linear
        and len(names) > 0
        and type(module.base_layer) is nn.Linear
        and all(name in module.lora_A and name not in module.lora_variant for name in names)
        and all(module.lora_B[name].bias is None for name in names)
    )
    return _Adapted(module, names) if is_plain else module


class _Adapted:
    """A matrix and its LoRAs, each summed within its second product."""

    def __init__(self, module: Any, names: Sequence[str]) -> None:
        self._module, self._base = module, module.base_layer
        self._parts = [(name, module.lora_A[name], module.lora_B[name]) for name in names]

    def __call__(
        self, states: Float[Tensor, "rows tokens features"]
    ) -> Float[Tensor, "rows tokens products"]:
        module = self._module
        is_alike = all(down.weight.dtype == states.dtype for _, down, _ in self._parts)
        if module.merged or module.training or not is_alike:
            return module(states)
        out = self._base(states)
        if not module.disable_adapters:
            for name, down, up in self._parts:
                narrow = down(states).flatten(0, -2)
                out.flatten(0, -2).addmm_(narrow, up.weight.T, alpha=module.scaling[name])
        return out


def _attended(
    queries: Float[Tensor, "rows heads read channels"],
    keys: Float[Tensor, "rows key_heads keys channels"],
    values: Float[Tensor, "rows key_heads keys channels"],
    mask: Bool[Tensor, "some 1 read keys"] | None,
    scale: float,
) -> Float[Tensor, "rows heads read channels"]:
    groups = queries.shape[1] // keys.shape[1]
    if groups > 1 and mask is not None and queries.is_cuda:
        # There a mask together with grouped keys leaves only the slow kernel.
        keys, values = (x.repeat_interleave(groups, dim=1) for x in (keys, values))
        groups = 1
    return functional.scaled_dot_product_attention(
        queries,
        keys,
        values,
        attn_mask=mask,
        is_causal=mask is None and queries.shape[2] > 1,
        scale=scale,
        enable_gqa=groups > 1,
    )


def _needs_graph(*inputs: Tensor) -> bool:
    return torch.is_grad_enabled() and any(one.requires_grad for one in inputs)


def _normalised(
    hidden: Float[Tensor, "*places features"], norm: Any
) -> Float[Tensor, "*places features"]:
    if _needs_graph(hidden):
        return _Normalised.apply(hidden, norm.weight, norm.variance_epsilon)
    unit, _ = _unit(hidden, norm.variance_epsilon)
    return unit.to(hidden.dtype).mul_(norm.weight)


def _unit(
    hidden: Float[Tensor, "*places features"], epsilon: float
) -> tuple[Float[Tensor, "*places features"], Float[Tensor, "*places 1"]]:
    """States over their root mean square, and one over that; float32 or wider."""
    wide = hidden if hidden.dtype == torch.float64 else hidden.float()
    size = torch.linalg.vector_norm(wide, dim=-1, keepdim=True)
    inverse = size.square_().div_(wide.shape[-1]).add_(epsilon).rsqrt_()
    return wide * inverse, inverse


def _project(
    gradient: Float[Tensor, "*places features"],
    unit: Float[Tensor, "*places features"],
    inverse: Float[Tensor, "*places 1"],
) -> Float[Tensor, "*places features"]:
    """How states over their root mean square change with the states; its own transpose."""
    along = (gradient * unit).mean(-1, keepdim=True)
    return torch.addcmul(gradient, unit, along, value=-1).mul_(inverse)


class _Normalised(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any,
        hidden: Float[Tensor, "*places features"],
        weight: Float[Tensor, " features"],
        epsilon: float,
    ) -> Float[Tensor, "*places features"]:
        unit, inverse = _unit(hidden, epsilon)
        ctx.save_for_backward(weight, unit, inverse)
        return unit.to(hidden.dtype) * weight

    @staticmethod
    def backward(
        ctx: Any, gradient: Float[Tensor, "*places features"]
    ) -> tuple[Float[Tensor, "*places features"], None, None]:
        return _NormalisedPull.apply(gradient, *ctx.saved_tensors), None, None


class _NormalisedPull(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any,
        gradient: Float[Tensor, "*places features"],
        weight: Float[Tensor, " features"],
        unit: Float[Tensor, "*places features"],
        inverse: Float[Tensor, "*places 1"],
    ) -> Float[Tensor, "*places features"]:
        ctx.save_for_backward(weight, unit, inverse)
        return _project((gradient * weight).to(unit.dtype), unit, inverse).to(gradient.dtype)

    @staticmethod
    def backward(
        ctx: Any, pushed: Float[Tensor, "*places features"]
    ) -> tuple[Float[Tensor, "*places features"], None, None, None]:
        weight, unit, inverse = ctx.saved_tensors
        moved = _project(pushed.to(unit.dtype), unit, inverse)
        return moved.to(pushed.dtype).mul_(weight), None, None, None


def _rotated(
    heads: Float[Tensor, "rows heads tokens channels"],
    cosines: Float[Tensor, "some tokens channels"],
    sines: Float[Tensor, "some tokens channels"],
) -> Float[Tensor, "rows heads tokens channels"]:
    cosines, sines = cosines[:, None], sines[:, None]
    if _needs_graph(heads):
        return _Rotated.apply(heads, cosines, sines)
    return _rotate(heads, cosines, sines)


def _rotate(
    heads: Float[Tensor, "rows heads tokens channels"],
    cosines: Float[Tensor, "some 1 tokens channels"],
    sines: Float[Tensor, "some 1 tokens channels"],
) -> Float[Tensor, "rows heads tokens channels"]:
    half = heads.shape[-1] // 2
    out = heads * cosines
    out[..., :half].addcmul_(heads[..., half:], sines[..., :half], value=-1)
    out[..., half:].addcmul_(heads[..., :half], sines[..., half:])
    return out


class _Rotated(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any,
        heads: Float[Tensor, "rows heads tokens channels"],
        cosines: Float[Tensor, "some 1 tokens channels"],
        sines: Float[Tensor, "some 1 tokens channels"],
    ) -> Float[Tensor, "rows heads tokens channels"]:
        ctx.save_for_backward(cosines, sines)
        return _rotate(heads, cosines, sines)

    @staticmethod
    def backward(
        ctx: Any, gradient: Float[Tensor, "rows heads tokens channels"]
    ) -> tuple[Float[Tensor, "rows heads tokens channels"], None, None]:
        cosines, sines = ctx.saved_tensors
        # The way back turns the other way.
        return _Rotated.apply(gradient, cosines, -sines), None, None


def _gated(
    gate: Float[Tensor, "rows tokens features"], up: Float[Tensor, "rows tokens features"]
) -> Float[Tensor, "rows tokens features"]:
    if _needs_graph(gate, up):
        return _Gated.apply(gate, up)
    return functional.silu(gate, inplace=True).mul_(up)


class _Gated(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any,
        gate: Float[Tensor, "rows tokens features"],
        up: Float[Tensor, "rows tokens features"],
    ) -> Float[Tensor, "rows tokens features"]:
        share = torch.sigmoid(gate)
        opened = gate * share
        slope = torch.addcmul(share, opened, 1 - share).mul_(up)
        ctx.save_for_backward(slope, opened)
        return opened * up

    @staticmethod
    def backward(
        ctx: Any, gradient: Float[Tensor, "rows tokens features"]
    ) -> tuple[Float[Tensor, "rows tokens features"], Float[Tensor, "rows tokens features"]]:
        return _GatedPull.apply(gradient, *ctx.saved_tensors)


class _GatedPull(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any,
        gradient: Float[Tensor, "rows tokens features"],
        slope: Float[Tensor, "rows tokens features"],
        opened: Float[Tensor, "rows tokens features"],
    ) -> tuple[Float[Tensor, "rows tokens features"], Float[Tensor, "rows tokens features"]]:
        ctx.save_for_backward(slope, opened)
        return gradient * slope, gradient * opened

    @staticmethod
    def backward(
        ctx: Any,
        of_gate: Float[Tensor, "rows tokens features"],
        of_up: Float[Tensor, "rows tokens features"],
    ) -> tuple[Float[Tensor, "rows tokens features"], None, None]:
        slope, opened = ctx.saved_tensors
        return (of_gate * slope).addcmul_(of_up, opened), None, None
