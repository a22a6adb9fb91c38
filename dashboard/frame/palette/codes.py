"""A code of three signs for every vector, so that each can be typed. Knows nothing of screens.

It follows from the vector's own reference. Where two would have the same, the later one has the
next that is free: what was stored before keeps its code.
"""

import hashlib
from collections.abc import Iterable

LETTERS = "bcdfghjkmnpqrstvwxz"
DIGITS = "23456789"
"""One in the middle: no word is a code. None looks like a letter."""
MOST = len(LETTERS) * len(DIGITS) * len(LETTERS)


def of(references: Iterable[str]) -> dict[str, str]:
    """Codes by reference; four signs where all of three are taken.

    Args:
        references: DIGEST:INDEX, those stored first before others.
    """
    codes: dict[str, str] = {}
    taken: set[int] = set()
    for reference in references:
        first = int.from_bytes(hashlib.sha256(reference.encode()).digest()[:8], "big")
        if len(taken) < MOST:
            place = first % MOST
            while place in taken:
                place = (place + 1) % MOST
            taken.add(place)
            codes[reference] = _written(place)
        else:
            more = len(codes) - MOST
            codes[reference] = _written(more % MOST) + LETTERS[more // MOST % len(LETTERS)]
    return codes


def _written(place: int) -> str:
    place, last = divmod(place, len(LETTERS))
    first, middle = divmod(place, len(DIGITS))
    return LETTERS[first] + DIGITS[middle] + LETTERS[last]
