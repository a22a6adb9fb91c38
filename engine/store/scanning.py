"""The files in a store's folders, and what each is: a record, or the sentence why it is none.

Whatever lies there, the scan goes on: one bad file costs nobody the others. Knows nothing of what
the records hold.
"""

import fnmatch
import os
import stat
from collections.abc import Iterator
from pathlib import Path

from engine.records.records import RecordInfo
from engine.store.headers import describe

PLACES = (
    ("vectors", "*.safetensors"),
    ("results", "*.parquet"),
    ("results", "experiment_*.json"),
    ("results", "conversation_*.json"),
)
"""Where records lie, below the root."""

Found = tuple[Path, RecordInfo | str]
Times = tuple[int, int, int]


def times(status: os.stat_result) -> Times:
    """What changes with a file; the system sets the second time, which nobody restores."""
    return status.st_mtime_ns, status.st_ctime_ns, status.st_size


class Scan:
    """Looks through a store's folders; a file that is as it was is not read again."""

    def __init__(self, root: Path) -> None:
        """Nothing is read yet; `root` may not exist."""
        self._root = root
        self._seen: dict[str, tuple[Times, Found]] = {}

    def __call__(self) -> Iterator[Found]:
        """Every file that is named like a record, in the order of their names."""
        for folder, pattern in PLACES:
            place = self._root / folder
            # Pages do this several times a run: a `Path` and a `stat` for each file are too slow.
            try:
                with os.scandir(place) as found:
                    entries = sorted(
                        (e for e in found if fnmatch.fnmatchcase(e.name, pattern)),
                        key=lambda entry: entry.name,
                    )
            except FileNotFoundError:
                continue
            except OSError as error:
                yield place, f"{place.name} cannot be looked through: {error.strerror}."
                continue
            for entry in entries:
                known = None if entry.name.startswith(".") else self._known(entry)
                if known is not None:
                    yield known

    def _known(self, entry: os.DirEntry[str]) -> Found | None:
        """What an entry is; None where it went away meanwhile."""
        try:
            status = entry.stat()
        except OSError as error:
            if isinstance(error, FileNotFoundError) and not entry.is_symlink():
                return None
            return Path(entry.path), f"{entry.name} cannot be read: {error.strerror}."
        if not stat.S_ISREG(status.st_mode):
            # Opening a pipe would wait for somebody who writes to it.
            return Path(entry.path), f"{entry.name} is no file, though it is named like a record."
        known = self._seen.get(entry.path)
        if known is None or known[0] != times(status):
            path = Path(entry.path)
            known = self._seen[entry.path] = (times(status), (path, describe(path)))
        return known[1]
