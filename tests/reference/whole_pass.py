"""Answers, states and texts of a steered model by whole passes: one row, all tokens, no cache."""

from collections.abc import Callable
from contextlib import contextmanager

import torch
from torch import Tensor, nn


@contextmanager
def added(block: nn.Module, vector: Tensor | None):
    """While open, `vector` [hidden] is added to the block's output at every position."""

    def hook(_module, _args, output):
        if isinstance(output, tuple):
            return (output[0] + vector, *output[1:])
        return output + vector

    handle = block.register_forward_hook(hook) if vector is not None else None
    try:
        yield
    finally:
        if handle is not None:
            handle.remove()


def logits(model: nn.Module, block: nn.Module, vector: Tensor | None, tokens: list[int]) -> Tensor:
    """Logits [vocab] after the last token."""
    with torch.no_grad(), added(block, vector):
        return model(input_ids=torch.tensor([tokens]), use_cache=False).logits[0, -1].float()


def states(model: nn.Module, blocks: nn.ModuleList, tokens: list[int]) -> Tensor:
    """Unsteered output of every block, [blocks, tokens, hidden]."""
    kept: list[Tensor] = []

    def hook(_module, _args, output):
        kept.append((output[0] if isinstance(output, tuple) else output)[0].float())

    handles = [block.register_forward_hook(hook) for block in blocks]
    try:
        with torch.no_grad():
            model(input_ids=torch.tensor([tokens]), use_cache=False)
    finally:
        for handle in handles:
            handle.remove()
    return torch.stack(kept)


def steered_states(
    model: nn.Module,
    blocks: nn.ModuleList,
    tokens: list[int],
    ends: tuple[int, int],
    vector: Tensor,
) -> Tensor:
    """Output [tokens, hidden] of the second end, with `vector` added after the first."""
    kept: list[Tensor] = []

    def hook(_module, _args, output):
        kept.append(output[0] if isinstance(output, tuple) else output)

    source, target = ends
    handle = blocks[target].register_forward_hook(hook)
    try:
        with added(blocks[source], vector):
            model(input_ids=torch.tensor([tokens]), use_cache=False)
    finally:
        handle.remove()
    return kept[0][0]


def greedy(after: Callable[[list[int]], Tensor], tokens: list[int], most: int, end: int):
    """The likeliest token time and again, `end` included: (tokens, smallest lead over the next)."""
    text, lead = list(tokens), float("inf")
    for _ in range(most):
        found = after(text)
        best = found.topk(2).values
        lead = min(lead, float(best[0] - best[1]))
        text.append(int(found.argmax()))
        if text[-1] == end:
            break
    return text[len(tokens) :], lead
