"""`export --format gguf|study|caa|svec|safetensors|json`: a record in another tool's own layout.

Knows nothing of how a layout is written.
"""

from pathlib import Path

from engine.cli.answering import answer
from engine.cli.drawing import console
from engine.errors import ConfigError
from engine.program.writing import written
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
    digest, path = written(store, name, format, _numbers(layers), out)
    console.print(f"{digest} written to {path}", highlight=False)
    answer(digest=digest, path=str(path))


def _numbers(layers: str | None) -> list[int] | None:
    if layers is None:
        return None
    parts = [part.strip() for part in layers.split(",")]
    if not all(part.isdecimal() and len(part) < 6 for part in parts):
        raise ConfigError(f"--layers {layers!r} are no whole numbers: write them as 7,8.")
    return [int(part) for part in parts]
