"""Every format that vectors and sweeps are written in, by name. Knows nothing of layouts."""

import os
import shutil
import uuid
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from engine.errors import ConfigError, StoreError
from engine.foreign.writing import caa, gguf, named, results, study, svec
from engine.foreign.writing.chosen import Chosen, choose
from engine.records.records import Evaluation, EvaluationHead, VectorSet
from engine.store.files import write_atomically


class Format(NamedTuple):
    """A format in words, and how its files end."""

    title: str
    suffix: str
    """Of its file; of a folder's name where it is several files."""
    kind: str
    """Which kind of record is written in it."""
    is_folder: bool = False


FORMATS: dict[str, Format] = {
    "gguf": Format("GGUF control vector: llama.cpp, repeng", ".gguf", "vectors"),
    "study": Format("The corrigibility study's torch file", ".pt", "vectors"),
    "caa": Format("CAA's torch files, one a layer", "_caa", "vectors", is_folder=True),
    "svec": Format("IBM's and AISteer360's .svec", ".svec", "vectors"),
    "safetensors": Format("Plain named tensors with a card", "_plain.safetensors", "vectors"),
    "json": Format("Rows of the corrigibility study", ".json", "evaluation"),
}
"""By their word on the command line."""
_WRITERS: dict[str, Callable[[Chosen], bytes | dict[str, bytes]]] = {
    "gguf": gguf.write,
    "study": study.write,
    "caa": caa.write,
    "svec": svec.write,
    "safetensors": named.write,
}


def formats_of(kind: str) -> tuple[str, ...]:
    """The formats of other tools that a kind of record can be written in."""
    return tuple(name for name, one in FORMATS.items() if one.kind == kind)


def vector_files(
    found: VectorSet,
    format: str,  # noqa: A002  As the option is.
    indices: Sequence[int] | None = None,
    layers: Sequence[int] | None = None,
) -> dict[str, bytes]:
    """A set of vectors in a format of another tool: the content of its files by name.

    Args:
        found: The set.
        format: gguf, study, caa, svec or safetensors.
        indices: Which of its vectors; None is all.
        layers: Blocks as the record counts them, from 0; None is all.

    Raises:
        ConfigError: If the format cannot say what the vectors are.
    """
    if format not in formats_of("vectors"):
        possible = ", ".join(formats_of("vectors"))
        raise ConfigError(f"Vectors cannot be written as {format!r}: use {possible}.")
    written = _WRITERS[format](choose(found, indices, layers))
    if isinstance(written, dict):
        return written
    return {f"{found.method}_{found.digest}{FORMATS[format].suffix}": written}


def results_files(found: Evaluation) -> dict[str, bytes]:
    """A sweep in the study's row layout: the content of its file by name.

    Raises:
        ConfigError: If that layout cannot say what the sweep is.
    """
    return {f"ab_{found.digest}.json": results.write(found)}


def check_results(found: EvaluationHead) -> None:
    """Whether a sweep can be written in the study's row layout, told without its rows.

    Raises:
        ConfigError: If that layout cannot say what the sweep is.
    """
    results.strengths_of(found)


def put(files: Mapping[str, bytes], out: Path, is_folder: bool) -> Path:
    """Write files under another name and rename them: a reader sees all or nothing.

    Args:
        files: Content by name.
        out: The file, or the folder that is to hold them, which must not be there.
        is_folder: Which of the two.

    Raises:
        StoreError: If the disk refuses.
    """
    if not is_folder:
        (content,) = files.values()
        return write_atomically(out, content)
    beside = out.with_name(f".{uuid.uuid4().hex}.tmp")
    try:
        for name, content in files.items():
            write_atomically(beside / name, content)
        os.rename(beside, out)
    except OSError as error:
        raise StoreError(f"{out} could not be written: {error.strerror or error}.") from error
    finally:
        shutil.rmtree(beside, ignore_errors=True)
    return out
