"""What a probe reads: ROC curves and AUROC over blocks. Frames in, `alt.Chart` out."""

from typing import Any

import altair as alt
import pandas as pd

from dashboard.charts.one_vector import Drawing
from dashboard.frames.probes import FITTED
from dashboard.words.inks import Inks

HEIGHT = 320
"""Pixels, the legend's among them."""
DASHES = [5, 3]
"""Of the fit, which is told from the vector without colour."""


def roc(curves: pd.DataFrame, band: pd.DataFrame, inks: Inks) -> Drawing:
    """ROC curves of the vector (whole line) and the fit (dashed), before the random directions.

    Args:
        curves: `frames.probes.curves`.
        band: `frames.probes.band`.
        inks: Of the theme.
    """
    x = alt.X("false:Q", title="false positive rate", scale=alt.Scale(domain=[0, 1]))
    rate = alt.Scale(domain=[0, 1])
    diagonal = pd.DataFrame({"false": [0.0, 1.0], "true": [0.0, 1.0]})
    layers = [
        alt.Chart(band)
        .mark_area(color=inks.band, opacity=0.38)
        .encode(x=x, y=alt.Y("low:Q", scale=rate, title="true positive rate"), y2="high:Q"),
        alt.Chart(diagonal)
        .mark_line(color=inks.muted, strokeWidth=1)
        .encode(x=x, y=alt.Y("true:Q", scale=rate)),
        alt.Chart(curves)
        .mark_line(strokeWidth=2)
        .encode(
            x=x,
            y=alt.Y("true:Q", scale=rate),
            order="place:Q",
            tooltip=[
                alt.Tooltip("what:N"),
                alt.Tooltip("false:Q", title="false positives", format=".0%"),
                alt.Tooltip("true:Q", title="true positives", format=".0%"),
            ],
            **_lines(curves, inks),
        ),
    ]
    return alt.layer(*layers).properties(height=HEIGHT)


def over_blocks(table: pd.DataFrame, inks: Inks) -> Drawing:
    """AUROC over blocks of the vector and of the fit, before the best random direction's.

    Args:
        table: `frames.probes.over_blocks`.
        inks: Of the theme.
    """
    shown = table.assign(mirror=1 - table["best"])
    shown["line"] = shown["what"].where(shown["what"] == FITTED, "vector")
    x = alt.X("block:Q", title="block", axis=alt.Axis(tickMinStep=1, format="d"))
    y = alt.Y("auroc:Q", title="AUROC", scale=alt.Scale(domain=[0, 1]))
    lines = alt.Chart(shown).encode(
        x=x,
        y=y,
        tooltip=[
            alt.Tooltip("what:N"),
            alt.Tooltip("block:Q"),
            alt.Tooltip("auroc:Q", title="AUROC", format=".3f"),
            alt.Tooltip("best:Q", title="best random", format=".3f"),
        ],
        **_lines(shown.assign(what=shown["line"]), inks, "line"),
    )
    layers = [
        alt.Chart(shown)
        .mark_area(color=inks.band, opacity=0.38)
        .encode(x=x, y=alt.Y("mirror:Q", title="AUROC"), y2="best:Q"),
        lines.mark_line(strokeWidth=2, point=alt.OverlayMarkDef(size=28)),
    ]
    return alt.layer(*layers).properties(height=HEIGHT)


def _lines(frame: pd.DataFrame, inks: Inks, column: str = "what") -> dict[str, Any]:
    """Colour and dashes by what a line is of."""
    names = sorted(set(frame["what"]), key=lambda name: name == FITTED)
    colours = [inks.second if name == FITTED else inks.line for name in names]
    dashes = [DASHES if name == FITTED else [1, 0] for name in names]
    legend = alt.Legend(title=None, orient="bottom", columns=1, symbolType="stroke")
    return {
        "color": alt.Color(
            f"{column}:N", scale=alt.Scale(domain=names, range=colours), legend=legend
        ),
        "strokeDash": alt.StrokeDash(
            f"{column}:N", scale=alt.Scale(domain=names, range=dashes), legend=legend
        ),
    }
