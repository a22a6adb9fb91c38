"""The links from a stored study to the vectors that it chose. Knows nothing of its words."""

from collections.abc import Iterator
from typing import Any

import streamlit as st

from dashboard.session import resources, vector_links
from engine.errors import EngineError

MOST = 6
FAMILIES = ("contrastive", "fine-tune difference")
"""As arms of the deception study name the sets that come first in its record."""


def draw(record: dict[str, Any]) -> None:
    """A link to each vector that the study chose and that is stored; nothing without any."""
    found = [one for one in dict.fromkeys(chosen(record)) if _is_here(*one)][:MOST]
    if not found:
        return
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.caption("Vectors that it chose:", width="content")
        for digest, index in found:
            vector_links.link(f"{digest}:{index}", f"{_method(digest)}_{index:02d}@{digest[:4]}")


def chosen(record: dict[str, Any]) -> Iterator[tuple[str, int]]:
    """Set and index of the vectors that a study chose, in the order of its tables."""
    sets = list(record.get("vectors") or ())
    if record["name"] == "deception":
        for row in record["tables"]["arms"]:
            family = next((i for i, name in enumerate(FAMILIES) if name in row["arm"]), None)
            if row.get("index") is not None and family is not None and family < len(sets):
                yield sets[family], int(row["index"])
    elif record["name"] == "sentiment" and sets:
        yield sets[0], int(record["chosen"]["index"])
    elif record["name"] == "operators":
        for one in record["config"]["vectors"]:
            yield from ((one["digest"], int(index)) for index in one["indices"] or (0,))
    elif record["name"] == "corrigibility":
        for table in record["tables"]:
            for row in table["best"][:3]:
                yield str(row["vector_set"]), int(row["vector"])


def _is_here(digest: str, index: int) -> bool:
    info = _info(digest)
    try:
        return info is not None and index < len(resources.header(digest, info.path)["sites"])
    except EngineError:
        return False


def _method(digest: str) -> str:
    info = _info(digest)
    return "" if info is None else str(info.method)


def _info(digest: str) -> Any:
    return next((one for one in resources.records("vectors") if one.digest == digest), None)
