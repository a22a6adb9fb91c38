"""Finished units of unfinished work, below `results/.partial/`.

Knows nothing of what the units are or of the record they lead to.
"""

import json
import shutil
from pathlib import Path
from urllib.parse import quote, unquote

import numpy as np
import pandas as pd
import safetensors.numpy

from engine.store import seals
from engine.store.files import (
    UNREADABLE,
    as_table,
    read_table,
    safetensors_metadata,
    to_parquet,
    write_atomically,
)

SUMS = "sha256"
"""Where a unit's file keeps its checksums."""


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
        table = as_table(frame)
        sums = json.dumps(seals.of_table(table))
        write_atomically(self._path(name, ".parquet"), to_parquet(table, {SUMS: sums}))

    def load_unit(self, name: str) -> pd.DataFrame | None:
        """The frame saved as `name`, or None."""
        path = self._path(name, ".parquet")
        try:
            table = read_table(path)
            told = json.loads((table.schema.metadata or {})[SUMS.encode()])
        except UNREADABLE:
            return None
        return table.to_pandas() if told == seals.of_table(table) else None

    def save_arrays(self, name: str, arrays: dict[str, np.ndarray]) -> None:
        """Keep named arrays of any shape and numeric type."""
        tidy = {key: np.array(value, order="C") for key, value in arrays.items()}
        data = safetensors.numpy.save(tidy, {SUMS: seals.of_arrays(tidy)})
        write_atomically(self._path(name, ".safetensors"), data)

    def load_arrays(self, name: str) -> dict[str, np.ndarray] | None:
        """The arrays saved as `name`, or None."""
        path = self._path(name, ".safetensors")
        try:
            checksum = safetensors_metadata(path).get(SUMS)
            arrays = safetensors.numpy.load_file(path)
        except UNREADABLE:
            return None
        return arrays if checksum == seals.of_arrays(arrays) else None

    def discard(self) -> None:
        """Remove all units, once the record itself is stored."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def _path(self, name: str, suffix: str) -> Path:
        return self.folder / f"{quote(name, safe='')}{suffix}"
