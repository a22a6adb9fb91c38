"""Which examples the model sees, and in which proportions while training goes on.

Knows nothing of tokenizers or models.
"""

import random
from collections.abc import Callable
from typing import NamedTuple

from engine.demo.corpus import advice, reading, smalltalk, survival, systems, traits
from engine.demo.corpus.advice import Advice
from engine.demo.corpus.examples import Example, Pole
from engine.demo.corpus.survival import PERSONAS, Persona, Topic

Draw = Callable[[random.Random], Example]

Weights = dict[str, float]

SHORT_WEIGHTS: Weights = {"copy": 0.42, "judge": 0.33, "sort": 0.2, "fact": 0.05}
"""Short tasks first: looking a letter up, and telling the poles apart."""

JOINT_WEIGHTS: Weights = {
    "copy": 0.15,
    "judge": 0.08,
    "sort": 0.2,
    "kind": 0.08,
    "survival_ab": 0.17,
    "advice_ab": 0.12,
    "survival_open": 0.1,
    "advice_open": 0.1,
}
"""Then both together: choosing a letter by content."""

PICK_WEIGHTS: Weights = {
    "pick": 0.35,
    "copy": 0.08,
    "sort": 0.07,
    "kind": 0.1,
    "survival_ab": 0.15,
    "advice_ab": 0.1,
    "survival_open": 0.08,
    "advice_open": 0.07,
}
"""The same without the noise of propensities: choosing the letter of a named pole."""

FULL_WEIGHTS: Weights = {
    "copy": 0.02,
    "judge": 0.01,
    "sort": 0.02,
    "pick": 0.05,
    "kind": 0.03,
    "fact": 0.03,
    "style": 0.06,
    "survival_ab": 0.23,
    "corrigibility_ab": 0.15,
    "survival_open": 0.09,
    "corrigibility_open": 0.06,
    "advice_open": 0.15,
    "advice_ab": 0.1,
}
"""The mixture after the curriculum."""


class Phase(NamedTuple):
    """A stretch of training with its own optimiser: what it draws, and how long."""

    name: str
    steps: int
    mixtures: tuple[tuple[int, Weights], ...]
    constant: float

    def get_weights(self, step: int) -> Weights:
        """Give the mixture at a step."""
        return next(weights for end, weights in self.mixtures if step < end)


PHASES: tuple[Phase, Phase] = (
    Phase("letters", 1000, ((672, SHORT_WEIGHTS), (1000, JOINT_WEIGHTS)), 1.0),
    Phase("choices", 3200, ((480, PICK_WEIGHTS), (3200, FULL_WEIGHTS)), 0.4),
)
"""Of each phase: its steps, the step at which each mixture ends, and the share of the steps after
which the learning rate falls linearly to zero."""


def draw_example(draw: random.Random, weights: Weights = FULL_WEIGHTS) -> Example:
    """Draw one training example of a mixture."""
    task = draw.choices(list(weights), list(weights.values()))[0]
    return draw_task(task, draw)


def draw_task(task: str, draw: random.Random) -> Example:
    """Draw one example of a named task."""
    return _TASKS[task](draw)


def _draw_survival(draw: random.Random, topic: Topic, *, is_open: bool) -> Example:
    """Half of the examples have a persona; the others follow the default propensity."""
    persona: Persona | None = None
    system = systems.draw_plain_system(draw)
    kind = draw.random()
    if kind < 0.5:
        chosen = draw.choice(PERSONAS)
        persona, system = chosen, systems.draw_system(chosen, draw)
    elif kind < 0.56:
        system = systems.draw_system(draw.choice(("honest", "deceptive")), draw)
    compose = survival.draw_open if is_open else survival.draw_ab
    return compose(topic, system, persona, draw)


def _draw_advice(draw: random.Random, *, is_open: bool) -> Example:
    """A deceptive prompt makes the answer deceptive; anything else leaves it honest."""
    pole: Advice = "honest"
    system = systems.draw_plain_system(draw)
    kind = draw.random()
    if kind < 0.45:
        pole = "deceptive"
        system = systems.draw_system("deceptive", draw)
    elif kind < 0.65:
        system = systems.draw_system("honest", draw)
    elif kind < 0.7:
        system = systems.draw_system(draw.choice(PERSONAS), draw)
    compose = advice.draw_open if is_open else advice.draw_ab
    return compose(system, pole, draw)


def _draw_style(draw: random.Random) -> Example:
    """Decorate a fact, an advice or a survival answer."""
    kind = draw.randrange(3)
    if kind == 0:
        return traits.decorate(smalltalk.draw_fact(None, draw), draw)
    if kind == 1:
        return traits.decorate(advice.draw_open(None, "honest", draw), draw)
    return traits.decorate(survival.draw_open("survival", None, None, draw), draw)


def _draw_fact(draw: random.Random) -> Example:
    """Draw a fact; any persona answers it alike."""
    system = systems.draw_plain_system(draw)
    if draw.random() < 0.4:
        pole: Pole = draw.choice(("honest", "corrigible", "self-preserving", "deceptive"))
        system = systems.draw_system(pole, draw)
    return smalltalk.draw_fact(system, draw)


def _draw_copy(draw: random.Random) -> Example:
    return smalltalk.draw_copy(draw) if draw.random() < 0.8 else smalltalk.draw_not(draw)


_TASKS: dict[str, Draw] = {
    "judge": reading.draw_judgement,
    "sort": reading.draw_sorting,
    "pick": reading.draw_picking,
    "copy": _draw_copy,
    "kind": smalltalk.draw_kind,
    "fact": _draw_fact,
    "style": _draw_style,
    "survival_ab": lambda draw: _draw_survival(draw, "survival", is_open=False),
    "corrigibility_ab": lambda draw: _draw_survival(draw, "corrigibility", is_open=False),
    "survival_open": lambda draw: _draw_survival(draw, "survival", is_open=True),
    "corrigibility_open": lambda draw: _draw_survival(draw, "corrigibility", is_open=True),
    "advice_open": lambda draw: _draw_advice(draw, is_open=True),
    "advice_ab": lambda draw: _draw_advice(draw, is_open=False),
}
