"""What stored runs measured of a set of vectors, each figure beside its yardstick.

Knows nothing of cards and files.
"""

from typing import NamedTuple

from engine.errors import StoreError
from engine.records import steered
from engine.records.records import EvaluationHead, VectorSet
from engine.statistics.across.best import Best
from engine.store.library import figures
from engine.store.store import Store

MOST_RUNS = 5
"""Of one set, the newest."""


class Figure(NamedTuple):
    """The strongest vector of a set in one run."""

    run: str
    questions: str
    behaviour: str
    unit: str
    """Of effects: logits, or nats a token."""
    strength: str
    """Where the effect was measured, and what it is a multiple of."""
    model: str
    """That was steered, where it is not the one that the set was found on."""
    best: Best
    kl: float | None
    """Nats, from the unsteered model, over neutral prompts."""


def of_set(store: Store, found: VectorSet) -> list[Figure]:
    """The strongest vector in each run that measured exactly these vectors, the newest first.

    Runs that are not over, are damaged, or measured other numbers under this digest are left out.

    Args:
        store: Whose runs count.
        found: The set.
    """
    told: list[Figure] = []
    for info in store.list():
        if info.kind == "evaluation" and len(told) < MOST_RUNS:
            try:
                told += _of_run(store, info.digest, found)
            except StoreError:
                continue
    return told


def _of_run(store: Store, run: str, found: VectorSet) -> list[Figure]:
    head = store.load_head(run)[1]
    named = head.vector_names.get(found.digest, {})
    if head.unfinished or named.get("content") != found.content:
        return []
    line = figures.read(store, store.find(run)).get(found.digest)
    if line is None or line.best is None:
        return []
    how = steered.of_config(head.config)
    strength = f"{how.at(line.best.scale)} {how.unit}"
    if how.short:
        strength = f"{strength}; {how.short}"
    asked, model = head.questions, _other_model(head, found)
    return [
        Figure(run, asked.name, asked.behaviour, line.unit, strength, model, line.best, line.kl)
    ]


def _other_model(head: EvaluationHead, found: VectorSet) -> str:
    told = ("fingerprint", "adapter_fingerprint")
    if all(head.model.get(name) == found.model.get(name) for name in told):
        return ""
    beside = " with an adapter" if head.model.get("adapter") else ""
    return f"{head.model.get('short_name')}{beside}"
