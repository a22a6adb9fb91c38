"""How much of a text stood before in it. Knows nothing of models or words."""

from collections.abc import Sequence

GRAM = 3


def repetition(tokens: Sequence[int]) -> float:
    """Share of the 3-grams that stood before in the text; 0 for texts too short to have two."""
    grams = [tuple(tokens[i : i + GRAM]) for i in range(len(tokens) - GRAM + 1)]
    return 1 - len(set(grams)) / len(grams) if grams else 0.0
