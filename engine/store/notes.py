"""A reader's own names and notes of vectors, one small file each, kept beside the records.

A record never changes by them, and they outlive it: a set that is deleted and found again has its
notes back. Knows nothing of what the vectors are.
"""

import datetime
import hashlib
import json
import re
import threading
from pathlib import Path
from typing import Any, NamedTuple

from engine.configs.sound import is_text
from engine.errors import ConfigError, StoreError
from engine.store.files import UNREADABLE, write_atomically

FOLDER = "results/notes"
LONGEST_NAME, LONGEST_WORDS = 80, 20_000
"""Signs of a name, and of what is noted."""
LARGEST = 8 * LONGEST_WORDS
"""Bytes of a file that is read at all."""
_FILE = re.compile(r"([0-9a-f]{12})_([0-9]{1,5})\.json")
_writing = threading.Lock()


class Note(NamedTuple):
    """What a reader wrote of one vector; empty where there is nothing."""

    name: str = ""
    """In place of the finder's, one line."""
    words: str = ""
    """As typed, over several lines."""
    changed: str = ""
    """UTC, ISO 8601; empty where nothing is kept."""

    @property
    def version(self) -> str:
        """What tells this state from any other: of its content alone."""
        told = json.dumps([self.name, self.words]).encode()
        return hashlib.sha256(told).hexdigest()[:12] if self.name or self.words else ""


NOTHING = Note()


def read(root: Path, digest: str, index: int) -> Note:
    """What is noted of a vector; `NOTHING` where nobody wrote anything.

    Args:
        root: Of the store.
        digest: Of the vector's set.
        index: Its row there.

    Raises:
        StoreError: If the file is damaged: it is left as it is, so that a person can mend it.
    """
    path = _path(root, digest, index)
    try:
        with path.open("rb") as file:
            data = file.read(LARGEST + 1)
    except FileNotFoundError:
        return NOTHING
    except OSError as error:
        raise StoreError(f"{path.name} cannot be read: {error.strerror}.") from error
    try:
        if len(data) > LARGEST:
            raise ValueError("it is too large")
        found: Any = json.loads(data)
        note = Note(*(found[field] for field in Note._fields))
        if not all(isinstance(value, str) for value in note):
            raise ValueError("a part of it is no text")
    except UNREADABLE as error:
        raise StoreError(
            f"The notes in {path} cannot be read ({error}): mend the file, or move it away."
        ) from error
    return note


def keep(
    root: Path, digest: str, index: int, name: str, words: str, seen: str | None = None
) -> Note:
    """Keep a reader's own name and notes of a vector; both empty take them back.

    Args:
        root: Of the store.
        digest: Of the vector's set.
        index: Its row there.
        name: One line; spaces around it are dropped.
        words: As typed.
        seen: Version of the note that the reader had before him; another one is not written over.

    Returns:
        The note as it is kept.

    Raises:
        ConfigError: If a text is too long or no text.
        StoreError: If it was changed meanwhile, its file is damaged, or the disk refuses.
    """
    name = "".join(sign for sign in " ".join(name.split()) if sign.isprintable())
    _check("The name", name, LONGEST_NAME)
    _check("The note", words, LONGEST_WORDS)
    path = _path(root, digest, index)
    with _writing:
        now = read(root, digest, index)
        if seen is not None and now.version not in (seen, Note(name, words).version):
            when = f" ({now.changed})" if now.changed else ""
            raise StoreError(
                f"These notes were changed elsewhere meanwhile{when}, so yours were not kept: copy "
                "them, reload the page, and add them there."
            )
        if not name and not words.strip():
            _remove(path)
            return NOTHING
        time = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
        note = Note(name, words, time)
        text = json.dumps(note._asdict(), ensure_ascii=False, indent=1)
        write_atomically(path, text.encode())
    return note


def every(root: Path) -> dict[tuple[str, int], Note]:
    """All notes by set and index; files that cannot be read are left out.

    Args:
        root: Of the store.
    """
    found = {}
    for path in sorted((root / FOLDER).glob("*.json")):
        named = _FILE.fullmatch(path.name)
        if named is None:
            continue
        key = named[1], int(named[2])
        try:
            found[key] = read(root, *key)
        except StoreError:
            continue
    return {key: note for key, note in found.items() if note.name or note.words}


def _path(root: Path, digest: str, index: int) -> Path:
    if not re.fullmatch("[0-9a-f]{12}", digest) or not 0 <= index < 10**5:
        raise StoreError(f"{digest[:40]}:{index} names no vector: it is a digest and an index.")
    return Path(root) / FOLDER / f"{digest}_{index}.json"


def _check(what: str, text: str, most: int) -> None:
    if len(text) > most:
        raise ConfigError(f"{what} has {len(text):,} signs and may have {most:,}: shorten it.")
    if not is_text(text):
        raise ConfigError(f"{what} holds signs that no file can keep: write it in UTF-8.")


def _remove(path: Path) -> None:
    try:
        path.unlink(missing_ok=True)
    except OSError as error:
        raise StoreError(f"{path.name} could not be deleted: {error.strerror}.") from error
