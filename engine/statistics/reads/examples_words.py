"""What examples of vectors say in words. Knows nothing of how anything was measured."""

from collections.abc import Mapping, Sequence
from typing import Any

RANKED = {"mean": "mean over tokens", "token": "furthest token"}
ENDS = (("high", "highest"), ("low", "lowest"))


def record(found: Mapping[str, Any]) -> list[str]:
    """How many vectors lie beyond random directions, and what chance would give."""
    vectors, random = found["tables"]["vectors"], found["random"]
    both = 2 * len(vectors)
    beyond = sum(row[end]["is_beyond"] for row in vectors for end, _ in ENDS)
    texts, ranked = found["corpus"]["texts"], RANKED[found["settings"]["by"]]
    said = [
        f"{texts:,} texts ranked by the {ranked}: {beyond} of {both} ends beyond all {random} "
        f"random directions, about {both / (1 + random):.1f} by chance."
    ]
    leaning = [row for row in vectors if row["lean"] is not None]
    if leaning:
        far = sum(row["lean"]["is_beyond"] for row in leaning)
        label = leaning[0]["lean"]["label"]
        said.append(
            f"In {far} of {len(leaning)} vectors {label} texts gather at one end more than along "
            f"any of {random} random directions."
        )
    return said


def vector(row: Mapping[str, Any], random: int) -> list[str]:
    """Each end of a vector, and where one kind of text gathers, beside random directions."""
    said = [_end(row[end], word, random) for end, word in ENDS]
    if row["lean"] is not None:
        said.append(leaning(row["lean"], random))
    return said


def _end(one: Mapping[str, Any], word: str, random: int) -> str:
    return (
        f"The {word} text lies at {one['value']:+.1f} SD; those of {random} random directions at "
        f"{one['random_low']:+.1f} to {one['random_high']:+.1f}: {verdict(one)}."
    )


def verdict(one: Mapping[str, Any]) -> str:
    """Whether a figure is beyond random directions."""
    return "beyond random" if one["is_beyond"] else f"not beyond random (p {one['p']:.2g})"


def leaning(one: Mapping[str, Any], random: int) -> str:
    """Where one kind of text gathers."""
    return (
        f"{one['top']} of the {one['shown']} highest and {one['bottom']} of the {one['shown']} "
        f"lowest texts are {one['label']}; {one['reach']} of {random} random directions part them "
        f"as far: {verdict(one)}."
    )


def of_own_corpus(names: Sequence[str]) -> str:
    """A note where vectors were found on the texts that they are shown on."""
    return (
        f"{', '.join(names)} came from texts of this file, so that their ends are no surprise: "
        "pairs that are marked held-out tell more."
    )
