"""The generic way through a decoder: the library's own forward pass with hooks on its blocks.

Slower than `blocks` (it starts from the tokens each time) but right for any decoder whose blocks
sit in one list. `forward` is its only caller and removes every hook it sets.
"""

import inspect
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from engine.errors import ModelError
from engine.model.blocks import EditAt
from engine.model.checkpoints.decoders import text_decoder
from engine.model.ways.head import rows
from engine.model.ways.length import rope_depends_on_length


class _Captured(BaseException):
    """Leaves the model once the wanted block has run."""


class HookedRunner:
    """A decoder driven through hooks on its blocks."""

    def __init__(self, causal: Any) -> None:
        """Find the block list of a causal LM.

        Raises:
            ModelError: If its decoder has no list of as many members as it has blocks.
        """
        self.causal = causal
        config = causal.config.get_text_config()
        self.layers = text_decoder(causal).blocks
        self.depends_on_length = rope_depends_on_length(config)
        """Whether a token's states change with how many tokens follow it."""
        self.keeps_cache = not self.depends_on_length
        """Whether texts are written from the library's cache, or by whole passes."""
        self._can_leave_out = "logits_to_keep" in inspect.signature(causal.forward).parameters
        self._growing = [m for m in causal.modules() if hasattr(m, "max_seq_len_cached")]

    @property
    def device(self) -> torch.device:
        """Where tokens are to be put."""
        found: torch.device = next(self.causal.parameters()).device
        return found

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

        for rotary in self._growing:
            _forget_lengths(rotary)
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
                self.causal(input_ids=tokens, use_cache=False)
        except _Captured:
            return found[0]
        raise ModelError(
            f"Block {to} of {type(self.causal).__name__} does not run in the model's own pass: "
            "this model cannot be steered."
        )

    def last_logits(
        self, tokens: Int[Tensor, "rows tokens"], edit: EditAt
    ) -> Float[Tensor, "rows vocab"]:
        """Float32 logits that follow the last token."""
        return self.logits(tokens, edit, 1)[:, -1].float()

    def logits(
        self, tokens: Int[Tensor, "rows tokens"], edit: EditAt, last: int
    ) -> Float[Tensor, "rows some vocab"]:
        """Logits after each of the last tokens, in a pass that keeps nothing."""
        # A long text times a large vocabulary would not fit.
        asked = {"logits_to_keep": last} if self._can_leave_out else {}
        with self.edited(edit):
            return self.causal(input_ids=tokens, use_cache=False, **asked).logits[:, -last:]

    def after_each(
        self, tokens: Int[Tensor, "rows tokens"], edit: EditAt, last: int
    ) -> Float[Tensor, "rows last vocab"]:
        """The same where what follows a token may change what is said of it."""
        if not self.depends_on_length:
            return self.logits(tokens, edit, last)
        ends = range(tokens.shape[1] - last + 1, tokens.shape[1] + 1)
        return torch.cat([self.logits(tokens[:, :end], edit, 1) for end in ends], dim=1)

    def answers(
        self, tokens: Int[Tensor, "rows tokens"], edit: EditAt, ids: Sequence[int]
    ) -> tuple[Float[Tensor, "rows vocab"], Float[Tensor, "rows answers"]]:
        """Float32 logits after the last token, and those of `ids` as exact as they can be.

        What the model does to the head's output it also does to the exact columns, which are put
        beside it.
        """
        head = self.causal.get_output_embeddings()
        width = 0

        def widen(module: nn.Module, args: tuple[Any, ...], output: Tensor) -> Tensor | None:
            nonlocal width
            last = output[:, -1:].float()
            handle.remove()
            exact = None if output.dtype == torch.float32 else rows(module, args[0][:, -1:], ids)
            if exact is None:
                return None
            width = last.shape[-1]
            return torch.cat([last, exact.to(last.device)], dim=-1)

        if head is None:
            logits = self.last_logits(tokens, edit)
            return logits, logits[:, list(ids)]
        handle = head.register_forward_hook(widen)
        try:
            logits = self.last_logits(tokens, edit)
        finally:
            handle.remove()
        if not width or logits.shape[-1] != width + len(ids):
            return logits, logits[:, list(ids)]
        return logits[:, :width], logits[:, width:]

    def step(
        self, tokens: Int[Tensor, "rows some"], edit: EditAt, first: int, cache: Any
    ) -> tuple[Float[Tensor, "rows some vocab"], Any]:
        """Logits after each of `tokens`, the first at position `first`, and the library's cache."""
        with self.edited(edit, first):
            out = self.causal(input_ids=tokens, use_cache=True, past_key_values=cache)
        return out.logits, getattr(out, "past_key_values", None)


def _forget_lengths(rotary: Any) -> None:
    """Undo what a longer text before has left in a RoPE that grows."""
    first = getattr(rotary, "original_max_seq_len", None)
    # One with several kinds of blocks keeps each kind's numbers under names of their own.
    for name in [one for one in vars(rotary) if one.endswith("max_seq_len_cached")]:
        kind = name.removesuffix("max_seq_len_cached")
        own = getattr(rotary, f"{kind}original_inv_freq", None)
        if own is not None and first is not None and getattr(rotary, name) != first:
            device = getattr(rotary, f"{kind}inv_freq").device
            setattr(rotary, f"{kind}inv_freq", own.to(device))
            setattr(rotary, name, first)


def on_device(tokens: list[list[int]], device: torch.device) -> Int[Tensor, "rows tokens"]:
    """Token ids of equal length as one tensor."""
    return torch.tensor(tokens, dtype=torch.long, device=device)
