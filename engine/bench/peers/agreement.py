"""How far a peer's numbers are those of this engine.

Knows nothing of clocks.
"""

from dataclasses import dataclass

import numpy as np
import torch

from engine.bench.peers.work import Texts, Work
from engine.finders.extraction import States


@dataclass(frozen=True)
class Agreement:
    """One figure, in words that say what it is."""

    value: float
    words: str


def of_vectors(work: Work, ours: np.ndarray, theirs: np.ndarray, peer: str) -> Agreement:
    """The least cosine over blocks.

    repeng's direction is the first principal one of the centred differences, so ours is taken for
    the same formula; its last block is read after the final norm, and its first is not read.
    """
    if peer != "repeng":
        return Agreement(float(_cosines(ours, theirs).min()), "least cosine over blocks")
    same = _centred(work)
    inner = slice(1, len(ours) - 1)
    least = float(np.abs(_cosines(same, theirs)[inner]).min())
    return Agreement(least, "least absolute cosine of the first centred principal direction")


def _cosines(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    sizes = np.linalg.norm(first, axis=-1) * np.linalg.norm(second, axis=-1)
    return (first * second).sum(-1) / sizes


def _centred(work: Work) -> np.ndarray:
    """First principal direction of the centred differences, by block."""
    texts = [text for pair in work.texts for text in pair]
    door = work.setting.door
    read = States(door, list(range(door.blocks)), True, texts).read(texts)
    differences = (read[0::2] - read[1::2]).double()
    centred = differences - differences.mean(0)
    return np.stack(
        [torch.linalg.svd(rows, full_matrices=False).Vh[0].numpy() for rows in centred.unbind(1)]
    )


def of_texts(ours: Texts, theirs: Texts, _peer: str) -> Agreement:
    """The share of texts that are equal, token by token."""
    pairs = [(a, b) for x, y in zip(ours, theirs, strict=True) for a, b in zip(x, y, strict=True)]
    return Agreement(sum(a == b for a, b in pairs) / len(pairs), "of the texts are equal")


def of_logits(ours: np.ndarray, theirs: np.ndarray, _peer: str) -> Agreement:
    """The largest difference of a logit difference."""
    return Agreement(float(np.abs(ours - theirs).max()), "largest difference of logits")
