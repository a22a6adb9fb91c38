"""What the store takes on the disk, by kind, and what of it may be emptied.

Knows nothing of what the files hold.
"""

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from engine.errors import StoreError
from engine.store import kept_statistics
from engine.store.library import figures
from engine.store.store import Store

CACHES = (kept_statistics.FOLDER, figures.FOLDER)
"""Folders of `results/` whose files are worked out again when they are needed."""
RECORDS = {
    "vectors": ("Vectors", "Sets of vectors."),
    "evaluation": ("Evaluations", "Answers to every question at every scale."),
    "generation": ("Generations", "Grids of texts."),
    "conversation": ("Conversations", "Chats, word for word."),
    "experiment": ("Studies", "Studies, searches, probes and other readings."),
    "damaged": ("Unreadable files", "Named like records; Library says what is wrong with each."),
}
FOLDERS = {
    "notes": ("Notes", "Names, stars, tags and notes that people wrote."),
    "labels": ("Labels", "Labels that people gave to texts."),
    "adapters": ("Adapters", "Trained here; nothing else has them."),
    "datasets": ("Datasets", "Built for training."),
    "corpora": ("Texts", "Kept for reading examples."),
    "jobs": ("Jobs", "What was asked for, so that a job can be run again."),
    ".partial": ("Unfinished work", "A stopped run goes on from here instead of beginning again."),
    "trash": ("Trash", "Deleted records; emptied, they cannot be restored."),
    **dict.fromkeys(
        CACHES, ("Caches", "Worked out from records; emptied, pages open slower once.")
    ),
}
"""Folders of `results/`, what each is called, and what it is."""
OWN_DATA = ("Own data", "Questions, pairs and prompts that were added.")
OTHERS = ("Other files", "Not written by the store.")
MAY_BE_EMPTIED = ("Caches", "Trash")


class Use(NamedTuple):
    """What one kind of files takes."""

    name: str
    about: str
    files: int
    bytes: int

    @property
    def may_be_emptied(self) -> bool:
        """Whether nothing is lost that cannot be worked out again, or was not deleted already."""
        return self.name in MAY_BE_EMPTIED


def used(store: Store) -> list[Use]:
    """What each kind takes; kinds without a file are left out."""
    kinds: dict[str, str] = {info.path: info.kind for info in store.list()}
    kinds |= {str(path): "damaged" for path, _ in store.damaged()}
    found: dict[str, Use] = {}
    for path, size in _files(store.root):
        name, about = _kind(store.root, path, kinds)
        old = found.get(name, Use(name, about, 0, 0))
        found[name] = old._replace(files=old.files + 1, bytes=old.bytes + size)
    order = [name for name, _ in (*RECORDS.values(), OWN_DATA, *FOLDERS.values(), OTHERS)]
    return [found[name] for name in dict.fromkeys(order) if name in found]


def free(store: Store) -> int:
    """Bytes that are left on the store's disk."""
    place = next(p for p in (store.root, *store.root.parents) if p.exists())
    status = os.statvfs(place)
    return status.f_bavail * status.f_frsize


def empty_caches(store: Store) -> int:
    """Delete what can be worked out again; the bytes that were freed.

    Raises:
        StoreError: If the disk refuses.
    """
    freed = 0
    for folder in CACHES:
        for file in (store.root / "results" / folder).glob("*"):
            try:
                size = file.stat().st_size
                file.unlink()
            except FileNotFoundError:
                continue
            except OSError as error:
                raise StoreError(f"{file.name} could not be deleted: {error.strerror}.") from error
            freed += size
    return freed


def _files(root: Path) -> Iterator[tuple[Path, int]]:
    """Every file of the store, and its bytes."""
    for place in (root / "vectors", root / "results", root / "data" / "own"):
        for folder, _, names in os.walk(place):
            for name in names:
                # It may go away meanwhile.
                with suppress(OSError):
                    path = Path(folder) / name
                    yield path, path.lstat().st_size


def _kind(root: Path, path: Path, records: dict[str, str]) -> tuple[str, str]:
    if (kind := records.get(str(path))) is not None:
        return RECORDS[kind]
    parts = path.relative_to(root).parts
    if parts[:2] == ("data", "own"):
        return OWN_DATA
    return FOLDERS.get(parts[1], OTHERS) if len(parts) > 2 else OTHERS
