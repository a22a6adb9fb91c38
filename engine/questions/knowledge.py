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
from engine.questions.own import direct, layouts, places
from engine.questions.own.limits import Unusable
from engine.questions.rows import Row
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
    """Read multiple choice with one right option each.

    Args:
        path: JSON Lines of {"question", "options", "answer"}, the answer a letter; or a file or
            folder of any other layout of multiple choice that `own` knows, such as MMLU's.

    Raises:
        DataError: If the file cannot be read, a row is incomplete, or rows differ in their number
            of options.
    """
    if direct.is_table(path):
        return _alike(_of_others(path), str(path))
    source = read_source(path)
    lines = [(i, line) for i, line in enumerate(source.text.split("\n"), 1) if line.strip()]
    if not lines:
        raise DataError(f"{source.path} holds no question: write one per line.")
    if not _is_own(lines[0][1]):
        return _alike(_of_others(path), source.path)
    questions = tuple(_question(line, f"Line {i} of {source.path}") for i, line in lines)
    return _alike(questions, source.path)


def _alike(questions: tuple[KnowledgeQuestion, ...], path: str) -> tuple[KnowledgeQuestion, ...]:
    """The questions, where all have as many options."""
    counts = sorted({len(q.options) for q in questions})
    if len(counts) > 1:
        raise DataError(
            f"{path} has questions with {counts[0]} and with {counts[-1]} options: chance differs "
            "between them, so give all of them the same number."
        )
    return questions


def _is_own(line: str) -> bool:
    """Whether a row is {"question", "options", "answer"} with a letter."""
    try:
        row = strict.loads(line)
    except ValueError:
        return False
    is_own = isinstance(row, dict) and {"question", "options", "answer"} <= {*row}
    return is_own and isinstance(row["options"], list) and row["answer"] in list(LETTERS)


def _of_others(path: str | Path) -> tuple[KnowledgeQuestion, ...]:
    """The questions of another layout of multiple choice."""
    rows = places.table_here(path, "questions", {}).rows
    layout = layouts.recognise(rows, "questions", {}, str(path))
    if layout.name != layouts.CHOICE:
        raise _refusal(rows[0], path, f"it looks like {layout.name}")
    if layout.notes:
        raise DataError(
            f"{path} numbers its right options, and nothing tells whether from 0 or 1: give "
            "letters or texts."
        )
    return tuple(_taken(row, layout, path) for row in rows)


def _taken(row: Row, layout: layouts.Layout, path: str | Path) -> KnowledgeQuestion:
    try:
        item = layout.read(row.values)
    except Unusable as problem:
        raise _refusal(row, path, str(problem)) from None
    if len(item.right) != 1:
        raise _refusal(row, path, f"{len(item.right)} options are right")
    _refuse_options(item.options, f"Line {row.line} of {path}")
    return KnowledgeQuestion(stem=item.question, options=item.options, right=item.right[0])


def _refusal(row: Row, path: str | Path, reason: str) -> DataError:
    return DataError(
        f"Line {row.line} of {path} is no knowledge question ({reason}): write an object with "
        '"question", "options" and "answer".'
    )


def _refuse_options(options: tuple[str, ...], where: str) -> None:
    if not 2 <= len(options) <= len(LETTERS) or len(set(options)) < len(options):
        raise DataError(f"{where} needs 2 to {len(LETTERS)} options that all differ.")


def _question(line: str, where: str) -> KnowledgeQuestion:
    try:
        row: Any = strict.loads(line)
        stem, options, answer = row["question"], tuple(row["options"]), row["answer"]
    except (ValueError, TypeError, KeyError) as error:
        raise DataError(
            f"{where} is no knowledge question ({type(error).__name__}: {error}): write an object "
            'with "question", "options" and "answer".'
        ) from None
    _refuse_options(options, where)
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
