"""What a stored file says about itself, read without its data.

Knows nothing of where records lie.
"""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from engine.configs import registry
from engine.configs.core import SCHEMA_VERSION
from engine.errors import StoreError
from engine.records import steered
from engine.records.records import RecordInfo, measured
from engine.store import seals
from engine.store.files import UNREADABLE, parquet_metadata, safetensors_metadata
from engine.store.naming import defaults

KINDS = {
    "vectors": "a set of vectors",
    "evaluation": "an evaluation",
    "generation": "a grid of generations",
    "conversation": "a conversation",
    "experiment": "an experiment",
}

MEND = ": delete it and run again, or ask for the original"
"""What to do about a record that cannot be read; a run puts a whole one in its place."""
HEADERS: dict[str, Callable[[Path], str | None]] = {
    ".safetensors": lambda path: safetensors_metadata(path).get("record"),
    ".parquet": lambda path: parquet_metadata(path).get("record"),
    ".json": lambda path: path.read_text(encoding="utf-8"),
}
"""Where each kind of file keeps its record."""


def read_record(path: Path) -> dict[str, Any]:
    """The record that a file carries, without its data.

    Raises:
        StoreError: If the file is missing, damaged, foreign or of another version.
    """
    if path.suffix not in HEADERS:
        raise StoreError(f"{path.name} is no record: records end in {', '.join(HEADERS)}.")
    with readable(path):
        text = HEADERS[path.suffix](path)
        record = None if text is None else json.loads(text, parse_constant=_no_figure)
    kind = record.get("kind") if isinstance(record, dict) else None
    if not isinstance(record, dict) or not isinstance(kind, str) or kind not in KINDS:
        raise StoreError(
            f"{path.name} holds no Vectorscope record: look at foreign files in Library, Audit, or "
            "with `python -m engine audit FILE`."
        )
    if record.get("schema_version") != SCHEMA_VERSION:
        raise StoreError(
            f"{path.name} is a record of version {record.get('schema_version')}, "
            f"but this Vectorscope reads version {SCHEMA_VERSION}."
        )
    with readable(path):
        seals.check_record(record, path.name)
    return record


def _no_figure(_name: str) -> None:
    """NaN and infinities, which older records held where there was no figure, are None."""


@contextmanager
def readable(path: Path, mend: str = MEND) -> Iterator[None]:
    """Turn what reading a damaged file raises into a `StoreError` that says how to mend it."""
    try:
        yield
    except FileNotFoundError as error:
        raise StoreError(f"There is no file {path}.") from error
    except UNREADABLE as error:
        reason = f"{type(error).__name__}: {error}".splitlines()[0]
        raise StoreError(f"{path.name} is damaged and cannot be read ({reason}){mend}.") from error


def describe(path: Path) -> RecordInfo | str:
    """What a file is, or the sentence that says why it cannot be used."""
    try:
        record = read_record(path)
        with readable(path):
            made = record.get("provenance") or record
            if not isinstance(record["digest"], str):
                raise ValueError("its digest is no text")
            return RecordInfo(
                digest=record["digest"],
                kind=record["kind"],
                method=str(record.get("method") or record.get("name") or record["kind"]),
                model=str(record["model"]["short_name"]),
                created=str(made.get("created", "")),
                path=str(path),
                summary=_summary(record),
                about=defaults.about(record),
            )
    except StoreError as error:
        return str(error)


def _summary(record: dict[str, Any]) -> str:
    config = record.get("config") or {}
    if record["kind"] == "vectors":
        ends = [config.get("source_layer"), config.get("target_layer")]
        blocks = " to ".join(str(block) for block in ends if block is not None)
        return _count(record["sites"], "vector") + (f", block {blocks}" if blocks else "")
    if record["kind"] == "evaluation":
        vectors = measured(config, record["vector_names"])
        parts = [_count(vectors, "vector"), _count(record["questions"]["questions"], "question")]
        how = steered.of_config(config).short
        parts += [_count(config.get("scales", ()), "scale"), *([how] if how else [])]
        return ", ".join(parts)
    if record["kind"] == "generation":
        columns = _count(config.get("configurations", ()), "configuration")
        return f"{_count(config.get('prompts', ()), 'prompt')}, {columns}"
    if record["kind"] == "conversation":
        return _count(record["exchanges"], "turn")
    title = record.get("title")
    if title and title == registry.titled(str(record.get("name"))):
        # Every line that holds a summary has the study's name before it.
        return _parts(record) or "a whole study"
    return str(record.get("summary") or title or "a whole study")


def _parts(record: dict[str, Any]) -> str:
    """What a study has made, by number."""
    made = {"vectors": "vector set", "evaluations": "sweep", "generations": "grid"}
    return ", ".join(_count(record[name], noun) for name, noun in made.items() if record.get(name))


def _count(things: Any, noun: str) -> str:
    return f"{len(things)} {noun}" + ("" if len(things) == 1 else "s")


def words(info: RecordInfo) -> str:
    """A record in a message: digest, method, model and size."""
    return f"{info.digest} ({info.method} of {info.model}, {info.summary})"
