"""Bytes of a file to rows: JSON, JSON Lines, tables, Parquet, Arrow or lines, packed or not.

Knows nothing of what the rows mean.
"""

import io
import itertools
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from engine.errors import DataError
from engine.questions import sources
from engine.questions.own import limits, roles, tables, talks
from engine.questions.rows import Row
from engine.questions.sources import form_of, refuse_crowded

JSONS = (".json", ".jsonl", ".ndjson")
TABLES = {".csv": ",", ".tsv": "\t", ".tab": "\t"}
OTHERS = {
    **dict.fromkeys((".yaml", ".yml", ".toml", ".xml"), "save it as JSON or CSV"),
    **dict.fromkeys((".xlsx", ".xls", ".ods"), "save it as CSV"),
    **dict.fromkeys((".md", ".rst", ".html", ".pdf", ".docx"), "save it as .txt, a text per line"),
    **dict.fromkeys((".zip", ".tar", ".7z", ".bz2", ".xz", ".zst"), "unpack it"),
    **dict.fromkeys((".py", ".ipynb", ".pkl", ".pickle", ".npy", ".npz"), "save it as JSON"),
}
"""Endings of what is not read, and what to do."""
_SPACE = re.compile(r"[\s,]*")
WRAPPERS = ("data", "rows", "questions", "examples", "items", "train", "test", "prompts", "pairs")
"""Names under which a file may have its one list."""


@dataclass
class Table:
    """Rows of a file before they are understood."""

    rows: list[Row]
    container: str
    """What the file is, in words."""
    notes: list[str] = field(default_factory=list)
    dropped: list[tuple[int, str]] = field(default_factory=list)
    """Line and reason of what is no row."""


def table_of(content: bytes, file: str, said: Mapping[str, str]) -> Table:
    """The rows of a file.

    Args:
        content: The whole file.
        file: Its name; the ending says what it is, a name without one is pasted text.
        said: What a reader said of it: under "header", "yes" or "no" whether a table's first line
            names its columns; else columns, which are then names.

    Raises:
        DataError: If it is too large, no such file, or damaged.
    """
    limits.refuse_large(content, file)
    if content[:2] == b"\x1f\x8b":
        content = sources.unpacked(content, file, limits.MOST_BYTES)
    suffix, file = form_of(file), file.removesuffix(".gz")
    if suffix in OTHERS:
        raise DataError(f"{file} is of a kind that is not read ({suffix}): {OTHERS[suffix]}.")
    if content[:4] == b"PAR1" or suffix in (".parquet", ".arrow", ".feather"):
        from engine.questions.own import arrow

        found = arrow.rows_of(content, file)
        return _cut(Table([Row(i, one) for i, one in enumerate(found, 1)], "Parquet or Arrow"))
    return _written(_text(content, file), file, suffix, said)


def _written(text: str, file: str, suffix: str, said: Mapping[str, str]) -> Table:
    if not text.strip():
        raise DataError(f"{file} is empty: give at least one row.")
    if suffix in JSONS or (suffix not in TABLES and text.lstrip()[:1] in ("[", "{")):
        refuse_crowded(text.encode(), file)
        return _cut(_json(text, file))
    mark = TABLES.get(suffix) or tables.mark_of(text)
    if mark is not None:
        found = tables.read(text, file, mark, said)
        return _cut(Table(found.rows, "a table", found.notes, found.dropped))
    lines = (Row(i, line.strip()) for i, line in enumerate(io.StringIO(text), 1) if line.strip())
    return _cut(Table(list(itertools.islice(lines, limits.MOST_ROWS + 1)), "lines"))


def _text(content: bytes, file: str) -> str:
    is_wide = content[:2] in (b"\xff\xfe", b"\xfe\xff")
    try:
        text = content.decode("utf-16" if is_wide else "utf-8-sig")
    except UnicodeDecodeError:
        text = "\0"
    if "\0" in text:
        raise DataError(f"{file} is not text in UTF-8: save it as UTF-8 JSON, CSV or lines.")
    return text.replace("\r\n", "\n")


def _json(text: str, file: str) -> Table:
    """JSON Lines, a list, or an object of lists or of columns."""
    begin = _SPACE.match(text).end()  # type: ignore[union-attr]
    if text[begin] == "[" and not _is_lines(text):
        rows = []
        for place, value in enumerate(_elements(text, begin + 1, file), 1):
            rows.append(Row(place, value))
            if len(rows) > limits.MOST_ROWS:
                break
        if not rows:
            raise DataError(f"{file} is an empty list: give at least one row.")
        return Table(rows, "a JSON list")
    try:
        whole = _loads(text)
    except ValueError:
        return _lines(text, file)
    if isinstance(whole, dict):
        return _object(whole)
    raise DataError(f"{file} is one JSON value and no list of rows: give a list.")


def _is_lines(text: str) -> bool:
    """Whether each of several lines is a list of its own."""
    lines = [line for line in text.split("\n", 3)[:2] if line.strip()]
    return len(lines) == 2 and all(line[0] == "[" and line.rstrip()[-1] == "]" for line in lines)


def _elements(text: str, place: int, file: str) -> Iterator[Any]:
    """The values of a list, one in memory at a time."""
    decoder, number = json.JSONDecoder(), 0
    while True:
        place = _SPACE.match(text, place).end()  # type: ignore[union-attr]
        if text[place : place + 1] == "]":
            return
        number += 1
        try:
            value, place = decoder.raw_decode(text, place)
        except (ValueError, RecursionError):
            line = text.count("\n", 0, place) + 1
            raise DataError(
                f"Row {number} of {file} is not valid JSON (line {line}): correct it."
            ) from None
        yield value


def _loads(text: str) -> Any:
    try:
        return json.loads(text)
    except RecursionError:
        raise ValueError("nested too deep") from None


def _lines(text: str, file: str) -> Table:
    found, wrong = [], []
    for number, line in enumerate(io.StringIO(text), 1):
        if not line.strip():
            continue
        try:
            found.append(Row(number, _loads(line)))
        except ValueError:
            wrong.append((number, "not valid JSON"))
        if len(found) + len(wrong) > limits.MOST_ROWS:
            break
    if not found:
        raise DataError(f"{file} is neither JSON nor JSON Lines: correct it, or give a CSV.")
    return Table(found, "JSON Lines", dropped=wrong)


def _object(whole: dict[str, Any]) -> Table:
    """One row, an object of lists by section or by column, or an object around one list."""
    lists = {name: value for name, value in whole.items() if isinstance(value, list)}
    named = [name for name in WRAPPERS if name in lists and not talks.is_talk(lists[name])]
    inner = lists[named[0]] if named else []
    if inner and (len(lists) == 1 or all(isinstance(one, dict) for one in inner[:9])):
        rows = [Row(i, value) for i, value in enumerate(inner, 1)]
        return Table(rows, f"a JSON list under '{named[0]}'", _left(whole, named[0]))
    if whole and len(lists) == len(whole):
        if any(talks.is_talk(value) for value in lists.values()):
            return Table([Row(1, whole)], "one JSON object")
        are_rows = all(isinstance(one, dict) for value in lists.values() for one in value[:9])
        if are_rows and roles.paired(lists) is None:
            pairs = [(name, one) for name, value in lists.items() for one in value]
            return Table([Row(i, v, n) for i, (n, v) in enumerate(pairs, 1)], "JSON lists by name")
        return _columns(lists)
    by_index = [value for value in whole.values() if isinstance(value, dict)]
    if len(by_index) == len(whole) > 0 and len({tuple(v) for v in by_index}) == 1 < len(whole):
        return _columns({name: list(value.values()) for name, value in whole.items()})
    return Table([Row(1, whole)], "one JSON object")


def _left(whole: dict[str, Any], name: str) -> list[str]:
    others = [str(one) for one in whole if one != name][:6]
    return [f"Only '{name}' is read; beside it stood {', '.join(others)}."] if others else []


def _columns(lists: dict[str, list[Any]]) -> Table:
    """An object of columns."""
    count = min(map(len, lists.values()))
    rows = [Row(i + 1, {name: values[i] for name, values in lists.items()}) for i in range(count)]
    beyond = max(map(len, lists.values())) - count
    notes = [f"{beyond} values stand in longer lists alone and were left out."] if beyond else []
    return Table(rows, "JSON lists side by side", notes)


def _cut(table: Table) -> Table:
    if len(table.rows) > limits.MOST_ROWS:
        table.rows = table.rows[: limits.MOST_ROWS]
        table.notes.append(f"Only the first {limits.MOST_ROWS:,} rows are read.")
    return table
