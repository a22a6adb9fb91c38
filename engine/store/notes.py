"""A reader's own names, notes, stars and tags, one small file each, kept beside the records.

A record never changes by them, and they outlive it: a set that is deleted and found again has its
notes back. Subjects are strings: "DIGEST:INDEX" is a vector, "DIGEST" any record, "data:SHA12" data
of one's own, "adapter:HASH12" an adapter. Knows nothing of what they are.
"""

import datetime
import hashlib
import json
import os
import re
import threading
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

from engine.configs.sound import is_text
from engine.errors import ConfigError, StoreError
from engine.store.files import UNREADABLE, write_atomically
from engine.store.scanning import Times, times

FOLDER = "results/notes"
LONGEST_NAME, LONGEST_WORDS, LONGEST_TAG, MOST_TAGS = 80, 20_000, 30, 20
"""Signs of a name, of what is noted and of a tag; tags of one thing."""
LARGEST = 8 * LONGEST_WORDS
"""Bytes of a file that is read at all."""
_SUBJECT = re.compile(r"[0-9a-f]{12}(:(?:0|[1-9][0-9]{0,4}))?|(?:data|adapter):[0-9a-f]{12}")
_FILE = re.compile(r"([0-9a-f]{12}_[0-9]{1,5}|[0-9a-f]{12}|(?:data|adapter)_[0-9a-f]{12})\.json")
_writing = threading.Lock()


class Note(NamedTuple):
    """What a reader wrote of one thing; empty where there is nothing."""

    name: str = ""
    """In place of the one made of its settings, one line."""
    words: str = ""
    """As typed, over several lines."""
    changed: str = ""
    """UTC, ISO 8601; empty where nothing is kept."""
    tags: tuple[str, ...] = ()
    """Words by which it can be found again."""
    star: bool = False

    @property
    def version(self) -> str:
        """What tells this state from any other: of its content alone."""
        if not (self.name or self.words or self.tags or self.star):
            return ""
        told = json.dumps([self.name, self.words, list(self.tags), self.star]).encode()
        return hashlib.sha256(told).hexdigest()[:12]


NOTHING = Note()


def read(root: Path, subject: str) -> Note:
    """What is noted of a thing; `NOTHING` where nobody wrote anything.

    Args:
        root: Of the store.
        subject: As the module says.

    Raises:
        StoreError: If it is no subject, or its file is damaged: it is left as it is, so that a
            person can mend it.
    """
    return _read(_path(root, subject))


def keep(
    root: Path,
    subject: str,
    name: str = "",
    words: str = "",
    *,
    tags: Iterable[str] = (),
    star: bool = False,
    seen: str | None = None,
) -> Note:
    """Keep a reader's own name, notes, tags and star of a thing; all empty take them back.

    Args:
        root: Of the store.
        subject: As the module says.
        name: One line; spaces around it are dropped.
        words: As typed.
        tags: Words; spaces within one become hyphens, each is kept once.
        star: Whether it is starred.
        seen: Version of the note that the reader had before him; another one is not written over.

    Returns:
        The note as it is kept.

    Raises:
        ConfigError: If a text is too long or no text.
        StoreError: If it was changed meanwhile, its file is damaged, or the disk refuses.
    """
    wanted = Note(_line(name), words, "", tags_of(tags), bool(star))
    _check("The name", wanted.name, LONGEST_NAME)
    _check("The note", words, LONGEST_WORDS)
    path = _path(root, subject)
    with _writing:
        now = _read(path)
        if seen is not None and now.version not in (seen, wanted.version):
            when = f" ({now.changed})" if now.changed else ""
            raise StoreError(
                f"These notes were changed elsewhere meanwhile{when}, so yours were not kept: copy "
                "them, reload the page, and add them there."
            )
        if not words.strip():
            wanted = wanted._replace(words="")
        if not wanted.version:
            _remove(path)
            return NOTHING
        time = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
        note = wanted._replace(changed=time)
        text = json.dumps(note._asdict(), ensure_ascii=False, indent=1)
        write_atomically(path, text.encode())
    return note


def change(root: Path, subject: str, **parts: Any) -> Note:
    """Keep some parts of a note anew, the others as they are; see `keep`.

    Args:
        root: Of the store.
        subject: As the module says.
        parts: Any of `name`, `words`, `tags`, `star`.
    """
    now = read(root, subject)
    kept = {"name": now.name, "words": now.words, "tags": now.tags, "star": now.star}
    return keep(root, subject, **{**kept, **parts}, seen=now.version)


def tags_of(tags: Iterable[str]) -> tuple[str, ...]:
    """Tags as they are kept: without blanks and commas, each once.

    Raises:
        ConfigError: If one is too long or no text, or there are too many.
    """
    found: dict[str, str] = {}
    for tag in tags:
        word = "-".join(_line(tag.replace(",", " ")).split()).lstrip("#")
        _check("The tag", word, LONGEST_TAG)
        if word:
            found.setdefault(word.casefold(), word)
    if len(found) > MOST_TAGS:
        raise ConfigError(f"{len(found)} tags were given; one thing may have {MOST_TAGS}.")
    return tuple(found.values())


_known: dict[Path, tuple[tuple[tuple[str, Times], ...], dict[str, Note]]] = {}
_files: dict[str, tuple[Times, Note | None]] = {}


def every(root: Path) -> dict[str, Note]:
    """All notes by subject; files that cannot be read are left out.

    Files that are as they were are not read again, and the same mapping is given back while none
    is another: never change it.

    Args:
        root: Of the store.
    """
    folder = Path(root) / FOLDER
    try:
        with os.scandir(folder) as entries:
            now = tuple(
                sorted((e.path, times(e.stat())) for e in entries if _FILE.fullmatch(e.name))
            )
    except OSError:
        now = ()
    known = _known.get(folder)
    if known is not None and known[0] == now:
        return known[1]
    found = {}
    for path, when in now:
        if (seen := _files.get(path)) is None or seen[0] != when:
            seen = _files[path] = (when, _readable(Path(path)))
        if seen[1] is not None and seen[1].version:
            found[Path(path).stem.replace("_", ":")] = seen[1]
    _known[folder] = now, found
    return found


def is_subject(text: str) -> bool:
    """Whether a text can name a thing; the thing need not be there."""
    return bool(_SUBJECT.fullmatch(text))


def _readable(path: Path) -> Note | None:
    try:
        return _read(path)
    except StoreError:
        return None


def _read(path: Path) -> Note:
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
        return _note(json.loads(data))
    except UNREADABLE as error:
        raise StoreError(
            f"The notes in {path} cannot be read ({error}): mend the file, or move it away."
        ) from error


def _note(found: Any) -> Note:
    texts = [found[field] for field in ("name", "words", "changed")]
    # Notes from before there were tags and stars have neither.
    tags, star = found.get("tags", []), found.get("star", False)
    if not all(isinstance(value, str) for value in (*texts, *tags)) or isinstance(tags, str):
        raise ValueError("a part of it is no text")
    if not isinstance(star, bool):
        raise ValueError("its star is neither true nor false")
    name, words, changed = texts
    return Note(name, words, changed, tuple(tags), star)


def _path(root: Path, subject: str) -> Path:
    if not is_subject(subject):
        raise StoreError(
            f"{subject[:40]} names no vector, record, data or adapter: write DIGEST:INDEX, DIGEST, "
            "data:SHA12 or adapter:HASH12."
        )
    return Path(root) / FOLDER / f"{subject.replace(':', '_')}.json"


def _line(text: str) -> str:
    return "".join(sign for sign in " ".join(text.split()) if sign.isprintable())


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
