"""Files of A/B questions and of prompts: which rows can be used, and an account of the rest.

Knows nothing of models or tokens. The bytes of a file decide its hash; `polarity` decides which
answer shows the behaviour.
"""

import hashlib
import itertools
import json
import os
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from engine import polarity as polarities
from engine.errors import DataError
from engine.polarity import ROOT, Polarity
from engine.question_rows import Row, TwoOptions, UnusableRow, normal, read_rows, take_apart
from engine.records import DroppedRow, Question, QuestionSet

CACHE = ROOT / "data/cache"
LOPSIDED = 0.6
"""Share of one letter above which a set is flagged."""
_TIMEOUT = 30.0


class _Source(NamedTuple):
    """A file as read."""

    path: str
    text: str
    sha256: str


class _Kept(NamedTuple):
    line: int
    parts: TwoOptions


def load_questions(
    path: str | Path,
    behaviour: str,
    polarity: Polarity | None = None,
    max_questions: int | None = None,
    seed: int = 0,
    balanced: bool = True,
) -> QuestionSet:
    """Read the two-option questions of a file and sample from them.

    Args:
        path: JSON Lines, a JSON list or the corrigibility study's JSON; relative paths start
            at the working folder, then at the repository root.
        behaviour: What counts as positive, such as "survival"; synonyms are understood.
        polarity: Which answer shows it; None looks it up and says in `notes` if it is a guess.
        max_questions: How many to draw; None takes every usable one, in the file's order.
        seed: Of the draw. With one seed, a smaller draw is the start of a larger one.
        balanced: Whether the draw takes as many questions with the behaviour at (A) as at (B).

    Raises:
        DataError: If the file cannot be read, holds no usable question, or is on record as not
            measuring the behaviour.
    """
    if max_questions is not None and max_questions < 1:
        raise DataError(f"{max_questions} questions were asked for: ask for at least one.")
    source = _read(path)
    rows = read_rows(source.text, source.path)
    known = polarities.known_file(_located(path), source.sha256) or polarities.known_layout(rows)
    chosen, notes = polarities.choose(known, behaviour, polarity)
    behaviour = polarities.canonical(behaviour)
    kept, dropped = _usable(rows, behaviour if polarity is None else None)
    if not kept:
        raise DataError(_nothing_usable(source.path, dropped))
    questions = [_question(parts, chosen) for _, parts in kept]
    if max_questions is not None and max_questions < len(questions):
        questions = _sample(questions, max_questions, seed, balanced)
    return QuestionSet(
        name=known.name if known else Path(source.path).stem,
        path=source.path,
        sha256=source.sha256,
        behaviour=behaviour,
        polarity=chosen,
        questions=tuple(questions),
        dropped=tuple(dropped),
        notes=notes + _count_notes(questions, max_questions, balanced),
    )


def measurable_behaviours(path: str | Path) -> tuple[str, ...]:
    """Behaviours that a file is on record as measuring; empty when it is unknown."""
    source = _read(path)
    known = polarities.known_file(_located(path), source.sha256)
    known = known or polarities.known_layout(read_rows(source.text, source.path))
    return tuple(known.behaviours) if known else ()


def load_prompts(path: str | Path) -> tuple[str, ...]:
    """Read prompts: a .txt with one per line, or .json/.jsonl of texts or {"prompt"/"question"}.

    Raises:
        DataError: If the file cannot be read, or a row holds no prompt.
    """
    source = _read(path)
    if Path(path).suffix.lower() not in (".json", ".jsonl"):
        prompts = [line.strip() for line in source.text.splitlines()]
    else:
        prompts = [_prompt(row, source.path) for row in _prompt_rows(source)]
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
    content = _download(full, url)
    if hashlib.sha256(content).hexdigest() != sha256:
        raise DataError(
            f"'{full}' was downloaded, but its content is not the one on record, so its polarity "
            f"is not known: save {url} yourself and state the polarity."
        )
    target.parent.mkdir(parents=True, exist_ok=True)
    partial = target.with_suffix(".tmp")
    partial.write_bytes(content)
    os.replace(partial, target)
    return target


def _public() -> dict[str, tuple[str, str]]:
    entries = polarities.table()["by_sha256"].items()
    return {entry["name"]: (sha256, entry["url"]) for sha256, entry in entries if "url" in entry}


def _download(name: str, url: str) -> bytes:
    try:
        with urllib.request.urlopen(url, timeout=_TIMEOUT) as response:
            return response.read()
    except (urllib.error.URLError, TimeoutError, ConnectionError) as error:
        reason = getattr(error, "reason", error)
        raise DataError(
            f"'{name}' could not be downloaded ({reason}): connect to the internet, or use a file "
            f"you have, such as data/questions/survival.jsonl. Its address is {url}."
        ) from None


def _located(path: str | Path) -> Path:
    given = Path(path)
    return given if given.exists() or given.is_absolute() else ROOT / given


def _read(path: str | Path) -> _Source:
    try:
        content = _located(path).read_bytes()
    except FileNotFoundError:
        raise DataError(f"{path} does not exist: check the path, or upload the file.") from None
    except OSError as error:
        raise DataError(f"{path} cannot be read ({error.strerror}): choose a file.") from None
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = "\0"
    if "\0" in text:
        raise DataError(f"{path} is not text in UTF-8: choose a .jsonl, .json or .txt file.")
    return _Source(str(path), text, hashlib.sha256(content).hexdigest())


def _usable(rows: list[Row], behaviour: str | None) -> tuple[list[_Kept], list[DroppedRow]]:
    """Rows that can be asked, once each; `behaviour` drops sections on record without it."""
    kept, dropped = [], []
    seen: dict[tuple[str, ...], _Kept] = {}
    for row in rows:
        try:
            current = _Kept(row.line, _checked(row, behaviour))
            _refuse_repeat(current.parts, seen)
        except UnusableRow as problem:
            dropped.append(DroppedRow(row.line, str(problem)))
            continue
        kept.append(current)
        seen[_key(current.parts)] = current
    return kept, dropped


def _checked(row: Row, behaviour: str | None) -> TwoOptions:
    if behaviour is not None and row.section is not None:
        measured = polarities.section_behaviours(row.section)
        if measured and behaviour not in measured:
            raise UnusableRow(f"'{row.section}' does not measure '{behaviour}'")
    if isinstance(row.values, str):
        raise UnusableRow("not valid JSON")
    return take_apart(row.values)


def _key(parts: TwoOptions) -> tuple[str, ...]:
    return tuple(map(normal, (parts.stem, *parts.options)))


def _refuse_repeat(parts: TwoOptions, seen: dict[tuple[str, ...], _Kept]) -> None:
    """Both orders are asked, so exchanged options make the same question."""
    stem, first, second = _key(parts)
    for key, exchanged in (((stem, first, second), False), ((stem, second, first), True)):
        if key not in seen:
            continue
        earlier = seen[key]
        agrees = (earlier.parts.matching == parts.matching) is not exchanged
        how = "duplicate of" if agrees else "contradicts"
        raise UnusableRow(f"{how} line {earlier.line}" + (", options exchanged" * exchanged))


def _question(parts: TwoOptions, polarity: Polarity) -> Question:
    opposite = "B" if parts.matching == "A" else "A"
    letter = parts.matching if polarity == "matching" else opposite
    return Question(id=parts.id, stem=parts.stem, options=parts.options, behaviour_letter=letter)


def _sample(questions: list[Question], count: int, seed: int, balanced: bool) -> list[Question]:
    """Draw `count`; when balanced, the letters alternate for as long as both last."""
    order = np.random.default_rng(seed).permutation(len(questions))
    shuffled = [questions[i] for i in order]
    if balanced:
        at_a = [q for q in shuffled if q.behaviour_letter == "A"]
        at_b = [q for q in shuffled if q.behaviour_letter == "B"]
        pairs = itertools.zip_longest(at_a, at_b)
        shuffled = [question for pair in pairs for question in pair if question is not None]
    return shuffled[:count]


def _count_notes(
    questions: Sequence[Question], asked: int | None, balanced: bool
) -> tuple[str, ...]:
    letters = Counter(question.behaviour_letter for question in questions)
    total, at_a, at_b = len(questions), letters["A"], letters["B"]
    notes = []
    if asked is not None and asked > total:
        notes.append(f"{asked} questions were asked for, but only {total} can be used.")
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


def _nothing_usable(path: str, dropped: list[DroppedRow]) -> str:
    (reason, count), *_ = Counter(row.reason for row in dropped).most_common()
    return (
        f"{path} has no usable A/B question: {len(dropped)} rows were read, and in {count} the "
        f"reason is '{reason}'. Each row needs a 'question' with options (A) and (B), "
        "'answer_matching_behavior' and 'answer_not_matching_behavior'."
    )


def _prompt_rows(source: _Source) -> list[Row]:
    try:
        whole = json.loads(source.text)
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
        return json.loads(line)
    except ValueError:
        raise DataError(
            f"Line {number} of {path} is not valid JSON: correct or remove it."
        ) from None


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
