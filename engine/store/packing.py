"""Records as the content of their files, and back: headers, names, values.

Knows nothing of where records lie.
"""

import dataclasses
import json
import re
from typing import Any

import pandas as pd

from engine.configs.core import SCHEMA_VERSION
from engine.errors import EngineError
from engine.records.conversations import Conversation, exchange_of
from engine.records.grids import Generation
from engine.records.records import (
    DroppedRow,
    Evaluation,
    EvaluationHead,
    Provenance,
    Question,
    QuestionSet,
    VectorSet,
)
from engine.store import seals
from engine.store.files import as_table, to_parquet

FIRST = {
    "evaluation": "ab",
    "generation": "generations",
    "conversation": "conversation",
    "experiment": "experiment",
}
"""First part of the names of records' files; of vectors it is their method."""


def as_file(evaluation: Evaluation) -> tuple[str, bytes]:
    """Name and content of an A/B sweep's file."""
    record = header("evaluation", evaluation, "frame") | {"method": "ab"}
    name = file_name("ab", evaluation.model, evaluation.digest, ".parquet")
    return name, sealed_table(record, evaluation.frame)


def conversation_file(talk: Conversation) -> tuple[str, bytes]:
    """Name and content of a conversation's file."""
    name = file_name("conversation", talk.model, talk.digest, ".json")
    return name, seals.text(header("conversation", talk, ""), indent=1).encode()


def conversation(record: dict[str, Any]) -> Conversation:
    """A conversation, from its record."""
    try:
        exchanges = tuple(exchange_of(one) for one in record["exchanges"])
    except (EngineError, TypeError, KeyError) as error:
        raise ValueError(str(error)) from error
    return Conversation(**common(record, Conversation) | {"exchanges": exchanges})


def sealed_table(record: dict[str, Any], frame: pd.DataFrame) -> bytes:
    """A parquet file of a frame, with its record."""
    table = as_table(frame)
    return to_parquet(table, {"record": seals.text(record, seals.of_table(table))})


def header(
    kind: str, value: VectorSet | Evaluation | Generation | Conversation, data: str
) -> dict[str, Any]:
    """The record of a value: all its fields but `data`, which the file itself holds."""
    fields = {f.name: getattr(value, f.name) for f in dataclasses.fields(value) if f.name != data}
    plain = json.loads(json.dumps(fields, default=dataclasses.asdict))
    return {"schema_version": SCHEMA_VERSION, "kind": kind, **plain}


def common(
    record: dict[str, Any],
    kind: type[VectorSet] | type[EvaluationHead] | type[Generation] | type[Conversation],
) -> dict[str, Any]:
    """The fields that are the same in a record and in the value it was made from."""
    fields = {f.name: record[f.name] for f in dataclasses.fields(kind) if f.name in record}
    return fields | {
        "provenance": Provenance(**record["provenance"]),
        "notes": seals.notes(record),
    }


def questions(record: dict[str, Any]) -> QuestionSet:
    """The questions of a sweep, from its record."""
    found = [Question(**{**q, "options": tuple(q["options"])}) for q in record["questions"]]
    return QuestionSet(
        **{
            **record,
            "questions": tuple(found),
            "dropped": tuple(DroppedRow(*row) for row in record["dropped"]),
            "notes": tuple(record["notes"]),
        }
    )


def file_name(kind: str, model: dict[str, Any], digest: str, suffix: str) -> str:
    """Name of a record's file."""
    return "_".join(safe(part) for part in (kind, model["short_name"], digest)) + suffix


def safe(part: str) -> str:
    """A part of a file name: imported records name their own models and methods."""
    return re.sub(r"[^A-Za-z0-9.-]+", "-", part).lstrip(".") or "-"
