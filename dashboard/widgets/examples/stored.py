"""Stored examples: those that show a vector, and its row in them. Draws nothing."""

from collections.abc import Mapping
from typing import Any

from dashboard.session import resources, vector_links
from engine.configs.reads.examples import ExamplesConfig
from engine.records.records import RecordInfo

Key = tuple[str, int]
"""A vector: digest of its set and index."""
LINK = "examples"
"""Of a link: which record is looked at, where several show a vector."""


def stored() -> list[RecordInfo]:
    """Records of examples, newest first."""
    return resources.experiments(ExamplesConfig.method)


def of_vector(key: Key, model: str) -> list[dict[str, Any]]:
    """Those of a model that show a vector, newest first."""
    found = [
        resources.study(info.digest)
        for info in stored()
        if info.model == model
        and key[0] in resources.header(info.digest, info.path).get("vectors", ())
    ]
    return [record for record in found if row(record, key) is not None]


def row(record: Mapping[str, Any], key: Key) -> dict[str, Any] | None:
    """The row of a vector; None where it has none."""
    rows = record["tables"]["vectors"]
    return next((one for one in rows if (one["vector_set"], one["vector"]) == key), None)


def place(info: RecordInfo) -> tuple[str, dict[str, str]]:
    """The page and link that show a record: its first vector."""
    first = resources.study(info.digest)["tables"]["vectors"][0]
    reference = f"{first['vector_set']}:{first['vector']}"
    return vector_links.PAGE, {
        vector_links.PARAMETER: reference,
        vector_links.SECTION: "Examples",
        LINK: info.digest,
    }
