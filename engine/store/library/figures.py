"""The figures of stored runs for a table of all of them, kept so that a large store opens at once.

A run's statistics are read once; what a line of the table needs of them is kept in
`results/.figures/`, and in memory by the file's times. Other code, or another record, is another
name, so nothing there is ever out of date. Knows nothing of how a table is drawn.
"""

import functools
import hashlib
import inspect
import json
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

from engine.errors import StoreError
from engine.records import readings
from engine.records.records import RecordInfo
from engine.statistics.across import best
from engine.statistics.across.best import Best
from engine.store import files, kept_statistics, vector_rows
from engine.store.scanning import Times, times
from engine.store.store import Store

FOLDER = ".figures"
WHOLE = ""
"""Stands for the run, where its sets stand by their digests."""
NO_VECTOR = "This run measured no vector, or none has a defined change."
NO_KL = "KL was not measured: evaluate with side effects."
NO_KL_THERE = "KL was not measured at this strength."
NO_HALF = "Too few questions for two halves."


class Line(NamedTuple):
    """What a table says of a run, or of one set in it."""

    best: Best | None
    kl: float | None
    """Of the best cell: nats, from the unsteered model, over neutral prompts."""
    unit: str
    """Of the effect: logits, nats per token, or nats."""
    missing: dict[str, str]
    """By figure (effect, p, held_out, kl), the sentence why there is none."""


Lines = dict[str, Line]
"""Of one run: `WHOLE`, and each set that it measured by its digest."""

_known: dict[str, tuple[Times, Lines]] = {}


def known(info: RecordInfo) -> Lines | None:
    """The lines of a stored run, None where they were not read yet. No rows are read.

    Args:
        info: An evaluation.
    """
    path = Path(info.path)
    try:
        stamp = times(path.stat())
    except OSError:
        return None
    held = _known.get(info.path)
    if held is not None and held[0] == stamp:
        return held[1]
    with suppress(*files.UNREADABLE, StoreError):
        found = _from_json(json.loads(_place(path, info.digest).read_text(encoding="utf-8")))
        _known[info.path] = (stamp, found)
        return found
    return None


def read(store: Store, info: RecordInfo) -> Lines:
    """The same, worked out and kept; takes a second or more for a large run.

    Raises:
        StoreError: If the record is damaged.
    """
    path = Path(info.path)
    stamp = times(path.stat())
    statistics = kept_statistics.of(path, info.digest, lambda: store.load_evaluation(path))
    sets = dict.fromkeys(statistics.vectors["vector_set"].astype(str))
    named: dict[str, str | None] = {WHOLE: None, **{digest: digest for digest in sets}}
    unit = readings.of_config(store.load_head(path)[1].config).unit
    found = {name: _line(path, unit, best.of(statistics, own)) for name, own in named.items()}
    with suppress(StoreError):
        place = _place(path, info.digest)
        files.write_atomically(place, json.dumps(_as_json(found)).encode())
        forget(path, info.digest, but=place)
    _known[info.path] = (stamp, found)
    return found


def forget(path: Path, digest: str, but: Path | None = None) -> None:
    """Delete what is kept of a run, apart from one file."""
    files.forget_others(path.parent / FOLDER, digest, but)


def _line(path: Path, unit: str, found: Best | None) -> Line:
    if found is None:
        return Line(None, None, unit, dict.fromkeys(("effect", "p", "held_out", "kl"), NO_VECTOR))
    missing = {}
    kl, why = _kl(path, found)
    if kl is None:
        missing["kl"] = why
    if found.p is None:
        missing["p"] = f"No p: {found.badge}."
    if found.held_out is None:
        missing["held_out"] = NO_HALF
    return Line(found, kl, unit, missing)


def _kl(path: Path, found: Best) -> tuple[float | None, str]:
    """KL of the best cell, or the sentence why there is none."""
    rows = vector_rows.of_vector(path, found.vector_set, found.vector)
    if "kl" not in rows:
        return None, NO_KL
    own = rows[(rows["vector_set"] == found.vector_set) & (rows["scale"] == found.scale)]
    mean = own["kl"].astype(float).mean()
    # What is not a number is not equal to itself.
    return (float(mean), "") if mean == mean else (None, NO_KL_THERE)


def _as_json(found: Lines) -> dict[str, Any]:
    return {
        name: {
            "best": None if line.best is None else line.best._asdict(),
            "kl": line.kl,
            "unit": line.unit,
            "missing": line.missing,
        }
        for name, line in found.items()
    }


def _from_json(plain: dict[str, Any]) -> Lines:
    return {
        name: Line(
            None if one["best"] is None else _best(one["best"]),
            one["kl"],
            one["unit"],
            dict(one["missing"]),
        )
        for name, one in plain.items()
    }


def _best(plain: dict[str, Any]) -> Best:
    lists = {name: tuple(plain[name]) for name in ("scales", "changes")}
    return Best(**{**plain, **lists})


def _place(path: Path, digest: str) -> Path:
    name = f"{_code()} {kept_statistics.version(path)}"
    return path.parent / FOLDER / f"{digest}_{hashlib.sha256(name.encode()).hexdigest()[:16]}.json"


@functools.cache
def _code() -> str:
    """What the lines come from, besides the statistics themselves."""
    whole = inspect.getsource(best) + inspect.getsource(sys.modules[__name__])
    return hashlib.sha256(whole.encode()).hexdigest()
