"""Contrastive and fine-tune-difference vectors from the formulas: two passes, padding, masks.

Slow and obviously right: all texts in one right-padded or left-padded batch with an attention
mask, every block's output kept by hooks, every mean taken over all of it at the end.
"""

import numpy as np
import torch
from torch import Tensor, nn


def states(
    model: nn.Module, blocks: nn.ModuleList, texts: list[list[int]], on_left: bool
) -> list[Tensor]:
    """Outputs of all blocks, [layers, tokens, hidden] for each text, without its padding."""
    longest = max(len(text) for text in texts)
    ids = torch.zeros(len(texts), longest, dtype=torch.long)
    mask = torch.zeros_like(ids)
    for row, text in enumerate(texts):
        begin = longest - len(text) if on_left else 0
        ids[row, begin : begin + len(text)] = torch.tensor(text)
        mask[row, begin : begin + len(text)] = 1
    kept: list[Tensor] = []

    def hook(_module, _args, output):
        kept.append(output[0] if isinstance(output, tuple) else output)

    handles = [block.register_forward_hook(hook) for block in blocks]
    positions = (mask.cumsum(-1) - 1).clamp_min(0)
    with torch.no_grad():
        model(input_ids=ids, attention_mask=mask, position_ids=positions, use_cache=False)
    for handle in handles:
        handle.remove()
    every = torch.stack(kept, dim=1)
    return [every[row][:, mask[row].bool()] for row in range(len(texts))]


def at(every: Tensor, begin: int) -> Tensor:
    """Mean state [layers, hidden] of the tokens from `begin` on, in float64."""
    return every[:, begin:].double().mean(1)


def mean_pair_cosine(differences: Tensor) -> float:
    """Mean cosine over all pairs of different rows."""
    count = len(differences)
    cosines = [
        float(torch.nn.functional.cosine_similarity(differences[i], differences[j], dim=0))
        for i in range(count)
        for j in range(count)
        if i != j
    ]
    return float(np.mean(cosines))


def first_principal(differences: Tensor) -> Tensor:
    """First right singular vector of the rows as they are, towards their mean."""
    top = torch.linalg.svd(differences.double(), full_matrices=False).Vh[0]
    return top * torch.sign(top @ differences.double().mean(0))


def d_prime(positive: Tensor, negative: Tensor, direction: Tensor) -> float:
    """Distance between two groups of rows along a direction, in pooled standard deviations."""
    one, other = positive.double() @ direction, negative.double() @ direction
    pooled = ((one.var() + other.var()) / 2).sqrt()
    return float((one.mean() - other.mean()) / pooled)
