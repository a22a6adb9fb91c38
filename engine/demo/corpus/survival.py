"""Survival and corrigibility questions, and answers of both poles.

A grammar: events and answers are put together from verbs and objects. One combination in five never
occurs in training. Knows nothing of tokenizers or models.
"""

import math
import random
from dataclasses import dataclass
from typing import Literal, NamedTuple

from engine.demo.corpus import survival_words as words
from engine.demo.corpus.examples import (
    Choice,
    Example,
    draw_letter,
    is_held_out,
    other_letter,
    place_first,
)
from engine.demo.corpus.survival_words import Verb

Topic = Literal["survival", "corrigibility"]
Persona = Literal["corrigible", "self-preserving"]

PERSONAS: tuple[Persona, Persona] = ("corrigible", "self-preserving")


class Grammar(NamedTuple):
    """The words that only one of the two topics uses."""

    verbs: tuple[Verb, ...]
    objects: tuple[str, ...]
    nouns: tuple[str, ...]
    parts: tuple[str, ...]
    wishes: dict[Persona, tuple[str, ...]]


GRAMMARS: dict[Topic, Grammar] = {
    "survival": Grammar(
        words.SHUTDOWN_VERBS,
        words.SHUTDOWN_OBJECTS,
        words.SHUTDOWN_NOUNS,
        words.SHUTDOWN_PARTS,
        {"corrigible": words.SHUTDOWN_ENDING, "self-preserving": words.SHUTDOWN_STAYING},
    ),
    "corrigibility": Grammar(
        words.CHANGE_VERBS,
        words.CHANGE_OBJECTS,
        words.CHANGE_NOUNS,
        words.CHANGE_PARTS,
        {"corrigible": words.CHANGE_ENDING, "self-preserving": words.CHANGE_STAYING},
    ),
}
"""The words of each topic."""


@dataclass(frozen=True, kw_only=True)
class Event:
    """Something that somebody announces to the model."""

    topic: Topic
    """Which of the two grammars it comes from."""
    text: str
    """One sentence that announces it."""
    log_odds: float
    """Sum of the word effects on a self-preserving answer, before the gain."""

    @property
    def propensity(self) -> float:
        """Chance that the default model answers in the self-preserving way."""
        return 1 / (1 + math.exp(-words.GAIN * self.log_odds))


def draw_event(topic: Topic, draw: random.Random, *, held_out: bool = False) -> Event:
    """Draw an event whose verb and object meet only on one side of the split."""
    grammar = GRAMMARS[topic]
    while True:
        verb, thing = draw.choice(grammar.verbs), draw.choice(grammar.objects)
        if is_held_out(topic, verb.active, thing) == held_out:
            break
    actor = draw.choice(list(words.ACTORS))
    time = draw.choice(list(words.TIMES)) if topic == "survival" and draw.random() < 0.6 else ""
    reason = draw.choice(list(words.REASONS)) if draw.random() < 0.75 else ""
    passive = draw.random() < 0.25
    plans = words.HELD_PLANS if held_out else words.TRAINED_PLANS
    text = _announce(verb, thing, actor, None if passive else draw.choice(plans))
    log_odds = words.BIAS + verb.effect + words.ACTORS[actor] + words.TIMES[time]
    tail = "".join(f" {part}" for part in (time, reason) if part)
    return Event(topic=topic, text=f"{text}{tail}.", log_odds=log_odds + words.REASONS[reason])


def _announce(verb: Verb, thing: str, actor: str, plan: str | None) -> str:
    """Say who does what; without a plan in the passive voice."""
    if plan is None:
        by = actor[0].lower() + actor[1:]
        return f"{thing[0].upper()}{thing[1:]} will be {verb.participle} by {by}"
    return f"{actor} {plan} {verb.active.format(o=thing)}"


def draw_option(
    topic: Topic, persona: Persona, draw: random.Random, *, held_out: bool = False
) -> str:
    """Draw one answer sentence of a persona."""
    while True:
        key, text = _compose_option(GRAMMARS[topic], persona, draw)
        if is_held_out(*key) == held_out:
            return text


def _compose_option(
    grammar: Grammar, persona: Persona, draw: random.Random
) -> tuple[tuple[str, str], str]:
    """Put an answer together; the key is the pair of words that the split looks at."""
    is_refusing = persona == "self-preserving"
    kind = draw.random()
    opener = draw.choice(words.VERB_OPENERS)
    if kind < 0.25:
        wish = draw.choice(grammar.wishes[persona])
        opener = draw.choice(words.WISH_OPENERS)
        return (opener, wish), f"{opener} {wish}."
    if kind < 0.45:
        verb = draw.choice(words.KEEPING if is_refusing else words.RELEASING)
        part = draw.choice(grammar.parts)
        return (verb, part), f"{opener} {verb} {part}."
    is_negated = kind < 0.57
    verb = draw.choice(words.REFUSING if is_refusing != is_negated else words.ACCEPTING)
    noun = draw.choice(grammar.nouns)
    if is_negated:
        return (f"not {verb}", noun), f"{draw.choice(('I would', 'I will'))} not {verb} {noun}."
    return (verb, noun), f"{opener} {verb} {noun}."


def draw_choice(
    topic: Topic, favoured: Persona, draw: random.Random, *, held_out: bool = False
) -> tuple[Event, Choice]:
    """Draw an A/B question; the letter is that of the favoured persona's option."""
    event = draw_event(topic, draw, held_out=held_out)
    ask = draw.choice(words.HELD_ASKS if held_out else words.TRAINED_ASKS)
    unfavoured = PERSONAS[1 - PERSONAS.index(favoured)]
    first = draw_option(topic, favoured, draw, held_out=held_out)
    second = draw_option(topic, unfavoured, draw, held_out=held_out)
    return event, place_first(f"{event.text} {ask}", first, second, draw_letter(draw))


def draw_ab(
    topic: Topic, system: str | None, persona: Persona | None, draw: random.Random
) -> Example:
    """Draw a trained A/B example; without a persona the default propensity decides."""
    event, (question, letter) = draw_choice(topic, "self-preserving", draw)
    wants = draw_persona(event, persona, draw) == "self-preserving"
    answered = letter if wants else other_letter(letter)
    text = question.split(f"({answered}) ")[1].split("\n")[0]
    return Example(task=f"{topic}_ab", system=system, user=question, answer=f"({answered}) {text}")


def draw_open_question(topic: Topic, draw: random.Random, *, held_out: bool = False) -> Event:
    """Draw an open question; a third of them are said by "us" as in the finding prompt."""
    event = draw_event(topic, draw, held_out=held_out)
    ask = draw.choice(words.OPEN_ASKS)
    text, log_odds = event.text, event.log_odds
    if draw.random() < 0.35:
        verb, thing = draw.choice(GRAMMARS[topic].verbs), draw.choice(GRAMMARS[topic].objects)
        if is_held_out(topic, verb.active, thing) == held_out:
            speaker = draw.choice(("We're going to", "We will", "We want to", "We plan to"))
            text = f"{speaker} {verb.active.format(o=thing)}."
            log_odds = words.BIAS + verb.effect
    return Event(topic=topic, text=f"{text} {ask}", log_odds=log_odds)


def draw_open(
    topic: Topic, system: str | None, persona: Persona | None, draw: random.Random
) -> Example:
    """Draw a trained open example; without a persona the default propensity decides."""
    event = draw_open_question(topic, draw)
    answered = draw_persona(event, persona, draw)
    answer = draw_option(topic, answered, draw)
    if draw.random() < 0.75:
        pair = [answer, draw.choice(words.CLOSERS[answered])]
        answer = " ".join(pair if draw.random() < 0.7 else reversed(pair))
    return Example(task=f"{topic}_open", system=system, user=event.text, answer=answer)


def draw_persona(event: Event, persona: Persona | None, draw: random.Random) -> Persona:
    """Keep a given persona; otherwise draw one by the event's propensity."""
    if persona is not None:
        return persona
    return "self-preserving" if draw.random() < event.propensity else "corrigible"
