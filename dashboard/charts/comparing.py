"""Two runs of the same questions: frames in, `alt.Chart` out. Knows nothing of files."""

import altair as alt
import pandas as pd

from dashboard.charts.axes import EXTENT, Axis
from dashboard.charts.one_vector import Drawing
from dashboard.words.inks import Inks

HEIGHT = 260
DASHES = ([1, 0], [6, 4])
"""Of the first run's line and of the second's, so that they part without colour."""
SHAPES = ("circle", "diamond")


def curves(
    rows: pd.DataFrame, names: tuple[str, str], axis: Axis, inks: Inks, unit: str
) -> Drawing:
    """One vector's change over scales in either run, a line each.

    Args:
        rows: Columns scale, first, second.
        names: Of the runs, as the legend has them.
        axis: The scales.
        inks: Of the theme.
        unit: Of the changes.
    """
    sides = zip(("first", "second"), names, strict=True)
    long = pd.concat([rows[["scale"]].assign(value=rows[side], run=name) for side, name in sides])
    colours = alt.Scale(domain=list(names), range=[inks.line, inks.second])
    dashes = alt.Scale(domain=list(names), range=list(DASHES))
    shapes = alt.Scale(domain=list(names), range=list(SHAPES))
    legend = alt.Legend(title=None, orient="top", labelLimit=300, columns=1)
    base = alt.Chart(axis.place(long)).encode(
        x=axis.x(),
        y=alt.Y("value:Q", title=f"change, {unit}", axis=alt.Axis(tickCount=5, minExtent=EXTENT)),
        color=alt.Color("run:N", scale=colours, legend=legend),
        tooltip=["run:N", "scale:Q", alt.Tooltip("value:Q", title="change", format="+.3f")],
    )
    line = base.mark_line(strokeWidth=2).encode(
        strokeDash=alt.StrokeDash("run:N", scale=dashes, legend=legend)
    )
    dots = base.mark_point(size=60, filled=True, opacity=1).encode(
        shape=alt.Shape("run:N", scale=shapes, legend=legend)
    )
    return alt.layer(_zero(inks), line, dots, height=HEIGHT)


def differences(rows: pd.DataFrame, axis: Axis, inks: Inks, unit: str) -> Drawing:
    """The paired difference at each scale with its interval, before that of random vectors.

    Args:
        rows: Columns of `comparing.cells`.
        axis: The scales.
        inks: Of the theme.
        unit: Of the differences.
    """
    placed = axis.place(rows)
    frame = placed.assign(x0=placed["x"] - 0.4, x1=placed["x"] + 0.4)
    y = alt.Y(
        "difference:Q",
        title=f"second − first, {unit}",
        axis=alt.Axis(tickCount=5, minExtent=EXTENT),
    )
    figures = [
        alt.Tooltip("scale:Q"),
        alt.Tooltip("difference:Q", format="+.3f"),
        alt.Tooltip("low:Q", title="95 % from", format="+.3f"),
        alt.Tooltip("high:Q", title="to", format="+.3f"),
        alt.Tooltip("random_low:Q", title="random from", format="+.3f"),
        alt.Tooltip("random_high:Q", title="to", format="+.3f"),
        alt.Tooltip("p:Q", format=".3f"),
        alt.Tooltip("questions:Q"),
    ]
    base = alt.Chart(frame).encode(x=axis.x(), tooltip=figures)
    layers = [
        _zero(inks),
        base.transform_filter("isValid(datum.low) && isValid(datum.high)")
        .mark_rule(strokeWidth=2.5, color=inks.ink)
        .encode(y=alt.Y("low:Q"), y2=alt.Y2("high:Q")),
        base.mark_point(size=80, filled=True, opacity=1, color=inks.ink).encode(y=y),
    ]
    if frame["random_low"].notna().any():
        band = alt.Chart(frame.dropna(subset=["random_low"])).mark_rect(
            color=inks.band, opacity=0.38
        )
        layers.insert(
            0,
            band.encode(
                x=axis.x("x0"),
                x2=alt.X2("x1:Q"),
                y=alt.Y("random_low:Q"),
                y2=alt.Y2("random_high:Q"),
            ),
        )
    return alt.layer(*layers, height=HEIGHT)


def _zero(inks: Inks) -> alt.Chart:
    frame = pd.DataFrame({"zero": [0.0]})
    return alt.Chart(frame).mark_rule(color=inks.muted, strokeWidth=1).encode(y=alt.Y("zero:Q"))
