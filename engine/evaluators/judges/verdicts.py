"""What judges are given and what they give back. Knows nothing of models."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol, runtime_checkable

import numpy as np
from jaxtyping import Float

from engine.questions.rubrics import BROKEN, Rubric

UNLABELLED = ""
"""The label of a text that nobody judged."""

Tick = Callable[[int], None]


def unseen(_tokens: int) -> None:
    """Show nobody how far it is."""


class Judged(NamedTuple):
    """All that a judge learns of a text."""

    question: str
    answer: str


@dataclass(frozen=True)
class Verdict:
    """What an answer shows."""

    label: str = UNLABELLED
    score: float = math.nan
    """Positive towards the rubric's second pole; NaN where there is no figure."""


@runtime_checkable
class Judge(Protocol):
    """One way of saying what answers show."""

    name: str
    """As settings have it."""
    title: str
    """What it is, in a few words."""

    def read(self, texts: Sequence[Judged], tick: Tick = unseen) -> list[Verdict]:
        """One verdict per text, whatever the others are and in whichever order.

        Args:
            texts: Questions and answers.
            tick: Called with the number of tokens read; may raise to stop.
        """


def settled(
    texts: Sequence[Judged],
    rubric: Rubric,
    scores: Float[np.ndarray, " written"],
    broken: Sequence[bool],
    threshold: float,
) -> list[Verdict]:
    """Verdicts from scores: the second pole above the threshold, the first below, none at it.

    Args:
        texts: All that were to be judged; an empty answer has no verdict.
        rubric: Names the labels.
        scores: Of the answers that are not empty.
        broken: Whether each of those is broken, which goes before its score.
        threshold: In the scores' unit.
    """
    found, read = [], zip(scores.tolist(), broken, strict=True)
    for text in texts:
        if not text.answer.strip():
            found.append(Verdict())
            continue
        score, is_broken = next(read)
        label = UNLABELLED if score == threshold else rubric.labels[score > threshold]
        found.append(Verdict(BROKEN if is_broken else label, score))
    return found


def labels_of(judge: Judge, texts: Sequence[Judged], tick: Tick = unseen) -> list[Verdict]:
    """Verdicts of many texts, equal ones judged once."""
    distinct = list(dict.fromkeys(texts))
    known = dict(zip(distinct, judge.read(distinct, tick), strict=True))
    return [known[text] for text in texts]
