"""One token of a strip through all blocks. Knows nothing of models or Streamlit."""

from collections.abc import Sequence

import altair as alt
import pandas as pd

from dashboard.charts.one_vector import Drawing
from dashboard.words import strips as words
from dashboard.words.inks import Inks
from engine.records.strips import Strip

HEIGHT = 190


def over_blocks(strips: Sequence[Strip], token: int, inks: Inks) -> Drawing:
    """Values of one token at every block, with the band of random directions behind them.

    Args:
        strips: Of one text; each is a line.
        token: Its place in the text.
        inks: Of the theme.
    """
    names = [words.title(one) for one in strips]
    frame = pd.DataFrame(
        {"block": block, "vector": name, "value": value}
        for name, one in zip(names, strips, strict=True)
        for block, value in enumerate(one.over_blocks[token])
    )
    bounds = strips[0].bounds_over_blocks[token]
    band = pd.DataFrame(
        {"block": range(len(bounds)), "low": [-one for one in bounds], "high": bounds}
    )
    x = alt.X("block:Q", title="block", axis=alt.Axis(tickMinStep=1, grid=False, format="d"))
    title = "sd of neutral text"
    area = (
        alt.Chart(band)
        .mark_area(color=inks.band, opacity=0.3)
        .encode(x=x, y=alt.Y("low:Q", title=title), y2="high:Q")
    )
    zero = alt.Chart(pd.DataFrame({"y": [0.0]})).mark_rule(color=inks.muted).encode(y="y:Q")
    colours = [inks.line, inks.second][: len(names)] or [inks.line]
    tooltip: list[str | alt.Tooltip] = [
        "vector:N",
        "block:Q",
        alt.Tooltip("value:Q", format="+.2f", title=title),
    ]
    lines = (
        alt.Chart(frame)
        .mark_line(point=alt.OverlayMarkDef(size=22), strokeWidth=1.5)
        .encode(
            x=x,
            y=alt.Y("value:Q", title=title),
            color=alt.Color(
                "vector:N",
                title=None,
                scale=alt.Scale(domain=names, range=colours),
                legend=alt.Legend(orient="top", labelLimit=400) if len(names) > 1 else None,
            ),
            tooltip=tooltip,
        )
    )
    own = pd.DataFrame({"block": [max(one.block, 0) for one in strips], "vector": names})
    rule = alt.Chart(own).mark_rule(color=inks.ink, strokeDash=[3, 3], opacity=0.6).encode(x=x)
    return alt.layer(area, zero, rule, lines).properties(height=HEIGHT)
