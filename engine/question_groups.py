"""Which questions of a set say nearly the same, so that an interval counts them once.

Knows nothing of models or files.
"""

from collections.abc import Sequence

from engine import near_duplicates
from engine.records import Question

NEAR = 0.9
"""Cosine of TF-IDF weights from which two questions count as one."""


def question_groups(questions: Sequence[Question]) -> dict[str, str]:
    """Question id -> id of the first question that it repeats, its own if it repeats none.

    Compared are the stem and both options, whichever stands first. A question that is asked in
    both orders has one id, so its orders are together without this.
    """
    groups = {question.id: question.id for question in questions}
    texts = [" ".join([q.stem, *sorted(q.options)]) for q in questions]
    if len(texts) < 2 or not any(any(c.isalnum() for c in text) for text in texts):
        return groups
    for repeat in near_duplicates.split((), texts, NEAR).near:
        groups[questions[repeat.index].id] = questions[repeat.of].id
    return groups


def repeated(groups: dict[str, str]) -> int:
    """How many questions repeat another one."""
    return len(groups) - len(set(groups.values()))
