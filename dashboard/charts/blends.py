"""The chart of a blend: the effect over the angle at equal KL, beside random planes."""

import math
from typing import Any

import altair as alt
import pandas as pd

from dashboard.charts.one_vector import Drawing
from dashboard.words import captions
from dashboard.words.inks import Inks
from engine.records import readings

CHOOSING, REPORTING = "choosing half", "reporting half"
HEIGHT = 340


def of_record(record: dict[str, Any], inks: Inks) -> Drawing:
    """Both halves' effect over the whole circle, the vectors' own angles, the choice and the band.

    Args:
        record: Of a blend.
        inks: Of the theme.
    """
    reading = readings.of_config(record["sweep"])
    behaviour = captions.plain(str(record["questions"]["behaviour"]))
    y = alt.Y("effect:Q", title=f"change toward {behaviour} in {reading.unit}")
    told = _figures("+.2f" if reading.has_letters else "+.3f")
    curve = _curve(record)
    reports = curve[curve["half"] == REPORTING]
    layers = [
        *_random(record["band"], inks),
        _zero(inks),
        *_own_angles(record, inks),
        alt.Chart(reports)
        .mark_area(opacity=0.2, color=inks.line)
        .encode(x=_x(), y=alt.Y("low:Q"), y2=alt.Y2("high:Q")),
        *_halves(alt.Chart(curve), y, told, inks),
    ]
    if record["nested"] is not None:
        best = alt.Chart(reports.iloc[[record["nested"]["best"]]])
        ring = best.mark_point(size=190, strokeWidth=2.5, color=inks.ink)
        layers.append(ring.encode(x=_x(), y=y, tooltip=told))
    return alt.layer(*layers).properties(height=HEIGHT)


def _halves(
    curve: alt.Chart, y: alt.Y, told: list[alt.Tooltip], inks: Inks
) -> tuple[alt.Chart, alt.Chart]:
    """A line and dots for each half; the one that chooses is dashed."""
    halves = [REPORTING, CHOOSING]
    colour = alt.Color(
        "half:N",
        scale=alt.Scale(domain=halves, range=[inks.line, inks.second]),
        legend=alt.Legend(title=None, orient="top"),
    )
    dashes = alt.Scale(domain=halves, range=[[1, 0], [4, 3]])
    dash = alt.StrokeDash("half:N", scale=dashes, legend=None)
    line = curve.mark_line(strokeWidth=2).encode(x=_x(), y=y, color=colour, strokeDash=dash)
    dots = curve.mark_circle(size=30, opacity=1)
    return line, dots.encode(x=_x(), y=y, color=colour, tooltip=told)


def _figures(form: str) -> list[alt.Tooltip]:
    return [
        alt.Tooltip("degrees:Q", title="angle", format=".0f"),
        alt.Tooltip("half:N", title="asked"),
        alt.Tooltip("effect:Q", title="change", format=form),
        alt.Tooltip("strength:Q", format=".3g"),
        alt.Tooltip("kl_mean:Q", title="KL per token", format=".3f"),
    ]


def _x() -> alt.X:
    return alt.X(
        "degrees:Q",
        title="angle in the plane of both vectors, degrees",
        scale=alt.Scale(domain=[0, 360], nice=False),
        axis=alt.Axis(values=list(range(0, 361, 45))),
    )


def _curve(record: dict[str, Any]) -> pd.DataFrame:
    """One row per half and angle; the first angle again at 360 degrees, where it is the same."""
    rows = record["tables"]["curve"]
    closed = [*rows, rows[0] | {"angle": 2 * math.pi}]
    halves = []
    for half, name in ((REPORTING, "second"), (CHOOSING, "first")):
        for row in closed:
            told = {one: row[one] for one in ("strength", "kl_mean", "low", "high")}
            degrees = math.degrees(row["angle"])
            halves.append({"half": half, "degrees": degrees, "effect": row[name], **told})
    return pd.DataFrame(halves)


def _zero(inks: Inks) -> alt.Chart:
    return alt.Chart(pd.DataFrame({"y": [0.0]})).mark_rule(color=inks.muted).encode(y="y:Q")


def _random(band: dict[str, Any], inks: Inks) -> list[alt.Chart]:
    """Where 95 % of random blends lie, and how far the largest of a random circle goes."""
    if band["low"] is None:
        return []
    place = pd.DataFrame([{"from": 0, "to": 360, "low": band["low"], "high": band["high"]}])
    most = pd.DataFrame({"y": [band["largest"], -band["largest"]]})
    return [
        alt.Chart(place)
        .mark_rect(color=inks.band, opacity=0.3)
        .encode(x=alt.X("from:Q"), x2=alt.X2("to:Q"), y=alt.Y("low:Q"), y2=alt.Y2("high:Q")),
        alt.Chart(most).mark_rule(color=inks.band, strokeDash=[2, 3]).encode(y="y:Q"),
    ]


def _own_angles(record: dict[str, Any], inks: Inks) -> list[alt.Chart]:
    """Both vectors' own angles and their opposites, each with its name."""
    marks = []
    for name, places in zip(record["names"], record["ends"], strict=True):
        for place, sign in zip(places, ("+", "\u2212"), strict=True):
            degrees = math.degrees(record["angles"][place])
            marks.append({"degrees": degrees, "name": f"{sign} {name}"})
    base = alt.Chart(pd.DataFrame(marks).sort_values("degrees")).encode(x=_x())
    return [
        base.mark_rule(color=inks.muted, strokeDash=[5, 4]),
        base.mark_text(color=inks.muted, angle=270, align="right", dx=-6, dy=9, fontSize=11).encode(
            text="name:N", y=alt.value(0)
        ),
    ]
