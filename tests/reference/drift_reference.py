"""A conversation's drift from the formulas: letters of each turn counted, means taken in Python.

Slow and obviously right for texts of whole characters; figures of tokens are those of strips.
"""

import math
from typing import Any


def turns_of(tokenizer: Any, tokens: list[int], texts: list[str]) -> list[list[int]]:
    """By turn, places of the tokens that write its letters, the turns one after the other."""
    letters = [tokenizer.decode([token], skip_special_tokens=False) for token in tokens]
    whole, place, found = "".join(letters), 0, []
    for text in texts:
        first = whole.index(text, place)
        place = first + len(text)
        begin, own = 0, []
        for turn, written in enumerate(letters):
            if begin < place and begin + len(written) > first:
                own.append(turn)
            begin += len(written)
        found.append(own)
    return found


def mean(values: list[float]) -> float:
    """Their mean."""
    return sum(values) / len(values)


def bound(values: list[float]) -> float:
    """Size below which 95 % of them lie, between two of them as numpy counts."""
    sizes = sorted(abs(one) for one in values)
    place = 0.95 * (len(sizes) - 1)
    low = math.floor(place)
    high = min(low + 1, len(sizes) - 1)
    return sizes[low] + (place - low) * (sizes[high] - sizes[low])
