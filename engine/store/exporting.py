"""A record as a plain table or as arrays, for other programs.

Knows nothing of how tables are shown.
"""

import io
from typing import Any

import numpy as np
import pandas as pd

from engine.errors import ConfigError
from engine.records import strict
from engine.records.records import RecordInfo, VectorSet
from engine.store.headers import KINDS
from engine.store.store import Store

FORMATS = ("jsonl", "csv", "npz")


def export(store: Store, info: RecordInfo, format: str) -> bytes:  # noqa: A002  As the option is.
    """A record in one of `FORMATS`.

    Args:
        store: Holds it.
        info: Which record.
        format: jsonl or csv for its table (see `table`); npz for the arrays of a set of vectors:
            vectors, block, kind, name, and the whole header as the JSON text record.

    Raises:
        ConfigError: If this kind of record has no such format.
    """
    if format not in formats_of(info):
        possible = ", ".join(formats_of(info))
        raise ConfigError(
            f"{info.digest} is {KINDS[info.kind]}, which can be exported as {possible}, not as "
            f"{format!r}."
        )
    if format == "npz":
        return _npz(store.load_vectors(info.digest))
    # What is not a finite number has no figure: an empty cell, or null.
    frame = table(store, info, with_values=format == "jsonl").replace([np.inf, -np.inf], np.nan)
    if format == "csv":
        return frame.to_csv(index=False).encode()
    text = frame.to_json(orient="records", lines=True, force_ascii=False)
    return (text if text.endswith("\n") or not text else f"{text}\n").encode()


def formats_of(info: RecordInfo) -> tuple[str, ...]:
    """The formats that a record can be exported in."""
    return FORMATS if info.kind == "vectors" else FORMATS[:2]


def table(store: Store, info: RecordInfo, with_values: bool = False) -> pd.DataFrame:
    """The record's table.

    Evaluations and generations: their own rows, a person's labels beside the texts. Vectors: one
    row each, with site, norm and the finder's scores. Conversations: one row an answer. Studies:
    all rows of their tables, each with the name of its table.

    Args:
        store: Holds it.
        info: Which record.
        with_values: Whether a set's rows also hold the vectors themselves, as lists.
    """
    if info.kind == "vectors":
        return _vector_rows(store.load_vectors(info.digest), with_values)
    if info.kind == "evaluation":
        return store.load_evaluation(info.digest).frame
    if info.kind == "generation":
        frame, labels = store.load_generation(info.digest).frame, store.labels(info.digest)
        return frame.assign(person_label=[labels.get(i, "") for i in range(len(frame))])
    if info.kind == "conversation":
        return pd.DataFrame(store.load_conversation(info.digest).rows())
    rows = _study_rows(store.load_experiment(info.digest)["tables"], "")
    return pd.DataFrame(rows).convert_dtypes()


def _vector_rows(found: VectorSet, with_values: bool) -> pd.DataFrame:
    rows = pd.DataFrame(
        {
            "name": found.names,
            "block": [site.block for site in found.sites],
            "kind": [site.kind for site in found.sites],
            "norm": np.linalg.norm(found.vectors, axis=1),
            **{
                name: values
                for name, values in found.scores.items()
                if len(values) == len(found.sites)
            },
        }
    )
    return rows.assign(vector=found.vectors.tolist()) if with_values else rows


def _npz(found: VectorSet) -> bytes:
    fields = {name: getattr(found, name) for name in ("digest", "method", "config", "model")}
    sink = io.BytesIO()
    np.savez_compressed(
        sink,
        vectors=found.vectors,
        block=np.array([site.block for site in found.sites]),
        kind=np.array([site.kind for site in found.sites]),
        name=np.array(found.names),
        record=np.array(strict.dumps(fields)),
    )
    return sink.getvalue()


def _study_rows(tables: Any, name: str) -> list[dict[str, Any]]:
    """The rows of tables within tables; a single value beside them is on each of their rows."""
    if isinstance(tables, dict):
        beside = {k: v for k, v in tables.items() if not isinstance(v, list | dict)}
        inner = [(k, v) for k, v in tables.items() if isinstance(v, list | dict)]
        return [
            {"table": row["table"], **beside, **row}
            for key, value in inner
            for row in _study_rows(value, f"{name}/{key}" if name else key)
        ] or ([{"table": name, **beside}] if beside else [])
    if not all(isinstance(row, dict) for row in tables):
        return []
    if any(isinstance(value, list) for row in tables for value in row.values()):
        return [row for one in tables for row in _study_rows(one, name)]
    return [{"table": name, **row} for row in tables]
