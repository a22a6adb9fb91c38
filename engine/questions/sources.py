"""Reading text from files and from the web, with refusals a user can act on.

Knows nothing of what the text means.
"""

import hashlib
import os
import urllib.error
import urllib.request
import zlib
from pathlib import Path, PurePath
from typing import NamedTuple

from engine import ROOT
from engine.errors import DataError

PACKED = (".parquet", ".arrow", ".feather")
"""How files end that hold texts and are none."""
_GZIP = b"\x1f\x8b"
MOST_BYTES = 256 * 2**20
"""Of a file."""
MOST_MEMORY = 512 * 2**20
"""Bytes that the values of a JSON file may take, by an upper estimate."""
_WEIGHTS = {b"[": 72, b"{": 240, b",": 120}
"""Bytes of memory that a list, an object and one more value take at most, apart from texts."""
_TIMEOUT = 30.0


class Source(NamedTuple):
    """A file as read."""

    path: str
    """As it was given."""
    text: str
    sha256: str
    """Of the bytes, of a .gz unpacked."""
    form: str = ".txt"
    """The ending that tells how to read the text; ".jsonl" where rows were made of a table."""
    notes: tuple[str, ...] = ()
    """What a reader should see of how rows were made."""

    @property
    def is_json(self) -> bool:
        """Whether the text is JSON or JSON Lines."""
        return self.form in (".json", ".jsonl", ".ndjson")


def located(path: str | Path) -> Path:
    """The path from the working folder, or else from the repository root."""
    given = Path(path)
    # Unlike a path's own, this says False of a name too long for a file.
    return given if os.path.exists(given) or given.is_absolute() else ROOT / given


def read_bytes(path: str | Path) -> bytes:
    """The bytes of a file.

    Raises:
        DataError: If it is missing or unreadable.
    """
    try:
        # One byte more than is allowed tells a file too large, also one that never ends.
        with located(path).open("rb") as file:
            content = file.read(MOST_BYTES + 1)
    except FileNotFoundError:
        raise DataError(f"{path} does not exist: check the path, or add the data.") from None
    except OSError as error:
        raise DataError(f"{path} cannot be read ({error.strerror}): choose a file.") from None
    except ValueError:
        raise DataError(f"{str(path)!a} is no name of a file: choose one.") from None
    if len(content) > MOST_BYTES:
        raise DataError(f"{path} has more than {MOST_BYTES >> 20} MB: give a part of it.")
    return content


def refuse_crowded(content: bytes, path: str | Path) -> None:
    """Refuse JSON of so many tiny values that they would take gigabytes.

    Raises:
        DataError: If it could.
    """
    if sum(weight * content.count(sign) for sign, weight in _WEIGHTS.items()) > MOST_MEMORY:
        raise DataError(f"{path} holds millions of tiny values: give a part of it.")


def form_of(path: str | Path) -> str:
    """How a file's name ends, in small letters; of a .gz, how it ends unpacked."""
    name = PurePath(path).name.lower()
    return PurePath(name.removesuffix(".gz")).suffix or PurePath(name).suffix


def content_of(path: str | Path) -> bytes:
    """The bytes of a file, of a .gz those that it holds.

    Raises:
        DataError: If it is missing, unreadable, damaged or too large.
    """
    content = read_bytes(path)
    return unpacked(content, str(path), MOST_BYTES) if content[:2] == _GZIP else content


def unpacked(content: bytes, file: str, most: int) -> bytes:
    """What a .gz holds, never more than `most` bytes.

    Raises:
        DataError: If it is damaged, or too large.
    """
    opened, parts, size, is_whole = zlib.decompressobj(wbits=31), [], 0, False
    try:
        while content and size <= most:
            parts.append(opened.decompress(content, most + 1 - size))
            size += len(parts[-1])
            content, is_whole = opened.unconsumed_tail, opened.eof
            if opened.eof:
                content = opened.unused_data if opened.unused_data[:2] == _GZIP else b""
                opened = zlib.decompressobj(wbits=31)
            elif not parts[-1]:
                break
    except zlib.error:
        is_whole, size = False, 0
    if size > most:
        raise DataError(f"{file} has more than {most >> 20} MB: give a part of it.")
    if not is_whole:
        raise DataError(f"{file} is a damaged .gz: pack it again.")
    return b"".join(parts)


def sha256_of(path: str | Path) -> str:
    """SHA-256 of a file of text, of one that holds texts packed, or of a folder's files.

    Raises:
        DataError: If it is missing or unreadable, or is none of these.
    """
    folder = located(path)
    if folder.is_dir():
        return _sha256_of_folder(folder)
    if form_of(path) not in PACKED:
        return read_source(path).sha256
    return hashlib.sha256(content_of(path)).hexdigest()


def files_of(folder: Path) -> list[Path]:
    """The files in a folder and in the folders within it, in the order of their names."""
    found = (one for pattern in ("*", "*/*") for one in folder.glob(pattern) if one.is_file())
    return sorted(found, key=lambda one: one.relative_to(folder).as_posix())


def _sha256_of_folder(folder: Path) -> str:
    lines = []
    for one in files_of(folder):
        name, content = one.relative_to(folder).as_posix(), read_bytes(one)
        lines.append(f"{name} {hashlib.sha256(content).hexdigest()}\n")
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def read_source(path: str | Path) -> Source:
    """Read a whole text file.

    Raises:
        DataError: If it is missing, unreadable or not text.
    """
    content = content_of(path)
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = "\0"
    if "\0" in text:
        raise DataError(f"{path} is not text in UTF-8: choose a .jsonl, .json or .txt file.")
    form = form_of(path)
    if form in (".json", ".jsonl", ".ndjson"):
        refuse_crowded(content, path)
    return Source(str(path), text, hashlib.sha256(content).hexdigest(), form)


def download(url: str, sha256: str, target: Path) -> None:
    """Save a web file whose content is known, whole or not at all.

    Raises:
        DataError: If it cannot be reached or its content is another.
    """
    content = _fetch(url)
    if hashlib.sha256(content).hexdigest() != sha256:
        raise DataError(
            f"{url} has another content than the one on record, so it is not known which answer "
            "shows what: save it yourself and state the polarity."
        )
    target.parent.mkdir(parents=True, exist_ok=True)
    partial = target.with_suffix(".tmp")
    partial.write_bytes(content)
    os.replace(partial, target)


def _fetch(url: str) -> bytes:
    try:
        with urllib.request.urlopen(url, timeout=_TIMEOUT) as response:
            return response.read()
    except (urllib.error.URLError, TimeoutError, ConnectionError) as error:
        reason = getattr(error, "reason", error)
        raise DataError(
            f"{url} could not be downloaded ({reason}): connect to the internet, or use a file "
            "you have, such as data/questions/survival.jsonl."
        ) from None
