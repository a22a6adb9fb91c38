"""Sizes of batches that memory sufficed for, remembered for a model and a shape.

Only what had to be made smaller is remembered, with the memory that was free then: where clearly
more is free, the usual size is tried again. Knows nothing of models.
"""

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from engine.errors import StoreError
from engine.files import write_atomically

FILE = "batch_sizes.json"
MORE = 1.5
"""How many times as much memory must be free for a remembered size not to count."""


@dataclass(eq=False)
class BatchSizes:
    """Rows by what they were rows of; in memory, and in one file where a folder was named."""

    _known: dict[str, tuple[int, int]] = field(default_factory=dict)
    """Rows, and the bytes that were free."""
    _path: Path | None = None

    def keep_in(self, folder: Path) -> None:
        """Begin with what an earlier process learnt, and write down what this one learns."""
        self._path = folder / FILE
        self._known = _read(self._path) | self._known

    def known(self, key: str, free: int) -> int | None:
        """Rows that sufficed when as much memory or not much less was free; else None."""
        rows, before = self._known.get(key, (None, 0))
        return None if rows is None or free >= MORE * before else rows

    def learn(self, key: str, rows: int, free: int) -> None:
        """Remember that `rows` went through together with so many bytes free beforehand."""
        self._known[key] = (rows, free)
        if self._path is None:
            return
        # Another process may have learnt something else in the meantime.
        whole = _read(self._path) | {key: (rows, free)}
        plain = {name: {"rows": r, "free": f} for name, (r, f) in sorted(whole.items())}
        try:
            write_atomically(self._path, json.dumps(plain, indent=1).encode())
        except StoreError:
            # It only saves a later run some time: no reason to end this one.
            self._path = None


def _read(path: Path) -> dict[str, tuple[int, int]]:
    """What a file holds of it; nothing where it is missing, damaged or of another make."""
    try:
        whole: Any = json.loads(path.read_text(encoding="utf-8"))
        return {
            str(key): (max(1, int(one["rows"])), int(one["free"])) for key, one in whole.items()
        }
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return {}
