"""Stored probes: those that read a vector, and what they say in a word. Draws nothing."""

from typing import Any, NamedTuple

from dashboard.frames import probes
from dashboard.frames.probes import Key
from dashboard.session import resources, vector_links
from engine.configs.reads.probes import ProbeConfig
from engine.records.records import RecordInfo, VectorSet
from engine.statistics.reads import probe_words as words

UNKNOWN = "not probed"


def stored() -> list[RecordInfo]:
    """Probes, newest first."""
    return resources.experiments(ProbeConfig.method)


def of_set(digest: str, model: str) -> list[dict[str, Any]]:
    """Probes of a model that read vectors of a set, newest first.

    Args:
        digest: Of the set.
        model: Short name.
    """
    return [
        resources.study(info.digest)
        for info in stored()
        if info.model == model and digest in resources.header(info.digest, info.path)["vectors"]
    ]


def of_vector(key: Key, model: str) -> dict[str, Any] | None:
    """The newest probe of a model that read a vector; None without one."""
    return next((one for one in of_set(key[0], model) if probes.holds(one, key)), None)


class Reads(NamedTuple):
    """What the vectors of a set read."""

    about: str
    told: list[str]
    """One a vector."""


def of_each(found: VectorSet) -> Reads:
    """AUROC of every vector of a set at its own block, beside the best random direction's."""
    records = of_set(found.digest, str(found.model["short_name"]))
    told = []
    for index in range(len(found.vectors)):
        key = found.digest, index
        record = next((one for one in records if probes.holds(one, key)), None)
        told.append(UNKNOWN if record is None else probes.told(record, key))
    about = "AUROC between two classes of states, beside the best of the random directions. "
    if not records:
        return Reads(f"{about}Nothing is probed yet: press Probe, below.", told)
    first = records[0]
    what = words.TITLES[probes.classes(first)[0]]
    pairs = f"{first['pairs']['test']} held-out pairs of {first['pairs']['name']}"
    return Reads(f"{about}{what.capitalize()}, {pairs}. \u2605 is beyond these.", told)


class Metric(NamedTuple):
    """What one vector reads at its own block, as a card tells it."""

    auroc: float
    block: int
    verdict: str
    about: str


def metric(key: Key, model: str) -> Metric | None:
    """The figure of a card; None where the vector is not probed."""
    record = of_vector(key, model)
    row = None if record is None else probes.main(record, key)
    if record is None or row is None:
        return None
    said = words.verdict(record, row)
    return Metric(row["auroc"], row["block"], words.badge(row), said)


def place(info: RecordInfo) -> tuple[str, dict[str, str]] | None:
    """The page and link that show a probe: its first vector; None where it read a fit alone."""
    rows = resources.study(info.digest)["tables"]["rows"]
    own = next((row for row in rows if row["vector_set"] != words.FIT), None)
    if own is None:
        return None
    return vector_links.PAGE, {
        vector_links.PARAMETER: f"{own['vector_set']}:{own['vector']}",
        vector_links.SECTION: "Reads",
    }
