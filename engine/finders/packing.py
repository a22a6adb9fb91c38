"""Cuts rows of unlike lengths into batches so that little is run on the filling at their ends."""

from collections.abc import Sequence

import torch

PASS_TOKENS = {"cpu": 48, "cuda": 512}
"""What a pass costs beside its tokens, in tokens: it reads all weights however few there are."""


def pass_tokens(device: torch.device) -> int:
    """What a pass costs beside its tokens, in tokens."""
    return PASS_TOKENS.get(device.type, PASS_TOKENS["cpu"])


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
