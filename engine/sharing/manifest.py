"""`pack.json`: which files a pack holds, the size and SHA-256 of each, and a checksum of itself.

Whoever receives a pack reads nothing in it that this list does not vouch for. Knows nothing of what
the files mean.
"""

import hashlib
import json
import os
import re
import stat
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Any, NamedTuple

from engine.errors import DataError
from engine.foreign.importing import MOST_BYTES

NAME = "pack.json"
CARD = "README.md"
VERSION = 1
LARGEST = 8 * 2**20
"""Bytes of a list that is read at all."""
MOST_FILES = 10_000
LONGEST = 200
"""Letters of a file's name below the pack."""
NOTES = "results/notes/"
_LETTERS = r"[A-Za-z0-9][A-Za-z0-9._-]*"
ALLOWED = re.compile(
    rf"vectors/{_LETTERS}\.safetensors|results/{_LETTERS}\.(?:parquet|json)"
    rf"|{NOTES}{_LETTERS}\.json|{re.escape(CARD)}"
)
"""Names that a pack's files may have: no link upwards, no hidden file, no wildcard."""
_HEX = re.compile(r"[0-9a-f]{64}")


class Listed(NamedTuple):
    """One file of a pack."""

    path: str
    """Below the pack, with slashes."""
    bytes: int
    sha256: str


def listed(path: str, content: bytes) -> Listed:
    """A file as its list tells it."""
    return Listed(path, len(content), hashlib.sha256(content).hexdigest())


def text(files: Sequence[Listed]) -> bytes:
    """The list as the content of its own file; the same files give the same bytes."""
    told = {"vectorscope_pack": VERSION, "files": [one._asdict() for one in sorted(files)]}
    return json.dumps(told | {"checksum": _checksum(told)}, indent=1).encode() + b"\n"


def read(folder: Path) -> tuple[Listed, ...]:
    """The list of a pack, whole and sound.

    Args:
        folder: The pack.

    Raises:
        DataError: If there is none, it was changed, or names what no pack holds.
    """
    if not os.path.lexists(folder / NAME):
        raise DataError(f"{folder} has no {NAME}, so it is no pack: name a folder `pack` wrote.")
    return parsed(_content(folder, NAME, LARGEST))


def parsed(content: bytes) -> tuple[Listed, ...]:
    """The same, from the bytes of the list.

    Raises:
        DataError: If it was changed, or names what no pack holds.
    """
    try:
        told = json.loads(content)
        version = told["vectorscope_pack"]
        files = tuple(_listed(one) for one in told["files"])
        checksum = _checksum({"vectorscope_pack": version, "files": told["files"]})
        is_whole = told["checksum"] == checksum
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise DataError(f"{NAME} cannot be read: ask for the pack again.") from error
    if version != VERSION:
        raise DataError(
            f"The pack has version {str(version)[:20]}, not {VERSION}: update Vectorscope."
        )
    if not is_whole:
        raise DataError(f"{NAME} was changed after it was written: ask for the pack again.")
    _refuse_odd(files)
    return files


def contents(folder: Path, files: Sequence[Listed]) -> Mapping[str, bytes]:
    """The files of a pack by name, as its list vouches for them; the card is left out.

    Args:
        folder: The pack.
        files: What `read` gave.

    Raises:
        DataError: If one is missing, a link, or not the file that was packed.
    """
    return {one.path: whole(folder, one) for one in files if one.path != CARD}


def whole(folder: Path, file: Listed) -> bytes:
    """The bytes of one listed file.

    Raises:
        DataError: If it is missing, a link, or not the file that was packed.
    """
    content = _content(folder, file.path, file.bytes)
    if listed(file.path, content) != file:
        raise DataError(f"{file.path} is not the file that was packed: ask for the pack again.")
    return content


def _content(folder: Path, name: str, most: int) -> bytes:
    """At most one byte more than `most`, so that a longer file is not read whole."""
    parts = PurePosixPath(name).parts
    places = [folder.joinpath(*parts[: count + 1]) for count in range(len(parts))]
    try:
        for place in places:
            mode = place.lstat().st_mode
            expected = stat.S_ISREG(mode) if place is places[-1] else stat.S_ISDIR(mode)
            if not expected:
                raise DataError(f"{name} is a link or no plain file: ask for the pack again.")
        with open(places[-1], "rb", opener=_no_link) as file:
            content = file.read(most + 1)
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise DataError(f"{name} cannot be read ({reason}): ask for the pack again.") from error
    if len(content) > most:
        raise DataError(f"{name} is longer than it may be: ask for the pack again.")
    return content


def _no_link(path: str, flags: int) -> int:
    return os.open(path, flags | getattr(os, "O_NOFOLLOW", 0))


def _checksum(told: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()


def _listed(told: Any) -> Listed:
    found = Listed(**told)
    if not (isinstance(found.path, str) and type(found.bytes) is int and found.bytes >= 0):
        raise ValueError("a file has no name or no size")
    if not (isinstance(found.sha256, str) and _HEX.fullmatch(found.sha256)):
        raise ValueError("a file has no checksum")
    return found


def _refuse_odd(files: Sequence[Listed]) -> None:
    for one in files:
        if not ALLOWED.fullmatch(one.path) or len(one.path) > LONGEST:
            raise DataError(
                f"The pack lists {one.path[:80]!r}, which no pack holds: nothing was taken from it."
            )
        if one.bytes > MOST_BYTES:
            raise DataError(f"{one.path} has more than {MOST_BYTES >> 20} MB: nothing was taken.")
    # Names that differ in case alone are one file on some disks.
    if len({one.path.casefold() for one in files}) != len(files):
        raise DataError("The pack lists a file twice: nothing was taken from it.")
    if len(files) > MOST_FILES:
        raise DataError(f"The pack lists more than {MOST_FILES:,} files: nothing was taken.")
