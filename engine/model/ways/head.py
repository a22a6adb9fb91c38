"""From the last block's output to logits, through whatever stands on the model's head.

Logits in bfloat16 near 20 are an eighth apart, so those of the answer tokens are computed in
float32 where the head is known: a plain matrix, or one with LoRA. Knows nothing of blocks.
"""

from collections.abc import Callable, Sequence
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn

POSITIONS_AT_ONCE = 256
"""Of texts whose every position is read; all of them times the vocabulary would not fit."""

Show = Callable[[Float[Tensor, "places vocab"], int], None]
"""Is given float32 logits of some places, and which the first of them is, counted row by row."""


class Head:
    """The last norm and the head of one causal LM, whose decoder has a `norm`."""

    def __init__(self, causal: Any) -> None:
        """Take a causal LM; what stands on its head is looked up anew each time."""
        self._causal = causal

    def read(
        self, hidden: Float[Tensor, "rows hidden"], ids: Sequence[int] = ()
    ) -> tuple[Float[Tensor, "rows vocab"], Float[Tensor, "rows answers"]]:
        """Float32 logits of the whole vocabulary, and those of `ids` as exact as they can be."""
        module = self._causal.get_output_embeddings()
        normed = self._causal.model.norm(hidden)
        logits = self._after(module(normed).float())
        if normed.dtype == torch.float32 or not ids:
            return logits, logits[:, list(ids)]
        exact = rows(module, normed, ids)
        return logits, logits[:, list(ids)] if exact is None else self._after(exact)

    def given(
        self, hidden: Float[Tensor, "rows tokens hidden"], wanted: Sequence[int]
    ) -> Float[Tensor, "rows tokens"]:
        """Log-probability of each wanted token at its position, in blocks of positions."""
        ids = sorted(set(wanted))
        flat = hidden.reshape(-1, hidden.shape[-1])
        places = torch.tensor([ids.index(token) for token in wanted], device=flat.device)
        columns = places.repeat(len(hidden))[:, None]
        found = torch.empty(len(flat), device=flat.device)
        for first in range(0, len(flat), POSITIONS_AT_ONCE):
            part = slice(first, first + POSITIONS_AT_ONCE)
            logits, exact = self.read(flat[part], ids)
            # Rounded logits beside exact ones would give more than all of the probability.
            logits[:, ids] = exact
            found[part] = exact.gather(-1, columns[part].to(exact.device))[:, 0] - logits.logsumexp(
                -1
            )
        return found.reshape(hidden.shape[:2])

    def each(self, hidden: Float[Tensor, "rows tokens hidden"], show: Show) -> None:
        """Show the logits of every position, row by row, in blocks of positions."""
        flat = hidden.reshape(-1, hidden.shape[-1])
        for first in range(0, len(flat), POSITIONS_AT_ONCE):
            show(self.read(flat[first : first + POSITIONS_AT_ONCE])[0], first)

    def _after(self, logits: Float[Tensor, "rows some"]) -> Float[Tensor, "rows some"]:
        """What the model's own pass does to each logit by itself; the self-test proves it."""
        config = self._causal.config.get_text_config()
        cap = getattr(config, "final_logit_softcapping", None)
        logits = logits / (getattr(config, "logits_scaling", None) or 1.0)
        logits = logits * (getattr(config, "logit_scale", None) or 1.0)
        return logits if cap is None else cap * torch.tanh(logits / cap)


def rows(
    module: Any, normed: Float[Tensor, "*places hidden"], ids: Sequence[int]
) -> Float[Tensor, "*places answers"] | None:
    """The head's products for some tokens only, in float32.

    Args:
        module: What stands at the head: a matrix, or one that PEFT has adapted.
        normed: What the head is given.
        ids: Tokens.

    Returns:
        None where only the module's own call knows its product.
    """
    if _is_plain(module):
        chosen = torch.tensor(list(ids), device=module.weight.device)
        wide = normed.to(module.weight.device).float()
        bias = None if module.bias is None else module.bias[chosen].float()
        return nn.functional.linear(wide, module.weight[chosen].float(), bias)
    if hasattr(module, "base_layer"):
        return _with_lora(module, normed, ids)
    if hasattr(module, "original_module") and hasattr(module, "modules_to_save"):
        saved = [name for name in module.active_adapters if name in module.modules_to_save]
        is_off = module.disable_adapters or not saved
        inner = module.original_module if is_off else module.modules_to_save[saved[0]]
        return rows(inner, normed, ids)
    return None


def _is_plain(module: Any) -> bool:
    hooks = ("_forward_hooks", "_forward_pre_hooks", "parametrizations", "_hf_hook")
    is_bare = not any(getattr(module, name, None) for name in hooks)
    return type(module) is nn.Linear and is_bare and module.weight.is_floating_point()


def _with_lora(
    module: Any, normed: Float[Tensor, "*places hidden"], ids: Sequence[int]
) -> Float[Tensor, "*places answers"] | None:
    """A matrix and its LoRAs: W x + scale B A x, for some rows of W and B."""
    from peft.tuners import lora

    out = rows(module.base_layer, normed, ids) if type(module) is lora.Linear else None
    if out is None or module.disable_adapters or module.merged:
        return out
    names = [name for name in module.active_adapters if name in module.lora_A]
    for name in names:
        up = module.lora_B[name]
        if name in module.lora_variant or up.bias is not None:
            return None
        chosen = torch.tensor(list(ids), device=up.weight.device)
        narrow = normed.to(up.weight.device).float() @ module.lora_A[name].weight.float().T
        added = narrow @ up.weight[chosen].float().T
        out = out + module.scaling[name] * added.to(out.device)
    return out
