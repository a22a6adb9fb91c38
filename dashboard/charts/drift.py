"""Every turn of a conversation along a vector, a line a pane, beside random directions.

Knows nothing of models or Streamlit.
"""

from collections.abc import Sequence

import altair as alt
import pandas as pd

from dashboard.charts.one_vector import Drawing
from dashboard.words.inks import PALETTE, Inks
from engine.records.drift import Drift

HEIGHT = 240
BEFORE = 0.32
"""How far a question stands before its answer, in turns."""
ASIDE = 0.07
"""How far panes stand apart, so that their bands can be seen."""
WHO = {"user": "user", "assistant": "answer"}
SIDES = {"answer": ([1, 0], "circle"), "user": ([2, 4], "square")}
"""Dashes of the line and shape of the points of each side."""
Y = "mean, SD of neutral text"


def frame(drifts: Sequence[Drift]) -> pd.DataFrame:
    """One row for each turn of a user or of a pane, where it stands on the axis, and its band."""
    rows = []
    for place, one in enumerate(drifts):
        number = 0
        for turn in one.turns:
            if turn.role not in WHO:
                continue
            is_answer = turn.role == "assistant"
            number += not is_answer or number == 0
            shift = 0.0 if is_answer else -BEFORE
            rows.append(
                {
                    "x": number + shift + ASIDE * (place - (len(drifts) - 1) / 2),
                    "turn": number,
                    "pane": one.pane or one.name,
                    "who": WHO[turn.role],
                    "mean": turn.mean,
                    "low": -turn.bound,
                    "high": turn.bound,
                    "is": "steered" if turn.is_steered else "unsteered",
                    "beside": "beyond random" if turn.is_beyond else "within random",
                    "tokens": len(turn.values),
                }
            )
    return pd.DataFrame(rows)


def over_turns(drifts: Sequence[Drift], inks: Inks) -> Drawing:
    """Means of all turns with their bands; filled marks are answers that were steered.

    Args:
        drifts: Of one vector, one a pane, at least one turn in all.
        inks: Of the theme.
    """
    found = frame(drifts)
    last = int(found["turn"].max())
    x = alt.X(
        "x:Q",
        title="turn",
        scale=alt.Scale(domain=[0.4, last + 0.4], nice=False, zero=False),
        axis=alt.Axis(values=list(range(1, last + 1)), format="d", grid=False),
    )
    base = alt.Chart(found).encode(x=x)
    bands = base.mark_rule(color=inks.band, strokeWidth=9, opacity=0.28)
    bands = bands.encode(y=alt.Y("low:Q", title=Y), y2="high:Q")
    zero = alt.Chart(pd.DataFrame({"y": [0.0]})).mark_rule(color=inks.muted).encode(y="y:Q")
    layers = alt.layer(bands, zero, *_marks(base, found, inks))
    return layers.properties(height=HEIGHT)


def _marks(base: alt.Chart, found: pd.DataFrame, inks: Inks) -> tuple[alt.Chart, alt.Chart]:
    """A line a pane and side, and a point a turn."""
    panes = list(dict.fromkeys(found["pane"]))
    scale = alt.Scale(domain=panes, range=[inks.line, inks.second, *PALETTE[2:]][: len(panes)])
    legend = alt.Legend(orient="top", labelLimit=300) if len(panes) > 1 else None
    y = alt.Y("mean:Q", title=Y)
    sides = alt.Scale(domain=list(SIDES), range=[dash for dash, _ in SIDES.values()])
    lines = base.mark_line(strokeWidth=1.6).encode(
        y=y,
        color=alt.Color("pane:N", title=None, scale=scale, legend=legend),
        strokeDash=alt.StrokeDash(
            "who:N",
            title=None,
            scale=sides,
            legend=alt.Legend(orient="top", symbolType="stroke", symbolStrokeColor=inks.ink),
        ),
    )
    shapes = alt.Scale(domain=list(SIDES), range=[shape for _, shape in SIDES.values()])
    points = base.mark_point(size=62, opacity=1).encode(
        y=y,
        shape=alt.Shape("who:N", scale=shapes, legend=None),
        stroke=alt.Stroke("pane:N", scale=scale, legend=None),
        fill=alt.condition(
            "datum.is == 'steered'",
            alt.Fill("pane:N", scale=scale, legend=None),
            alt.value(inks.page),
        ),
        tooltip=[
            *("pane:N", "who:N", "turn:Q", "is:N", "beside:N", "tokens:Q"),
            alt.Tooltip("mean:Q", format="+.2f"),
            alt.Tooltip("high:Q", format=".2f", title="random within ±"),
        ],
    )
    return lines, points
