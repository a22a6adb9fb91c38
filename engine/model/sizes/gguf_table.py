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
from typing import Any, NamedTuple

from engine.errors import ModelError
from engine.model.hashing import Stamp

MAGIC, VERSIONS = b"GGUF", (2, 3)
SCALARS = {
    0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", 7: "?", 10: "Q", 11: "q", 12: "d",
}  # fmt: skip
"""Types of values, as codes of `struct`."""
STRING, ARRAY = 8, 9
MOST_DIMENSIONS = 8


class Table(NamedTuple):
    """What loading needs to know."""

    numbers: int
    blocks: int | None
    width: int | None


class _Place:
    """Reads forward through a file; `struct.error` where it ends too early."""

    def __init__(self, content: Any) -> None:
        self.content, self.at = content, 0

    def take(self, code: str) -> Any:
        value = struct.unpack_from(f"<{code}", self.content, self.at)[0]
        self.at += struct.calcsize(f"<{code}")
        return value

    def text(self) -> bytes:
        return self.skip(self.take("Q"))

    def skip(self, size: int) -> bytes:
        end = self.at + size
        if end > len(self.content):
            raise struct.error("ends too early")
        # A long array is passed over, not copied.
        found = bytes(self.content[self.at : min(end, self.at + 256)])
        self.at = end
        return found

    def value(self, kind: int) -> Any:
        if kind == STRING:
            return self.text()
        if kind != ARRAY:
            return self.take(SCALARS[kind])
        inner, count = self.take("I"), self.take("Q")
        if inner in SCALARS:
            return self.skip(count * struct.calcsize(f"<{SCALARS[inner]}"))
        for _ in range(count):
            self.value(inner)
        return None


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
            found = _table(_Place(content))
    except (OSError, ValueError, KeyError, struct.error, RecursionError) as error:
        raise ModelError(f"The GGUF {name} is damaged or cut off: download it again.") from error
    if not found.numbers:
        raise ModelError(f"{name} holds a vocabulary and no weights: name a GGUF with both.")
    return found


def _table(place: _Place) -> Table:
    if place.skip(len(MAGIC)) != MAGIC or place.take("I") not in VERSIONS:
        raise struct.error("no magic, or another version")
    tensors, keys = place.take("Q"), place.take("Q")
    settings = {}
    for _ in range(keys):
        key = place.text().decode(errors="replace")
        settings[key] = place.value(place.take("I"))
    numbers = 0
    for _ in range(tensors):
        place.text()
        dimensions = place.take("I")
        if dimensions > MOST_DIMENSIONS:
            raise struct.error("too many dimensions")
        numbers += math.prod(place.take("Q") for _ in range(dimensions))
        place.skip(struct.calcsize("<IQ"))
    start = (settings.get("general.architecture") or b"").decode(errors="replace")
    return Table(
        numbers=numbers,
        blocks=settings.get(f"{start}.block_count"),
        width=settings.get(f"{start}.embedding_length"),
    )
