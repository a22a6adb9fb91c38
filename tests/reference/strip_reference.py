"""Token strips from the formulas: the whole model, plain hooks, one token at a time."""

import math
from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor, nn

from tests.reference import steering

ADDED = Callable[[int, int], bool]
"""Whether a position is changed, given it and the length of the prompt."""
WINDOWS: dict[str, ADDED] = {
    "all": lambda place, length: True,
    "prompt": lambda place, length: place < length,
    "response": lambda place, length: place >= length - 1,
    "last-3": lambda place, length: place >= length - 3,
    "answer-2:3": lambda place, length: length <= place <= length + 1,
}


def states(model: nn.Module, tokens: list[int], block: int) -> list[Tensor]:
    """Output of a block at every token."""
    with steering.captured(model, block) as store, torch.no_grad():
        model(torch.tensor([tokens]))
    return list(store["out"][0].double())


def projection(state: Tensor, vector: Tensor) -> float:
    """h.v / |v|."""
    vector = vector.double()
    return float((state * vector).sum()) / math.sqrt(float((vector * vector).sum()))


def scale(
    model: nn.Module, prompts: list[list[int]], block: int, vector: Tensor
) -> tuple[float, float]:
    """Mean and sd of projections over all tokens of neutral prompts but each one's first."""
    found = [projection(s, vector) for p in prompts for s in states(model, p, block)[1:]]
    mean = sum(found) / len(found)
    return mean, math.sqrt(sum((one - mean) ** 2 for one in found) / (len(found) - 1))


def values(
    model: nn.Module, tokens: list[int], prompts: list[list[int]], block: int, vector: Tensor
) -> list[float]:
    """z of every token."""
    mean, sd = scale(model, prompts, block, vector)
    return [(projection(s, vector) - mean) / sd for s in states(model, tokens, block)]


def bound(randoms: list[float]) -> float:
    """|z| below which 95 % of the random directions lie, between two of them as numpy counts."""
    return float(np.percentile([abs(one) for one in randoms], 95))


def rank(own: list[float], randoms: list[list[float]]) -> int:
    """Place of the size of the mean among those of the random directions; 1 is the largest."""
    size = abs(sum(own) / len(own))
    return 1 + sum(abs(sum(one) / len(one)) >= size for one in randoms)


def logits(
    model: nn.Module, tokens: list[int], length: int, block: int, vector: Tensor, positions: str
) -> Tensor:
    """Logits after every token with a vector added at the positions of a window."""

    def hook(_module, _args, output):
        hidden = (output[0] if isinstance(output, tuple) else output).clone()
        for place in range(hidden.shape[1]):
            if WINDOWS[positions](place, length):
                hidden[:, place] += vector
        return (hidden, *output[1:]) if isinstance(output, tuple) else hidden

    handle = steering.blocks_of(model)[block].register_forward_hook(hook)
    try:
        with torch.no_grad():
            return model(torch.tensor([tokens])).logits[0].double()
    finally:
        handle.remove()


def logps(logits: Tensor, tokens: list[int]) -> list[float]:
    """log p of every token after the first, from the logits after the one before it."""
    return [
        float(row[token] - torch.logsumexp(row, 0))
        for row, token in zip(logits, tokens[1:], strict=False)
    ]
