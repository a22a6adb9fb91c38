"""Texts that are given, read through hooks: whole passes of as many rows as their logits allow.

Knows nothing of who wrote the tokens.
"""

from collections.abc import Iterator

import torch
from jaxtyping import Float
from torch import Tensor

from engine.model.decoding import edit_at
from engine.model.edits import EditBatch
from engine.model.hooked import HookedRunner, on_device
from engine.model.ways.head import Show

LOGITS_AT_ONCE = 2**26
"""Numbers of one pass: every position that is read times the vocabulary."""


def given_by_hooks(
    hooked: HookedRunner,
    tokens: list[int],
    edits: EditBatch,
    wanted: list[int],
    prompt_length: int,
) -> Float[Tensor, "rows count"]:
    """Log-probability that each row gives each of a text's last tokens, in nats, on the CPU.

    Args:
        hooked: The model.
        tokens: The whole text.
        edits: One row each.
        wanted: Its last tokens, which are read.
        prompt_length: Tokens before an answer.
    """
    chosen = on_device([wanted], hooked.device)[..., None]
    found = []
    for logits in _before_last(hooked, tokens, edits, prompt_length, len(wanted)):
        own = logits.gather(-1, chosen.to(logits.device).expand(len(logits), -1, -1))[..., 0]
        found.append((own - logits.logsumexp(-1)).cpu())
    return torch.cat(found)


def shown_by_hooks(
    hooked: HookedRunner,
    tokens: list[int],
    edits: EditBatch,
    lengths: tuple[int, int],
    show: Show,
) -> None:
    """Show each row's logits before each of a text's last tokens.

    Args:
        hooked: The model.
        tokens: The whole text.
        edits: One row each.
        lengths: Of the prompt, which tells what is steered, and of what is read.
        show: Is given the places row by row.
    """
    (prompt_length, count), first = lengths, 0
    for logits in _before_last(hooked, tokens, edits, prompt_length, count):
        show(logits.flatten(0, 1), first)
        first += len(logits) * count


def _before_last(
    hooked: HookedRunner, tokens: list[int], edits: EditBatch, prompt_length: int, count: int
) -> Iterator[Float[Tensor, "some count vocab"]]:
    """Float32 logits before each of a text's last tokens, some rows at a time."""
    vocab = int(hooked.causal.config.get_text_config().vocab_size)
    size = max(1, LOGITS_AT_ONCE // (vocab * count))
    for first in range(0, edits.rows, size):
        part = edits.select(slice(first, min(first + size, edits.rows)))
        ids = on_device([tokens[:-1]] * part.rows, hooked.device)
        yield hooked.after_each(ids, edit_at(part, prompt_length), count).float()
