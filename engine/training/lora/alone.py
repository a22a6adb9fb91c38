"""One training at a time in a folder, in whatever process. Knows nothing of what is trained."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from engine.errors import ConfigError, StoreError
from engine.progress import Progress

PATIENCE = 15.0
"""Seconds to wait for another one: a process whose owner was killed is soon gone."""
POLL = 0.5
"""Seconds between two tries."""


@contextmanager
def alone_in(folder: Path, progress: Progress) -> Iterator[None]:
    """Hold the folder's lock, which the system takes back when this process ends in any way.

    Args:
        folder: Of the training; the lock's file lies beside it and may stay, empty.
        progress: Told while it waits; may raise to stop.

    Raises:
        ConfigError: If another training holds the folder for long.
        StoreError: If the disk refuses.
    """
    lock, began = FileLock(folder.parent / f".{folder.name}.lock"), time.monotonic()
    while not _held(lock):
        if time.monotonic() - began >= PATIENCE:
            raise ConfigError(
                f"Another process is training in {folder.name}: wait until it ends, or choose "
                "another name."
            )
        progress(0, 1, f"waiting for another process that trains in {folder.name}")
    try:
        yield
    finally:
        lock.release()


def _held(lock: FileLock) -> bool:
    place = Path(lock.lock_file).parent
    try:
        place.mkdir(parents=True, exist_ok=True)
        lock.acquire(timeout=POLL)
    except Timeout:
        return False
    except (OSError, NotImplementedError) as error:
        # The latter on a file system that knows no locks.
        reason = getattr(error, "strerror", None) or str(error)
        raise StoreError(f"Nothing can be trained in {place}: {reason}.") from error
    return True
