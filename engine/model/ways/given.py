"""Tokens that are given, read through hooks: whole passes of as many rows as their logits allow.

Knows nothing of who wrote the tokens.
"""

import torch
from jaxtyping import Float
from torch import Tensor

from engine.model.decoding import edit_at
from engine.model.edits import EditBatch
from engine.model.hooked import HookedRunner, on_device

LOGITS_AT_ONCE = 2**26
"""Numbers of one pass: every position that is read times the vocabulary."""


def given_by_hooks(
    hooked: HookedRunner, tokens: list[int], edits: EditBatch, wanted: list[int]
) -> Float[Tensor, "rows count"]:
    """Log-probability that each row gives each of a text's last tokens, in nats, on the CPU.

    Args:
        hooked: The model.
        tokens: The whole text.
        edits: One row each.
        wanted: Its last tokens, which are read.
    """
    device = next(hooked.causal.parameters()).device
    vocab = int(hooked.causal.config.get_text_config().vocab_size)
    size = max(1, LOGITS_AT_ONCE // (vocab * len(wanted)))
    chosen = on_device([wanted], device)[..., None]
    found = []
    for first in range(0, edits.rows, size):
        part = edits.select(slice(first, min(first + size, edits.rows)))
        ids = on_device([tokens[:-1]] * part.rows, device)
        logits = hooked.after_each(ids, edit_at(part, len(tokens)), len(wanted)).float()
        own = logits.gather(-1, chosen.to(logits.device).expand(part.rows, -1, -1))[..., 0]
        found.append((own - logits.logsumexp(-1)).cpu())
    return torch.cat(found)
