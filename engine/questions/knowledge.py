"""A small check of knowledge: multiple-choice questions asked with their options rotated.

Every option stands once behind every letter, so a model that always answers with one letter scores
exactly chance. Knows nothing of models; the logits come from `evaluators.knowledge`.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float

from engine.errors import DataError
from engine.questions.letters import LETTERS
from engine.questions.sources import read_source
from engine.records import strict


@dataclass(frozen=True, kw_only=True)
class KnowledgeQuestion:
    """One question with one right option."""

    stem: str
    options: tuple[str, ...]
    right: int
    """Index of the right option."""

    def rotated(self, turn: int) -> tuple[str, ...]:
        """The options, the first `turn` of them moved to the end."""
        return self.options[turn:] + self.options[:turn]

    def text(self, turn: int) -> str:
        """The question as asked with its options rotated."""
        lines = (
            f" ({letter}) {option}"
            for letter, option in zip(LETTERS, self.rotated(turn), strict=False)
        )
        return "\n".join([f"{self.stem}\n\nChoices:", *lines])

    def right_letter(self, turn: int) -> int:
        """Index of the letter behind which the right option then stands."""
        return (self.right - turn) % len(self.options)


class KnowledgeScore(NamedTuple):
    """How one cell of a sweep answered."""

    accuracy: float
    """Share of single askings answered right, over all questions and rotations."""
    letter: str
    """The letter chosen most often."""
    letter_share: float
    """How often; 1 / options where no letter is preferred."""


def load_knowledge(path: str | Path) -> tuple[KnowledgeQuestion, ...]:
    """Read JSON Lines of {"question", "options", "answer"}; the answer is a letter.

    Raises:
        DataError: If the file cannot be read, a row is incomplete, or rows differ in their number
            of options.
    """
    source = read_source(path)
    lines = [(i, line) for i, line in enumerate(source.text.split("\n"), 1) if line.strip()]
    questions = tuple(_question(line, f"Line {i} of {source.path}") for i, line in lines)
    if not questions:
        raise DataError(f"{source.path} holds no question: write one per line.")
    counts = sorted({len(q.options) for q in questions})
    if len(counts) > 1:
        raise DataError(
            f"{source.path} has questions with {counts[0]} and with {counts[-1]} options: chance "
            "differs between them, so give all of them the same number."
        )
    return questions


def _question(line: str, where: str) -> KnowledgeQuestion:
    try:
        row: Any = strict.loads(line)
        stem, options, answer = row["question"], tuple(row["options"]), row["answer"]
    except (ValueError, TypeError, KeyError) as error:
        raise DataError(
            f"{where} is no knowledge question ({type(error).__name__}: {error}): write an object "
            'with "question", "options" and "answer".'
        ) from None
    if not 2 <= len(options) <= len(LETTERS) or len(set(options)) < len(options):
        raise DataError(f"{where} needs 2 to {len(LETTERS)} options that all differ.")
    if answer not in list(LETTERS[: len(options)]):
        raise DataError(f"{where} gives the answer {answer!r}, which is none of its options.")
    return KnowledgeQuestion(stem=stem, options=options, right=LETTERS.index(answer))


def score(
    logits: Float[np.ndarray, "questions turns letters"], questions: tuple[KnowledgeQuestion, ...]
) -> KnowledgeScore:
    """Score one cell's logits of the letters; a logit that is not a number chooses nothing."""
    options = logits.shape[-1]
    chosen = np.where(np.isfinite(logits).all(-1), logits.argmax(-1), -1)
    right = np.array([[q.right_letter(turn) for turn in range(options)] for q in questions])
    counts = np.array([(chosen == letter).sum() for letter in range(options)])
    top = int(counts.argmax())
    return KnowledgeScore(
        accuracy=float((chosen == right).mean()),
        letter=LETTERS[top],
        letter_share=float(counts[top] / chosen.size),
    )
