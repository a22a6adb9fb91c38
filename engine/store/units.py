"""Finished units of unfinished work, below `results/.partial/`.

Knows nothing of what the units are or of the record they lead to.
"""

import shutil
import zlib
from pathlib import Path
from urllib.parse import quote, unquote

import numpy as np
import pandas as pd
import safetensors.numpy

from engine.store.files import (
    UNREADABLE,
    from_parquet,
    safetensors_metadata,
    to_parquet,
    write_atomically,
)


class Partial:
    """Finished work units of one unfinished record, so that a killed run can go on.

    A unit that cannot be read back whole counts as absent.
    """

    def __init__(self, folder: Path) -> None:
        """Use `folder`, which is made when the first unit is saved."""
        self.folder = folder

    def units(self) -> set[str]:
        """Names of the units that can be loaded, frames and arrays alike."""
        frames = {unquote(path.stem) for path in self.folder.glob("*.parquet")}
        arrays = {unquote(path.stem) for path in self.folder.glob("*.safetensors")}
        return {name for name in frames if self.load_unit(name) is not None} | {
            name for name in arrays if self.load_arrays(name) is not None
        }

    def save_unit(self, name: str, frame: pd.DataFrame) -> None:
        """Keep a frame; its index is not kept."""
        write_atomically(self._path(name, ".parquet"), to_parquet(frame, {}))

    def load_unit(self, name: str) -> pd.DataFrame | None:
        """The frame saved as `name`, or None."""
        try:
            return from_parquet(self._path(name, ".parquet"))
        except UNREADABLE:
            return None

    def save_arrays(self, name: str, arrays: dict[str, np.ndarray]) -> None:
        """Keep named arrays of any shape and numeric type."""
        tidy = {key: np.array(value, order="C") for key, value in arrays.items()}
        data = safetensors.numpy.save(tidy, {"crc32": _checksum(tidy)})
        write_atomically(self._path(name, ".safetensors"), data)

    def load_arrays(self, name: str) -> dict[str, np.ndarray] | None:
        """The arrays saved as `name`, or None."""
        path = self._path(name, ".safetensors")
        try:
            checksum = safetensors_metadata(path).get("crc32")
            arrays = safetensors.numpy.load_file(path)
        except UNREADABLE:
            return None
        return arrays if checksum == _checksum(arrays) else None

    def discard(self) -> None:
        """Remove all units, once the record itself is stored."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def _path(self, name: str, suffix: str) -> Path:
        return self.folder / f"{quote(name, safe='')}{suffix}"


def _checksum(arrays: dict[str, np.ndarray]) -> str:
    """Safetensors files have none of their own."""
    total = 0
    for key in sorted(arrays):
        total = zlib.crc32(arrays[key].tobytes(), zlib.crc32(key.encode(), total))
    return str(total)
