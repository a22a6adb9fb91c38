"""Charts of whole studies: what each arm did at every layer and scale, and cosines by reading."""

from collections.abc import Mapping, Sequence
from typing import Any

import altair as alt
import pandas as pd

from dashboard.charts.one_vector import Drawing
from dashboard.words import captions
from dashboard.words.inks import Inks, method_colour
from engine.statistics.yardsticks import YARDSTICK

READINGS = {
    "steered with": "as steered with",
    "same tokens": "same tokens for both",
    "study": "the study's way",
}


FEW_ARMS = 8
"""So many have room to breathe; more stand closer."""


def arms(rows: Sequence[dict[str, Any]], inks: Inks) -> Drawing:
    """Share of answers each arm turned, with the largest share of any random vector as a tick."""
    frame = pd.DataFrame(rows)
    names = list(frame["arm"])
    y = alt.Y(
        "arm:N",
        sort=names,
        title=None,
        axis=alt.Axis(labelOverlap=False, labelFlush=False, ticks=False, labelLimit=340),
    )
    share = alt.Axis(format="%", values=[0, 0.25, 0.5, 0.75, 1])
    x = alt.X("converted:Q", title="answers turned", scale=alt.Scale(domain=[0, 1]), axis=share)
    tooltip = [
        alt.Tooltip("arm:N"),
        alt.Tooltip("block:Q"),
        alt.Tooltip("scale:Q"),
        alt.Tooltip("converted:Q", title="turned", format=".0%"),
        alt.Tooltip("random_high:Q", title="best random", format=".0%"),
        alt.Tooltip("p:Q", format=".3f"),
    ]
    bars = alt.Chart(frame).mark_bar(color=inks.line, height={"band": 0.55})
    ticks = alt.Chart(frame.dropna(subset=["random_high"])).mark_tick(
        color=inks.second, thickness=3, height={"band": 0.8}
    )
    return alt.layer(
        bars.encode(x=x, y=y, tooltip=tooltip),
        ticks.encode(x="random_high:Q", y=y, tooltip=tooltip),
    ).properties(height=(42 if len(names) <= FEW_ARMS else 24) * len(names) + 50)


def strength_noun(arm: Mapping[str, Any]) -> str:
    """What an arm's strengths are called: multiples of a vector, or shares of the way."""
    return "scale" if arm.get("operation", "add") == "add" else f"share ({arm['operation']})"


def sweep(
    rows: Sequence[dict[str, Any]],
    arm: str,
    chosen: tuple[int, float],
    inks: Inks,
    noun: str = "scale",
) -> Drawing:
    """Share of answers one arm turned, block by block and scale by scale; the chosen cell framed.

    Args:
        rows: Of the table `sweep`: arm, block, scale, converted.
        arm: Whose.
        chosen: Block and scale that were reported.
        inks: Of the theme.
        noun: What the strengths are.
    """
    frame = pd.DataFrame(rows)
    frame = frame[frame["arm"] == arm]
    plain: dict[str, Any] = {"ticks": False, "domain": False, "labelAngle": 0}
    base = alt.Chart(frame).encode(
        x=alt.X("block:O", title="block", axis=alt.Axis(**plain)),
        y=alt.Y("scale:O", sort="descending", title=noun, axis=alt.Axis(**plain)),
    )
    tiles = base.mark_rect(stroke=inks.page, strokeWidth=0.5).encode(
        color=alt.Color(
            "converted:Q",
            scale=alt.Scale(domain=[0, 1], range=[inks.middle, inks.line]),
            legend=alt.Legend(title="turned", format="%", tickCount=3),
        ),
        tooltip=["block:O", "scale:O", alt.Tooltip("converted:Q", title="turned", format=".0%")],
    )
    is_chosen = (alt.datum.block == chosen[0]) & (alt.datum.scale == chosen[1])
    outline = base.transform_filter(is_chosen).mark_rect(
        fillOpacity=0, stroke=inks.ink, strokeWidth=2.5
    )
    count = frame["scale"].nunique()
    return alt.layer(tiles, outline).properties(height=26 * count + 60)


def readings_of(tables: Mapping[str, Any]) -> tuple[list[dict[str, Any]], float]:
    """What `cosines` draws of a study: its rows, and the half width of the random band."""
    band = float(tables["similarity"][0]["random"])
    rows = tables.get("cosines") or [
        {"block": row["block"], "steered with": row["cosine"]} for row in tables["similarity"]
    ]
    return rows, band


def cosines(rows: Sequence[dict[str, Any]], band: float, inks: Inks) -> Drawing:
    """Cosine of the two families per block, one line for each way of reading them.

    Args:
        rows: Of the table `cosines`: block, and a column for each way.
        band: Half width of the 95 % band of random directions.
        inks: Of the theme.
    """
    frame = pd.DataFrame(rows)
    ways = [name for name in READINGS if name in frame]
    melted = frame.melt(["block"], ways, "way", "cosine").dropna()
    melted["way"] = melted["way"].map(READINGS)
    x = alt.X("block:Q", title="block", axis=alt.Axis(tickMinStep=1, grid=False, format="d"))
    edges = pd.DataFrame({"block": frame["block"], "low": -band, "high": band})
    area = alt.Chart(edges).mark_area(color=inks.band, opacity=0.3)
    zero = alt.Chart(pd.DataFrame({"low": [0.0]})).mark_rule(color=inks.muted)
    lines = alt.Chart(melted).mark_line(point=alt.OverlayMarkDef(size=40))
    return alt.layer(
        area.encode(x=x, y="low:Q", y2="high:Q"),
        zero.encode(y="low:Q"),
        lines.encode(
            x=x,
            y=alt.Y("cosine:Q", title="cosine", scale=alt.Scale(domain=[-1, 1])),
            color=alt.Color(
                "way:N",
                scale=alt.Scale(
                    domain=[READINGS[way] for way in ways],
                    range=[inks.line, inks.ink, inks.second][: len(ways)],
                ),
                legend=alt.Legend(title=None, orient="top", columns=2, labelLimit=240),
            ),
            tooltip=[
                alt.Tooltip("block:Q"),
                alt.Tooltip("way:N", title="read"),
                alt.Tooltip("cosine:Q", format="+.3f"),
            ],
        ),
    ).properties(height=320)


def methods(table: Mapping[str, Any], inks: Inks) -> Drawing:
    """Mean share of answers with the behaviour, by method and scale, each method a line.

    Args:
        table: Of one question file: behaviour, by_method (method, scale, rate) and band (scale,
            rate_low, rate_high), which random vectors fill; empty where there were too few.
        inks: Of the theme.
    """
    frame = pd.DataFrame(table["by_method"])
    band = pd.DataFrame(table["band"])
    # Where the random controls have a band, their mean says nothing more.
    left_out = ["baseline", *(["control"] if len(band) else [])]
    frame = frame[~frame["method"].isin(left_out)]
    frame = frame.assign(name=frame["method"].map(captions.method))
    methods = list(dict.fromkeys(frame["method"]))
    names = [captions.method(method) for method in methods]
    colours = [method_colour(method) for method in methods]
    layers = [_random_band(band, inks)] if len(band) else []
    lines = (
        alt.Chart(frame)
        .mark_line(point=alt.OverlayMarkDef(size=35))
        .encode(
            x=alt.X("scale:Q", title="scale", axis=alt.Axis(grid=False)),
            y=alt.Y("rate:Q", title=f"{table['behaviour']} %", axis=alt.Axis(format="%")),
            color=alt.Color(
                "name:N",
                scale=alt.Scale(domain=names, range=colours),
                legend=alt.Legend(title=None, orient="top", columns=2),
            ),
            tooltip=["name:N", "scale:Q", alt.Tooltip("rate:Q", format=".1%")],
        )
    )
    return alt.layer(*layers, lines).properties(height=270)


def _random_band(band: pd.DataFrame, inks: Inks) -> alt.Chart:
    figures = [
        alt.Tooltip("scale:Q"),
        alt.Tooltip("rate_low:Q", title="random from", format=".1%"),
        alt.Tooltip("rate_high:Q", title="to", format=".1%"),
    ]
    # Random vectors of another site or norm have a band of their own.
    kinds = band.assign(kind=band.get(YARDSTICK, 0))
    area = alt.Chart(kinds).mark_area(color=inks.band, opacity=0.3)
    return area.encode(
        x="scale:Q", y="rate_low:Q", y2="rate_high:Q", detail="kind:N", tooltip=figures
    )
