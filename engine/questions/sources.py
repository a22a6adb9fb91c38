"""Reading text from files and from the web, with refusals a user can act on.

Knows nothing of what the text means.
"""

import hashlib
import os
import urllib.error
import urllib.request
from pathlib import Path
from typing import NamedTuple

from engine import ROOT
from engine.errors import DataError

PARQUET = ".parquet"
"""How the one kind of file ends that holds texts and is none."""
_TIMEOUT = 30.0


class Source(NamedTuple):
    """A file as read."""

    path: str
    """As it was given."""
    text: str
    sha256: str
    """Of the bytes."""


def located(path: str | Path) -> Path:
    """The path from the working folder, or else from the repository root."""
    given = Path(path)
    return given if given.exists() or given.is_absolute() else ROOT / given


def read_bytes(path: str | Path) -> bytes:
    """The bytes of a file.

    Raises:
        DataError: If it is missing or unreadable.
    """
    try:
        return located(path).read_bytes()
    except FileNotFoundError:
        raise DataError(f"{path} does not exist: check the path, or upload the file.") from None
    except OSError as error:
        raise DataError(f"{path} cannot be read ({error.strerror}): choose a file.") from None
    except ValueError:
        raise DataError(f"{str(path)!a} is no name of a file: choose one.") from None


def sha256_of(path: str | Path) -> str:
    """SHA-256 of a file of text, or of a Parquet file.

    Raises:
        DataError: If it is missing or unreadable, or is neither.
    """
    if Path(path).suffix.lower() != PARQUET:
        return read_source(path).sha256
    return hashlib.sha256(read_bytes(path)).hexdigest()


def read_source(path: str | Path) -> Source:
    """Read a whole text file.

    Raises:
        DataError: If it is missing, unreadable or not text.
    """
    content = read_bytes(path)
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = "\0"
    if "\0" in text:
        raise DataError(f"{path} is not text in UTF-8: choose a .jsonl, .json or .txt file.")
    return Source(str(path), text, hashlib.sha256(content).hexdigest())


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
