"""The records of the demo model that the repository ships, found by what they are.

A remake renames nothing here, and records of other models are passed over.
Each is looked for once in a process, as no test changes what is shipped.
"""

import functools
from pathlib import Path

from engine.records.records import RecordInfo
from engine.store.store import Store

ROOT = Path(__file__).resolve().parents[1]


@functools.cache
def digest(method: str) -> str:
    """Of the one set of vectors, or the one study, of a method."""
    return _only([one for one in _records(Store(ROOT)) if one.method == method], method)


@functools.cache
def sweep(questions: str) -> str:
    """Digest of the one sweep over a set of questions."""
    store = Store(ROOT)
    sweeps = [one for one in _records(store) if one.kind == "evaluation"]
    asked = [one for one in sweeps if store.load_evaluation(one.digest).questions.name == questions]
    return _only(asked, questions)


@functools.cache
def texts() -> str:
    """Digest of the grid of texts that was made first."""
    grids = [one for one in _records(Store(ROOT)) if one.kind == "generation"]
    return min(grids, key=lambda one: one.created).digest


def _records(store: Store) -> list[RecordInfo]:
    return [one for one in store.list() if one.model == "demo"]


def _only(found: list, name: str) -> str:
    assert len(found) == 1, f"{len(found)} shipped records of {name}"
    return found[0].digest
