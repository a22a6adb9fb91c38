"""Stored records of words: those that read a vector, and what they say in a word. Draws nothing."""

from typing import Any, NamedTuple

from dashboard.frames import vector_words as frames
from dashboard.frames.vector_words import Key
from dashboard.session import pinned, resources, vector_links
from engine.configs.reads.words import WordsConfig
from engine.records.records import RecordInfo, VectorSet
from engine.statistics.reads import words_said as said

UNKNOWN = "not read"
TOP = 3
"""Words of a column."""


def stored() -> list[RecordInfo]:
    """Records of words, newest first."""
    return resources.experiments(WordsConfig.method)


def of_set(digest: str, model: str) -> list[RecordInfo]:
    """Those of a model that read vectors of a set, newest first.

    Args:
        digest: Of the set.
        model: Short name.
    """
    return [
        info
        for info in stored()
        if info.model == model and digest in resources.header(info.digest, info.path)["vectors"]
    ]


def of_vector(key: Key, model: str) -> list[dict[str, Any]]:
    """The newest record of each state of a model, with adapter and without, that read a vector."""
    found: dict[str | None, dict[str, Any]] = {}
    for info in of_set(key[0], model):
        record = resources.study(info.digest)
        if frames.place(record, key) is not None:
            found.setdefault(record["model"].get("adapter"), record)
    return sorted(found.values(), key=lambda record: record["model"].get("adapter") is not None)


class Says(NamedTuple):
    """What the vectors of a set say."""

    about: str
    told: list[str]
    """One a vector."""


def of_each(found: VectorSet) -> Says:
    """The words that every vector of a set promotes most, by its measured effect."""
    about = f"Words that the vector promotes most at the next token, by {said.READINGS['effect']}. "
    records = [
        resources.study(info.digest)
        for info in of_set(found.digest, str(found.model["short_name"]))
    ]
    told = [_told(records, (found.digest, index)) for index in range(len(found.vectors))]
    if not records:
        return Says(f"{about}Nothing is read yet: press Read words, below.", told)
    return Says(about + said.star_rule(records[0]["config"]["random"]), told)


def in_short(reference: str) -> str:
    """The words that a vector promotes most; "" where it is not here or not read."""
    one = pinned.known(reference)
    if one is None:
        return ""
    key = one.digest, one.index
    records = of_vector(key, str(resources.vector_set(one.digest).model["short_name"]))
    return _told(records, key) if records else ""


def on_card(key: Key, model: str) -> str:
    """A line of words under a picture; "" where the vector is not read."""
    records = of_vector(key, model)
    if not records:
        return ""
    at = frames.place(records[0], key)
    return "" if at is None else frames.on_card(records[0], at)


def _told(records: list[dict[str, Any]], key: Key) -> str:
    for record in records:
        at = frames.place(record, key)
        if at is not None:
            return said.in_short(record, at, TOP)
    return UNKNOWN


def place(info: RecordInfo) -> tuple[str, dict[str, str]]:
    """The page and link that show a record: its first vector."""
    first = resources.study(info.digest)["tables"]["vectors"][0]
    reference = f"{first['vector_set']}:{first['vector']}"
    return vector_links.PAGE, {vector_links.PARAMETER: reference}
