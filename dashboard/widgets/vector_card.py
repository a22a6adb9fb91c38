"""What may be said of one vector, in a line of badges and a row of figures.

Knows nothing of charts or of pages.
"""

import streamlit as st

from dashboard.frames import sweep as sweeps
from dashboard.frames.sweep import Sweep
from dashboard.widgets.probes import stored as probes
from dashboard.words import captions
from dashboard.words.inks import BadgeColour
from engine.statistics import doses

BADGE_COLOURS: dict[str, BadgeColour] = {"beyond the best": "green", "beyond random": "blue"}
SHAPE_COLOURS: dict[str, BadgeColour] = {"monotone": "gray", "saturating": "gray", "flat": "gray"}


def row_of(sweep: Sweep, name: str) -> dict | None:
    """The vector's row of `sweeps.ranking`; None if it was measured at no scale."""
    table = sweeps.ranking(sweep)
    rows = table[table["name"] == name].to_dict("records")
    return rows[0] if rows and isinstance(rows[0]["badge"], str) else None


def badges(sweep: Sweep, row: dict) -> None:
    """The badge, the shape and the usable range, each with what it means."""
    with st.container(horizontal=True, gap="xsmall", key="vector_badges", width="content"):
        st.badge(
            sweeps.verdict(row),
            color=BADGE_COLOURS.get(row["badge"], "gray"),
            icon=":material/star:" if row["badge"] == "beyond the best" else None,
            help=captions.plain(sweeps.sentence(row)) + "\n\n" + captions.BEST_OF_MANY,
        )
        shape = str(row["shape"])
        st.badge(
            shape,
            color=SHAPE_COLOURS.get(shape, "orange"),
            help=captions.plain(f"{shape}: {doses.SHAPES[shape]}."),
        )
        st.badge(usable_words(sweep, row), color="gray", help=usable_help(row))


def usable_words(sweep: Sweep, row: dict) -> str:
    """The usable range as it stands on screen."""
    if sweeps.usable_span(row) is None:
        return "usable range unknown: KL not measured"
    if row["low"] == row["high"] == 0:
        return "usable at no measured scale"
    low, high = (captions.strength(row[edge], sweep.steered) for edge in ("low", "high"))
    return f"usable {low} to {high}"


def usable_help(row: dict) -> str:
    """What ends the range, and what it was judged by."""
    stops = [
        f"{side} it ends at: {row[f'{edge}_stopped_by']}."
        for edge, side in (("low", "Below"), ("high", "Above"))
        if row[f"{edge}_stopped_by"]
    ]
    unknown = [] if sweeps.usable_span(row) else [captions.NO_COSTS]
    return "\n\n".join([captions.USABLE, *stops, *unknown])


def figures(sweep: Sweep, row: dict) -> None:
    """Held-out effect, flips, slope, letters or share; and what it reads, where it is probed."""
    held = sweep.read.selection.vectors
    found = held[(held["vector_set"] == row["vector_set"]) & (held["vector"] == row["vector"])]
    reads = probes.metric((str(row["vector_set"]), int(row["vector"])), sweep.model)
    with st.grid(4 if reads is None else 5):
        if len(found):
            _held_out(sweep, found.iloc[0].to_dict())
        st.metric(
            f"Flips at {captions.strength(row['scale'], sweep.steered)}",
            captions.flips(row["gained"], row["lost"]),
            delta=captions.p(row["flips_p"]),
            delta_color="off",
            delta_arrow="off",
            border=True,
            help=captions.FLIPS,
        )
        st.metric(
            "Slope",
            captions.number(row["slope"]),
            delta=f"{captions.figure(row['anti_steerable'])} the other way, rank "
            f"{captions.number(row['spearman'])}",
            delta_color="off",
            delta_arrow="off",
            border=True,
            help=captions.SLOPE,
        )
        share = "percent_a" if sweep.reading.has_letters else "rate"
        name = "Choosing A" if sweep.reading.has_letters else captions.plain(sweep.behaviour)
        base = sweep.vectors.loc[sweep.vectors["scale"] == 0, share].iloc[0]
        st.metric(
            f"{name} at {captions.strength(row['scale'], sweep.steered)}",
            captions.figure(row[share]),
            delta=f"{captions.figure(base)} unsteered",
            delta_color="off",
            delta_arrow="off",
            border=True,
            help=captions.CHOOSING_A if sweep.reading.has_letters else captions.LIKELIHOOD,
        )
        if reads is not None:
            _reads(reads)


def _reads(told: probes.Metric) -> None:
    st.metric(
        f"Reads, block {told.block}",
        f"{told.auroc:.2f}",
        delta=told.verdict,
        delta_color="off",
        delta_arrow="off",
        border=True,
        help=captions.plain(told.about),
    )


def _held_out(sweep: Sweep, found: dict) -> None:
    sign = found["sign"]
    low, high = sorted((sign * found["low"], sign * found["high"]))
    chosen = captions.strength(found["scale"], sweep.steered)
    told = captions.span(low, high, captions.number)
    if sign != sign:
        told = "no direction to hold"
    elif not found["agrees"]:
        told += "; the other half chose otherwise"
    st.metric(
        f"Held out, {chosen}",
        captions.number(sign * found["held_out"]),
        delta=told,
        delta_color="off",
        delta_arrow="off",
        border=True,
        help=captions.plain(
            f"{captions.HELD_OUT} On the choosing half: "
            f"{captions.figure(found['selected'], '{:.2f}')}; "
            f"{captions.p(found['p'])} beside random vectors treated the same."
        ),
    )
