"""What the steps of a search gave, kept so that a killed search can be gone through again.

A search is followed again from its seed, and as far as it came, what it asks is answered from
disk: it ends in the bits in which it would have ended, whatever it remembers between its steps.
"""

import time
import zlib
from collections.abc import Callable
from types import TracebackType

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from engine.store.units import Partial

EVERY = 5.0
"""Seconds of work that a kill may cost."""

Step = Callable[[Float[Tensor, "rows hidden"]], tuple[Tensor, ...]]
"""The costly part of one step: what it gives depends on its rows alone."""


class Steps:
    """The steps of one search in their order; without a place to keep them, all are done anew.

    Use it as a context: where the search does not end well, what is not yet on disk is put there.
    """

    def __init__(self, partial: Partial | None = None, every: float = EVERY) -> None:
        """Read what is kept in `partial`, and add to it every so many seconds."""
        self._partial = partial
        self._every = every
        self._known: dict[str, dict[str, np.ndarray]] = {}
        """By step, what it was `asked` and, by place, what it gave."""
        self._fresh: dict[str, np.ndarray] = {}
        self._count = 0
        self._saved = time.monotonic()
        if partial is not None:
            self._read(partial)

    def _read(self, partial: Partial) -> None:
        for name in sorted(partial.units()):
            for key, array in (partial.load_arrays(name) or {}).items():
                step, part = key.split(".")
                self._known.setdefault(step, {})[part] = array

    def remembering(self, step: Step) -> Step:
        """The same step, but it is not done again for the rows for which it was done before."""

        def remembered(rows: Tensor) -> tuple[Tensor, ...]:
            name, asked = f"{self._count:08d}", _checksum(rows)
            self._count += 1
            gave = self._recall(name, asked)
            if gave is None:
                # From here on it is another path than the one that is kept.
                self._known.clear()
                gave = step(rows)
                self._keep(name, asked, gave)
            return gave

        return remembered

    def _recall(self, name: str, asked: int) -> tuple[Tensor, ...] | None:
        known = self._known.pop(name, None)
        if known is None or int(known.pop("asked")) != asked:
            return None
        return tuple(torch.from_numpy(known[part]) for part in sorted(known, key=int))

    def _keep(self, name: str, asked: int, gave: tuple[Tensor, ...]) -> None:
        if self._partial is None:
            return
        self._fresh[f"{name}.asked"] = np.array(asked)
        self._fresh |= {f"{name}.{part}": one.numpy() for part, one in enumerate(gave)}
        if time.monotonic() - self._saved >= self._every:
            self._save()

    def _save(self) -> None:
        if self._partial is not None and self._fresh:
            self._partial.save_arrays(f"steps-{min(self._fresh)[:8]}", self._fresh)
        self._fresh, self._saved = {}, time.monotonic()

    def __enter__(self) -> "Steps":
        """Begin to count."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, _: BaseException | None, __: TracebackType | None
    ) -> None:
        """Keep what was done, unless the search has ended and needs it no more."""
        if kind is not None:
            self._save()


def _checksum(rows: Tensor) -> int:
    return zlib.crc32(np.ascontiguousarray(rows.detach().cpu().float().numpy()).tobytes())
