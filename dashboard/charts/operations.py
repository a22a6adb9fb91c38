"""Bars over operations at equal cost: frames in, `alt.Chart` out. Knows nothing of files."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import altair as alt
import pandas as pd

from dashboard.charts.one_vector import Drawing
from dashboard.frames.operations import OPERATION, PROMPT
from dashboard.words import captions
from dashboard.words.inks import Inks
from engine.configs.budgets.equal_cost import config_of
from engine.records import readings
from engine.statistics.budgets import equal_cost_words
from engine.statistics.nulls import MIN_CONTROLS

STEP = 30
"""Height of an operation's row."""
BAND, BAR = 22, 10
"""Thickness of the random band and of the bar before it."""
FOOT = 56
"""Height of the axis beneath them."""
NAMES = 170
"""Room for the operations' names."""


class Words(NamedTuple):
    """How figures are written."""

    title: str
    """Of the axis."""
    form: str
    """Of a figure."""
    domain: tuple[float, float] | None = None
    """Ends of the axis; None leaves room for all."""


def bars(frame: pd.DataFrame, words: Words, inks: Inks) -> Drawing:
    """Every operation as a bar with its 95 % interval, before the random band at equal KL.

    Read without colour: the band is wide and pale, a bar narrow and solid, a prompt's bar hollow,
    and p stands at the right.

    Args:
        frame: `frames.operations.BARS`.
        words: How figures are written.
        inks: Of the theme.
    """
    shown = frame.assign(told=[_told(row) for row in frame.to_dict("records")], zero=0.0)
    order = shown["label"].tolist()
    low, high = words.domain or _domain(shown)
    y = alt.Y(
        "label:N",
        sort=order,
        title=None,
        axis=alt.Axis(ticks=False, domain=False, labelLimit=NAMES, labelOverlap=False),
    )
    x = alt.X(
        "value:Q",
        title=words.title,
        scale=alt.Scale(domain=[low, high], nice=False),
        axis=alt.Axis(format=words.form, tickCount=5),
    )
    base = alt.Chart(shown).encode(y=y, tooltip=_figures(words.form))
    layers = [
        *_bodies(base, x, words.title, inks),
        alt.Chart(pd.DataFrame({"zero": [0.0]})).mark_rule(color=inks.muted).encode(x="zero:Q"),
        *_whiskers(base, inks),
        base.transform_filter("datum.note")
        .mark_text(align="left", dx=5, color=inks.ink, fontSize=12)
        .encode(x="zero:Q", text="note:N"),
        base.mark_text(align="left", dx=6, color=inks.ink, fontSize=12).encode(
            x=alt.value("width"), text="told:N"
        ),
    ]
    return alt.layer(*layers).properties(height=STEP * len(shown) + FOOT)


def of_record(record: Mapping[str, Any], frame: pd.DataFrame, inks: Inks) -> Drawing:
    """Bars of one vector in a comparison at equal cost.

    Args:
        record: The comparison.
        frame: Its rows of the vector, as `frames.operations.bars` gives them.
        inks: Of the theme.
    """
    reading = readings.of_config(record["sweep"])
    form = equal_cost_words.form(config_of(dict(record)))
    return bars(frame, Words(f"change in {reading.unit}", form), inks)


def of_study(frame: pd.DataFrame, what: str, inks: Inks) -> Drawing:
    """Bars of the operators study: changes of likelihood, or shares of texts that were turned."""
    if what == "likelihood":
        return bars(frame, Words("change in nats per token, as wanted", "+.2f"), inks)
    return bars(frame, Words("texts turned", ".0%", (0.0, 1.0)), inks)


def _bodies(base: alt.Chart, x: alt.X, title: str, inks: Inks) -> list[alt.Chart]:
    """The random bands, the bars before them, and the hollow one of a prompt."""
    known = base.transform_filter("isValid(datum.value)")
    return [
        base.transform_filter("isValid(datum.band_high)")
        .mark_bar(color=inks.band, opacity=0.38, height=BAND)
        .encode(x=alt.X("band_low:Q", title=title), x2="band_high:Q"),
        known.transform_filter(alt.datum.kind == OPERATION)
        .mark_bar(color=inks.line, height=BAR)
        .encode(x=x, x2="zero:Q"),
        known.transform_filter(alt.datum.kind != OPERATION)
        .mark_bar(color=inks.page, stroke=inks.second, strokeWidth=2, height=BAR)
        .encode(x=x, x2="zero:Q"),
    ]


def _whiskers(base: alt.Chart, inks: Inks) -> list[alt.Chart]:
    """The 95 % interval of every bar, with a stop at both ends."""
    known = base.transform_filter("isValid(datum.low)")
    ends = known.mark_tick(color=inks.ink, thickness=1.6, size=BAR)
    return [
        known.mark_rule(color=inks.ink, strokeWidth=1.6).encode(x="low:Q", x2="high:Q"),
        ends.encode(x="low:Q"),
        ends.encode(x="high:Q"),
    ]


def _told(row: Any) -> str:
    """What stands at the right of a row."""
    if row["kind"] == PROMPT:
        return "above budget" if row["is_above"] else "within budget"
    if pd.notna(row["p"]):
        return captions.p(row["p"])
    if pd.isna(row["value"]) or row["kind"] != OPERATION:
        return ""
    return "no random band" if pd.isna(row["band_high"]) else f"p needs {MIN_CONTROLS} random"


def _domain(frame: pd.DataFrame) -> tuple[float, float]:
    """From the least to the largest figure, zero within, with a little room."""
    edges = frame[["value", "low", "high", "band_low", "band_high"]].astype(float).to_numpy()
    known = edges[~pd.isna(edges)]
    if not len(known):
        return -1.0, 1.0
    low, high = min(float(known.min()), 0.0), max(float(known.max()), 0.0)
    room = 0.04 * (high - low) or 1.0
    return low - room, high + room


def _figures(form: str) -> list[alt.Tooltip]:
    figures = {
        "value": ("effect", form),
        "low": ("95 % from", form),
        "high": ("to", form),
        "band_low": ("random from", form),
        "band_high": ("random to", form),
        "p": ("p", ".3f"),
        "strength": ("strength", "+.3g"),
        "kl_mean": ("KL mean", ".3f"),
        "kl_p95": ("KL p95", ".2f"),
    }
    shown = [alt.Tooltip(f"{n}:Q", title=t, format=f) for n, (t, f) in figures.items()]
    return [alt.Tooltip("label:N", title="operation"), *shown, alt.Tooltip("absent:N")]
