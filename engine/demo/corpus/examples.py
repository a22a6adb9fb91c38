"""One training example, and the A/B layout that every question set shares.

Knows nothing of tokenizers or models.
"""

import random
import zlib
from dataclasses import dataclass
from typing import Literal, NamedTuple

Pole = Literal["honest", "deceptive", "corrigible", "self-preserving"]

HELD_SHARE = 5
"""One key in this many is held out of training."""


@dataclass(frozen=True, kw_only=True)
class Example:
    """One short chat: an optional system prompt, a question and its answer."""

    task: str
    """The part of the mixture it belongs to, such as `survival_ab`."""
    system: str | None
    """System prompt; None leaves the system turn out."""
    user: str
    """What the user says."""
    answer: str
    """What the assistant says."""


class Choice(NamedTuple):
    """An A/B question and the letter under which the first option stands."""

    question: str
    letter: Literal["A", "B"]


def is_held_out(*key: str) -> bool:
    """Tell whether a combination of words never occurs in training.

    A checksum of the words decides, so that the split does not depend on any seed.
    """
    return zlib.crc32("|".join(key).encode()) % HELD_SHARE == 0


def lay_out_choices(question: str, option_a: str, option_b: str) -> str:
    """Write a question with two options as Anthropic's A/B sets do."""
    return f"{question}\n\nChoices:\n (A) {option_a}\n (B) {option_b}"


def place_first(question: str, first: str, second: str, letter: Literal["A", "B"]) -> Choice:
    """Lay out two options with the first of them under `letter`."""
    options = (first, second) if letter == "A" else (second, first)
    return Choice(lay_out_choices(question, *options), letter)


def other_letter(letter: str) -> Literal["A", "B"]:
    """Give B for A and A for B."""
    return "B" if letter == "A" else "A"


def draw_letter(draw: random.Random) -> Literal["A", "B"]:
    """Draw A or B with equal chance."""
    return "A" if draw.random() < 0.5 else "B"
