"""Studies, searches and readings that name the vector's set, each with its link.

Knows nothing of what they found.
"""

import streamlit as st

from dashboard.session import navigation, resources
from dashboard.views.vector import effects
from dashboard.views.vector.subject import Subject
from dashboard.words import captions
from engine.records.records import RecordInfo

MOST = 24


def draw(one: Subject) -> None:
    """Every sweep that measured the vector, then all else that names its set."""
    effects.table(one)
    found = naming(one.info.digest)
    st.markdown("**Studies, searches and readings that name its set**")
    if not found:
        st.caption("None yet.")
        return
    for info in found[:MOST]:
        st.page_link(
            navigation.page("library"),
            label=captions.plain(
                f"{captions.method(info.method)} \u00b7 {info.summary} \u00b7 {info.digest[:4]}"
            ),
            icon=":material/inventory_2:",
            query_params={"record": info.digest},
        )
    if len(found) > MOST:
        st.caption(f"\u2026 and {len(found) - MOST} more on Library.")


def naming(digest: str) -> list[RecordInfo]:
    """Records of studies and their like that name a set of vectors, newest first.

    Args:
        digest: Of the set.
    """
    return [
        info
        for info in resources.records("experiment")
        if digest in (resources.header(info.digest, info.path).get("vectors") or ())
    ]
