"""The part of the studies page on a behaviour of two poles: its cell, its pairs, its texts."""

from typing import Any

import pandas as pd
import streamlit as st

from dashboard.charts import behaviours as charts
from dashboard.frames import behaviours as frames
from dashboard.widgets import widgets
from dashboard.words import captions

TEXTS = (
    "Share of the judged texts, with Wilson's 95 % interval. Grey: 95 % of random vectors of the "
    "same norm at the same block. Whether people agree with a judge is not measured here."
)
NO_TEXTS = "Nobody judged the texts, so their shares are absent: name a judge and run again."
CHOSE = "On the pairs that the framed cell was chosen on; the report uses others."
SHARE = st.column_config.NumberColumn(format="percent")
FIGURE = st.column_config.NumberColumn(format="%.3f")
FLOOR = st.column_config.NumberColumn(
    format="%.3f", help="The smallest p that this many random vectors allow."
)


def draw(record: dict[str, Any]) -> None:
    """The cell that was chosen, what it does to likelihoods, and what is written with it."""
    for note in record.get("notes", ()):
        st.warning(captions.plain(note), icon=":material/warning:")
    left, right = st.columns(2, gap="large")
    with left:
        _texts(record)
    with right:
        _likelihood(record)
    _ways_on(record)
    left, right = st.columns(2, gap="large")
    with left:
        _choice(record)
    with right:
        _fluency(record)


def _texts(record: dict[str, Any]) -> None:
    st.header(f"Texts at block {record['chosen']['block']}")
    rows, positive = record["tables"]["texts"], record["config"]["positive"]
    if not rows:
        st.info(NO_TEXTS, icon=":material/block:")
        return
    drawing = charts.texts(rows, positive, widgets.inks())
    widgets.chart(drawing, f"Share of texts judged {positive}, by scale", "texts")
    st.caption(TEXTS)
    st.dataframe(
        frames.texts(record),
        hide_index=True,
        column_config={positive: SHARE, "p": FIGURE, "smallest p": FLOOR},
        alt="Share of texts with one pole by judge and scale, beside random vectors",
    )
    widgets.download(pd.DataFrame(rows), "study_texts")


def _likelihood(record: dict[str, Any]) -> None:
    st.header("On pairs that had no part in the choice")
    st.dataframe(
        frames.likelihood(record),
        hide_index=True,
        column_config={"likelier": SHARE, "p": FIGURE, "smallest p": FLOOR},
        alt="Change of the likelihood of both poles' answers, beside random vectors",
    )
    st.caption(captions.plain(frames.told_of_likelihood(record)))
    widgets.download(pd.DataFrame(record["tables"]["likelihood"]), "study_likelihood")


def _ways_on(record: dict[str, Any]) -> None:
    """Links to the texts, the curves and the vectors beneath."""
    with st.container(horizontal=True):
        for grid in record["generations"][-1:]:
            widgets.go_button(
                "Read the texts", "generations", "to_texts", ":material/forum:", gen=grid
            )
        for place, label in ((-1, "Open the curves"), (0, "Curves of the choice")):
            run = record["evaluations"][place]
            widgets.go_button(
                label, "curves", f"to_curves_{place}", ":material/ssid_chart:", run=run
            )


def _choice(record: dict[str, Any]) -> None:
    st.header("Where steering works")
    rows = record["tables"]["choice"]
    drawing = charts.choice(rows, record["chosen"], widgets.inks())
    widgets.chart(drawing, "Distance of both poles' answers, by block and scale", "choice")
    st.caption(f"{captions.plain(frames.told_of_choice(record))} {CHOSE}")
    widgets.download(pd.DataFrame(rows).drop(columns="index"), "study_choice")


def _fluency(record: dict[str, Any]) -> None:
    st.header("Do the texts hold together?")
    columns = {"broken": SHARE, "random": SHARE}
    st.dataframe(
        frames.fluency(record),
        hide_index=True,
        column_config=columns | dict.fromkeys(("KL", "worst random KL"), FIGURE),
        alt="Broken texts, log-probability and side effects by scale",
    )
    st.caption(captions.plain(frames.told_of_fluency(record)))
    widgets.download(pd.DataFrame(record["tables"]["fluency"]), "study_fluency")
