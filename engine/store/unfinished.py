"""Sweeps that are not whole, as records to look at: beside their units, and gone with them."""

import functools
from contextlib import suppress
from pathlib import Path

from engine.records.records import Evaluation, RecordInfo
from engine.store.files import write_atomically
from engine.store.headers import describe
from engine.store.packing import as_file
from engine.store.scanning import Times, times
from engine.store.store import Store

FOLDER = "so_far"


def save(store: Store, evaluation: Evaluation) -> Path:
    """Keep what there is of a sweep in the place of what there was.

    Raises:
        StoreError: If the disk refuses.
    """
    name, data = as_file(evaluation)
    return write_atomically(store.partial(evaluation.digest).folder / FOLDER / name, data)


def found(store: Store) -> list[RecordInfo]:
    """Sweeps that can be looked at though they are not whole, newest first."""
    whole = {info.digest for info in store.list()}
    infos = []
    for place in sorted((store.root / "results" / ".partial").glob("*")):
        # A sweep that comes to its end takes its folder along.
        with suppress(FileNotFoundError):
            for path in sorted((place / FOLDER).glob("*.parquet")):
                if not path.is_file():
                    continue
                infos.append(_described(path, times(path.stat())))
    kept = [one for one in infos if isinstance(one, RecordInfo) and one.digest not in whole]
    return sorted(kept, key=lambda info: info.created, reverse=True)


def is_part(info: RecordInfo) -> bool:
    """Whether this is one of `found`."""
    return Path(info.path).parent.name == FOLDER


@functools.lru_cache(maxsize=4096)
def _described(path: Path, _times: Times) -> RecordInfo | str:
    """Pages ask twice a second, and a header holds every question."""
    return describe(path)
