"""Trained adapters that were deleted and can come back, below `results/trash/adapters/`.

A whole folder goes there, and comes back, by one rename. Knows nothing of who used it.
"""

import datetime
import os
import re
import uuid
from pathlib import Path
from typing import NamedTuple

from filelock import FileLock, Timeout

from engine.errors import StoreError
from engine.training import places

FOLDER = "results/trash/adapters"
_PLACE = re.compile(r"(\d{8}T\d{6})Z-[0-9a-f]{8}-(.+)")
"""Name of a deleted folder: when, a word to tell two apart, and what it was called."""


class Discarded(NamedTuple):
    """One deleted adapter."""

    place: str
    """Name of its folder in the trash."""
    name: str
    """What it was called."""
    when: str
    """UTC, ISO 8601."""


def discard(root: Path, name: str) -> Discarded:
    """Take an adapter's folder away; `bring_back` undoes it.

    Args:
        root: Of the store.
        name: Of the adapter, finished or not.

    Raises:
        StoreError: If it is being trained, is gone, or the disk refuses.
    """
    folder = places.adapter_folder(root, name)
    now = datetime.datetime.now(datetime.UTC)
    place = f"{now:%Y%m%dT%H%M%S}Z-{uuid.uuid4().hex[:8]}-{name}"
    target = root / FOLDER / place
    try:
        # What a training holds while it works in the folder.
        with FileLock(folder.parent / f".{folder.name}.lock", timeout=0):
            target.parent.mkdir(parents=True, exist_ok=True)
            os.rename(folder, target)
    except Timeout:
        raise StoreError(f"{name} is being trained: stop that first, then delete it.") from None
    except FileNotFoundError:
        raise StoreError(f"The adapter {name} was deleted elsewhere meanwhile.") from None
    except OSError as error:
        raise StoreError(f"{name} could not be deleted: {error.strerror}.") from error
    return Discarded(place, name, now.isoformat(timespec="seconds"))


def listed(root: Path) -> list[Discarded]:
    """What was deleted and can come back, the last one first."""
    found = []
    for path in (root / FOLDER).glob("*"):
        named = _PLACE.fullmatch(path.name)
        if named is not None and path.is_dir():
            when = datetime.datetime.strptime(named[1], "%Y%m%dT%H%M%S")
            told = when.replace(tzinfo=datetime.UTC).isoformat(timespec="seconds")
            found.append(Discarded(path.name, named[2], told))
    return sorted(found, key=lambda one: one.place, reverse=True)


def bring_back(root: Path, place: str) -> str:
    """Put a deleted adapter back where it was; its name.

    Args:
        root: Of the store.
        place: As `listed` gives it.

    Raises:
        StoreError: If it is gone, another adapter has its name now, or the disk refuses.
    """
    named = _PLACE.fullmatch(place)
    if named is None:
        raise StoreError(f"{place[:80]} is no deleted adapter.")
    folder = places.adapter_folder(root, named[2])
    if folder.exists():
        raise StoreError(
            f"Another adapter is called {named[2]} now, so the deleted one stays where it is."
        )
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        os.rename(root / FOLDER / place, folder)
    except FileNotFoundError:
        raise StoreError(f"{named[2]} is no longer among the deleted adapters.") from None
    except OSError as error:
        raise StoreError(f"{named[2]} could not be brought back: {error.strerror}.") from error
    return named[2]
