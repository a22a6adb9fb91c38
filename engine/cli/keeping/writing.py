"""`export --format gguf|study|caa|svec|safetensors|json`: a record in another tool's own layout.

Knows nothing of how a layout is written.
"""

from pathlib import Path

from engine.cli.answering import answer
from engine.cli.drawing import console
from engine.errors import ConfigError
from engine.foreign import writing
from engine.store.references import loaded, reference
from engine.store.store import Store


def write(store: Store, name: str, format: str, layers: str | None, out: Path | None) -> None:  # noqa: A002
    """Write a set, one vector of it (DIGEST:INDEX), or a sweep, and say where it lies.

    Args:
        store: Holds the record.
        name: Digest or its beginning, with `:INDEX` for one vector.
        format: A word of `writing.FORMATS`.
        layers: Blocks as "1,2,3", counted from 0; None for all.
        out: File or folder; None for one beside the reader, by the record's name.

    Raises:
        ConfigError: If the format cannot say what the record is, or something lies there already.
    """
    told = writing.FORMATS[format]
    if told.kind == "vectors":
        ref = reference(store, name)
        found = loaded(store, ref, name)
        digest, files = found.digest, writing.vector_files(found, format, layers=_numbers(layers))
    elif layers is not None:
        raise ConfigError(f"--layers chooses vectors, and {format} is for sweeps: leave it out.")
    else:
        evaluation = store.load_evaluation(store.find(name).digest)
        digest, files = evaluation.digest, writing.results_files(evaluation)
    stem = Path(store.find(digest).path).stem
    usual = f"{stem}{told.suffix}" if told.is_folder else next(iter(files))
    path = out or Path(usual)
    refuse_existing(path)
    writing.put(files, path, told.is_folder)
    console.print(f"{digest} written to {path}", highlight=False)
    answer(digest=digest, path=str(path))


def refuse_existing(path: Path) -> None:
    """Leave what lies there already.

    Raises:
        ConfigError: If something does.
    """
    if path.exists():
        raise ConfigError(f"{path} exists and was left as it is: name another with --out.")


def _numbers(layers: str | None) -> list[int] | None:
    if layers is None:
        return None
    parts = [part.strip() for part in layers.split(",")]
    if not all(part.isdecimal() and len(part) < 6 for part in parts):
        raise ConfigError(f"--layers {layers!r} are no whole numbers: write them as 7,8.")
    return [int(part) for part in parts]
