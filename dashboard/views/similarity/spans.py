"""How much of each vector of one set lies in the span of another: linear part and residual."""

from typing import Any

import streamlit as st

from dashboard.cards import similarity as similarity_cards
from dashboard.charts import heatmaps
from dashboard.session import navigation, resources, state
from dashboard.views.similarity import pairs
from dashboard.widgets import widgets
from dashboard.words import captions
from dashboard.words.inks import method_colour
from engine.records.records import RecordInfo, VectorSet
from engine.statistics.similarity import span_shares

MEANING = (
    "With power-iteration vectors as the space, the share inside is the linear part of a vector: "
    "what the Jacobian's top directions explain. What is left outside is not linear, or belongs to "
    "directions that were not kept. Many vectors span much by chance: compare with the grey band."
)


def draw(sets: list[RecordInfo]) -> None:
    """Pick a set and a space, and see each vector's share, with the band of random directions."""
    found, space, shared = _pickers(sets)
    frame = span_shares(found, space)
    frame["name"] = [f"{captions.method(found.method)} {i}" for i in frame["vector"]]
    high = float(frame["random_high"].iloc[0])
    beyond = int((frame["share"] > high).sum())
    told = (
        f"{beyond} of {len(frame)} lie more inside than 97.5 % of random directions "
        f"({high:.0%}, grey). {MEANING}"
    )
    st.caption(told)
    link = navigation.link("similarity", mode="span", part=found.digest, space=space.digest)
    with shared:
        widgets.share_card(
            link,
            lambda: similarity_cards.span(found, space, frame, told, link),
            f"span_{found.digest}_{space.digest}",
        )
    colour = method_colour(found.method)
    words = f"Share of each vector inside the span of {captions.method(space.method)}"
    widgets.chart(heatmaps.shares(frame, colour, widgets.inks()), words, "span_bars")
    with st.expander("Norms of both parts", icon=":material/table:"):
        shown = frame[["name", "block", "share", "linear", "residual"]]
        st.dataframe(shown, hide_index=True, alt="Share, and norm inside and outside, by vector")
    widgets.download(frame, f"span_{found.digest}_{space.digest}")


def _pickers(sets: list[RecordInfo]) -> tuple[VectorSet, VectorSet, Any]:
    """The set that is taken apart and the one that spans the space, and room to share them.

    MELBO and its power iteration at first.
    """
    digests = [info.digest for info in sets]
    first, second = pairs.usual_pair(sets, "melbo", "power-iteration")
    with st.container(horizontal=True, vertical_alignment="bottom"):
        chosen = []
        for key, label, usual in (("part", "Vectors", first), ("space", "Space", second)):
            state.resolve(key, digests)
            state.warn_missing(key, "the vector set", digests)
            st.session_state.setdefault(key, usual.digest)
            chosen.append(widgets.record_picker(label, key, sets, is_noted=False))
        shared = st.container(width="content")
    return resources.vector_set(chosen[0]), resources.vector_set(chosen[1]), shared
