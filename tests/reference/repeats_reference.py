"""Near-duplicates straight from the formula, one pair of texts at a time."""

import math
import re
from collections import Counter


def grams(text: str) -> Counter:
    words = re.findall(r"\w+", text.lower())
    return Counter(words + [" ".join(pair) for pair in zip(words, words[1:], strict=False)])


def cosine(first: str, second: str, texts: list[str]) -> float:
    """Cosine of tf * (ln((1 + n) / (1 + df)) + 1) over the n texts."""
    held = [grams(text) for text in texts]

    def weight(gram: str) -> float:
        return math.log((1 + len(texts)) / (1 + sum(gram in one for one in held))) + 1

    left = {gram: count * weight(gram) for gram, count in grams(first).items()}
    right = {gram: count * weight(gram) for gram, count in grams(second).items()}
    product = sum(value * right.get(gram, 0.0) for gram, value in left.items())
    lengths = [math.sqrt(sum(v * v for v in one.values())) for one in (left, right)]
    return product / (lengths[0] * lengths[1])


def split(
    fixed: list[str], candidates: list[str], threshold: float
) -> tuple[list[int], list[tuple[int, float]]]:
    """(kept candidates, (dropped candidate, its highest cosine))."""
    texts, kept, near = [*fixed, *candidates], [], []
    for index, candidate in enumerate(candidates):
        rivals = [*fixed, *[candidates[i] for i in kept]]
        highest = max((cosine(candidate, rival, texts) for rival in rivals), default=0.0)
        if highest >= threshold - 1e-9:
            near.append((index, highest))
        else:
            kept.append(index)
    return kept, near
