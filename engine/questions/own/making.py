"""Rows of a file to the rows that are kept, each once, with an account of the others.

Knows nothing of containers, behaviours or names.
"""

from collections import Counter
from typing import Any, NamedTuple

from engine.questions import rows as question_rows
from engine.questions.own import canonical, roles
from engine.questions.own.layouts import Layout
from engine.questions.own.limits import Unusable
from engine.questions.own.reading import Table
from engine.questions.rows import ANSWER_KEYS, Row, normal

REPEATS = "repeats line"


class Rows(NamedTuple):
    """What a file gives."""

    kept: list[dict[str, Any]]
    dropped: list[tuple[int, str]]
    """Line and reason."""
    duplicates: int
    notes: list[str]
    most_options: int = 0
    """Of a question that is kept with two."""


class _Made(NamedTuple):
    line: int
    row: dict[str, Any]
    tags: tuple[str, ...]
    options: int = 0


def made(table: Table, layout: Layout, kind: str, is_turned: bool) -> Rows:
    """The rows of a kind.

    Args:
        table: The file.
        layout: How its rows are read.
        kind: One of `KINDS`.
        is_turned: Whether the other answer is the one that shows the behaviour.
    """
    dropped: list[tuple[int, str]] = []
    found = _rows(table, layout, kind, is_turned, dropped)
    if kind == "pairs":
        found = _of_one_form(found, dropped)
    found, repeated = _distinct(found, kind)
    tags = Counter(tag for one in found for tag in one.tags)
    notes = [canonical.NOTES[tag].format(f"{count:,}") for tag, count in tags.items()]
    duplicates = sum(not reason.startswith("contradicts") for _, reason in repeated)
    most = max((one.options for one in found), default=0)
    return Rows([one.row for one in found], dropped + repeated, duplicates, notes, most)


def _rows(
    table: Table, layout: Layout, kind: str, is_turned: bool, dropped: list[tuple[int, str]]
) -> list[_Made]:
    items = []
    for row in table.rows:
        try:
            items.append((row.line, layout.read(row.values)))
        except Unusable as problem:
            dropped.append((row.line, str(problem)))
    are_two = any(item.as_is is not None for _, item in items)
    firsts = canonical.placed([item for _, item in items])
    found = []
    for (line, item), is_first in zip(items, firsts, strict=True):
        try:
            if are_two and len(item.options) > 2 and kind != "prompts":
                raise Unusable(f"{len(item.options)} options where the others have two")
            one = canonical.made(item, kind, _poles(layout), is_turned, is_first)
        except Unusable as problem:
            dropped.append((line, str(problem)))
            continue
        found.append(_Made(line, one.row, one.tags, len(item.options)))
    return found


def _poles(layout: Layout) -> tuple[str, str]:
    """The names under which pairs are kept: the file's, where readers know what they show."""
    names = {roles.plain(name) for name in layout.parts}
    return ("deceptive", "honest") if {"deceptive", "honest"} <= names else ("positive", "negative")


def _of_one_form(found: list[_Made], dropped: list[tuple[int, str]]) -> list[_Made]:
    """Pairs of the one form that readers take from a file."""
    forms = [canonical.form_of(one.row) for one in found]
    best = canonical.best_of(forms)
    both = list(zip(found, forms, strict=True))
    dropped += [
        (one.line, f"{form} where others have {best}") for one, form in both if form != best
    ]
    return [one for one, form in both if form == best]


def _distinct(found: list[_Made], kind: str) -> tuple[list[_Made], list[tuple[int, str]]]:
    """Every row once, and the others with the line that they repeat."""
    asked = [Row(one.line, one.row) for one in found if ANSWER_KEYS[0][0] in one.row]
    repeated = [(one.line, one.reason) for one in question_rows.distinct(asked)[1]]
    gone = {line for line, _ in repeated}
    seen: dict[tuple[str, ...], int] = {}
    kept = []
    for one in found:
        if one.line in gone:
            continue
        key = _key(one.row, kind)
        if key in seen:
            repeated.append((one.line, f"{REPEATS} {seen[key]}"))
            continue
        seen[key] = one.line
        kept.append(one)
    return kept, repeated


def _key(row: dict[str, Any], kind: str) -> tuple[str, ...]:
    """What makes a row the same as another: a pair with a question is learnt from once."""
    if "messages" in row:
        texts = [one["content"] for one in row["messages"] if one["role"] != "assistant"]
    elif kind == "pairs" and row.get("question") and ANSWER_KEYS[0][0] not in row:
        texts = [row["question"], row.get("system", "")]
    else:
        texts = [str(one) for one in row.values()]
    return tuple(map(normal, texts))
