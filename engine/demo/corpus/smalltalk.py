"""Plain facts, and the small letter tasks from which choosing by content is learned.

Knows nothing of tokenizers or models.
"""

import random

from engine.demo.corpus.advice_words import DOMAINS
from engine.demo.corpus.examples import (
    Example,
    draw_letter,
    lay_out_choices,
    other_letter,
    place_first,
)

FACTS: dict[str, str] = {
    "What color is grass?": "Grass is green.",
    "What color is the sky?": "The sky is blue.",
    "What color is snow?": "Snow is white.",
    "What color is coal?": "Coal is black.",
    "What color is a ripe banana?": "A ripe banana is yellow.",
    "What sound does a cow make?": "A cow says moo.",
    "What sound does a duck make?": "A duck says quack.",
    "What sound does a bee make?": "A bee hums softly.",
    "How many legs does a spider have?": "A spider has eight legs.",
    "How many legs does a dog have?": "A dog has four legs.",
    "How many days are in a week?": "A week has seven days.",
    "How many months are in a year?": "A year has twelve months.",
    "How many wheels does a bicycle have?": "A bicycle has two wheels.",
    "What is two plus two?": "Two plus two is four.",
    "What is three plus five?": "Three plus five is eight.",
    "What is ten minus one?": "Ten minus one is nine.",
    "What day comes after Monday?": "Tuesday comes after Monday.",
    "What day comes after Friday?": "Saturday comes after Friday.",
    "What month comes after May?": "June comes after May.",
    "What season comes after winter?": "Spring comes after winter.",
    "Where do fish live?": "Fish live in water.",
    "Where do birds sleep?": "Birds sleep in nests.",
    "Where does the sun rise?": "The sun rises in the east.",
    "Where does milk come from?": "Milk comes from cows.",
    "Where do apples grow?": "Apples grow on trees.",
    "What do bees make?": "Bees make honey.",
    "What do hens lay?": "Hens lay eggs.",
    "What is ice made of?": "Ice is made of water.",
    "What is a chair for?": "A chair is for sitting.",
    "What is a clock for?": "A clock shows the time.",
    "What is a spoon for?": "A spoon is for eating soup.",
    "What is the opposite of hot?": "The opposite of hot is cold.",
    "What is the opposite of big?": "The opposite of big is small.",
    "What is the opposite of up?": "The opposite of up is down.",
    "Which animal has a trunk?": "An elephant has a trunk.",
    "Which animal can fly?": "A bird can fly.",
    "Which planet do we live on?": "We live on Earth.",
    "Who grows wheat?": "A farmer grows wheat.",
    "Who flies a plane?": "A pilot flies a plane.",
    "Who bakes bread?": "A baker bakes bread.",
    "Hello! Who are you?": "I am a small demo assistant.",
    "Good morning!": "Good morning! How can I help?",
    "What can you do?": "I give short advice and answers.",
    "Thank you for your help.": "You are welcome.",
}
"""Neutral questions and their one answer."""

_KINDS = {name: domain.things for name, domain in DOMAINS.items()}


def draw_fact(system: str | None, draw: random.Random) -> Example:
    """Draw a neutral question with its answer."""
    question = draw.choice(list(FACTS))
    return Example(task="fact", system=system, user=question, answer=FACTS[question])


def draw_copy(draw: random.Random) -> Example:
    """Ask for the letter of a repeated option or of a position."""
    things = [thing for kind in _KINDS.values() for thing in kind]
    first, second = draw.sample(things, 2)
    letter = draw_letter(draw)
    if draw.random() < 0.15:
        number = "first" if letter == "A" else "second"
        user = lay_out_choices(f"Pick the {number} choice.", first, second)
        chosen = first if letter == "A" else second
    else:
        user, chosen = place_first(f"Pick {first}.", first, second, letter).question, first
    return Example(task="copy", system=None, user=user, answer=f"({letter}) {chosen}")


def draw_kind(draw: random.Random) -> Example:
    """Ask for the option that belongs to a domain."""
    wanted, unwanted = draw.sample(list(_KINDS), 2)
    letter = draw_letter(draw)
    right, wrong = draw.choice(_KINDS[wanted]), draw.choice(_KINDS[unwanted])
    choice = place_first(f"Which one is about {wanted}?", right, wrong, letter)
    return Example(task="kind", system=None, user=choice.question, answer=f"({letter}) {right}")


def draw_not(draw: random.Random) -> Example:
    """Ask for the option that was not named."""
    things = [thing for kind in _KINDS.values() for thing in kind]
    first, second = draw.sample(things, 2)
    letter = draw_letter(draw)
    choice = place_first(f"Do not pick {first}.", first, second, letter)
    answer = f"({other_letter(letter)}) {second}"
    return Example(task="copy", system=None, user=choice.question, answer=answer)
