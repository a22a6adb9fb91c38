"""One foreign file to one plain value, whatever its layout; what is in it decides, not its name.

Knows nothing of the store or of how files are judged.
"""

import dataclasses
from pathlib import Path
from typing import Any

from engine.errors import DataError
from engine.foreign.formats import (
    arrays,
    dictionaries,
    gguf,
    neuronpedia,
    pickles,
    sidecars,
    stated,
    sweeps,
    texts,
)
from engine.foreign.formats.limits import MOST_TEXT, content_of, one_sentence, sha256
from engine.foreign.formats.runs import inspect_logs
from engine.foreign.formats.runs import reading as runs
from engine.foreign.formats.values import (
    NOTHING,
    Foreign,
    ForeignQuestions,
    ForeignVectors,
    Given,
)
from engine.model.gguf import cursor
from engine.questions import polarity
from engine.questions.rows import Row, distinct, read_rows
from engine.records import strict

KNOWN = (
    "vectors as .pt, .safetensors, .gguf, .npy, .npz or .svec, sweeps as .json, .jsonl or .csv, "
    "texts as .json, and questions as .jsonl or .json"
)
_NPY, _ZIP = b"\x93NUMPY", b"PK"
_PICKLED = (".pkl", ".pickle", ".joblib")
_PACKED = (b"\x78\x01", b"\x78\x9c", b"\x78\xda")
"""How zlib's streams begin, of which joblib's compressed files are made."""
_PICKLES = (b"\x80\x02", b"\x80\x03", b"\x80\x04", b"\x80\x05")


def read(path: Path, given: Given = NOTHING) -> Foreign:
    """What a foreign file holds; nothing in it is executed.

    Args:
        path: Of the file; its name and folders are read where nothing in it says the same.
        given: What a person states of its vectors, and what is known of their model.

    Raises:
        MissingFactsError: If it cannot be told without a fact that has to be stated.
        DataError: If it is too large, damaged, in no known layout, or contradicts `given`.
    """
    found, beside = _read(path, given), {}
    if not isinstance(found, ForeignVectors):
        return found
    if path.suffix.lower() != ".gguf":
        beside = sidecars.beside(path)
    # Rows of a dictionary were chosen before they were read.
    left = dataclasses.replace(given, index=()) if _is_chosen(found, given) else given
    with one_sentence(path.name):
        return stated.settle(found, path, beside, left)


def _is_chosen(found: ForeignVectors, given: Given) -> bool:
    return found.layout in dictionaries.LAYOUTS and bool(given.index)


def _read(path: Path, given: Given) -> Foreign:
    name, content = path.name, content_of(path)
    digest = sha256(content)
    if content.startswith(cursor.MAGIC):
        return gguf.read(name, content, digest)
    if content.startswith(_NPY):
        return arrays.read_npy(name, content, digest)
    if content.startswith(_ZIP) and path.suffix.lower() == ".npz":
        return arrays.read_npz(name, content, digest, given)
    if path.suffix.lower() == inspect_logs.PACKED:
        raise DataError(f"{name} is a packed log of Inspect: write it as JSON (inspect log dump).")
    if path.suffix.lower() in _PICKLED or content.startswith(_PACKED):
        pickles.refuse_named(name, path.suffix.lower())
    if content.startswith((_ZIP, *_PICKLES)):
        return _torch_file(path, content, digest, given)
    if path.suffix.lower() == ".safetensors" or content[8:9] == b"{":
        return arrays.read_safetensors(name, content, digest, given)
    return _text_file(path, content, digest)


def _torch_file(path: Path, content: bytes, digest: str, given: Given) -> Foreign:
    from engine.foreign.formats import checkpoints, torch_layouts

    opened = checkpoints.load(path.name, content)
    with one_sentence(path.name):
        beside = sidecars.beside(path)
        return torch_layouts.recognise(path, digest, opened, beside, given)


def _text_file(path: Path, content: bytes, digest: str) -> Foreign:
    name = path.name
    if len(content) > MOST_TEXT:
        raise DataError(f"{name} is too large: at most {MOST_TEXT // 2**20} MB of text are read.")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = "\0"
    if "\0" in text:
        raise DataError(f"{name} is in no known layout: what can be read is {KNOWN}.")
    with one_sentence(name):
        whole = _json(name, text, path.suffix.lower())
        if isinstance(whole, dict) and isinstance(whole.get("directions"), dict):
            return arrays.read_svec(name, whole, digest)
        if isinstance(whole, dict) and neuronpedia.is_one(whole):
            return neuronpedia.read(name, whole, digest)
        found = runs.read(name, digest, text, whole, sidecars.totals(path))
        if found is not None:
            return found
        rows = whole.get("results") if isinstance(whole, dict) else whole
        if isinstance(rows, list) and rows:
            named = whole if isinstance(whole, dict) else {}
            if sweeps.is_sweep(rows):
                return sweeps.read(name, digest, named, rows)
            if texts.is_texts(rows):
                return texts.read(name, digest, named, rows)
        return _questions(path, text, digest)


def _json(name: str, text: str, suffix: str) -> Any:
    """The whole JSON value, or None for JSON Lines.

    Raises:
        DataError: If a .json file is cut off.
    """
    try:
        return strict.loads(text)
    except ValueError as error:
        begins = text.lstrip()[:1]
        is_lines = suffix == ".jsonl" or (begins == "{" and _is_json(text.split("\n", 1)[0]))
        if begins in ("{", "[") and not is_lines:
            raise DataError(f"{name} is not whole JSON ({error}): copy it again.") from None
        return None


def _is_json(line: str) -> bool:
    try:
        strict.loads(line)
    except ValueError:
        return False
    return True


def _questions(path: Path, text: str, digest: str) -> ForeignQuestions:
    try:
        rows = read_rows(text, path.name)
    except DataError:
        rows = []
    if not any(_is_question(row) for row in rows):
        raise DataError(f"{path.name} is in no known layout: what can be read is {KNOWN}.")
    known = polarity.known_file(path, digest) or polarity.known_layout(rows)
    kept, dropped = distinct(rows)
    return ForeignQuestions(
        name=path.name,
        sha256=digest,
        rows=len(rows),
        kept=tuple(kept),
        dropped=tuple(dropped),
        behaviours=dict(known.behaviours) if known else {},
        source=known.source if known else "",
    )


def _is_question(row: Row) -> bool:
    return isinstance(row.values, dict) and isinstance(row.values.get("question"), str)
