"""Reads a GGUF's bytes forward, value by value, whatever the file is for.

Layout: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md. Knows nothing of what the values
mean.
"""

import struct
from typing import Any

MAGIC = b"GGUF"
VERSIONS = (2, 3)
"""Of the layout; they read alike."""
SCALARS = {
    0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", 7: "?", 10: "Q", 11: "q", 12: "d",
}  # fmt: skip
"""Types of values, as codes of `struct`."""
STRING, ARRAY = 8, 9


class Cursor:
    """A place in the bytes; `struct.error` where they end too early or say what is impossible."""

    def __init__(self, content: Any) -> None:
        """Begin at the first byte of anything that slices to bytes."""
        self.content, self.place = content, 0

    def take(self, code: str) -> Any:
        """One number, by its code of `struct`."""
        value = struct.unpack_from(f"<{code}", self.content, self.place)[0]
        self.place += struct.calcsize(f"<{code}")
        return value

    def text(self) -> str:
        """A string."""
        start = self.place + struct.calcsize("<Q")
        self.skip(self.take("Q"))
        return bytes(self.content[start : self.place]).decode("utf-8", errors="replace")

    def skip(self, size: int) -> None:
        """Pass over so many bytes."""
        if self.place + size > len(self.content):
            raise struct.error("a value is longer than the file")
        self.place += size

    def value(self, kind: int) -> Any:
        """A value of a type; None for an array, which is passed over."""
        if kind == STRING:
            return self.text()
        if kind == ARRAY:
            return self.array(self.take("I"), self.take("Q"))
        if kind not in SCALARS:
            raise struct.error(f"value type {kind} is unknown")
        return self.take(SCALARS[kind])

    def array(self, inner: int, count: int) -> Any:
        """What an array of so many values of one type gives."""
        if inner in SCALARS:
            self.skip(count * struct.calcsize(f"<{SCALARS[inner]}"))
            return None
        for _ in range(count):
            if inner == STRING:
                self.skip(self.take("Q"))
            else:
                self.value(inner)
        return None
