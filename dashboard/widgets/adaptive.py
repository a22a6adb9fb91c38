"""Stored adaptive sweeps, and the lines that open them. Draws nothing of what they found."""

import streamlit as st

from dashboard.session import navigation, resources
from dashboard.words import captions
from engine.configs.adaptive import AdaptiveConfig
from engine.records.records import RecordInfo


def stored() -> list[RecordInfo]:
    """Adaptive sweeps, newest first."""
    return resources.experiments(AdaptiveConfig.method)


def link(digest: str) -> str:
    """The address of an adaptive sweep."""
    return navigation.link("curves", sweeps="adaptive", screen=digest)


def links(config: AdaptiveConfig) -> None:
    """Adaptive sweeps of the same vectors, each as a line that opens it."""
    wanted = {ref.digest for ref in config.sweep.vectors}
    for info in stored()[:20]:
        if wanted & set(resources.header(info.digest, info.path)["vectors"]):
            st.page_link(
                navigation.page("curves"),
                label=captions.plain(info.summary),
                icon=":material/trophy:",
                query_params={"sweeps": "adaptive", "screen": info.digest},
            )
