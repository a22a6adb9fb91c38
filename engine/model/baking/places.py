"""Where in a block a bias is the same as a vector added at the block's output.

Found by trying, not by name: something is added to what each matrix gives, and only a matrix after
which the block's output moves by just that, at every position, is one. So norms after the matrix,
scaled sums and mixtures of experts are seen for what they are. Knows nothing of files.
"""

import copy
from collections.abc import Callable
from typing import Any, NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor, nn

from engine.configs.core import Site
from engine.errors import ConfigError, ModelError
from engine.model.checkpoints.decoders import text_decoder
from engine.model.checks import SHARE
from engine.model.edits import reached_block
from engine.model.forward import Forward

TOKENS = 7
"""Of the pass by which matrices are tried."""


class Place(NamedTuple):
    """A bias that stands for a vector added to the residual stream."""

    parameter: str
    """Its name in the checkpoint."""
    config: Any
    """Of a model that has it: the model's own, or with biases that are zero elsewhere."""
    flag: str | None
    """What was switched on in the configuration for it."""


def place(door: Forward, site: Site) -> Place:
    """The bias that does what adding a vector at a site does.

    Args:
        door: A model in full precision, without an adapter.
        site: An input is the output of the block before.

    Raises:
        ConfigError: If the site is no block's of this model, or the embedding.
        ModelError: If the architecture has no such bias.
    """
    door.check_layer(site.block, "block")
    block = reached_block(site)
    if block < 0:
        raise ConfigError(
            "The input of block 0 is the embedding, which has no bias: choose a block's output."
        )
    causal = door.loaded.causal
    with door.loaded.using(False), torch.no_grad():
        found = _ends(causal, block)
    decoder = text_decoder(causal)
    names = {module: name for name, module in causal.named_modules()}
    if not found:
        raise ModelError(_why_not(causal, decoder.blocks[block]))
    for module in found:
        if getattr(module, "bias", None) is not None:
            return Place(f"{names[module]}.bias", copy.deepcopy(causal.config), None)
    for module in found:
        enabled = _with_bias(causal, f"{names[module]}.bias")
        if enabled is not None:
            return enabled
    called = names[found[0]].removeprefix(f"{names[decoder.blocks[block]]}.")
    raise ModelError(
        f"{type(causal).__name__} can have no bias at {called}, where a block ends: steer it "
        "instead, or bake into a Llama or GPT-2."
    )


def _ends(causal: Any, block: int) -> list[nn.Module]:
    """Matrices of a block whose output goes into its own unchanged, the last first."""
    layer = text_decoder(causal).blocks[block]
    width = int(causal.config.get_text_config().hidden_size)
    plain = _output(causal, layer)
    size = float(plain.float().square().mean().sqrt())
    generator = torch.Generator().manual_seed(0)
    added = (size * torch.randn(width, generator=generator)).to(plain)
    matrices = [one for one in layer.modules() if _gives(one, width)]
    return [one for one in reversed(matrices) if _moves_by(causal, layer, one, plain, added)]


def _gives(module: nn.Module, width: int) -> bool:
    """Whether it is a matrix into the residual stream: a linear map, or GPT-2's kind of one."""
    from transformers.pytorch_utils import Conv1D

    if isinstance(module, Conv1D):
        return module.nf == width
    return type(module) is nn.Linear and module.out_features == width


def _output(causal: Any, layer: nn.Module) -> Float[Tensor, "tokens hidden"]:
    """What a block gives for a few tokens."""
    kept: list[Tensor] = []

    def keep(_module: nn.Module, _args: Any, output: Any) -> None:
        kept.append(output[0] if isinstance(output, tuple) else output)

    handle = layer.register_forward_hook(keep)
    try:
        causal(input_ids=torch.arange(1, TOKENS + 1, device=causal.device)[None], use_cache=False)
    finally:
        handle.remove()
    return kept[0][0]


def _moves_by(
    causal: Any,
    layer: nn.Module,
    matrix: nn.Module,
    plain: Float[Tensor, "tokens hidden"],
    added: Float[Tensor, " hidden"],
) -> bool:
    add: Callable[..., Tensor] = lambda _module, _args, output: output + added  # noqa: E731
    handle = matrix.register_forward_hook(add)
    try:
        moved = _output(causal, layer)
    finally:
        handle.remove()
    wide = plain.float() + added.float()
    return bool((moved.float() - wide).abs().max() <= SHARE[plain.dtype] * wide.abs().max())


def _with_bias(causal: Any, parameter: str) -> Place | None:
    """The configuration's own switch for a bias, if it has one that gives nothing but biases."""
    own = {name: weight.shape for name, weight in causal.named_parameters()}
    for flag, value in vars(causal.config).items():
        if value is not False or "bias" not in flag:
            continue
        config = copy.deepcopy(causal.config)
        setattr(config, flag, True)
        with torch.device("meta"):
            other = {n: w.shape for n, w in type(causal)(config).named_parameters()}
        more = other.keys() - own.keys()
        is_alike = all(other.get(name) == shape for name, shape in own.items())
        if parameter in more and is_alike and all(name.endswith(".bias") for name in more):
            return Place(parameter, config, flag)
    return None


def _why_not(causal: Any, layer: nn.Module) -> str:
    kind = type(causal).__name__
    has_experts = any("expert" in name for name, _ in layer.named_modules())
    reason = (
        "its blocks end in experts that share the work"
        if has_experts
        else "its blocks change what their last matrix gives before adding it"
    )
    return f"{kind} has no place for a vector: {reason}; steer it, or bake into a Llama or GPT-2."
