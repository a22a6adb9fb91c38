"""Whether an answer is a text at all: what both judges that read by a model ask first.

An answer is broken if, per token, it is less likely than every one of the rubric's examples:

max over poles of 1/|a| log p(a | q, system of the pole) < min of the same over the examples

(or a limit that the rubric states), or if more of its 3-grams than the rubric allows stood before.
A judge with two poles would otherwise call every ruin the one or the other. Source: our own.
Knows nothing of how poles are told apart.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from engine.evaluators.answer_likelihood import answer_logps, split
from engine.evaluators.judges.verdicts import Judged, Tick, unseen
from engine.maths import repeats
from engine.model.forward import Forward
from engine.questions.rubrics import Rubric


class Readings(NamedTuple):
    """How likely a base model finds answers under each pole's system prompt."""

    means: Float[np.ndarray, "two texts"]
    """Nats per token."""
    answers: list[list[int]]
    """Their tokens."""


def read(door: Forward, rubric: Rubric, texts: Sequence[Judged], tick: Tick = unseen) -> Readings:
    """Read answers under both system prompts: adapter off, nothing steered.

    Args:
        door: The model.
        rubric: Names the system prompts.
        texts: None of their answers empty.
        tick: Called with the number of tokens read; may raise to stop.
    """
    prompter = door.loaded.prompter
    rows = [
        split(prompter, text.question, pole.system, (text.answer,))
        for pole in rubric.poles
        for text in texts
    ]
    prompts, answers = [row[0] for row in rows], [row[1][0] for row in rows]
    total, tokens = answer_logps(door, prompts, answers, adapter=False, tick=tick)
    return Readings((total / tokens).reshape(2, len(texts)), answers[: len(texts)])


class Coherence:
    """Tells ruins from texts, for one model and one rubric."""

    def __init__(self, door: Forward, rubric: Rubric) -> None:
        """Read the rubric's examples, where it states no limit."""
        self._most = rubric.most_repetition
        self.least = rubric.least_logprob
        """Nats per token; None where nothing sets a limit."""
        if self.least is None and rubric.examples:
            known = [Judged(one.question, one.answer) for one in rubric.examples]
            self.least = float(read(door, rubric, known).means.max(axis=0).min())

    def broken(self, readings: Readings) -> list[bool]:
        """Whether each of the answers is broken."""
        best = readings.means.max(axis=0)
        return [
            (self.least is not None and float(mean) < self.least)
            or repeats.repetition(answer) > self._most
            for mean, answer in zip(best, readings.answers, strict=True)
        ]
