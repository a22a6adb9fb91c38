"""What records of words say in sentences, and how their readings are called.

Knows nothing of how words were read.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from engine.statistics.reads.words import LEVEL

READINGS = {
    "effect": "measured effect",
    "jacobian": "Jacobian lens",
    "logit": "logit lens",
}
"""What the readings are called, the surest first."""
UNITS = {
    "effect": "nats per residual norm",
    "jacobian": "logits less their mean",
    "logit": "logits less their mean",
}
"""What a word's value is in."""
ABOUT = {
    "effect": "Change of the next word's log p per residual norm, from adding and taking away a "
    "little of the vector.",
    "jacobian": "What the vector becomes at the last block, to first order, read by the model's "
    "own last norm and head.",
    "logit": "The vector itself, read by the model's own last norm and head.",
}
STAR = "\u2605"
"""Marks a word that is beyond chance."""


def star_rule(random: int) -> str:
    """What a star means, beside so many random vectors."""
    allowed = int(LEVEL * (random + 1)) - 1
    few = f"at most {allowed}" if allowed else "none"
    return (
        f"{STAR}: beyond its range over {random} random vectors; {few} of them has any word that "
        "stands out as much."
    )


def words_of(
    rows: Sequence[Mapping[str, Any]], place: int, reading: str, sign: int
) -> list[Mapping[str, Any]]:
    """The kept words of one vector, reading and sign, in their order."""
    wanted = (place, reading, sign)
    return [row for row in rows if (row["of"], row["reading"], row["sign"]) == wanted]


def marked(row: Mapping[str, Any]) -> str:
    """A word with its star, if it has one."""
    return f"{row['word']} {STAR}" if row["star"] else str(row["word"])


def in_short(record: Mapping[str, Any], place: int, count: int = 3) -> str:
    """The words that a vector's effect promotes most, with their stars, or that they are chance."""
    tables = record["tables"]
    told = ", ".join(map(marked, words_of(tables["words"], place, "effect", 1)[:count]))
    return told if tables["vectors"][place]["starred"] else f"chance: {told}"


def verdict(vector: Mapping[str, Any], random: int) -> str:
    """Whether a vector says anything beyond chance."""
    if not vector["starred"]:
        return f"{vector['name']}: no word is beyond chance ({random} random vectors)."
    parts = [
        f"{vector[f'starred_{key}']} by {name}"
        for key, name in READINGS.items()
        if vector.get(f"starred_{key}")
    ]
    noun = "word is" if vector["starred"] == 1 else "words are"
    return f"{vector['name']}: {vector['starred']} {noun} beyond chance ({', '.join(parts)})."


def sentences(vectors: Sequence[Mapping[str, Any]], random: int) -> list[str]:
    """What a record comes to: of all vectors, then of each."""
    some = sum(vector["starred"] > 0 for vector in vectors)
    whole = f"{some} of {len(vectors)} vectors have words beyond chance."
    if not some:
        whole = f"No vector has a word beyond chance: {len(vectors)} were read."
    return [whole, *(verdict(vector, random) for vector in vectors)]
