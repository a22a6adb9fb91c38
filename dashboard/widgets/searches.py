"""Stored suggestions and blends: the sentences they came to, and the links that use them.

Knows nothing of how they are asked for.
"""

from typing import Any

import streamlit as st

from dashboard.session import models, navigation, pinned, resources, vector_links
from dashboard.words import captions
from engine.configs.core import ModelConfig
from engine.records.records import RecordInfo


def stored(method: str, model: ModelConfig | None = None) -> list[RecordInfo]:
    """Searches of a kind, newest first; of one model, where it is given."""
    found = resources.experiments(method)
    return [info for info in found if model is None or info.model == model.short_name]


def said(record: dict[str, Any]) -> None:
    """What a search came to, its notes, and where to go on with it."""
    first, *more = record["sentences"]
    st.markdown(f"**{captions.plain(first)}**")
    if more:
        st.caption(" ".join(captions.plain(one) for one in more))
    for note in record.get("notes", ()):
        st.caption(captions.plain(note))
    if record["use"] is None:
        return
    with st.container(horizontal=True, gap="medium"):
        st.page_link(
            navigation.page("generations"),
            label="Use it in Generations",
            icon=":material/forum:",
            query_params={"take": record["digest"], **models.parameters()},
        )
        for part in record["use"]["blend"]:
            reference = f"{part['digest']}:{part['index']}"
            known = pinned.known(reference)
            vector_links.link(reference, reference if known is None else known.name)
