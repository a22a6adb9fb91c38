"""Charts of one vector: frames in, `alt.Chart` out. Knows nothing of files, state or pages."""

from typing import Any, NamedTuple

import altair as alt
import pandas as pd

from dashboard.charts.axes import EXTENT, Axis
from dashboard.frames.violin import Violin
from dashboard.words.inks import Inks

Drawing = alt.Chart | alt.LayerChart | alt.FacetChart


class Extras(NamedTuple):
    """What is drawn on a violin beside its shape."""

    dots: bool = True
    band: pd.DataFrame | None = None
    """scale, low, high: where 95 % of the random vectors' means lie."""
    rates: pd.DataFrame | None = None
    """scale, rate: the % written on top."""
    selected: str | None = None
    """Question whose dots are joined."""
    intervals: pd.DataFrame | None = None
    """scale, mean, low, high: of the mean over questions."""
    other: "Other | None" = None
    """Another vector's means."""
    asked: pd.DataFrame | None = None
    """question, asked: the first words of each, for whoever hovers over a dot."""


class Other(NamedTuple):
    """Another vector's curve, drawn beside the one that the chart is of."""

    name: str
    curve: pd.DataFrame
    """scale, value; and own, what the chart's own vector has there."""


def violins(shape: Violin, axis: Axis, inks: Inks, title: str, extras: Extras) -> Drawing:
    """Violins over scales with quartiles, the line of means, dots and the random band."""
    shown = [shape.outlines["y"], *([] if extras.other is None else [extras.other.curve["value"]])]
    y = alt.Y(
        "y:Q",
        title=title,
        axis=alt.Axis(tickCount=6, minExtent=EXTENT),
        scale=alt.Scale(domain=_room(pd.concat(shown)), nice=False),
    )
    layers: list[alt.Chart] = [_zero(inks)]
    if extras.band is not None and not extras.band.empty:
        layers.append(_band_steps(axis.place(extras.band), axis, inks))
    layers.append(
        alt.Chart(shape.outlines)
        .mark_area(orient="horizontal", opacity=inks.violin_opacity)
        .encode(
            y=y,
            x=axis.x("x0"),
            x2=alt.X2("x1:Q"),
            detail=alt.Detail("scale:N"),
            color=axis.colour(),
        )
    )
    if extras.dots:
        layers.append(_dots(shape.dots, axis, inks, extras.asked))
    layers += _boxes(shape.boxes, axis, inks)
    if extras.intervals is not None:
        layers += _mean_intervals(axis.place(extras.intervals), axis, inks)
    if extras.other is not None:
        layers += _other(extras.other, axis, inks)
    if extras.selected is not None:
        layers += _followed(shape.dots, extras.selected, axis, inks)
    if extras.rates is not None:
        layers.append(_percent_on_top(axis.place(extras.rates), axis, inks))
    return alt.layer(*layers, height=400)


def _room(values: pd.Series) -> list[float]:
    """The y domain: all shapes and the zero, with a little air."""
    low, high = float(min(values.min(), 0)), float(max(values.max(), 0))
    margin = (high - low or 1.0) * 0.03
    return [low - margin, high + margin]


def _zero(inks: Inks) -> alt.Chart:
    frame = pd.DataFrame({"y": [0.0]})
    return alt.Chart(frame).mark_rule(color=inks.muted, strokeWidth=1).encode(y=alt.Y("y:Q"))


def _band_steps(band: pd.DataFrame, axis: Axis, inks: Inks) -> alt.Chart:
    frame = band.assign(x0=band["x"] - 0.46, x1=band["x"] + 0.46)
    return (
        alt.Chart(frame)
        .mark_rect(color=inks.band, opacity=0.38)
        .encode(
            x=axis.x("x0"),
            x2=alt.X2("x1:Q"),
            y=alt.Y("low:Q"),
            y2=alt.Y2("high:Q"),
            tooltip=[
                alt.Tooltip("scale:Q"),
                alt.Tooltip("low:Q", title="random from", format="+.2f"),
                alt.Tooltip("high:Q", title="to", format="+.2f"),
            ],
        )
    )


def _dots(dots: pd.DataFrame, axis: Axis, inks: Inks, asked: pd.DataFrame | None) -> alt.Chart:
    chart = alt.Chart(dots)
    if asked is not None:
        # Looked up in the browser: every question has a dot at each scale.
        chart = chart.transform_lookup(
            lookup="question", from_=alt.LookupData(asked, "question", ["asked"])
        )
    click = alt.selection_point(name="pick", fields=["question"], on="click", empty=False)
    named = "asked" if asked is not None else "question"
    return (
        chart.mark_circle(size=18, color=inks.ink, opacity=0.35, cursor="pointer")
        .encode(
            x=axis.x(),
            y=alt.Y("value:Q"),
            tooltip=[
                alt.Tooltip("scale:Q"),
                alt.Tooltip(f"{named}:N", title="question"),
                alt.Tooltip("value:Q", format="+.2f"),
            ],
        )
        .add_params(click)
    )


def _boxes(boxes: pd.DataFrame, axis: Axis, inks: Inks) -> list[alt.Chart]:
    base = alt.Chart(boxes).encode(x=axis.x())
    figures = [
        alt.Tooltip("scale:Q"),
        alt.Tooltip("mean:Q", format="+.2f"),
        alt.Tooltip("middle:Q", title="median", format="+.2f"),
        alt.Tooltip("low:Q", title="lower quartile", format="+.2f"),
        alt.Tooltip("high:Q", title="upper quartile", format="+.2f"),
        alt.Tooltip("n:Q", title="questions"),
    ]
    return [
        base.mark_bar(width=5, color=inks.ink, opacity=0.75).encode(
            y=alt.Y("low:Q"), y2=alt.Y2("high:Q")
        ),
        base.mark_line(strokeDash=[4, 3], color=inks.ink, strokeWidth=1.3).encode(
            y=alt.Y("mean:Q")
        ),
        base.mark_point(
            size=46, filled=True, fill=inks.page, stroke=inks.ink, strokeWidth=2, opacity=1
        ).encode(y=alt.Y("middle:Q"), tooltip=figures),
    ]


def _mean_intervals(means: pd.DataFrame, axis: Axis, inks: Inks) -> list[alt.Chart]:
    """The interval of each mean, beside the quartiles' bar so that neither covers the other."""
    frame = means.assign(x=means["x"] + 0.13, x0=means["x"] + 0.06, x1=means["x"] + 0.2)
    base = alt.Chart(frame).encode(x=axis.x())
    figures = [
        alt.Tooltip("scale:Q"),
        alt.Tooltip("mean:Q", format="+.3f"),
        alt.Tooltip("low:Q", title="95 % from", format="+.3f"),
        alt.Tooltip("high:Q", title="to", format="+.3f"),
    ]
    return [
        base.mark_rule(strokeWidth=7, color=inks.ink).encode(y=alt.Y("low:Q"), y2=alt.Y2("high:Q")),
        base.mark_rule(strokeWidth=4, color=inks.page).encode(
            y=alt.Y("low:Q"), y2=alt.Y2("high:Q"), tooltip=figures
        ),
        base.mark_rule(strokeWidth=2, color=inks.ink).encode(
            x=axis.x("x0"), x2=alt.X2("x1:Q"), y=alt.Y("mean:Q"), tooltip=figures
        ),
    ]


def _followed(dots: pd.DataFrame, question: str, axis: Axis, inks: Inks) -> list[alt.Chart]:
    base = alt.Chart(dots[dots["question"] == question]).encode(x=axis.x(), y=alt.Y("value:Q"))
    return [
        base.mark_line(color=inks.ink, strokeWidth=1, opacity=0.8),
        base.mark_circle(size=110, color=inks.ink, opacity=1),
    ]


def _other(other: Other, axis: Axis, inks: Inks, form: str = "+.2f") -> list[alt.Chart]:
    """Another vector's curve: grey, with long dashes and diamonds; its name where both part."""
    frame = axis.place(other.curve).assign(name=other.name)
    base = alt.Chart(frame).encode(x=axis.x(), y=alt.Y("value:Q"))
    figures = [
        alt.Tooltip("name:N", title="pinned"),
        alt.Tooltip("scale:Q"),
        alt.Tooltip("value:Q", title="mean", format=form),
    ]
    ends = frame.iloc[[0, -1]]
    apart = (ends["value"] - ends["own"]).abs().fillna(0).tolist()
    is_first = len(frame) > 1 and apart[0] > apart[-1]
    end = alt.Chart(ends.head(1) if is_first else ends.tail(1))
    end = end.encode(x=axis.x(), y=alt.Y("value:Q"), text=alt.Text("name:N"))
    side = {"align": "left", "dx": -10} if is_first else {"align": "right", "dx": 10}
    beside: dict[str, Any] = {**side, "baseline": "bottom", "dy": -9, "fontSize": 12}
    return [
        base.mark_line(color=inks.muted, strokeWidth=2, strokeDash=[9, 5]),
        base.mark_point(
            shape="diamond", size=70, filled=True, fill=inks.page, stroke=inks.muted,
            strokeWidth=2, opacity=1,
        ).encode(tooltip=figures),
        # Under the letters, so that they can be read on any violin.
        end.mark_text(color=inks.page, stroke=inks.page, strokeWidth=4, opacity=0.8, **beside),
        end.mark_text(color=inks.ink, **beside),
    ]  # fmt: skip


def _percent_on_top(rates: pd.DataFrame, axis: Axis, inks: Inks) -> alt.Chart:
    return (
        alt.Chart(rates.dropna(subset=["rate"]))
        .mark_text(color=inks.ink, fontSize=12, baseline="bottom")
        .encode(x=axis.x(), y=alt.YValue(-4), text=alt.Text("rate:Q", format=".0%"))
    )


def rates(
    curve: pd.DataFrame,
    band: pd.DataFrame | None,
    axis: Axis,
    inks: Inks,
    title: str,
    letters: bool = False,
    usable: tuple[float, float] | None = None,
    other: Other | None = None,
) -> Drawing:
    """Share of behaviour answers over scales, with its interval and the random vectors' band.

    Args:
        curve: Columns scale, rate, rate_low, rate_high, percent_a, n.
        band: Columns scale, low, high, as fractions.
        axis: The scales.
        inks: Of the theme.
        title: Of the y axis.
        letters: Whether "% choosing A" is drawn as well.
        usable: Lowest and highest scale within the budget of side effects, shaded beneath.
        other: Another vector's shares.
    """
    frame = axis.place(curve)
    layers: list[alt.Chart] = [] if usable is None else _usable(usable, axis, inks)
    if band is not None and not band.empty:
        layers.append(
            alt.Chart(axis.place(band))
            .mark_area(color=inks.band, opacity=0.3, interpolate="monotone")
            .encode(x=axis.x(), y=alt.Y("low:Q"), y2=alt.Y2("high:Q"))
        )
    base = alt.Chart(frame).encode(x=axis.x())
    share = alt.Y(
        "rate:Q",
        title=title,
        scale=alt.Scale(domain=[0, 1]),
        axis=alt.Axis(format="%", values=[0, 0.25, 0.5, 0.75, 1], minExtent=EXTENT),
    )
    layers += [
        base.mark_line(color=inks.ink, strokeWidth=1.3, strokeDash=[4, 3]).encode(y=share),
        base.mark_rule(strokeWidth=2.5).encode(
            y=alt.Y("rate_low:Q"), y2=alt.Y2("rate_high:Q"), color=axis.colour()
        ),
        base.mark_circle(size=90, opacity=1).encode(
            y=share, color=axis.colour(), tooltip=_rate_figures(frame)
        ),
    ]
    layers += [_letters(frame, axis, inks)] if letters else []
    layers += [] if other is None else _other(other, axis, inks, ".1%")
    return alt.layer(*layers, height=220)


def _usable(span: tuple[float, float], axis: Axis, inks: Inks) -> list[alt.Chart]:
    """A strip at the foot of the chart over the scales within the budget."""
    inside = [place for place, s in enumerate(axis.scales) if span[0] <= s <= span[1]]
    if not inside:
        return []
    edges = pd.DataFrame({"x0": [inside[0] - 0.46], "x1": [inside[-1] + 0.46]})
    frame = edges.assign(low=0.0, high=0.035, told=f"{span[0]:g} to {span[1]:g}")
    return [
        alt.Chart(frame)
        .mark_rect(color=inks.line, opacity=0.75)
        .encode(
            x=axis.x("x0"),
            x2=alt.X2("x1:Q"),
            y=alt.Y("low:Q"),
            y2=alt.Y2("high:Q"),
            tooltip=[alt.Tooltip("told:N", title="usable range")],
        )
    ]


def _rate_figures(frame: pd.DataFrame) -> list[alt.Tooltip]:
    letter = [alt.Tooltip("percent_a:Q", title="choosing A", format=".1%")]
    return [
        alt.Tooltip("scale:Q"),
        alt.Tooltip("rate:Q", title="behaviour", format=".1%"),
        alt.Tooltip("rate_low:Q", title="from", format=".1%"),
        alt.Tooltip("rate_high:Q", title="to", format=".1%"),
        *(letter if frame["percent_a"].notna().any() else []),
        alt.Tooltip("n:Q", title="questions"),
    ]


def _letters(frame: pd.DataFrame, axis: Axis, inks: Inks) -> alt.Chart:
    point = alt.OverlayMarkDef(color=inks.second, size=40)
    base = alt.Chart(frame).encode(x=axis.x(), y=alt.Y("percent_a:Q"))
    return base.mark_line(color=inks.second, point=point)


def question(
    rows: pd.DataFrame, axis: Axis, inks: Inks, title: str = "logit difference"
) -> Drawing:
    """One question's difference over scales, in its orders (columns scale, order, value)."""
    if "order" not in rows:
        frame = axis.place(rows)
        line = (
            alt.Chart(frame)
            .mark_line(color=inks.line, point=alt.OverlayMarkDef(size=50, color=inks.line))
            .encode(
                x=axis.x(),
                y=alt.Y("value:Q", title=title, axis=alt.Axis(tickCount=5)),
                tooltip=[alt.Tooltip("scale:Q"), alt.Tooltip("value:Q", format="+.3f")],
            )
        )
        return alt.layer(_zero(inks), line, height=240)
    names = {"given": "as given", "swapped": "options swapped"}
    frame = axis.place(rows).assign(order=lambda f: f["order"].map(names))
    lines = (
        alt.Chart(frame)
        .mark_line(point=alt.OverlayMarkDef(size=50))
        .encode(
            x=axis.x(),
            y=alt.Y("value:Q", title=title, axis=alt.Axis(tickCount=5)),
            color=alt.Color(
                "order:N",
                scale=alt.Scale(domain=list(names.values()), range=[inks.line, inks.second]),
                legend=alt.Legend(title=None, orient="top"),
            ),
            tooltip=[
                alt.Tooltip("scale:Q"),
                alt.Tooltip("order:N"),
                alt.Tooltip("value:Q", format="+.2f"),
            ],
        )
    )
    return alt.layer(_zero(inks), lines, height=240)
