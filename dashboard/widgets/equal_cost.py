"""Stored comparisons at equal cost: the links that open them, and the one that holds a vector.

Draws nothing.
"""

from collections.abc import Iterator
from typing import Any

from dashboard.frames.operations import Key
from dashboard.frames.sweep import Sweep
from dashboard.session import navigation, resources
from engine.configs.budgets.equal_cost import EqualCostConfig
from engine.records import readings
from engine.records.records import RecordInfo

KIND, PARAMETER, VECTOR = "cost", "cost", "cost_vector"
"""Of the link: the kind of sweep, the record, the vector's name."""


def stored() -> list[RecordInfo]:
    """Comparisons at equal cost, newest first."""
    return [
        info for info in resources.records("experiment") if info.method == EqualCostConfig.method
    ]


def link(digest: str, vector: str | None = None) -> str:
    """The address of a comparison, at one of its vectors."""
    given = {PARAMETER: digest, VECTOR: vector}
    return navigation.link("curves", sweeps=KIND, **given)


def of_set(digest: str, model: str, sweep: Sweep | None) -> list[dict[str, Any]]:
    """Comparisons that hold vectors of a set, the one to show first.

    Those that asked what a sweep asked, as it asked it, come before others; then the newest.

    Args:
        digest: Of the set.
        model: Short name of the model that was steered.
        sweep: Beside whose figures it is to stand, if any.
    """
    found = list(_holding(digest, model))
    return sorted(found, key=lambda record: not asks_as(record, sweep))


def of_vector(key: Key, model: str, sweep: Sweep | None) -> dict[str, Any] | None:
    """The comparison to show of a vector; None where it was not measured."""
    for record in of_set(key[0], model, sweep):
        cells = record["tables"]["cells"]
        if any((row["vector_set"], int(row["vector"])) == key for row in cells):
            return record
    return None


def asks_as(record: dict[str, Any], sweep: Sweep | None) -> bool:
    """Whether a comparison asked the questions of a sweep, and read answers alike."""
    if sweep is None:
        return True
    asked = sweep.evaluation.questions
    same = (asked.sha256, sweep.behaviour, sweep.reading)
    told = record["questions"]
    return same == (told["sha256"], told["behaviour"], readings.of_config(record["sweep"]))


def _holding(digest: str, model: str) -> Iterator[dict[str, Any]]:
    for info in stored():
        if info.model == model and digest in resources.header(info.digest, info.path)["vectors"]:
            yield resources.study(info.digest)
