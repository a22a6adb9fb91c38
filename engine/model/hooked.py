"""The generic way through a decoder: the library's own forward pass with hooks on its blocks.

Slower than `blocks` (it starts from the tokens each time) but right for any decoder whose blocks
sit in one list. `forward` is its only caller and removes every hook it sets.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from engine.errors import ModelError
from engine.model.blocks import EditAt


class _Captured(BaseException):
    """Leaves the model once the wanted block has run."""


class HookedRunner:
    """A decoder driven through hooks on its blocks."""

    def __init__(self, causal: Any) -> None:
        """Find the block list of a causal LM.

        Raises:
            ModelError: If no module list has as many members as the model has blocks.
        """
        self.causal = causal
        count = int(causal.config.get_text_config().num_hidden_layers)
        lists = [m for m in causal.modules() if isinstance(m, nn.ModuleList) and len(m) == count]
        if not lists:
            raise ModelError(
                f"{type(causal).__name__} has no list of {count} decoder blocks: "
                "only decoder-only transformers can be steered."
            )
        self.layers = lists[0]

    @contextmanager
    def edited(self, edit: EditAt, first: int = 0) -> Iterator[None]:
        """Within this context every block's output, and the first one's input, is edited."""

        def after(block: int) -> Any:
            def hook(_module: nn.Module, _args: Any, output: Any) -> Any:
                hidden = output[0] if isinstance(output, tuple) else output
                changed = edit(hidden, block, first)
                return (changed, *output[1:]) if isinstance(output, tuple) else changed

            return hook

        def before(_module: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
            if args:
                return (edit(args[0], -1, first), *args[1:]), kwargs
            return args, {**kwargs, "hidden_states": edit(kwargs["hidden_states"], -1, first)}

        handles = [self.layers[0].register_forward_pre_hook(before, with_kwargs=True)]
        handles += [b.register_forward_hook(after(i)) for i, b in enumerate(self.layers)]
        try:
            yield
        finally:
            for handle in handles:
                handle.remove()

    def span(
        self, tokens: Int[Tensor, "rows tokens"], to: int, edit: EditAt
    ) -> Float[Tensor, "rows tokens hidden"]:
        """The output of block `to` with all edits up to it; nothing after it is run."""
        found: list[Tensor] = []

        def stop_at(hidden: Tensor, block: int, first: int) -> Tensor:
            changed = edit(hidden, block, first)
            if block == to:
                found.append(changed)
                raise _Captured
            return changed

        try:
            with self.edited(stop_at):
                self.causal(tokens, use_cache=False)
        except _Captured:
            return found[0]
        raise RuntimeError(f"Block {to} was never reached.")

    def last_logits(
        self, tokens: Int[Tensor, "rows tokens"], edit: EditAt
    ) -> Float[Tensor, "rows vocab"]:
        """Float32 logits that follow the last token."""
        with self.edited(edit):
            return self.causal(tokens, use_cache=False).logits[:, -1].float()

    def step(
        self, tokens: Int[Tensor, "rows some"], edit: EditAt, first: int, cache: Any
    ) -> tuple[Float[Tensor, "rows some vocab"], Any]:
        """Logits after each of `tokens`, the first at position `first`, and the library's cache."""
        with self.edited(edit, first):
            out = self.causal(tokens, use_cache=True, past_key_values=cache)
        return out.logits, out.past_key_values


def on_device(tokens: list[list[int]], device: torch.device) -> Int[Tensor, "rows tokens"]:
    """Token ids of equal length as one tensor."""
    return torch.tensor(tokens, dtype=torch.long, device=device)
