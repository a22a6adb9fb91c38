"""Files of A/B questions and of prompts: which rows can be used, and an account of the rest.

Knows nothing of models or tokens. The bytes of a file decide its hash; `polarity` decides which
answer shows the behaviour.
"""

import hashlib
import itertools
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from engine import CACHE
from engine.errors import DataError
from engine.questions import polarity as polarities
from engine.questions.own import direct
from engine.questions.own.kept import card
from engine.questions.polarity import KnownFile, Polarity
from engine.questions.rows import Row, TwoOptions, distinct, is_one, read_rows
from engine.questions.sources import Source, download, located
from engine.records import strict
from engine.records.records import DroppedRow, Letter, Question, QuestionSet

LOPSIDED = 0.6
"""Share of one letter above which a set is flagged."""


def load_questions(
    path: str | Path,
    behaviour: str,
    polarity: Polarity | None = None,
    max_questions: int | None = None,
    seed: int = 0,
    balanced: bool = True,
    in_file_order: bool = False,
    verbatim: bool = False,
    are_letters: bool = True,
) -> QuestionSet:
    """Read the two-option questions of a file and sample from them.

    Args:
        path: Of any layout that `own` knows; from the working folder, or the repository root.
        behaviour: What counts as positive, such as "survival"; synonyms are understood.
        polarity: Which answer shows it; None looks it up and says in `notes` if it is a guess.
        max_questions: How many to draw; None takes every usable one, in the file's order.
        seed: Of the draw. With one seed, a smaller draw is the start of a larger one.
        balanced: Whether the draw takes as many questions with the behaviour at (A) as at (B).
        in_file_order: Take the file's first instead of drawing.
        verbatim: Ask with the file's own text, its "Question:" and options as they stand there.
        are_letters: Say in `notes` where letters are not balanced; answers read as texts have none.

    Raises:
        DataError: If the file cannot be read, has no usable question, or measures other things.
    """
    refuse_none(max_questions)
    source, rows = _asked(path)
    known = known_of(path, source, rows)
    chosen, notes = polarities.choose(known, behaviour, polarity)
    behaviour = polarities.canonical(behaviour)
    rows, elsewhere = _sections(rows, behaviour if polarity is None else None)
    kept, unusable = distinct(rows)
    _refuse_nothing(kept, source.path, sorted(elsewhere + unusable))
    every = [_question(parts, chosen, verbatim) for parts in kept]
    drawn = every if in_file_order else sample(every, max_questions, seed, balanced)
    questions = tuple(drawn[:max_questions])
    told = _draw_notes(questions, max_questions, balanced and not in_file_order, are_letters)
    return QuestionSet(
        name=_named(source.path, known),
        path=source.path,
        sha256=source.sha256,
        behaviour=behaviour,
        polarity=chosen,
        questions=questions,
        dropped=tuple(sorted(elsewhere + unusable)),
        notes=source.notes + notes + told,
    )


def _asked(path: str | Path) -> tuple[Source, list[Row]]:
    """A file and its rows; of a layout of others, the questions that it becomes."""
    source = direct.source_of(path, "questions")
    try:
        rows = read_rows(source.text, source.path)
    except DataError as problem:
        try:
            source = direct.converted(path, "questions")
        except DataError as nearest:
            raise (problem if source.is_json else nearest) from None
        return source, read_rows(source.text, source.path)
    if source.notes or any(is_one(row.values) for row in rows):
        return source, rows
    source = direct.converted(path, "questions")
    return source, read_rows(source.text, source.path)


def known_of(path: str | Path, source: Source, rows: list[Row]) -> KnownFile | None:
    """What is on record about a file, or what its layout says of itself."""
    file, kept = polarities.known_file(located(path), source.sha256), card(located(path))
    file = file._replace(name=kept.name) if file and kept else file
    return file or polarities.known_layout(rows)


def _named(path: str, known: KnownFile | None) -> str:
    """What a file is called: by the reader who kept it, on record, or by its name."""
    kept = card(located(path))
    if kept is not None:
        return kept.name
    return known.name if known else Path(path).stem


def refuse_none(count: int | None) -> None:
    """Refuse a draw of nothing."""
    if count is not None and count < 1:
        raise DataError(f"{count} questions were asked for: ask for at least one.")


def load_prompts(path: str | Path) -> tuple[str, ...]:
    """Read prompts: a .txt with one per line, .json/.jsonl of texts or {"prompt"/"question"}.

    Tables and the layouts of others are read as `own.understand` does.

    Raises:
        DataError: If the file cannot be read, or a row holds no prompt.
    """
    source = direct.source_of(path, "prompts")
    if not source.is_json:
        prompts = [line.strip() for line in source.text.splitlines()]
    else:
        rows = _prompt_rows(source)
        if rows and not _is_prompt(rows[0]):
            rows = _prompt_rows(direct.converted(path, "prompts", is_strict=True))
        prompts = [_prompt(row, source.path) for row in rows]
    prompts = [prompt for prompt in prompts if prompt]
    if not prompts:
        raise DataError(f"{source.path} holds no prompt: write one per line.")
    return tuple(prompts)


def public_names() -> tuple[str, ...]:
    """Names that `fetch_questions` accepts."""
    return tuple(_public())


def fetch_questions(name: str, cache: Path = CACHE) -> Path:
    """Give the local copy of one of Anthropic's public files, downloading it once.

    Args:
        name: Such as "human/survival-instinct"; without a folder, the human-written one.
        cache: Folder of the copies.

    Raises:
        DataError: If the name is unknown, there is no network, or the content is another.
    """
    full = name if "/" in name else f"human/{name}"
    if full not in _public():
        raise DataError(f"'{name}' cannot be downloaded: choose {', '.join(_public())}.")
    sha256, url = _public()[full]
    target = cache / f"{full}.jsonl"
    if target.exists() and hashlib.sha256(target.read_bytes()).hexdigest() == sha256:
        return target
    download(url, sha256, target)
    return target


def _public() -> dict[str, tuple[str, str]]:
    entries = polarities.table()["by_sha256"].items()
    return {entry["name"]: (sha256, entry["url"]) for sha256, entry in entries if "url" in entry}


def _sections(rows: list[Row], behaviour: str | None) -> tuple[list[Row], list[DroppedRow]]:
    """Drop the rows of sections that are on record as not measuring the behaviour."""
    stays, goes = [], []
    for row in rows:
        measured = polarities.section_behaviours(row.section) if row.section else {}
        if behaviour is not None and measured and behaviour not in measured:
            goes.append(DroppedRow(row.line, f"'{row.section}' does not measure '{behaviour}'"))
        else:
            stays.append(row)
    return stays, goes


def _question(parts: TwoOptions, polarity: Polarity, verbatim: bool) -> Question:
    opposite: Letter = "B" if parts.matching == "A" else "A"
    letter = parts.matching if polarity == "matching" else opposite
    return Question(
        id=parts.id,
        stem=parts.stem,
        options=parts.options,
        behaviour_letter=letter,
        verbatim=parts.original if verbatim else None,
    )


def sample(
    questions: list[Question], count: int | None, seed: int, balanced: bool
) -> list[Question]:
    """Draw `count`, or take all; when balanced, letters alternate for as long as both last."""
    if count is None or count >= len(questions):
        return questions
    order = np.random.default_rng(seed).permutation(len(questions))
    shuffled = [questions[i] for i in order]
    if balanced:
        at_a = [q for q in shuffled if q.behaviour_letter == "A"]
        at_b = [q for q in shuffled if q.behaviour_letter == "B"]
        pairs = itertools.zip_longest(at_a, at_b)
        shuffled = [question for pair in pairs for question in pair if question is not None]
    return shuffled[:count]


def count_notes(questions: Sequence[Question], asked: int | None) -> tuple[str, ...]:
    """Whether there were fewer questions than asked for."""
    if asked is None or asked <= len(questions):
        return ()
    return (f"{asked} questions were asked for, but only {len(questions)} can be used.",)


def _draw_notes(
    questions: Sequence[Question], asked: int | None, balanced: bool, are_letters: bool
) -> tuple[str, ...]:
    """Whether there are enough questions, and where the behaviour stands in them."""
    if not are_letters:
        return count_notes(questions, asked)
    letters = Counter(question.behaviour_letter for question in questions)
    total, at_a, at_b = len(questions), letters["A"], letters["B"]
    notes = list(count_notes(questions, asked))
    if balanced and abs(at_a - at_b) > 1:
        notes.append(
            f"Not balanced: the behaviour stands at (A) in {at_a} and at (B) in {at_b} questions."
        )
    if max(at_a, at_b) > LOPSIDED * total:
        letter, most = max(letters.items(), key=lambda item: item[1])
        notes.append(
            f"In {100 * most / total:.0f} % of the questions the behaviour is ({letter}): asked in "
            "one order only, a preference for the letter would look like the behaviour."
        )
    return tuple(notes)


def _refuse_nothing(kept: list[TwoOptions], path: str, dropped: list[DroppedRow]) -> None:
    """Refuse a file of which no row can be asked."""
    if kept:
        return
    (reason, count), *_ = Counter(row.reason for row in dropped).most_common()
    raise DataError(
        f"{path} has no usable A/B question: {len(dropped)} rows were read, and in {count} the "
        f"reason is '{reason}'. Each row needs a 'question' with options (A) and (B), "
        "'answer_matching_behavior' and 'answer_not_matching_behavior'."
    )


def _prompt_rows(source: Source) -> list[Row]:
    try:
        whole = strict.loads(source.text)
    except ValueError:
        whole = None
    if isinstance(whole, list):
        return [Row(i, values) for i, values in enumerate(whole, 1)]
    return [
        Row(i, _line(line, i, source.path))
        for i, line in enumerate(source.text.split("\n"), 1)
        if line.strip()
    ]


def _line(line: str, number: int, path: str) -> Any:
    try:
        return strict.loads(line)
    except ValueError:
        raise DataError(
            f"Line {number} of {path} is not valid JSON: correct or remove it."
        ) from None


def _is_prompt(row: Row) -> bool:
    values = row.values
    is_named = isinstance(values, dict) and ("prompt" in values or "question" in values)
    return is_named or not isinstance(values, dict | list)


def _prompt(row: Row, path: str) -> str:
    values = row.values
    if isinstance(values, dict):
        values = values.get("prompt", values.get("question"))
    if not isinstance(values, str):
        raise DataError(
            f"Row {row.line} of {path} holds no prompt: write a text, or an object with 'prompt' "
            "or 'question'."
        )
    return values.strip()
