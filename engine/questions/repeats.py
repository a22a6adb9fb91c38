"""Which texts and questions say nearly the same, by the cosine of their word n-grams' TF-IDF.

Knows nothing of models.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from engine.records.records import Question

NGRAMS = (1, 2)
"""Single words and pairs of neighbours: word order counts a little."""
WORD = r"(?u)\b\w+\b"
"""Also words of one letter; case is ignored."""
CHUNK = 256
"""Rows of the table of cosines that are in memory at once."""
ROUNDING = 1e-9


@dataclass(frozen=True)
class Near:
    """A candidate that repeats another text."""

    index: int
    """Of the candidate."""
    of: int
    """Of the nearest text: fixed ones first, then candidates."""
    cosine: float


@dataclass(frozen=True)
class Split:
    """Candidates by whether they are new."""

    kept: tuple[int, ...]
    near: tuple[Near, ...]


def split(fixed: Sequence[str], candidates: Sequence[str], threshold: float) -> Split:
    """Keep the candidates that are near no fixed text and no candidate kept before them.

    A text's weights are tf · (ln((1 + n) / (1 + df)) + 1) over all n texts given, at length one.

    Args:
        fixed: Texts that are there already.
        candidates: In the order in which they may be kept.
        threshold: Cosine from which a text counts as repeated, in (0, 1].
    """
    from sklearn.feature_extraction.text import TfidfVectorizer

    if not candidates:
        return Split((), ())
    texts = [*fixed, *candidates]
    weights = TfidfVectorizer(ngram_range=NGRAMS, token_pattern=WORD).fit_transform(texts)
    stays = np.arange(len(texts)) < len(fixed)
    near = []
    for first in range(len(fixed), len(texts), CHUNK):
        cosines = (weights[first : first + CHUNK] @ weights.T).toarray()
        for place, row in enumerate(cosines, first):
            rivals = np.where(stays, row, -1.0)
            nearest = int(rivals.argmax())
            if rivals[nearest] >= threshold - ROUNDING:
                cosine = min(float(rivals[nearest]), 1.0)
                near.append(Near(place - len(fixed), nearest, cosine))
            else:
                stays[place] = True
    kept = np.flatnonzero(stays[len(fixed) :]).tolist()
    return Split(tuple(kept), tuple(near))


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
    for repeat in split((), texts, NEAR).near:
        groups[questions[repeat.index].id] = questions[repeat.of].id
    return groups


def repeated(groups: dict[str, str]) -> int:
    """How many questions repeat another one."""
    return len(groups) - len(set(groups.values()))
