"""Charts of a behaviour's study: where vectors move answers apart, and what texts say by scale."""

from collections.abc import Mapping, Sequence
from typing import Any

import altair as alt
import pandas as pd

from dashboard.charts.one_vector import Drawing
from dashboard.words.inks import Inks

UNSOUND = "\u2715"
"""On cells where answers lose more likelihood than the study allows."""


def choice(rows: Sequence[dict[str, Any]], chosen: Mapping[str, Any], inks: Inks) -> Drawing:
    """How far every vector moves both poles' answers apart, by block and scale.

    Args:
        rows: Of the table `choice`.
        chosen: Block and scale that were reported.
        inks: Of the theme.
    """
    frame = pd.DataFrame(rows)
    plain: dict[str, Any] = {"ticks": False, "domain": False, "labelAngle": 0}
    base = alt.Chart(frame).encode(
        x=alt.X("block:O", title="block", axis=alt.Axis(**plain)),
        y=alt.Y("scale:O", sort="descending", title="\u00b1 scale", axis=alt.Axis(**plain)),
        tooltip=[
            "block:O",
            "scale:O",
            alt.Tooltip("swing:Q", title="moved apart", format="+.3f"),
            alt.Tooltip("change_up:Q", title="change at +", format="+.3f"),
            alt.Tooltip("change_down:Q", title="change at \u2212", format="+.3f"),
            alt.Tooltip("loss:Q", title="loss", format="+.3f"),
        ],
    )
    largest = max((abs(row["swing"]) for row in rows if row["swing"] is not None), default=1.0)
    colour = alt.Color(
        "swing:Q",
        scale=alt.Scale(domain=[-largest, 0, largest], range=[inks.second, inks.middle, inks.line]),
        legend=alt.Legend(title="moved apart", format="+.2f", tickCount=3),
    )
    tiles = base.mark_rect(stroke=inks.page, strokeWidth=0.5).encode(color=colour)
    crosses = (
        base.transform_filter("!datum.is_sound")
        .mark_text(color=inks.ink, fontSize=11)
        .encode(text=alt.value(UNSOUND))
    )
    is_chosen = (alt.datum.block == chosen["block"]) & (alt.datum.scale == chosen["scale"])
    outline = base.transform_filter(is_chosen).mark_rect(
        fillOpacity=0, stroke=inks.ink, strokeWidth=2.5
    )
    count = frame["scale"].nunique()
    return alt.layer(tiles, crosses, outline).properties(height=26 * count + 60)


def texts(rows: Sequence[dict[str, Any]], pole: str, inks: Inks) -> Drawing:
    """Share of texts with one pole by scale, a line for each judge, beside random vectors.

    Args:
        rows: Of the table `texts`; those of the difference between two scales are left out.
        pole: Whose share.
        inks: Of the theme.
    """
    frame = pd.DataFrame([row for row in rows if row["at"] != "swing"])
    names = list(dict.fromkeys(frame["judge"]))
    x = alt.X("scale:Q", title="scale", axis=alt.Axis(grid=False))
    colour = alt.Color(
        "judge:N",
        scale=alt.Scale(domain=names, range=[inks.line, inks.second][: len(names)]),
        legend=alt.Legend(title="judge", orient="top"),
    )
    axis = alt.Axis(format="%", tickCount=5)
    told = [
        alt.Tooltip("judge:N"),
        alt.Tooltip("scale:Q", format="+g"),
        alt.Tooltip("share:Q", format=".0%"),
        alt.Tooltip("low:Q", title="95 % from", format=".0%"),
        alt.Tooltip("high:Q", title="to", format=".0%"),
        alt.Tooltip("random_low:Q", title="random from", format=".0%"),
        alt.Tooltip("random_high:Q", title="to", format=".0%"),
        alt.Tooltip("judged:Q"),
        alt.Tooltip("texts:Q"),
    ]
    base = alt.Chart(frame.dropna(subset=["share"])).encode(x=x, color=colour, tooltip=told)
    y = alt.Y("share:Q", title=f"texts judged {pole}", scale=alt.Scale(domain=[0, 1]), axis=axis)
    random = (
        alt.Chart(frame.dropna(subset=["random_low"]))
        .mark_rule(color=inks.band, opacity=0.55, strokeWidth=18)
        .encode(x=x, y=alt.Y("random_low:Q"), y2="random_high:Q", tooltip=told)
    )
    return alt.layer(
        random,
        base.mark_rule(strokeWidth=1.5).encode(y=alt.Y("low:Q"), y2="high:Q"),
        base.mark_line(point=alt.OverlayMarkDef(size=45)).encode(y=y),
    ).properties(height=300)
