"""Whether a vector steers beyond random vectors, as any stored measurement of it says.

Knows nothing of probes. Draws nothing.
"""

from collections.abc import Iterator
from typing import Any, NamedTuple

from dashboard.frames import operations
from dashboard.frames import sweep as sweeps
from dashboard.frames.probes import Key
from dashboard.session import resources
from dashboard.widgets import equal_cost, vector_card
from engine.configs.studies import DeceptionConfig
from engine.errors import EngineError
from engine.statistics.nulls import ALPHA

FAMILIES = ("base + contrastive", "base + fine-tune difference")
"""Arms of a deception study by the place of their set among its sets."""
MOST = 3
"""Sweeps whose figures are worked out, the newest first."""


class Steers(NamedTuple):
    """What measurements of a vector say."""

    beyond: bool | None
    """None where nothing measured it."""
    where: str
    """What says so."""


def of_vector(key: Key, model: str) -> Steers:
    """Whether any stored measurement of a vector has it beyond random vectors."""
    found = list(_measured(key, model))
    if not found:
        return Steers(None, "")
    return next((one for one in found if one.beyond), found[0])


def _measured(key: Key, model: str) -> Iterator[Steers]:
    yield from _in_studies(key)
    record = equal_cost.of_vector(key, model, None)
    best = None if record is None else operations.best(record, key)
    if record is not None and best is not None and best["p"] is not None:
        asked = record["questions"]["name"]
        yield Steers(best["p"] <= ALPHA, f"the comparison at equal cost on {asked}")
    for info in resources.sweeps_of(*key)[:MOST]:
        try:
            sweep = resources.sweep(info.digest)
        except EngineError:
            continue
        row = vector_card.row_of(sweep, sweep.keys.get(key, ""))
        if row is not None:
            asked = resources.asked(info)
            yield Steers(sweeps.verdict(row).startswith("beyond"), f"the sweep of {asked}")


def _in_studies(key: Key) -> Iterator[Steers]:
    for info in resources.records("experiment"):
        if info.method != DeceptionConfig.method:
            continue
        if key[0] in resources.header(info.digest, info.path).get("vectors", ())[: len(FAMILIES)]:
            yield from _in_study(resources.study(info.digest), key)


def _in_study(record: dict[str, Any], key: Key) -> Iterator[Steers]:
    arm = FAMILIES[record["vectors"].index(key[0])]
    for row in record["tables"]["arms"]:
        if row["arm"] == arm and row.get("index") == key[1] and row["p"] is not None:
            yield Steers(row["p"] <= ALPHA, "the deception study")
