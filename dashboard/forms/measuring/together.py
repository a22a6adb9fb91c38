"""What one evaluation measures: a set or a vector of it, and any further ones beside it.

Knows nothing of how they are measured.
"""

from collections.abc import Iterable

import streamlit as st

from dashboard.forms import configurations
from dashboard.frames import cosines
from dashboard.session import naming, resources
from engine.configs.core import ModelConfig, VectorRef

KEY = "ab_more"
ABOUT = (
    "Further sets and single vectors of any method: one run asks all of them the same questions, "
    "beside the same random vectors."
)


def picker(model: ModelConfig, first: VectorRef) -> tuple[VectorRef, ...]:
    """The first with all that the reader adds."""
    stored = naming.offered(resources.own_first(resources.records("vectors")), KEY)
    sets = {
        info.digest: naming.line(info)
        for info in resources.fitting(stored, model)
        if not _is_null(info.digest, info.path)
    }
    vectors = {one.reference: one.words for one in configurations.choices(model).values()}
    words = sets | vectors
    before = st.session_state.get(KEY, [])
    if gone := [one for one in before if one not in words]:
        st.session_state[KEY] = [one for one in before if one not in gone]
    chosen = st.multiselect(
        "Together with",
        list(words),
        format_func=lambda one: words.get(one, one),
        key=KEY,
        persist_state="session",
        placeholder="further sets and vectors",
        help=ABOUT,
    )
    return merged(first, chosen)


def merged(first: VectorRef, further: Iterable[str]) -> tuple[VectorRef, ...]:
    """One reference for each set, by digest: a set that is asked for as a whole is asked whole.

    Args:
        first: A set, or vectors of it.
        further: Digests of sets, and vectors as DIGEST:INDEX.
    """
    asked: dict[str, set[int] | None] = {
        first.digest: None if first.indices is None else set(first.indices)
    }
    for one in further:
        digest, _, index = one.partition(":")
        known = asked.get(digest, set())
        asked[digest] = None if not index or known is None else {*known, int(index)}
    return tuple(
        VectorRef(digest=digest, indices=None if rows is None else tuple(sorted(rows)))
        for digest, rows in sorted(asked.items())
    )


def _is_null(digest: str, path: str) -> bool:
    return cosines.is_null(resources.header(digest, path).get("config") or {})
