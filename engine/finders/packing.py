"""Cuts rows of unlike lengths into batches so that little is run on the filling at their ends."""

from collections.abc import Sequence

import torch

PASS_TOKENS = {"cpu": 48, "cuda": 512}
"""What a pass costs beside its tokens, in tokens: it reads all weights however few there are."""
PASS_PRODUCTS = {"cpu": 2.5e8, "cuda": 1e12}
"""Products of numbers that the device could make while a pass is set up, block by block."""


def pass_tokens(device: torch.device, weights: int) -> int:
    """What a pass costs beside its tokens, in tokens; more where a token takes few products.

    Args:
        device: Where it runs.
        weights: Of the model, each of which makes one product a token.
    """
    kind = device.type if device.type in PASS_TOKENS else "cpu"
    return PASS_TOKENS[kind] + round(PASS_PRODUCTS[kind] / max(weights, 1))


def batch_ends(lengths: Sequence[int], most: int, cost: int) -> list[int]:
    """Where to cut rows of growing length into batches, so that the least is run in all.

    A batch runs as many tokens as its rows times its longest row, and costs as much as `cost`
    more; the best cut up to each row follows from the best cuts before it.

    Args:
        lengths: Of the rows, the shortest first.
        most: Tokens in one batch at most, unless a single row is longer.
        cost: Of a pass, in tokens.
    """
    least, begins = [0.0], [0]
    for end, longest in enumerate(lengths, start=1):
        first = max(0, end - max(1, most // max(longest, 1)))
        costs = [least[begin] + (end - begin) * longest + cost for begin in range(first, end)]
        least.append(min(costs))
        begins.append(first + costs.index(least[-1]))
    ends, end = [], len(lengths)
    while end > 0:
        ends.append(end)
        end = begins[end]
    return ends[::-1]
