"""How much of each vector of one set lies in the span of another: linear part and residual."""

import altair as alt
import pandas as pd
import streamlit as st

from dashboard import captions, looks, navigation, resources, similarity, state, widgets
from dashboard.charts import Drawing
from dashboard.looks import Look
from engine.records import RecordInfo, VectorSet
from engine.similarity import span_shares

MEANING = (
    "With power-iteration vectors as the space, the share inside is the linear part of a vector: "
    "what the Jacobian's top directions explain. What is left outside is not linear, or belongs to "
    "directions that were not kept. Many vectors span much by chance: compare with the grey band."
)


def draw(sets: list[RecordInfo]) -> None:
    """Pick a set and a space, and see each vector's share, with the band of random directions."""
    found, space = _pickers(sets)
    frame = span_shares(found, space)
    frame["name"] = [f"{captions.method(found.method)} {i}" for i in frame["vector"]]
    high = float(frame["random_high"].iloc[0])
    beyond = int((frame["share"] > high).sum())
    st.caption(
        f"{beyond} of {len(frame)} lie more inside than 97.5 % of random directions "
        f"({high:.0%}, grey). {MEANING}"
    )
    colour = looks.method_colour(found.method)
    words = f"Share of each vector inside the span of {captions.method(space.method)}"
    widgets.chart(_bars(frame, colour, widgets.look()), words, "span_bars")
    with st.expander("Norms of both parts", icon=":material/table:"):
        shown = frame[["name", "block", "share", "linear", "residual"]]
        st.dataframe(shown, hide_index=True, alt="Share, and norm inside and outside, by vector")
    widgets.download(frame, f"span_{found.digest}_{space.digest}")


def _pickers(sets: list[RecordInfo]) -> tuple[VectorSet, VectorSet]:
    """The set that is taken apart and the one that spans the space; MELBO and its PI at first."""
    digests = [info.digest for info in sets]
    first, second = similarity.usual_pair(sets, "melbo", "power-iteration")
    with st.container(horizontal=True, vertical_alignment="bottom"):
        chosen = []
        for key, label, usual in (("part", "Vectors", first), ("space", "Space", second)):
            state.resolve(key, digests)
            state.warn_missing(key, "the vector set", digests)
            st.session_state.setdefault(key, usual.digest)
            chosen.append(widgets.record_picker(label, key, sets))
        widgets.share(navigation.link("similarity", mode="span", part=chosen[0], space=chosen[1]))
    return resources.vector_set(chosen[0]), resources.vector_set(chosen[1])


def _bars(frame: pd.DataFrame, colour: str, look: Look) -> Drawing:
    bars = (
        alt.Chart(frame)
        .mark_bar(color=colour, height={"band": 0.75})
        .encode(
            x=alt.X(
                "share:Q",
                title="share inside the span",
                scale=alt.Scale(domain=[0, 1]),
                axis=alt.Axis(format="%"),
            ),
            y=alt.Y(
                "name:N",
                sort=list(frame["name"]),
                title=None,
                axis=alt.Axis(labelOverlap=False, labelFlush=False, ticks=False, labelLimit=180),
            ),
            tooltip=[
                alt.Tooltip("name:N", title="vector"),
                alt.Tooltip("share:Q", title="inside", format=".1%"),
                alt.Tooltip("linear:Q", title="norm inside", format=".3g"),
                alt.Tooltip("residual:Q", title="norm outside", format=".3g"),
                alt.Tooltip("random:Q", title="a random direction, on average", format=".1%"),
            ],
        )
    )
    edge = frame[["random_high"]].head(1).assign(low=0.0)
    band = (
        alt.Chart(edge)
        .mark_rect(color=look.band, opacity=0.3)
        .encode(x="low:Q", x2="random_high:Q")
    )
    return alt.layer(band, bars).properties(height=18 * len(frame) + 50)
