"""Charts of how alike vectors are: frames in, `alt.Chart` out. Knows no files, state or pages."""

from collections.abc import Sequence
from typing import Any, Literal

import altair as alt
import pandas as pd

from dashboard.charts.axes import EXTENT
from dashboard.charts.one_vector import Drawing
from dashboard.words import captions
from dashboard.words.inks import RAMP, Inks, method_colour

MOST_FIGURES = 24
"""Vectors on a side up to which a map writes its cosines into the tiles."""


def _colour(limit: float, inks: Inks, legend: alt.Legend | None) -> alt.Color:
    return alt.Color(
        "cosine:Q",
        scale=alt.Scale(
            domain=[-limit, 0, limit],
            range=[RAMP[0], inks.middle, RAMP[6]],
            clamp=True,
        ),
        legend=legend,
    )


def _legend(orient: Literal["right", "top"] = "right") -> alt.Legend:
    return alt.Legend(
        title="cosine", gradientLength=180, format="+.2~f", tickCount=5, orient=orient
    )


def layers(
    cells: pd.DataFrame, titles: tuple[str, str], limit: float, inks: Inks, chosen: str | None
) -> Drawing:
    """Layer x layer cosines of two sets; a click names a cell.

    Args:
        cells: Columns cell, row, column, row_label, column_label, cosine, z.
        titles: Of the rows and of the columns.
        limit: |cosine| at which the colour is full.
        inks: Of the theme.
        chosen: Cell that is outlined.
    """
    rows = list(dict.fromkeys(cells.sort_values("row")["row_label"]))
    columns = list(dict.fromkeys(cells.sort_values("column")["column_label"]))
    pick = alt.selection_point(name="pick", fields=["cell"], on="click", empty=False)
    plain: dict[str, Any] = {"ticks": False, "domain": False, "labelAngle": 0, "labelFlush": False}
    base = alt.Chart(cells).encode(
        x=alt.X("column_label:N", sort=columns, title=titles[1], axis=alt.Axis(**plain)),
        y=alt.Y("row_label:N", sort=rows[::-1], title=titles[0], axis=alt.Axis(**plain)),
    )
    tiles = base.mark_rect(cursor="pointer", stroke=inks.page, strokeWidth=0.5).encode(
        color=_colour(limit, inks, _legend()),
        tooltip=[
            alt.Tooltip("row_label:N", title=titles[0]),
            alt.Tooltip("column_label:N", title=titles[1]),
            alt.Tooltip("cosine:Q", format="+.3f"),
            alt.Tooltip("z:Q", title="standard deviations of random pairs", format="+.1f"),
        ],
    )
    drawn = [tiles.add_params(pick)]
    # A layer without marks would be read out as a picture without a name.
    if chosen in set(cells["cell"]):
        outline = base.transform_filter(alt.datum.cell == chosen)
        drawn.append(outline.mark_rect(fillOpacity=0, stroke=inks.ink, strokeWidth=2.5))
    height = min(max(26 * len(rows) + 70, 330), 470)
    return alt.layer(*drawn).properties(height=height)


def same_layer(frame: pd.DataFrame, inks: Inks) -> Drawing:
    """The cosine of both sets' vectors at the same layer, with what chance gives.

    Args:
        frame: As `similarity.by_layer` gives it.
        inks: Of the theme.
    """
    x = _blocks("block of both vectors")
    areas = [_area(frame.assign(low=-frame["random"], high=frame["random"]), inks.band, 0.3, x)]
    if "null_low" in frame:
        null = frame.assign(low=frame["null_low"], high=frame["null_high"])
        areas.append(_area(null.dropna(subset=["low", "high"]), inks.second, 0.22, x))
    names = {"cosine": "cosine", "corrected": "corrected for noise"}
    melted = frame.melt(["block", "first"], list(names), "series", "value").dropna()
    # What is drawn last lies on top: the plain cosine.
    melted = melted.iloc[::-1].assign(series=lambda f: f["series"].map(names))
    known = [name for name in names.values() if name in set(melted["series"])]
    lines = (
        alt.Chart(melted)
        .mark_line(point=alt.OverlayMarkDef(size=40))
        .encode(
            x=x,
            y=alt.Y(
                "value:Q",
                title="same-layer cosine",
                axis=alt.Axis(minExtent=EXTENT, tickCount=4, format="+.2~f"),
            ),
            color=alt.Color(
                "series:N",
                scale=alt.Scale(domain=known, range=[inks.line, inks.muted][: len(known)]),
                legend=alt.Legend(title=None, orient="top") if len(known) > 1 else None,
            ),
            tooltip=[
                alt.Tooltip("block:Q"),
                alt.Tooltip("series:N", title="figure"),
                alt.Tooltip("value:Q", title="cosine", format="+.3f"),
            ],
        )
    )
    zero = alt.Chart(pd.DataFrame({"low": [0.0]})).mark_rule(color=inks.muted).encode(y="low:Q")
    return alt.layer(*areas, zero, lines).properties(height=240)


def _blocks(title: str | None) -> alt.X:
    return alt.X("block:Q", title=title, axis=alt.Axis(tickMinStep=1, grid=False, format="d"))


def _area(frame: pd.DataFrame, colour: str, opacity: float, x: alt.X) -> alt.Chart:
    return (
        alt.Chart(frame.drop_duplicates("block"))
        .mark_area(color=colour, opacity=opacity)
        .encode(x=x, y="low:Q", y2="high:Q")
    )


def norms(frame: pd.DataFrame, names: tuple[str, str], inks: Inks) -> Drawing:
    """The length of both sets' vectors layer by layer, on a logarithmic scale."""
    columns = {"norm_first": names[0], "norm_second": names[1]}
    melted = frame.melt(["block"], list(columns), "series", "norm")
    melted = melted.assign(series=melted["series"].map(columns)).query("norm > 0")
    return (
        alt.Chart(melted)
        .mark_line(point=alt.OverlayMarkDef(size=25))
        .encode(
            x=_blocks(None),
            y=alt.Y(
                "norm:Q",
                scale=alt.Scale(type="log", nice=False),
                axis=alt.Axis(tickCount=3, minExtent=EXTENT, format="~g"),
            ),
            color=alt.Color(
                "series:N",
                scale=alt.Scale(domain=list(names), range=[inks.line, inks.second]),
                legend=alt.Legend(title=None, orient="top"),
            ),
            tooltip=["block:Q", "series:N", alt.Tooltip("norm:Q", format=".3g")],
        )
        .properties(height=130)
    )


def everyone(cells: pd.DataFrame, order: Sequence[str], limit: float, inks: Inks) -> Drawing:
    """Vectors x vectors in a given order; a click names the pair.

    Args:
        cells: Columns row, column, row_reference, column_reference, cosine.
        order: The vectors' names.
        limit: |cosine| at which the colour is full.
        inks: Of the theme.
    """
    names = list(order)
    pick = alt.selection_point(
        name="pick", fields=["row_reference", "column_reference"], on="click", empty=False
    )
    plain: dict[str, Any] = {
        "ticks": False,
        "domain": False,
        "labelFlush": False,
        "labelOverlap": len(names) > 60,
        "labelLimit": 150,
    }
    base = alt.Chart(cells.assign(strong=cells["cosine"].abs() > 0.6 * limit)).encode(
        x=alt.X("column:N", sort=names, title=None, axis=alt.Axis(labelAngle=-60, **plain)),
        y=alt.Y("row:N", sort=names, title=None, axis=alt.Axis(**plain)),
    )
    tiles = base.mark_rect(cursor="pointer").encode(
        # On top: beside the map it would take half the width of a phone.
        color=_colour(limit, inks, _legend("top")),
        tooltip=[
            alt.Tooltip("row:N", title="vector"),
            alt.Tooltip("column:N", title="and"),
            alt.Tooltip("cosine:Q", format="+.3f"),
        ],
    )
    drawn: list[alt.Chart] = [tiles.add_params(pick)]
    if len(names) <= MOST_FIGURES:
        ink = alt.when("datum.strong").then(alt.value("#ffffff")).otherwise(alt.value(inks.ink))
        figure = alt.Text("cosine:Q", format=".2f")
        drawn.append(base.mark_text(fontSize=9).encode(text=figure, color=ink))
    size = 22 if len(names) <= MOST_FIGURES else 13
    height = min(size * len(names) + 180, 810)
    return alt.layer(*drawn).resolve_scale(color="independent").properties(height=height)


def bars(frame: pd.DataFrame, band: float, inks: Inks) -> Drawing:
    """One vector against others: sorted bars, with the band of random directions.

    Args:
        frame: Columns name, reference, method, method_name, site, cosine, z; in order.
        band: Half width of the 95 % band of random directions.
        inks: Of the theme.
    """
    names = list(frame["name"])
    pick = alt.selection_point(name="pick", fields=["reference"], on="click", empty=False)
    methods = list(dict.fromkeys(frame["method"]))
    drawn = (
        alt.Chart(frame)
        .mark_bar(cursor="pointer", height={"band": 0.75})
        .encode(
            x=alt.X("cosine:Q", title="cosine"),
            y=alt.Y(
                "name:N",
                sort=names,
                title=None,
                axis=alt.Axis(labelOverlap=False, labelFlush=False, ticks=False, labelLimit=180),
            ),
            color=alt.Color(
                "method_name:N",
                scale=alt.Scale(
                    domain=[captions.method(m) for m in methods],
                    range=[method_colour(m) for m in methods],
                ),
                # One below the other: side by side they would be cut off on a phone.
                legend=alt.Legend(title=None, orient="bottom", columns=1),
            ),
            tooltip=[
                alt.Tooltip("name:N", title="vector"),
                alt.Tooltip("site:N"),
                alt.Tooltip("cosine:Q", format="+.3f"),
                alt.Tooltip("z:Q", title="standard deviations of random pairs", format="+.1f"),
            ],
        )
        .add_params(pick)
    )
    edges = pd.DataFrame({"low": [-band], "high": [band]})
    room = alt.Chart(edges).mark_rect(color=inks.band, opacity=0.3).encode(x="low:Q", x2="high:Q")
    return alt.layer(room, drawn).properties(height=18 * len(names) + 70)


def shares(frame: pd.DataFrame, colour: str, inks: Inks) -> Drawing:
    """Each vector's share inside a span, with the band of random directions.

    Args:
        frame: As `similarity.span_shares` gives it, with the vectors' names.
        colour: Of the bars.
        inks: Of the theme.
    """
    bars = (
        alt.Chart(frame)
        .mark_bar(color=colour, height={"band": 0.75})
        .encode(
            x=alt.X(
                "share:Q",
                title="share inside the span",
                scale=alt.Scale(domain=[0, 1]),
                axis=alt.Axis(format="%"),
            ),
            y=alt.Y(
                "name:N",
                sort=list(frame["name"]),
                title=None,
                axis=alt.Axis(labelOverlap=False, labelFlush=False, ticks=False, labelLimit=180),
            ),
            tooltip=[
                alt.Tooltip("name:N", title="vector"),
                alt.Tooltip("share:Q", title="inside", format=".1%"),
                alt.Tooltip("linear:Q", title="norm inside", format=".3g"),
                alt.Tooltip("residual:Q", title="norm outside", format=".3g"),
                alt.Tooltip("random:Q", title="a random direction, on average", format=".1%"),
            ],
        )
    )
    edge = frame[["random_high"]].head(1).assign(low=0.0)
    band = (
        alt.Chart(edge)
        .mark_rect(color=inks.band, opacity=0.3)
        .encode(x="low:Q", x2="random_high:Q")
    )
    return alt.layer(band, bars).properties(height=18 * len(frame) + 50)
