"""Records that were deleted and can come back, below `results/trash/`.

A record goes there, and comes back, by one rename of its whole file: at no moment is it half in
either place, and of two processes that delete or restore the same one, one is told that the other
did it. What people wrote about a record (notes, labels) stays where it is. Knows nothing of who
needs a record.
"""

import datetime
import os
import re
import shutil
import uuid
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from engine.errors import StoreError
from engine.records.records import RecordInfo
from engine.store import kept_statistics
from engine.store.headers import describe
from engine.store.library import figures
from engine.store.store import Store

FOLDER = "results/trash"
_PLACE = re.compile(r"(\d{8}T\d{6})\.(\d{6})Z-[0-9a-f]{8}")
"""Name of what holds one deleted record: when it was deleted, and a word to tell two apart."""


class Trashed(NamedTuple):
    """One deleted record."""

    place: str
    """Name of its folder in the trash; tells two deletions of the same digest apart."""
    info: RecordInfo | str
    """The record; the sentence why it cannot be read, where its file was damaged meanwhile."""
    when: str
    """UTC, ISO 8601."""
    file: Path

    @property
    def bytes(self) -> int:
        """Of its file; 0 where it is gone."""
        try:
            return self.file.stat().st_size
        except OSError:
            return 0


def put(store: Store, digest: str) -> Trashed:
    """Move a record's file into the trash.

    Args:
        store: Where it lies.
        digest: The whole digest: a beginning would be too easily another one's.

    Raises:
        StoreError: If there is none, its file lies elsewhere, or the disk refuses.
    """
    if not store.has(digest):
        raise StoreError(f"There is no record '{digest}' to delete.")
    path = Path(store.find(digest).path)
    if not path.resolve().is_relative_to(store.root.resolve()):
        raise StoreError(f"{path.name} is a link out of the store: delete it where it lies.")
    now = datetime.datetime.now(datetime.UTC)
    place = f"{now:%Y%m%dT%H%M%S.%f}Z-{uuid.uuid4().hex[:8]}"
    target = store.root / FOLDER / place / path.parent.name / path.name
    try:
        target.parent.mkdir(parents=True)
        os.rename(path, target)
    except OSError as error:
        _tidy(target)
        if isinstance(error, FileNotFoundError):
            raise StoreError(f"{path.name} was deleted elsewhere meanwhile.") from error
        raise StoreError(f"{path.name} could not be deleted: {error.strerror}.") from error
    kept_statistics.forget(path, digest)
    figures.forget(path, digest)
    return Trashed(place, describe(target), now.isoformat(timespec="seconds"), target)


def listed(store: Store) -> list[Trashed]:
    """What lies in the trash, the last deleted first."""
    found = []
    for folder in (store.root / FOLDER).glob("*"):
        named = _PLACE.fullmatch(folder.name)
        if named is None:
            continue
        when = datetime.datetime.strptime(named[1], "%Y%m%dT%H%M%S").replace(tzinfo=datetime.UTC)
        for file in _files(folder):
            told = when.isoformat(timespec="seconds")
            found.append(Trashed(folder.name, describe(file), told, file))
    return sorted(found, key=lambda one: one.place, reverse=True)


def _files(folder: Path) -> list[Path]:
    """What lies in a folder of the trash; nothing where another process has just taken it out."""
    try:
        return sorted(folder.glob("*/*"))
    except FileNotFoundError:
        return []


def restore(store: Store, named: str) -> RecordInfo:
    """Put a record back where it was.

    Args:
        store: Where it lay.
        named: Its place in the trash, or the beginning of its digest: then the last one deleted.

    Raises:
        StoreError: If the trash has none, the store has one of this digest, or the disk refuses.
    """
    one = _find(store, named)
    if isinstance(one.info, str):
        raise StoreError(one.info)
    if store.has(one.info.digest):
        raise StoreError(
            f"{one.info.digest} is stored again, so the deleted one was left in the trash."
        )
    target = store.root / one.file.parent.name / one.file.name
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        _move(one.file, target)
    except FileExistsError as error:
        raise StoreError(f"{target.name} exists already and was left as it is.") from error
    except FileNotFoundError as error:
        raise StoreError(f"{one.file.name} is no longer in the trash.") from error
    except OSError as error:
        raise StoreError(f"{target.name} could not be restored: {error.strerror}.") from error
    _tidy(one.file)
    found = describe(target)
    if isinstance(found, str):
        raise StoreError(found)
    return found


def empty(store: Store, places: list[str] | None = None) -> int:
    """Delete for ever what lies in the trash.

    Args:
        store: Whose trash.
        places: Of which records; None empties all of it.

    Returns:
        Bytes that were freed.

    Raises:
        StoreError: If the disk refuses.
    """
    freed = 0
    for one in listed(store):
        if places is not None and one.place not in places:
            continue
        size = one.bytes
        try:
            one.file.unlink(missing_ok=True)
        except OSError as error:
            raise StoreError(f"{one.file.name} could not be deleted: {error.strerror}.") from error
        _tidy(one.file)
        freed += size
    if places is None:
        # What a crash left behind: folders that hold no record.
        shutil.rmtree(store.root / FOLDER, ignore_errors=True)
    return freed


def _find(store: Store, named: str) -> Trashed:
    inside = listed(store)
    for one in inside:
        digest = one.info if isinstance(one.info, str) else one.info.digest
        if one.place == named or (named and digest.startswith(named)):
            return one
    if not inside:
        raise StoreError("The trash is empty: nothing can be restored.")
    names = "; ".join(i.digest for i in [one.info for one in inside] if isinstance(i, RecordInfo))
    raise StoreError(f"The trash holds no record '{named[:80]}'. It holds: {names[:400]}.")


def _move(source: Path, target: Path) -> None:
    """Rename without overwriting: a link of a second name fails where there is a file."""
    try:
        os.link(source, target)
    except FileExistsError:
        if not os.path.samefile(source, target):
            raise
    except FileNotFoundError:
        raise
    except OSError:
        # Not every file system has two names for one file.
        if target.exists():
            raise FileExistsError(target) from None
        os.rename(source, target)
        return
    os.unlink(source)


def _tidy(file: Path) -> None:
    """Take away the folders of a record that is no longer in them."""
    for folder in (file.parent, file.parent.parent):
        with suppress(OSError):
            folder.rmdir()
