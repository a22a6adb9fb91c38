"""Text with cells to rows by column, with or without a line of names.

Knows nothing of what columns mean, but for the names that tell a header.
"""

import ast
import csv
import io
import json
import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from engine.errors import DataError
from engine.questions.own import limits, roles, talks
from engine.questions.rows import Row

MARKS = (",", "\t", ";")
_IDENTIFIER = re.compile(r"[A-Za-z_][\w.\-]*")
_NUMBER = re.compile(r"\s*-?\d+(\.\d+)?\s*")
_SHORT = 30
"""Letters that a column's name has at most, where nothing else tells it."""


_OPTIONS = {"choices", "text", "texts", "label", "labels"}
"""Names under which an object has options."""


class Cells(NamedTuple):
    """A table taken apart."""

    rows: list[Row]
    notes: list[str]
    dropped: list[tuple[int, str]]


def mark_of(text: str) -> str | None:
    """What separates the cells of pasted text; None where it is lines."""
    lines = [line for line in text.split("\n", 40)[:40] if line.strip()]
    if all(line.count("\t") == lines[0].count("\t") > 0 for line in lines):
        return "\t"
    for mark in MARKS:
        names = [name.strip().strip('"') for name in lines[0].split(mark)]
        if len(names) > 1 and len(lines) > 1 and all(roles.is_known(name) for name in names):
            return mark
    return None


def read(text: str, file: str, mark: str, said: Mapping[str, str]) -> Cells:
    """The rows of a table.

    Raises:
        DataError: If a quote is left open, or there is no row.
    """
    if mark == ",":
        first = text.lstrip().split("\n", 1)[0]
        # Programs of countries with decimal commas write semicolons into .csv.
        mark = max(MARKS, key=lambda one: (first.count(one), one == ","))
        mark = mark if first.count(mark) else ","
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=mark, strict=True)
    lines: list[tuple[int, list[str]]] = []
    begin = 1
    try:
        for cells in reader:
            if any(cell.strip() for cell in cells):
                lines.append((begin, cells))
            begin = reader.line_num + 1
            if len(lines) > limits.MOST_ROWS + 1:
                break
    except csv.Error as error:
        raise DataError(
            f"{file} is no table from line {begin} on ({error}): is a quote left open?"
        ) from None
    return _named(lines, file, said)


def _named(lines: list[tuple[int, list[str]]], file: str, said: Mapping[str, str]) -> Cells:
    if not lines:
        raise DataError(f"{file} is empty: give at least one row.")
    notes: list[str] = []
    width = len(lines[0][1])
    names = [f"column {i}" for i in range(1, width + 1)]
    header = said.get("header")
    meant = {one.strip() for name in said.values() for one in (name, *name.split(","))}
    is_said = header == "yes" or bool(meant & {cell.strip() for cell in lines[0][1]})
    if header != "no" and (is_said or _is_header(lines)):
        names = _distinct(lines[0][1])
        if not is_said and not any(roles.is_known(name) for name in names):
            shown = roles.listed(names[:6])
            notes.append(f"The first line is taken for the names of columns: {shown}.")
        lines = lines[1:]
    if not lines:
        raise DataError(f"{file} has names of columns and no row: add rows.")
    rows: list[Row] = []
    dropped = []
    for line, cells in lines:
        if any(cell.strip() for cell in cells[width:]):
            dropped.append((line, f"{len(cells)} cells where the first line has {width}"))
            continue
        filled: dict[str, Any] = dict(zip(names, cells, strict=False))
        rows.append(Row(line, filled))
    for name in names:
        _unfold(rows, name)
    return Cells(rows, notes, dropped)


def _unfold(rows: list[Row], name: str) -> None:
    """Read a column of conversations, or of options with their labels, that are written as text."""
    filled = [row for row in rows if str(row.values.get(name, "")).strip()]
    if not filled or filled[0].values[name].lstrip()[0] not in "[{":
        return
    found = [_parsed(row.values[name]) for row in filled]
    if all(one is not None for one in found):
        for row, value in zip(filled, found, strict=True):
            row.values[name] = value


def _parsed(cell: str) -> Any:
    """A conversation or labelled options, as JSON or Python writes them; nothing is run."""
    for read in (json.loads, ast.literal_eval):
        try:
            value = read(cell) if len(cell) <= limits.LONGEST else None
        except (ValueError, SyntaxError, RecursionError, MemoryError):
            continue
        is_labelled = isinstance(value, dict) and bool(_OPTIONS & {*value})
        return value if is_labelled or talks.is_talk(value) else None
    return None


def _is_header(lines: list[tuple[int, list[str]]]) -> bool:
    """Whether a first line names columns: known names, or cells far shorter than those below."""
    first, rest = lines[0][1], [cells for _, cells in lines[1:50]]
    if not rest:
        return False
    if any(roles.is_known(cell) for cell in first):
        return True
    if any(not cell.strip() or len(cell) > _SHORT for cell in first):
        return False
    are_words = all(_IDENTIFIER.fullmatch(cell.strip()) for cell in first)
    if are_words and (any("_" in cell for cell in first) or _has_numbers(rest)):
        return True
    below = [len(cell) for cells in rest for cell in cells]
    return sum(below) / len(below) > 2 * sum(map(len, first)) / len(first)


def _has_numbers(rest: list[list[str]]) -> bool:
    """Whether a column holds numbers only."""
    columns = list(zip(*rest, strict=False))
    return any(all(_NUMBER.fullmatch(cell) for cell in column) for column in columns)


def _distinct(cells: list[str]) -> list[str]:
    names: list[str] = []
    for place, cell in enumerate(cells, 1):
        name = cell.strip()[:80] or f"column {place}"
        names.append(name if name not in names else f"{name} {place}")
    return names
