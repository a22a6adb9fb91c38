"""How large a foreign file may be, and one sentence for every file that cannot be read.

Knows nothing of layouts.
"""

import hashlib
import io
import struct
import tokenize
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from safetensors import SafetensorError

from engine.errors import DataError, EngineError

MOST_BYTES = 256 * 2**20
"""Of a file, and of what it unpacks to."""
MOST_TEXT = 64 * 2**20
"""Of a JSON file, which takes ten times its size in memory."""
MOST_NUMBERS = 2**26
"""Of the vectors of a file: 13,000 of width 5120."""
MOST_DEPTH = 8
"""Of dictionaries within dictionaries."""

BROKEN = (
    ValueError,
    TypeError,
    LookupError,
    AttributeError,
    ArithmeticError,
    AssertionError,
    RuntimeError,
    EOFError,
    OSError,
    MemoryError,
    SyntaxError,
    struct.error,
    tokenize.TokenError,
    zipfile.BadZipFile,
    zlib.error,
    SafetensorError,
)
"""What the libraries were seen to raise for damaged files, by changing bytes at random."""

_POINTER = b"version https://git-lfs"


def content_of(path: Path) -> bytes:
    """All bytes of a file that is not too large.

    Raises:
        DataError: If it is missing, empty, too large, a git-lfs pointer or a web page.
    """
    try:
        size = path.stat().st_size
        if path.is_dir():
            raise DataError(f"{path.name} is a folder: name one of the files in it.")
        if size > MOST_BYTES:
            raise DataError(
                f"{path.name} has {size / 2**20:.0f} MB, and at most {MOST_BYTES // 2**20} MB are "
                "read: choose the file of vectors or results, not the model."
            )
        content = path.read_bytes()
    except FileNotFoundError:
        raise DataError(f"There is no file {path}: check the path.") from None
    except OSError as error:
        raise DataError(f"{path} cannot be read ({error.strerror}): choose a file.") from None
    if not content.strip():
        raise DataError(f"{path.name} is empty: copy or download it again.")
    if content.startswith(_POINTER):
        raise DataError(
            f"{path.name} is a git-lfs pointer, not the file itself: run `git lfs pull` where it "
            "comes from, or download it from the repository's page."
        )
    if content[:256].lstrip().lower().startswith((b"<!doctype", b"<html")):
        raise DataError(f"{path.name} is a web page, not a file of vectors: use the raw link.")
    return content


def check_archive(name: str, content: bytes) -> None:
    """Refuse an archive that unpacks to far more than it weighs.

    Raises:
        DataError: If it is damaged or too large.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            unpacked = sum(entry.file_size for entry in archive.infolist())
    except BROKEN:
        raise damaged(name, "its archive is cut off or broken") from None
    if unpacked > MOST_BYTES:
        raise DataError(
            f"{name} unpacks to {unpacked / 2**20:.0f} MB, and at most {MOST_BYTES // 2**20} MB "
            "are read: keep the vectors only."
        )


def check_count(name: str, count: int) -> None:
    """Refuse more numbers than vectors can have.

    Raises:
        DataError: If there are too many, or none.
    """
    if count > MOST_NUMBERS:
        raise DataError(
            f"{name} declares {count:,} numbers, and at most {MOST_NUMBERS:,} are read: it may "
            "hold a model or its activations, not vectors."
        )
    if count == 0:
        raise DataError(f"{name} declares vectors without a single number: export it again.")


def damaged(name: str, reason: str) -> DataError:
    """The error of a file that is cut off or changed."""
    return DataError(f"{name} is damaged ({reason}): copy or download it again.")


@contextmanager
def one_sentence(name: str) -> Iterator[None]:
    """Turn what parsing a damaged file raises into a `DataError`."""
    try:
        yield
    except EngineError:
        raise
    except BROKEN as error:
        first = (str(error).splitlines() or [""])[0][:120]
        raise damaged(name, f"{type(error).__name__}: {first}") from None


def sha256(content: bytes) -> str:
    """Of the bytes, in hex."""
    return hashlib.sha256(content).hexdigest()
