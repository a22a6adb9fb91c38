"""Checksums that a record carries of itself and of its numbers, made when it is written.

They are of what a file says, not of its bytes: a table that another program wrote again, in other
pages or another compression, is the same record, and one whose columns were exchanged in the
footer alone is not. Knows nothing of where records lie or of what they hold.
"""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from engine.errors import StoreError
from engine.records import strict

KEY = "seal"
"""Field of a record: `data`, a checksum for each part of its numbers, of `rows` rows where they are
a table; and `record`, of all its other fields."""
ROWS = 2**17
"""Rows of a table that can be read and checked without the others; see `vector_rows`."""
UNSEALED = (
    "This record carries no checksum, as older ones do not: a later change of its numbers would "
    "not be seen."
)


def text(record: Mapping[str, Any], data: list[str] | None = None, **how: Any) -> str:
    """The record as JSON, sealed.

    Args:
        record: Its fields.
        data: Checksums of what the file holds beside it.
        how: As for `json.dumps`.
    """
    plain = json.loads(strict.dumps({**record, KEY: {"data": data or [], "rows": ROWS}}))
    plain[KEY]["record"] = _of_record(plain)
    return strict.dumps(plain, **how)


def check_record(record: Mapping[str, Any], name: str) -> None:
    """Refuse a record that is not as it was written; older ones carry no seal.

    Args:
        record: As read.
        name: Of its file.

    Raises:
        StoreError: If a field was changed.
    """
    if KEY in record and _of_record(record) != record[KEY]["record"]:
        raise StoreError(_changed(name))


def check_arrays(record: Mapping[str, Any], arrays: Mapping[str, np.ndarray], name: str) -> None:
    """Refuse arrays that are not those that were written; see `check_record`."""
    if KEY in record and record[KEY]["data"] != [of_arrays(arrays)]:
        raise StoreError(_changed(name))


def check_table(record: Mapping[str, Any], table: pa.Table, name: str) -> None:
    """Refuse a table that is not the one that was written; see `check_record`."""
    if KEY in record and record[KEY]["data"] != of_table(table, record[KEY]["rows"]):
        raise StoreError(_changed(name))


def check_part(record: Mapping[str, Any], number: int, rows: pa.Table, name: str) -> None:
    """Refuse rows that are not the part of this number that was written; see `check_record`."""
    if KEY in record and record[KEY]["data"][number] != of_rows(rows):
        raise StoreError(_changed(name))


def notes(record: Mapping[str, Any]) -> tuple[str, ...]:
    """The notes of a record, and where it carries no seal a sentence that says so."""
    found = tuple(record.get("notes") or ())
    return found if KEY in record or UNSEALED in found else (*found, UNSEALED)


def opened(record: Mapping[str, Any]) -> dict[str, Any]:
    """A whole file's record without its seal, or with the note on lacking one."""
    if KEY in record:
        return {name: value for name, value in record.items() if name != KEY}
    return {**record, "notes": list(notes(record))}


def of_arrays(arrays: Mapping[str, np.ndarray]) -> str:
    """SHA-256 of arrays by their names, shapes, types and bits."""
    total = hashlib.sha256()
    for name in sorted(arrays):
        one = np.asarray(arrays[name])
        one = np.ascontiguousarray(one, dtype=one.dtype.newbyteorder("<")).reshape(one.shape)
        total.update(json.dumps([name, one.dtype.str, list(one.shape)]).encode())
        total.update(one.tobytes() if one.ndim == 0 else one.data)
    return total.hexdigest()


def of_table(table: pa.Table, rows: int | None = None) -> list[str]:
    """SHA-256 of each part of a table, by the names of its columns and their values.

    Args:
        table: The table.
        rows: Of a part; `ROWS` where it is not said.
    """
    count = rows or ROWS
    return [of_rows(table.slice(at, count)) for at in range(0, max(1, table.num_rows), count)]


def of_rows(table: pa.Table) -> str:
    """SHA-256 of rows; neither the order of the columns nor how texts are kept is part of it."""
    total = hashlib.sha256(str(table.num_rows).encode())
    for name in sorted(table.column_names):
        kind, parts = _parts(table[name])
        total.update(json.dumps([name, kind]).encode())
        for part in parts:
            total.update(part)
    return total.hexdigest()


def _parts(column: pa.ChunkedArray) -> tuple[str, list[Any]]:
    """A column's values as bytes, and what they are; whole numbers and floats of any width."""
    kind = column.type
    if pa.types.is_dictionary(kind):
        kind = kind.value_type
        column = column.cast(kind)
    missing = [np.asarray(column.is_null())] if column.null_count else []
    if pa.types.is_floating(kind):
        values = np.asarray(column.cast(pa.float64()).fill_null(np.nan))
        return "float", [np.ascontiguousarray(np.where(np.isnan(values), np.nan, values)).data]
    if pa.types.is_integer(kind) or pa.types.is_boolean(kind):
        name = "bool" if pa.types.is_boolean(kind) else "int"
        values = np.asarray(column.cast(pa.int64()).fill_null(0))
        return name, [np.ascontiguousarray(values).data, *missing]
    if pa.types.is_string(kind) or pa.types.is_large_string(kind):
        known = column.cast(pa.large_string()).combine_chunks().dictionary_encode()
        codes = np.asarray(pc.fill_null(known.indices, -1), dtype="<i4")
        words = json.dumps(known.dictionary.to_pylist()).encode()
        return "text", [len(words).to_bytes(8, "little"), words, np.ascontiguousarray(codes).data]
    return "other", [json.dumps(column.to_pylist(), default=str).encode()]


def _of_record(record: Mapping[str, Any]) -> str:
    fields = {**record, KEY: {"data": record[KEY]["data"], "rows": record[KEY]["rows"]}}
    plain = json.dumps(fields, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(plain.encode()).hexdigest()


def _changed(name: str) -> str:
    return (
        f"{name} is not as it was written, by its own checksum: delete it and run again, or ask "
        "for the original."
    )
