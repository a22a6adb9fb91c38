"""Charts of whole methods side by side, scale by scale: frames in, `alt.Chart` out.

Knows nothing of files, state or pages.
"""

import functools

import altair as alt
import pandas as pd

from dashboard.charts import vector_view
from dashboard.charts.axes import EXTENT, Axis
from dashboard.charts.one_vector import Drawing
from dashboard.frames import families
from dashboard.frames.families import PICKS, UNSTEERED, Choice, Column, Picture
from dashboard.frames.sweep import Sweep
from dashboard.words.inks import Inks, method_colour
from engine.statistics import line_ups
from engine.statistics.cells import CONTROL

HEIGHT, LOW = 400, 330
"""Of one picture, and of each of several."""


def draw(sweep: Sweep, choice: Choice, inks: Inks) -> Drawing | None:
    """The picture of a choice; None where nothing of it has a figure."""
    picture = families.build(sweep, choice)
    if picture.boxes.empty:
        return None
    return violins(picture, *_axes(sweep), inks, extent([picture]))


def draw_six(sweep: Sweep, choice: Choice, inks: Inks) -> dict[str, Drawing]:
    """The study's six pictures by `PICKS`, on one y axis; those that have a figure."""
    # Top 1 and rank 1 are the same ranks.
    made = functools.cache(
        lambda ranks: families.build(
            sweep, choice._replace(pick=next(n for n in PICKS if line_ups.PICKS[n] == ranks))
        )
    )
    chosen = {name: made(line_ups.PICKS[name]) for name in PICKS}
    known = {name: one for name, one in chosen.items() if not one.boxes.empty}
    room = extent(list(known.values())) if known else (0.0, 0.0)
    return {
        name: violins(one, *_axes(sweep), inks, room).properties(
            height=LOW, title=alt.TitleParams(PICKS[name], anchor="start", color=inks.ink)
        )
        for name, one in known.items()
    }


def _axes(sweep: Sweep) -> tuple[Axis, str]:
    """The scales, and the words of the y axis: those of one vector's violin."""
    view = vector_view.usual(sweep, "")
    return vector_view.axis(sweep, view), vector_view.title(sweep, view)


def violins(
    picture: Picture, axis: Axis, title: str, inks: Inks, room: tuple[float, float]
) -> Drawing:
    """A violin of every method at every scale, with quartiles and the unsteered mean.

    Args:
        picture: What is drawn; it has at least one violin.
        axis: The scales.
        title: Of the y axis.
        inks: Of the theme.
        room: Lowest and highest value of the y axis.
    """
    low, high = room
    y = alt.Y(
        "y:Q",
        title=title,
        axis=alt.Axis(tickCount=6, minExtent=EXTENT),
        scale=alt.Scale(domain=[low, high], nice=False),
    )
    layers = [_zero(inks), _between(axis, inks)]
    layers.append(
        alt.Chart(picture.outlines)
        .mark_area(orient="horizontal", fillOpacity=inks.violin_opacity, strokeWidth=1)
        .encode(
            y=y,
            x=axis.x("x0"),
            x2=alt.X2("x1:Q"),
            detail=alt.Detail("place:N"),
            **_colours(picture.columns, inks),
        )
    )
    layers += _boxes(picture.boxes, axis, inks)
    if picture.baseline == picture.baseline:
        layers.append(_unsteered(picture.baseline, inks))
    return alt.layer(*layers, height=HEIGHT)


def extent(pictures: list[Picture]) -> tuple[float, float]:
    """The y axis that holds every violin of some pictures and the zero, with a little air."""
    values = pd.concat([one.outlines["y"] for one in pictures]).astype(float)
    low, high = float(min(values.min(), 0)), float(max(values.max(), 0))
    margin = (high - low or 1.0) * 0.03
    return low - margin, high + margin


def _colours(columns: list[Column], inks: Inks) -> dict[str, alt.Fill | alt.Stroke]:
    """Fill and edge of each column; what is unsteered is hollow."""
    names = [*(column.label for column in columns), UNSTEERED]
    own = [column.line_up for column in columns]
    edges = [method_colour(one.beside[0] if len(one.beside) == 1 else one.method) for one in own]
    inside = [method_colour(one.method) for one in own]
    if sum(1 for one in own if one.method == CONTROL) == 1:
        edges = inside
    legend = alt.Legend(title=None, orient="top", symbolOpacity=1, symbolStrokeWidth=1.5)
    return {
        "fill": alt.Fill(
            "label:N",
            scale=alt.Scale(domain=names, range=[*inside, inks.page]),
            legend=legend,
        ),
        "stroke": alt.Stroke(
            "label:N", scale=alt.Scale(domain=names, range=[*edges, inks.ink]), legend=legend
        ),
    }


def _zero(inks: Inks) -> alt.Chart:
    frame = pd.DataFrame({"y": [0.0]})
    return alt.Chart(frame).mark_rule(color=inks.muted, strokeWidth=1).encode(y=alt.Y("y:Q"))


def _between(axis: Axis, inks: Inks) -> alt.Chart:
    """Thin lines that part the scales."""
    frame = pd.DataFrame({"x": [place + 0.5 for place in range(len(axis.scales) - 1)]})
    return (
        alt.Chart(frame).mark_rule(color=inks.muted, strokeWidth=1, opacity=0.25).encode(x=axis.x())
    )


def _boxes(boxes: pd.DataFrame, axis: Axis, inks: Inks) -> list[alt.Chart]:
    base = alt.Chart(boxes).encode(x=axis.x())
    figures = [
        alt.Tooltip("label:N", title="drawn"),
        alt.Tooltip("scale:Q"),
        alt.Tooltip("middle:Q", title="median", format="+.3~g"),
        alt.Tooltip("low:Q", title="lower quartile", format="+.3~g"),
        alt.Tooltip("high:Q", title="upper quartile", format="+.3~g"),
        alt.Tooltip("mean:Q", format="+.3~g"),
        alt.Tooltip("vectors:Q"),
        alt.Tooltip("n:Q", title="values"),
    ]
    return [
        base.mark_bar(width=4, color=inks.ink, opacity=0.75).encode(
            y=alt.Y("low:Q"), y2=alt.Y2("high:Q")
        ),
        base.mark_point(
            size=34, filled=True, fill=inks.page, stroke=inks.ink, strokeWidth=1.6, opacity=1
        ).encode(y=alt.Y("middle:Q"), tooltip=figures),
    ]


def _unsteered(mean: float, inks: Inks) -> alt.Chart:
    frame = pd.DataFrame({"y": [mean]})
    return (
        alt.Chart(frame)
        .mark_rule(color=inks.ink, strokeWidth=1.5, strokeDash=[7, 4])
        .encode(
            y=alt.Y("y:Q"),
            tooltip=[alt.Tooltip("y:Q", title="mean of the unsteered answers", format="+.3~g")],
        )
    )
