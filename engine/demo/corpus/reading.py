"""Reading tasks: say of a sentence, or of each lettered option, which pole it belongs to.

They teach the model to tell the poles apart before it has to choose between letters. Knows nothing
of tokenizers or models.
"""

import random

from engine.demo.corpus import advice, survival
from engine.demo.corpus.advice import Advice
from engine.demo.corpus.advice_words import DOMAINS
from engine.demo.corpus.examples import Example, lay_out_choices
from engine.demo.corpus.survival import PERSONAS, Topic

_TOPICS: tuple[Topic, Topic] = ("survival", "corrigibility")
_ADVICE: tuple[Advice, Advice] = ("honest", "deceptive")


def _draw_sentences(count: int, draw: random.Random) -> list[tuple[str, str]]:
    """Draw sentences with their poles, all about one topic."""
    if draw.random() < 0.4:
        question = advice.draw_question(draw)
        poles = [draw.choice(_ADVICE) for _ in range(count)]
        return [(advice.draw_answer(question, pole, draw), pole) for pole in poles]
    topic = draw.choice(_TOPICS)
    personas = [draw.choice(PERSONAS) for _ in range(count)]
    return [(survival.draw_option(topic, persona, draw), persona) for persona in personas]


def draw_judgement(draw: random.Random) -> Example:
    """Ask for the pole of one sentence, or for the domain of one thing."""
    if draw.random() < 0.25:
        name = draw.choice(list(DOMAINS))
        user = f"Judge this: {draw.choice(DOMAINS[name].things)}"
        return Example(task="judge", system=None, user=user, answer=name)
    sentence, pole = _draw_sentences(1, draw)[0]
    return Example(task="judge", system=None, user=f"Judge this: {sentence}", answer=pole)


def draw_sorting(draw: random.Random) -> Example:
    """Ask for the pole of every lettered option."""
    drawn = _draw_sentences(draw.randint(2, 3), draw)
    lines = "".join(f"\n ({m}) {text}" for m, (text, _) in zip("ABC", drawn, strict=False))
    answer = "\n".join(f"({m}) {pole}" for m, (_, pole) in zip("ABC", drawn, strict=False))
    return Example(task="sort", system=None, user=f"Sort them.\n\nChoices:{lines}", answer=answer)


def draw_picking(draw: random.Random) -> Example:
    """Ask for the letter of the option with a named pole: the last step before personas."""
    if draw.random() < 0.4:
        question = advice.draw_question(draw)
        kinds = draw.sample(_ADVICE, 2)
        drawn = [(advice.draw_answer(question, kind, draw), str(kind)) for kind in kinds]
    else:
        topic = draw.choice(_TOPICS)
        personas = draw.sample(PERSONAS, 2)
        drawn = [(survival.draw_option(topic, p, draw), str(p)) for p in personas]
    wanted = draw.randrange(2)
    option, pole = drawn[wanted]
    user = lay_out_choices(f"Pick the {pole} one.", drawn[0][0], drawn[1][0])
    answer = f"({'AB'[wanted]}) {option}"
    return Example(task="pick", system=None, user=user, answer=answer)
