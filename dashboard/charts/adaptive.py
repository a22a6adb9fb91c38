"""The chart of an adaptive sweep: frames in, `alt.Chart` out."""

from collections.abc import Sequence
from typing import Any

import altair as alt
import pandas as pd

from dashboard.charts.one_vector import Drawing
from dashboard.words import captions
from dashboard.words.inks import RAMP, Inks
from engine.records import readings, steered
from engine.records.steered import Steered

COLOURED = 6
"""Finalists that get a colour of their own; more are drawn in the muted ink."""


def of_record(record: dict[str, Any], inks: Inks) -> Drawing:
    """The race of a stored record."""
    labels = _labels(record["tables"]["arms"], steered.of_config(record.get("sweep", {})))
    frame = pd.DataFrame(record["tables"]["race"])
    frame["label"] = [labels[arm] for arm in frame["arm"]]
    last = frame["asked"] == frame.groupby("arm")["asked"].transform("max")
    left = set(record["finalists"])
    frame["dropped"] = last & ~frame["arm"].isin(left)
    best = record["best"]["arm"]
    finalists = [best, *(arm for arm in record["finalists"] if arm != best)]
    reading = readings.of_config(record.get("sweep", {}))
    is_share = record["config"]["measure"] == "share"
    behaviour = captions.plain(str(record["questions"]["behaviour"]))
    title = f"change of {behaviour} share" if is_share else f"change in {reading.unit}"
    form = "+.1%" if is_share else "+.2f" if reading.has_letters else "+.3f"
    return race(frame, [labels[arm] for arm in finalists], title, inks, form)


def _labels(rows: Sequence[dict[str, Any]], how: Steered) -> list[str]:
    """Names of the cells; sets of one method are told apart."""
    plain = [f"{row['name']} at {captions.strength(row['scale'], how)}" for row in rows]
    return [
        label if plain.count(label) == 1 else f"{label} ({row['vector_set'][:4]})"
        for label, row in zip(plain, rows, strict=True)
    ]


def race(frame: pd.DataFrame, finalists: list[str], title: str, inks: Inks, form: str) -> Drawing:
    """Every cell's mean against the questions asked, with the bounds of those left at the end.

    Args:
        frame: Columns asked, label (of the cell), mean, low, high, dropped (bool: asked no more
            after this point).
        finalists: Labels of the cells left at the end, the best first.
        title: Of the y axis.
        inks: Of the theme.
        form: Number format of the figures.
    """
    named = finalists[:COLOURED]
    colours = [inks.line, inks.second, RAMP[6], "#2b8a3e", "#9c36b5", RAMP[0]]
    colour = alt.Color(
        "label:N",
        sort=named,
        scale=alt.Scale(domain=named, range=colours[: len(named)]),
        legend=alt.Legend(
            title=None,
            orient="top",
            columns=1 if len(named) < 4 else 2,
            labelLimit=240,
            symbolOpacity=1,
        ),
    )
    is_final = frame["label"].isin(named)
    rest, last = frame[~is_final], frame[~is_final & frame["dropped"]]
    most = int(frame["asked"].max())
    x = alt.X("asked:Q", title="questions asked", scale=alt.Scale(domain=[0, most], nice=False))
    y = alt.Y("mean:Q", title=title)
    told = _figures(form)
    zero = alt.Chart(pd.DataFrame({"y": [0.0]})).mark_rule(color=inks.muted).encode(y=alt.Y("y:Q"))
    base = alt.Chart(frame[is_final]).encode(x=x, color=colour)
    grey = alt.Chart(rest).encode(x=x, y=y, detail=alt.Detail("label:N"))
    layers = [
        zero,
        grey.mark_line(color=inks.band, strokeWidth=1, opacity=0.55),
        alt.Chart(last)
        .mark_circle(color=inks.muted, size=26, opacity=0.8)
        .encode(x=x, y=y, tooltip=told),
        base.mark_area(opacity=0.16).encode(y=alt.Y("low:Q", title=title), y2=alt.Y2("high:Q")),
        base.mark_line(strokeWidth=2.4).encode(y=y),
        base.mark_circle(size=34, opacity=1).encode(y=y, tooltip=told),
    ]
    return alt.layer(*layers).properties(height=380)


def _figures(form: str) -> list[alt.Tooltip]:
    return [
        alt.Tooltip("label:N", title="cell"),
        alt.Tooltip("asked:Q", title="questions asked"),
        alt.Tooltip("mean:Q", title="mean so far", format=form),
        alt.Tooltip("low:Q", title="bound below", format=form),
        alt.Tooltip("high:Q", title="bound above", format=form),
    ]
