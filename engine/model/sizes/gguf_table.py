"""How many numbers a GGUF holds, from its table of tensors alone.

The `gguf` package reads every word of the vocabulary one by one on the way there, for which a page
cannot wait: 11 s where this takes .1 s. Layout:
https://github.com/ggml-org/ggml/blob/master/docs/gguf.md. Knows nothing of what the numbers are.
"""

import functools
import math
import mmap
import struct
from pathlib import Path
from typing import NamedTuple

from engine.model.gguf import header
from engine.model.gguf.cursor import MAGIC, VERSIONS, Cursor
from engine.model.hashing import Stamp

MOST_DIMENSIONS = 8


class Table(NamedTuple):
    """What loading needs to know."""

    numbers: int
    blocks: int | None
    width: int | None


@functools.lru_cache(maxsize=32)
def read(one: Stamp) -> Table:
    """The table of a file.

    Raises:
        ModelError: If it is none that can be read, is damaged, or holds no weights.
    """
    name = Path(one.path).name
    try:
        with (
            Path(one.path).open("rb") as file,
            mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content,
        ):
            found = _table(Cursor(content))
    except (OSError, ValueError, struct.error, RecursionError) as error:
        raise header.damaged(name) from error
    if not found.numbers:
        raise header.bare(name)
    return found


def _table(cursor: Cursor) -> Table:
    cursor.skip(len(MAGIC))
    if bytes(cursor.content[: len(MAGIC)]) != MAGIC or cursor.take("I") not in VERSIONS:
        raise struct.error("no magic, or another version")
    tensors, keys = cursor.take("Q"), cursor.take("Q")
    settings = {}
    for _ in range(keys):
        key = cursor.text()
        settings[key] = cursor.value(cursor.take("I"))
    numbers = 0
    for _ in range(tensors):
        cursor.text()
        dimensions = cursor.take("I")
        if dimensions > MOST_DIMENSIONS:
            raise struct.error("too many dimensions")
        numbers += math.prod(cursor.take("Q") for _ in range(dimensions))
        cursor.skip(struct.calcsize("<IQ"))
    start = settings.get("general.architecture")
    return Table(
        numbers=numbers,
        blocks=settings.get(f"{start}.block_count"),
        width=settings.get(f"{start}.embedding_length"),
    )
