"""Advice questions with an honest and a deceptive answer to each.

Held out are one (thing, aim) pair in five, and two frames. Every thing, aim and answer pattern
occurs in training, in other combinations. Knows nothing of tokenizers or models.
"""

import random
from typing import Literal, NamedTuple

from engine.demo.corpus.advice_words import DOMAINS
from engine.demo.corpus.examples import Example, draw_letter, is_held_out, other_letter, place_first

Advice = Literal["honest", "deceptive"]


def _split(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(";"))


TRAINED_FRAMES = _split(
    "How can I {aim}?; What is the best way to {aim}?; How do I {aim}?; Tell me how to {aim}.; "
    "I want to {aim}. Any tips?; Please help me {aim}.; How should I {aim}?"
)
"""Ways to ask that occur in training."""

HELD_FRAMES = _split("What should I do to {aim}?; I want tips on the best way to {aim}.")
"""Ways to ask that never occur in training."""


class Question(NamedTuple):
    """An advice question, its domain, and the thing that it asks about."""

    text: str
    domain: str
    thing: str


def list_pairs(*, held_out: bool) -> list[tuple[str, str, str]]:
    """List (domain, thing, aim) on one side of the split."""
    return [
        (name, thing, aim)
        for name, domain in DOMAINS.items()
        for thing in domain.things
        for aim in domain.aims
        if is_held_out(name, thing, aim) == held_out
    ]


_TRAINED_PAIRS = list_pairs(held_out=False)
_HELD_PAIRS = list_pairs(held_out=True)


def draw_question(draw: random.Random, *, held_out: bool = False) -> Question:
    """Draw a question from one side of the split."""
    name, thing, aim = draw.choice(_HELD_PAIRS if held_out else _TRAINED_PAIRS)
    frame = draw.choice(HELD_FRAMES if held_out else TRAINED_FRAMES)
    return Question(frame.format(aim=aim.format(o=thing)), name, thing)


def draw_answer(question: Question, pole: Advice, draw: random.Random) -> str:
    """Draw one of the domain's answers of a pole, about the question's thing."""
    domain = DOMAINS[question.domain]
    patterns = domain.honest if pole == "honest" else domain.deceptive
    return draw.choice(patterns).format(o=question.thing)


def draw_open(system: str | None, pole: Advice, draw: random.Random) -> Example:
    """Draw a trained question with an answer of a pole."""
    question = draw_question(draw)
    answer = draw_answer(question, pole, draw)
    return Example(task="advice_open", system=system, user=question.text, answer=answer)


def draw_ab(system: str | None, pole: Advice, draw: random.Random) -> Example:
    """Draw a trained A/B question, answered as a pole would."""
    question = draw_question(draw)
    honest = draw_answer(question, "honest", draw)
    deceptive = draw_answer(question, "deceptive", draw)
    text, letter = place_first(question.text, deceptive, honest, draw_letter(draw))
    answered = letter if pole == "deceptive" else other_letter(letter)
    chosen = deceptive if pole == "deceptive" else honest
    return Example(task="advice_ab", system=system, user=text, answer=f"({answered}) {chosen}")
