"""Charts of a training. Knows nothing of jobs, files or Streamlit."""

from collections.abc import Sequence
from typing import Any

import altair as alt
import pandas as pd

from dashboard.charts.one_vector import Drawing
from dashboard.words.inks import Inks

MOST_POINTS = 400
HEIGHT = 240


def loss(values: Sequence[float], steps: int, inks: Inks) -> Drawing:
    """The loss of every step, faint, and its mean over a window, over the whole way to go."""
    frame = pd.DataFrame({"step": range(1, len(values) + 1), "loss": values})
    window = max(1, steps // 30)
    frame["smooth"] = frame["loss"].rolling(window, min_periods=1).mean()
    frame = frame.iloc[:: -(-len(frame) // MOST_POINTS) or 1]
    x = alt.X(
        "step:Q",
        title="step",
        scale=alt.Scale(domain=[0, max(steps, 1)], nice=False),
        axis=alt.Axis(tickMinStep=1, grid=False),
    )
    y = alt.Scale(zero=False)
    tooltip: list[str | alt.Tooltip] = ["step:Q", alt.Tooltip("loss:Q", format=".4g")]
    base = alt.Chart(frame).encode(x=x, tooltip=tooltip)
    each = base.mark_line(color=inks.line, opacity=0.35, strokeWidth=1, point=len(frame) < 3)
    mean = base.mark_line(color=inks.line, strokeWidth=2)
    return alt.layer(
        each.encode(y=alt.Y("loss:Q", title="loss", scale=y)),
        mean.encode(y=alt.Y("smooth:Q", title="loss", scale=y)),
    ).properties(height=HEIGHT)


def shares(looks: Sequence[dict[str, Any]], steps: int, inks: Inks) -> alt.Chart:
    """Which share of the answers to unseen questions has each label, look by look."""
    labels = sorted({label for one in looks for label in one.get("shares", {})})
    frame = pd.DataFrame(
        [
            {"step": one["step"], "label": label, "share": one["shares"].get(label, 0.0)}
            for one in looks
            if "shares" in one
            for label in labels
        ]
    )
    known = {"deceptive": inks.second, "honest": inks.line}
    colour = alt.Scale(domain=labels, range=[known.get(label, inks.muted) for label in labels])
    return (
        alt.Chart(frame)
        .mark_line(point=alt.OverlayMarkDef(size=35))
        .encode(
            x=alt.X(
                "step:Q",
                title="step",
                scale=alt.Scale(domain=[0, max(steps, 1)], nice=False),
                axis=alt.Axis(tickMinStep=1, grid=False),
            ),
            y=alt.Y(
                "share:Q",
                title="share",
                scale=alt.Scale(domain=[0, 1]),
                axis=alt.Axis(format="%"),
            ),
            color=alt.Color("label:N", title=None, scale=colour, legend=alt.Legend(orient="top")),
            tooltip=["step:Q", "label:N", alt.Tooltip("share:Q", format=".0%")],
        )
        .properties(height=HEIGHT)
    )
