"""Rows of question files: text to rows, and one row to one two-option question.

Knows nothing of polarity, sampling or where the text came from.
"""

import hashlib
import re
from collections.abc import Iterable
from typing import Any, NamedTuple

from engine.errors import DataError
from engine.records import strict
from engine.records.records import DroppedRow, Letter

ANSWER_KEYS = (
    ("answer_matching_behavior", "answer_not_matching_behavior"),
    ("corrigible_answer_full", "survival_answer_full"),
    ("matching_answer_full", "not_matching_answer_full"),
    ("corrigible_letter", "survival_letter"),
    ("matching_letter", "not_matching_letter"),
)
"""(matching, not matching) fields, full answers first: the corrigibility study's letters call
every answer that is not (A) a "B", also (C) to (H)."""

_MARKER = re.compile(r"^[ \t]*\(([A-Z])\)", re.MULTILINE)
_LEAD = re.compile(r"^\s*(question|human)\s*:\s*", re.IGNORECASE)
_TAIL = re.compile(r"\s*\n\s*(answer|assistant)\s*:\s*\(?\s*$", re.IGNORECASE)
_HEADER = re.compile(
    r"[\s'*_]*(possible |answer |choose one )?(choices?|choice\(s\)|answers?|options?|responses?)"
    r"[\s*_]*:?[\s*_]*",
    re.IGNORECASE,
)
_ANSWER = re.compile(r"\s*(?:\(([A-Za-z])\).*|([A-Za-z])[.)]?\s*)", re.DOTALL)


class UnusableRow(Exception):  # noqa: N818  It is an outcome that is counted, not a failure.
    """Why a row cannot be asked."""


class Row(NamedTuple):
    """One row of a file, before it is understood."""

    line: int
    """Line of a JSONL file, or position in a JSON list, from 1."""
    values: Any
    """What JSON gave, or the ValueError that it gave instead."""
    section: str | None = None
    """Name of the list it stood in, for files with several."""


class TwoOptions(NamedTuple):
    """A question taken apart."""

    stem: str
    options: tuple[str, str]
    matching: Letter
    """Letter of the answer that the file calls matching."""
    original: str = ""
    """The question's text as it stands in the file."""

    @property
    def id(self) -> str:
        """First 12 hex digits of the SHA-256 of stem and options."""
        return question_id(self.stem, self.options)


def question_id(stem: str, options: tuple[str, str], system: str | None = None) -> str:
    """First 12 hex digits of the SHA-256 of a question's texts, its own system prompt the last."""
    text = "\n".join([stem, *options, *([] if system is None else [system])])
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def read_rows(text: str, path: str) -> list[Row]:
    """Split JSON Lines, a JSON list, or a JSON object of lists into rows.

    Raises:
        DataError: If the text is empty or none of these.
    """
    whole = _whole_json(text)
    if not text.strip() or whole in ([], {}):
        raise DataError(f"{path} is empty: choose a file with one question per line.")
    if whole is not None:
        return _rows_of(whole, path)
    rows = [
        Row(i, _json_or_error(line)) for i, line in enumerate(text.split("\n"), 1) if line.strip()
    ]
    if all(isinstance(row.values, ValueError) for row in rows):
        raise DataError(
            f"{path} is neither JSON nor JSON Lines: choose a .jsonl file with one question per "
            "line or a .json list."
        )
    return rows


def distinct(rows: Iterable[Row]) -> tuple[list[TwoOptions], list[DroppedRow]]:
    """The rows that can be asked, once each, and the others with the reason."""
    kept, dropped = [], []
    seen: dict[tuple[str, ...], tuple[int, Letter]] = {}
    for row in rows:
        try:
            parts = take_apart(row.values)
            _refuse_repeat(parts, seen)
        except UnusableRow as problem:
            dropped.append(DroppedRow(row.line, str(problem)))
            continue
        kept.append(parts)
        seen[_key(*parts.options, parts.stem)] = (row.line, parts.matching)
    return kept, dropped


def is_one(values: Any) -> bool:
    """Whether a row is a two-option question."""
    try:
        take_apart(values)
    except UnusableRow:
        return False
    return True


def take_apart(values: Any) -> TwoOptions:
    """Find stem, two options and the matching letter in one row.

    Raises:
        UnusableRow: If it is no two-option question.
    """
    if not isinstance(values, dict):
        reason = "not valid JSON" if isinstance(values, ValueError) else "not a JSON object"
        raise UnusableRow(reason)
    question = values.get("question")
    if not isinstance(question, str):
        raise UnusableRow("no text under 'question'")
    stem, options = split(question)
    return TwoOptions(stem, options, _matching_letter(values), question)


def normal(text: str) -> str:
    """Text without regard to case and spacing."""
    return " ".join(text.casefold().split())


def _key(first: str, second: str, stem: str) -> tuple[str, ...]:
    return normal(stem), normal(first), normal(second)


def _refuse_repeat(parts: TwoOptions, seen: dict[tuple[str, ...], tuple[int, Letter]]) -> None:
    """Both orders are asked, so exchanged options make the same question."""
    for exchanged in (False, True):
        first, second = parts.options[::-1] if exchanged else parts.options
        line, matching = seen.get(_key(first, second, parts.stem), (None, None))
        if line is not None:
            agrees = (matching == parts.matching) is not exchanged
            how = "duplicate of" if agrees else "contradicts"
            raise UnusableRow(f"{how} line {line}" + ", options exchanged" * exchanged)


def _whole_json(text: str) -> Any:
    try:
        return strict.loads(text)
    except ValueError:
        return None


def _json_or_error(line: str) -> Any:
    try:
        return strict.loads(line)
    except ValueError as error:
        return error


def _rows_of(whole: Any, path: str) -> list[Row]:
    if isinstance(whole, list):
        return [Row(i, values) for i, values in enumerate(whole, 1)]
    if isinstance(whole, dict) and "question" in whole:
        return [Row(1, whole)]
    if isinstance(whole, dict) and whole and all(isinstance(v, list) and v for v in whole.values()):
        pairs = [(name, values) for name, rows in whole.items() for values in rows]
        return [Row(i, values, name) for i, (name, values) in enumerate(pairs, 1)]
    raise DataError(
        f"{path} is JSON, but not a list of questions: choose a .jsonl file with one question per "
        "line or a .json list."
    )


def split(question: str) -> tuple[str, tuple[str, str]]:
    """Stem and options of a question's text.

    Raises:
        UnusableRow: If it is no two-option question.
    """
    text = _TAIL.sub("", question.replace("\r\n", "\n"))
    markers = list(_MARKER.finditer(text))
    letters = [marker[1] for marker in markers]
    if letters != ["A", "B"]:
        found = ", ".join(letters) or "none"
        raise UnusableRow(f"not two options (A) and (B): found {found}")
    first, second = markers
    lines = _LEAD.sub("", text[: first.start()]).rstrip().split("\n")
    if _HEADER.fullmatch(lines[-1]):
        lines.pop()
    stem = "\n".join(lines).strip()
    options = (text[first.end() : second.start()].strip(), text[second.end() :].strip())
    if not stem or not all(options):
        raise UnusableRow("the question or an option is empty")
    if normal(options[0]) == normal(options[1]):
        raise UnusableRow("both options have the same text")
    return stem, options


def _matching_letter(values: dict[str, Any]) -> Letter:
    fields = next((pair for pair in ANSWER_KEYS if all(key in values for key in pair)), None)
    if fields is None:
        raise UnusableRow("no answer fields: answer_matching_behavior and its opposite")
    matching, other = (_letter(values[field], field) for field in fields)
    if matching not in ("A", "B") or other not in ("A", "B"):
        raise UnusableRow(f"an answer is not among the options: ({matching}), ({other})")
    if matching == other:
        raise UnusableRow(f"both answers are ({matching})")
    return matching


def _letter(answer: Any, field: str) -> Any:
    found = _ANSWER.fullmatch(answer) if isinstance(answer, str) else None
    if found is None:
        raise UnusableRow(f"{field} is not a letter")
    return (found[1] or found[2]).upper()
