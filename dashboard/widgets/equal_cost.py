"""Stored comparisons at equal cost: the links that open them, and the one that holds a vector.

Draws nothing.
"""

from collections.abc import Iterator
from typing import Any, NamedTuple

from dashboard.frames import operations
from dashboard.frames.operations import Key
from dashboard.frames.sweep import Sweep
from dashboard.session import navigation, resources
from engine.configs.budgets.equal_cost import EqualCostConfig
from engine.records import readings
from engine.records.records import RecordInfo, VectorSet

KIND, PARAMETER, VECTOR = "cost", "cost", "cost_vector"
"""Of the link: the kind of sweep, the record, the vector's name."""
UNMEASURED = "not measured"
START = "compare operations at equal cost, below."


def stored() -> list[RecordInfo]:
    """Comparisons at equal cost, newest first."""
    return resources.experiments(EqualCostConfig.method)


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
    return next((one for one in of_set(key[0], model, sweep) if _holds(one, key)), None)


class OfEach(NamedTuple):
    """The largest effect at equal cost of every vector of a set."""

    title: str
    """Names the cost, and the questions where they are not those of the sweep beside it."""
    about: str
    """Says what was asked, or how it comes to be."""
    told: list[str]
    """One a vector: effect, operation and p; or why these are missing."""


def of_each(found: VectorSet, sweep: Sweep | None) -> OfEach:
    """What the newest comparisons say of a set's vectors, all at one cost on the same questions."""
    records = of_set(found.digest, str(found.model["short_name"]), sweep)
    if not records:
        about = f"Largest effect of all operations at one cost. Nothing is measured yet: {START}"
        usual = f"effect at KL {EqualCostConfig.budget:g}"
        return OfEach(usual, about, [UNMEASURED] * len(found.vectors))
    first = records[0]
    alike = [one for one in records if _terms(one) == _terms(first)]
    told = [_told((found.digest, index), alike) for index in range(len(found.vectors))]
    asked, base = first["questions"], first["baseline"]
    about = (
        "Largest effect of all operations, either way round; p allows for that choice. On "
        f"{base['n']:.0f} questions of {asked['name']}, counted: {asked['behaviour']}. "
        f"Where it is not measured: {START}"
    )
    other = "" if asks_as(first, sweep) else f", {asked['name']}"
    return OfEach(f"effect at {operations.budget_words(first)}{other}", about, told)


def _terms(record: dict[str, Any]) -> tuple[Any, ...]:
    """What must be equal for figures to stand in one column."""
    config, asked = record["config"], record["questions"]
    reading = readings.of_config(record["sweep"])
    return config["budget"], config["of"], asked["sha256"], asked["behaviour"], reading


def _told(key: Key, records: list[dict[str, Any]]) -> str:
    held = next((one for one in records if _holds(one, key)), None)
    return UNMEASURED if held is None else operations.told_of_best(held, key)


def _holds(record: dict[str, Any], key: Key) -> bool:
    cells = record["tables"]["cells"]
    return any((row["vector_set"], int(row["vector"])) == key for row in cells)


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
