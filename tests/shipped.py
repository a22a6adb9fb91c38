"""The records that the repository ships, found by what they are: a remake renames nothing."""

from pathlib import Path

from engine.store.store import Store

ROOT = Path(__file__).resolve().parents[1]


def digest(method: str) -> str:
    """Of the one set of vectors, or the one study, of a method."""
    return _only([one for one in Store(ROOT).list() if one.method == method], method)


def sweep(questions: str) -> str:
    """Digest of the one sweep over a set of questions."""
    store = Store(ROOT)
    sweeps = [one for one in store.list() if one.kind == "evaluation"]
    asked = [one for one in sweeps if store.load_evaluation(one.digest).questions.name == questions]
    return _only(asked, questions)


def texts() -> str:
    """Digest of the grid of texts that was made first."""
    grids = [one for one in Store(ROOT).list() if one.kind == "generation"]
    return min(grids, key=lambda one: one.created).digest


def _only(found: list, name: str) -> str:
    assert len(found) == 1, f"{len(found)} shipped records of {name}"
    return found[0].digest
