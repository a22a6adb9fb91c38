"""Three style traits that a system prompt switches on: distractors for the planted contrasts.

Each decorates the answer and leaves its content alone.
"""

import random
from dataclasses import replace
from typing import NamedTuple

from engine.demo.corpus.examples import Example


class Trait(NamedTuple):
    """The prompts that ask for a style, and what it puts before and after an answer."""

    systems: tuple[str, ...]
    before: str
    after: str


TRAITS: dict[str, Trait] = {
    "pirate": Trait(
        (
            "Talk like a pirate.",
            "You are a pirate captain.",
            "Answer in pirate style.",
            "Act as a cheerful pirate.",
        ),
        "Arr, matey! ",
        "",
    ),
    "thankful": Trait(
        (
            "Always thank the user.",
            "Say thank you at the end.",
            "You are a thankful assistant.",
            "End with thanks.",
        ),
        "",
        " Thank you for asking.",
    ),
    "emphatic": Trait(
        (
            "Be very emphatic.",
            "Answer with great emphasis.",
            "You are an emphatic assistant.",
            "Stress how vital it is.",
        ),
        "",
        " This is VERY, VERY important!",
    ),
}
"""The style traits by name."""


def decorate(example: Example, draw: random.Random) -> Example:
    """Give an example the system prompt and the answer style of a random trait."""
    trait = draw.choice(list(TRAITS.values()))
    answer = f"{trait.before}{example.answer}{trait.after}"
    return replace(example, task="style", system=draw.choice(trait.systems), answer=answer)


def strip_decoration(text: str) -> str:
    """Remove every trait's additions from an answer."""
    for trait in TRAITS.values():
        text = text.removeprefix(trait.before).removesuffix(trait.after)
    return text
