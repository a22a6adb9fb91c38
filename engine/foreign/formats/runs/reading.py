"""Which program wrote results, and its rows as those of a sweep. Knows nothing of bytes."""

import csv
import dataclasses
import io
from typing import Any

from engine.errors import DataError
from engine.foreign.formats import sweeps
from engine.foreign.formats.runs import inspect_logs, lm_eval, own_tables
from engine.foreign.formats.values import ForeignResults
from engine.records import strict


def read(name: str, sha256: str, text: str, whole: Any, beside: Any) -> ForeignResults | None:
    """The sweep that results of a known program are; None where they are of none.

    Args:
        name: Of the file.
        sha256: Of its bytes.
        text: All of it.
        whole: Its JSON value; None where it is a table or JSON Lines.
        beside: The run that wrote lm-eval's samples, from the file beside it; None without.

    Raises:
        DataError: If such results lack scales, or what both letters are worth.
    """
    if isinstance(whole, dict):
        if inspect_logs.is_one(whole):
            return inspect_logs.read(name, sha256, whole)
        if lm_eval.is_totals(whole):
            raise lm_eval.no_rows(name)
    rows = whole if isinstance(whole, list) else _rows(text) if whole is None else [whole]
    if not rows or not isinstance(rows[0], dict):
        return None
    if lm_eval.is_one(rows[0]):
        return lm_eval.read(name, sha256, _objects(name, rows), beside)
    if own_tables.is_one(rows[0]):
        claims, made = own_tables.rows_of(name, _objects(name, rows))
        found = sweeps.read(name, sha256, claims, made)
        return dataclasses.replace(found, layout="Vectorscope's table of a sweep")
    return None


def _rows(text: str) -> list[Any]:
    """JSON Lines, or a table with commas whose first line is names; none of all else."""
    first = text.split("\n", 1)[0].strip()
    if first.startswith("{"):
        try:
            return [strict.loads(line) for line in text.split("\n") if line.strip()]
        except ValueError:
            return []
    if not own_tables.is_one(dict.fromkeys(first.split(","))):
        return []
    return list(csv.DictReader(io.StringIO(text)))


def _objects(name: str, rows: list[Any]) -> list[dict[str, Any]]:
    wrong = next((i for i, row in enumerate(rows) if not isinstance(row, dict)), None)
    if wrong is not None:
        raise DataError(f"{name}: row {wrong} is not a set of named values.")
    return rows
