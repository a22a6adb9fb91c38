"""The statistics of a stored evaluation, kept beside it so that a large one opens at once.

They lie in `.readings/` beside the record. A file's name holds the record's digest, and a hash of
the record's footer and of the code that the figures come from: another record or other code finds
no file, and the figures are worked out again. Knows nothing of where records lie.
"""

import functools
import hashlib
import inspect
import json
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from types import ModuleType
from typing import Any

import pandas as pd

from engine.configs.steering import gates, interventions, windows
from engine.errors import StoreError
from engine.maths import intervals
from engine.questions import repeats
from engine.records import columns, measures, records, steered
from engine.records import readings as columns_read
from engine.records.records import Evaluation
from engine.statistics import (
    badges,
    cells,
    content_and_letter,
    doses,
    flags,
    flips,
    held_out,
    nulls,
    power,
    side_effects,
    usable,
    yardsticks,
)
from engine.statistics import (
    whole as readings,
)
from engine.statistics.held_out import Selection
from engine.statistics.power import Spread
from engine.statistics.whole import SweepStatistics
from engine.store import files

FOLDER = ".readings"
LARGE = 50_000
"""Rows from which the figures are worked out when the record is written: a second or more."""
SOURCES: tuple[ModuleType, ...] = (
    badges, side_effects, doses, flags, flips, intervals, repeats, nulls, content_and_letter, power,
    readings, held_out, cells, usable, yardsticks, columns, measures, columns_read, records,
    steered, interventions, gates, windows,
)  # fmt: skip
"""What the figures come from; a test follows the imports of `statistics.whole`."""
TABLES = ("summary", "band", "cells", "vectors", "tests", "part_bands", "yardsticks")
HEX = 16


def of(path: Path, digest: str, load: Callable[[], Evaluation]) -> SweepStatistics:
    """The statistics of a record: the kept ones, or else worked out now and kept.

    Args:
        path: The record's file.
        digest: Its digest.
        load: Reads the whole record; called only if nothing is kept.
    """
    place = _place(path, digest)
    with suppress(*files.UNREADABLE):
        return from_json(json.loads(place.read_text(encoding="utf-8")))
    return keep(path, load())


def keep(path: Path, evaluation: Evaluation) -> SweepStatistics:
    """Work out the statistics of a stored record and put them beside it.

    A disk that refuses costs the next reader a wait, so it is no error.
    """
    found = readings.read(evaluation)
    place = _place(path, evaluation.digest)
    with suppress(StoreError):
        files.write_atomically(place, json.dumps(as_json(found)).encode())
        forget(path, evaluation.digest, but=place)
    return found


def forget(path: Path, digest: str, but: Path | None = None) -> None:
    """Delete what is kept of a record, apart from one file."""
    files.forget_others(path.parent / FOLDER, digest, but)


def as_json(found: SweepStatistics) -> dict[str, Any]:
    """The statistics as plain values; numbers keep every digit."""
    chosen = found.selection
    return {
        **{name: _table(getattr(found, name)) for name in TABLES},
        "selection": [_table(chosen.vectors), _table(chosen.best), chosen.seed],
        "spread": None if found.spread is None else list(found.spread),
        "groups": found.groups,
        "nothing_moved": found.nothing_moved,
        "flags": list(found.flags),
    }


def from_json(plain: dict[str, Any]) -> SweepStatistics:
    """What `as_json` was made from."""
    vectors, best, seed = plain["selection"]
    return SweepStatistics(
        **{name: _frame(plain[name]) for name in TABLES},
        selection=Selection(_frame(vectors), _frame(best), seed),
        spread=None if plain["spread"] is None else Spread(*plain["spread"]),
        groups=plain["groups"],
        nothing_moved=plain["nothing_moved"],
        flags=tuple(plain["flags"]),
    )


def _table(frame: pd.DataFrame) -> dict[str, Any]:
    return {
        "columns": {str(name): frame[name].tolist() for name in frame},
        "types": {str(name): str(frame[name].dtype) for name in frame},
        "index": frame.index.tolist(),
        "attrs": dict(frame.attrs),
    }


def _frame(plain: dict[str, Any]) -> pd.DataFrame:
    columns = {
        name: pd.Series(
            [tuple(value) if isinstance(value, list) else value for value in values],
            dtype=plain["types"][name],
            index=plain["index"],
        )
        for name, values in plain["columns"].items()
    }
    frame = pd.DataFrame(columns, index=plain["index"])
    frame.attrs.update(plain["attrs"])
    return frame


def version(path: Path) -> str:
    """A hash that is another one for another record, or other code."""
    return hashlib.sha256(f"{_code()} {_footer(path)}".encode()).hexdigest()[:HEX]


def _place(path: Path, digest: str) -> Path:
    return path.parent / FOLDER / f"{digest}_{version(path)}.json"


@functools.cache
def _code() -> str:
    whole = hashlib.sha256()
    for module in SOURCES:
        whole.update(inspect.getsource(module).encode())
    return whole.hexdigest()


def _footer(path: Path) -> str:
    """A hash of the footer: the record itself, and smallest and largest values of every column."""
    try:
        with path.open("rb") as file:
            size = file.seek(-8, 2) + 8
            length = int.from_bytes(file.read(4), "little")
            file.seek(-min(size, length + 8), 2)
            return hashlib.sha256(file.read()).hexdigest()
    except OSError as error:
        raise StoreError(f"There is no file {path}.") from error
