"""A text inside a PNG, put in and read out without touching its pixels.

Nothing is ever decompressed, so that no picture can be a bomb. Knows nothing of what it says.
"""

import struct
import zlib
from collections.abc import Iterator

SIGNATURE = b"\x89PNG\r\n\x1a\n"
MOST_BYTES = 20 * 2**20
MOST_TEXT = 64 * 2**10


def put(png: bytes, key: str, text: str) -> bytes:
    """The picture with a text (UTF-8, uncompressed iTXt) right behind its header."""
    body = key.encode("latin-1") + b"\0\0\0\0\0" + text.encode()
    end = len(SIGNATURE) + 12 + 13
    return png[:end] + _chunk(b"iTXt", body) + png[end:]


def get(png: bytes, key: str) -> str:
    """The text under `key`.

    Raises:
        ValueError: If it is no whole PNG, too large, or holds no such text.
    """
    if len(png) > MOST_BYTES:
        raise ValueError(f"it has more than {MOST_BYTES // 2**20} MB")
    if not png.startswith(SIGNATURE):
        raise ValueError("it is no PNG")
    head = key.encode("latin-1") + b"\0"
    for kind, body in _chunks(png):
        if kind == b"iTXt" and body.startswith(head):
            return _international(body[len(head) :])
    raise ValueError("it carries no recipe")


def _international(rest: bytes) -> str:
    """The text of an iTXt chunk behind its key: flags, language, translated key, text."""
    if len(rest) > MOST_TEXT:
        raise ValueError(f"its recipe has more than {MOST_TEXT // 1024} kB")
    if rest[:2] != b"\0\0":
        raise ValueError("its recipe is compressed, which ours is not")
    parts = rest[2:].split(b"\0", 2)
    if len(parts) != 3:
        raise ValueError("its recipe is cut off")
    return parts[2].decode()


def _chunks(png: bytes) -> Iterator[tuple[bytes, bytes]]:
    place = len(SIGNATURE)
    while place + 12 <= len(png):
        length, kind = struct.unpack(">I4s", png[place : place + 8])
        end = place + 8 + length
        if end + 4 > len(png):
            break
        body = png[place + 8 : end]
        if struct.unpack(">I", png[end : end + 4])[0] != zlib.crc32(kind + body):
            raise ValueError("its checksum is wrong")
        yield kind, body
        if kind == b"IEND":
            return
        place = end + 4
    raise ValueError("it is cut off")


def _chunk(kind: bytes, body: bytes) -> bytes:
    checksum = zlib.crc32(kind + body)
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", checksum)
