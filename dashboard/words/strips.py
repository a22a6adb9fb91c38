"""What a token strip says in words: always beside random directions. Knows nothing of Streamlit."""

from collections.abc import Sequence

from dashboard.words import captions
from engine.records.strips import SHARE, Standing, Strip

LEAST_RANK = 0.05
"""Share of the random directions that a mean must leave behind to be called beyond them."""
READS = (
    "Steering is not reading: a vector that changes answers need not tell them apart. Random "
    "directions may do that better. A value is the projection on the unit vector, in sds of "
    "neutral text at the same block. It is read without steering."
)


def band(strip: Strip) -> str:
    """What a token's band is."""
    return f"{SHARE:.0%} of {strip.randoms} random directions"


def standing(strip: Strip) -> str:
    """How the answer's tokens, or all, stand beside random directions."""
    found = strip.answer or strip.whole
    part = "the answer" if strip.answer else "the text"
    tokens = f"token{'s' * (found.tokens != 1)}"
    chance = (1 - SHARE) * found.tokens
    by_chance = f"{chance:.0f}" if chance >= 10 else f"{chance:.1f}"
    return (
        f"{found.beyond} of {found.tokens} {tokens} of {part} beyond {band(strip)}, about "
        f"{by_chance} by chance. The mean, {captions.number(found.mean)} sd, ranks {found.rank} of "
        f"{found.of}: {verdict(found)}."
    )


def verdict(found: Standing) -> str:
    """Whether the mean says anything."""
    return "beyond random" if found.rank <= LEAST_RANK * found.of else "not beyond random"


def title(strip: Strip) -> str:
    """Which vector, and where it is read."""
    return f"{strip.name or strip.vector} at the {strip.place}"


def changed(strip: Strip) -> str:
    """What steering changes in the text as a whole; empty where nothing is steered."""
    if not strip.is_steered:
        return ""
    moved = sum(one.is_steered for one in strip.tokens)
    part = "answer" if strip.answer else "text"
    if not moved:
        return "Steering changes no position of this text."
    others = strip.control_changes
    beside = (
        f" {len(others)} random vectors of the same norm change it by "
        f"{captions.number(min(others))} to {captions.number(max(others))}."
        if others
        else ""
    )
    return (
        f"Steering changes {moved} of {len(strip.tokens)} positions, and log p of the {part} by "
        f"{captions.number(strip.change)} nats.{beside}"
    )


def change_band(strip: Strip) -> str:
    """What a token's change of log p is held against; empty where that is not measured."""
    count = len(strip.control_changes)
    return f"the largest of {count} random vectors of the same norm" if count else ""


def spoken(strips: Sequence[Strip]) -> str:
    """The same in one text, for those who hear it."""
    return " ".join(f"{title(one)}: {standing(one)}" for one in strips)


def visible(text: str) -> str:
    """A token with its spaces and line ends visible, as in the strip."""
    marks = {" ": "·", "\n": "⏎", "\t": "⇥", "\r": "␍"}
    return "".join(
        marks.get(one, one if one.isprintable() else f"U+{ord(one):04X}") for one in text
    )
