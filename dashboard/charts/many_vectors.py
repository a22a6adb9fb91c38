"""Charts of many vectors and of running jobs: frames in, `alt.Chart` out."""

import json
from collections.abc import Mapping
from typing import Any

import altair as alt
import pandas as pd

from dashboard.charts.one_vector import Drawing
from dashboard.words import captions
from dashboard.words.inks import RAMP, Inks, method_colour
from engine.records.readings import LETTERS, Reading
from engine.records.steered import PLAIN, Steered

IN_A_ROW = 2
"""Methods in a row of a legend: three are wider than a phone."""


def heat_map(
    cells: pd.DataFrame,
    inks: Inks,
    reading: Reading = LETTERS,
    steered: Steered = PLAIN,
    own: Mapping[str, str] | None = None,
) -> Drawing:
    """Vectors x scales; figures outside the random band are bold, a click names a vector.

    Args:
        cells: Columns name, scale, label, change, rate, percent_a, beyond (bool), flag, flips (in
            words), told (of the flag, in words), starred (whether the vector has the badge).
        inks: Of the theme.
        reading: What the figures are called.
        steered: What the strengths are of.
        own: A reader's own names, by those of the cells; a click tells those of the cells.
    """
    limit = float(cells["change"].abs().fillna(0.0).max()) or 1.0
    names, labels = list(dict.fromkeys(cells["name"])), _labels(cells)
    pick = alt.selection_point(name="pick", fields=["name"], on="click", empty=False)
    upright = alt.Axis(labelAngle=0, labelFlush=False, ticks=False, domain=False)
    told = {name: (own or {}).get(name, name) for name in names}
    starred = set(cells.loc[cells["starred"], "name"])
    narrow = _named_axis({n: f"\u2605 {t}" if n in starred else t for n, t in told.items()})
    strong = cells["change"].abs() > 0.6 * limit
    base = alt.Chart(cells.assign(strong=strong, called=cells["name"].map(told))).encode(
        x=alt.X("label:N", sort=labels, title=steered.axis, axis=upright),
        y=alt.Y("name:N", sort=names, title=None, axis=narrow),
    )
    tiles = base.mark_rect(cursor="pointer", stroke=inks.page, strokeWidth=1).encode(
        color=alt.Color(
            "change:Q",
            scale=alt.Scale(domain=[-limit, 0, limit], range=[RAMP[0], inks.middle, RAMP[6]]),
            legend=None,
        ),
        tooltip=_cell_figures(reading),
    )
    figure = alt.Text("change:Q", format="+.2~g")
    ink = alt.when("datum.strong").then(alt.value("#ffffff")).otherwise(alt.value(inks.ink))
    moved = base.transform_filter("datum.scale != 0 && isValid(datum.change)")
    beyond = moved.transform_filter("datum.beyond").mark_text(fontWeight="bold", fontSize=11)
    within = moved.transform_filter("!datum.beyond").mark_text(fontSize=10, opacity=0.4)
    layers = [tiles.add_params(pick), *(t.encode(text=figure, color=ink) for t in (beyond, within))]
    layers += _flag_marks(cells, limit, base, ink)
    return (
        alt.layer(*layers)
        .resolve_scale(color="independent")
        .properties(height=24 * len(names) + 60)
    )


def _named_axis(rows: Mapping[str, str]) -> alt.Axis:
    """The axis of vectors, each called as a reader knows it."""
    shown = {name: words for name, words in rows.items() if words != name}
    return alt.Axis(
        labelOverlap=False,
        labelFlush=False,
        ticks=False,
        domain=False,
        labelLimit=240,
        labelExpr=f"({json.dumps(shown, ensure_ascii=False)})[datum.label] || datum.label",
    )


def _flag_marks(cells: pd.DataFrame, limit: float, base: alt.Chart, ink: Any) -> list[alt.Chart]:
    """A sign above the figure of each cell that must not be taken as it stands."""
    marked = cells[cells["flag"].isin(list(captions.FLAG_MARKS))]
    if marked.empty:
        return []
    frame = marked.assign(
        mark=marked["flag"].map(captions.FLAG_MARKS), strong=marked["change"].abs() > 0.6 * limit
    )
    # In its corner: on a phone a cell is as wide as its figure.
    corner = base.encoding.x.copy()
    corner.bandPosition = 1
    return [
        alt.Chart(frame)
        .mark_text(align="right", dx=-2, dy=-7, fontSize=9, fontWeight="bold")
        .encode(x=corner, y=base.encoding.y, text=alt.Text("mark:N"), color=ink)
    ]


def _cell_figures(reading: Reading) -> list[alt.Tooltip]:
    letter = [alt.Tooltip("percent_a:Q", title="choosing A", format=".0%")]
    return [
        alt.Tooltip("called:N", title="vector"),
        alt.Tooltip("label:N", title="scale"),
        alt.Tooltip("change:Q", title=f"change of {reading.difference}", format="+.3~g"),
        alt.Tooltip("rate:Q", title="behaviour", format=".0%"),
        *(letter if reading.has_letters else []),
        alt.Tooltip("flips:N", title="flips"),
        alt.Tooltip("told:N", title="flag"),
    ]


def _labels(cells: pd.DataFrame) -> list[str]:
    return list(dict.fromkeys(cells.sort_values("scale")["label"]))


def headline(
    cells: pd.DataFrame,
    band: pd.DataFrame,
    inks: Inks,
    reading: Reading = LETTERS,
    steered: Steered = PLAIN,
) -> Drawing:
    """Every vector's effect over scales, coloured by method, against the random band.

    Args:
        cells: Columns name, method, scale, label, change, best (the method's best vector).
        band: Columns scale, label, low, high.
        inks: Of the theme.
        reading: What the figures are called.
        steered: What the strengths are of.
    """
    labels = _labels(cells)
    x = alt.X(
        "label:N",
        sort=labels,
        title=steered.axis,
        axis=alt.Axis(labelAngle=0, labelFlush=False),
    )
    methods = list(dict.fromkeys(cells["method"]))
    colour = alt.Color(
        "method_name:N",
        scale=alt.Scale(
            domain=[captions.method(m) for m in methods],
            range=[method_colour(m) for m in methods],
        ),
        legend=alt.Legend(title=None, orient="top", symbolOpacity=1, columns=IN_A_ROW),
    )
    frame = cells.assign(method_name=cells["method"].map(captions.method))
    change = alt.Y("change:Q", title=f"change of {reading.difference}", axis=alt.Axis(tickCount=6))
    lines = alt.Chart(frame).encode(
        x=x, y=change, color=colour, detail=alt.Detail("name:N"), tooltip=_headline_figures()
    )
    gap = 0.1 * float(frame["change"].max() - frame["change"].min())
    ends = _apart(frame[frame["best"]].sort_values("scale").groupby("name").tail(1), gap)
    layers = [
        alt.Chart(band)
        .mark_area(color=inks.band, opacity=0.3)
        .encode(x=x, y=alt.Y("low:Q"), y2=alt.Y2("high:Q")),
        lines.transform_filter("!datum.best").mark_line(strokeWidth=1, opacity=0.45),
        lines.transform_filter("datum.best").mark_line(strokeWidth=3, point={"size": 50}),
        alt.Chart(ends)
        .mark_text(align="left", dx=9, fontSize=12)
        .encode(x=x, y=alt.Y("label_y:Q"), text=alt.Text("name:N"), color=colour),
    ]
    return alt.layer(*layers, height=330)


def _apart(ends: pd.DataFrame, gap: float) -> pd.DataFrame:
    """Heights for the names at the ends of lines, so that none covers another."""
    ordered = ends.sort_values("change")
    heights: list[float] = []
    for value in ordered["change"]:
        heights.append(value if not heights else max(float(value), heights[-1] + gap))
    return ordered.assign(label_y=heights)


def _headline_figures() -> list[alt.Tooltip]:
    return [
        alt.Tooltip("name:N", title="vector"),
        alt.Tooltip("label:N", title="scale"),
        alt.Tooltip("change:Q", title="change", format="+.3~g"),
        alt.Tooltip("rate:Q", title="behaviour", format=".0%"),
    ]


def live(name: str, values: list[float], inks: Inks) -> alt.Chart:
    """A figure that a running job reports, step by step."""
    frame = pd.DataFrame({"step": range(1, len(values) + 1), "value": values}).dropna()
    return (
        alt.Chart(frame)
        .mark_line(color=inks.line, point=alt.OverlayMarkDef(color=inks.line, size=25))
        .encode(
            x=alt.X("step:Q", title="step", axis=alt.Axis(tickMinStep=1, grid=False)),
            y=alt.Y("value:Q", title=name.replace("_", " "), scale=alt.Scale(zero=False)),
            tooltip=[alt.Tooltip("step:Q"), alt.Tooltip("value:Q", format=".4g")],
        )
        .properties(height=180)
    )


def history(name: str, steps: list[list[float]], names: list[str], inks: Inks) -> alt.Chart:
    """A stored curve per vector: `steps[step][vector]`."""
    frame = pd.DataFrame(steps, columns=names[: len(steps[0])]).rename_axis("step").reset_index()
    frame = frame.melt("step", var_name="vector", value_name="value")
    return (
        alt.Chart(frame)
        .mark_line(strokeWidth=1.5, opacity=0.7, color=inks.line)
        .encode(
            x=alt.X("step:Q", title="step", axis=alt.Axis(tickMinStep=1, grid=False)),
            y=alt.Y("value:Q", title=name.replace("_", " "), scale=alt.Scale(zero=False)),
            detail=alt.Detail("vector:N"),
            tooltip=[
                alt.Tooltip("vector:N"),
                alt.Tooltip("step:Q"),
                alt.Tooltip("value:Q", format=".4g"),
            ],
        )
        .properties(height=180)
    )
