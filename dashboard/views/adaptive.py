"""Adaptive sweeps: how the cells raced, which are left, and their evaluation in full."""

import dataclasses
from typing import Any

import pandas as pd
import streamlit as st

from dashboard.cards import card as cards
from dashboard.cards import recipes
from dashboard.cards.card import Card
from dashboard.charts import adaptive
from dashboard.session import resources, state, vector_links
from dashboard.widgets import adaptive as links
from dashboard.widgets import widgets
from dashboard.words import captions
from dashboard.words.inks import LIGHT
from engine.configs.adaptive import AdaptiveConfig, config_of
from engine.configs.core import VectorRef
from engine.configs.sweeps import EvaluateConfig
from engine.records import readings, steered

SURE = (
    "Sure: over these questions, the whole sweep's best cell is among those left. The chance that "
    "it is not is at most {delta:g}, whenever one stops and for any number of cells. "
    "Not sure: that it is best on other questions, or better than random vectors. The best of many "
    "looks large by luck: evaluate it on questions that had no part in this, beside controls."
)
BOUNDS = (
    "Bands: {level:g} % bounds of the mean over all {count} questions, valid after every question, "
    "for each cell by itself. Grey: cells that were dropped, up to their last question. What drops "
    "a cell is not the band but a bet, question by question, that the leader does better there: "
    "sharper, because both answered the same questions."
)
COLUMNS = {
    "name": st.column_config.TextColumn("vector", width=150),
    "scale": st.column_config.NumberColumn("scale", format="%+g", width=60),
    "asked": st.column_config.NumberColumn("asked", width=60, help="Questions asked"),
    "change": st.column_config.NumberColumn(
        "change", format="%+.2f", help="Of the mean difference, on the questions asked"
    ),
    "points": st.column_config.NumberColumn(
        "points", format="%+.0f", help="Change of the share of behaviour answers, in points"
    ),
    "low": st.column_config.NumberColumn(
        "at least", format="%+.2f", help="Bound of the mean over all questions, by itself"
    ),
    "high": st.column_config.NumberColumn("at most", format="%+.2f"),
    "chance": st.column_config.NumberColumn(
        "chance",
        format="%.2g",
        help="Bound of the chance of such answers if no other cell were better",
    ),
    "fate": st.column_config.TextColumn("fate", width=150),
}


def progress() -> None:
    """The adaptive sweep that runs or has failed, if there is one."""
    widgets.live_job(AdaptiveConfig.method)
    widgets.unfinished_job(AdaptiveConfig.method)


def draw() -> None:
    """The adaptive sweep that was asked for."""
    infos = links.stored()
    digests = [info.digest for info in infos]
    state.resolve("screen", digests)
    state.warn_missing("screen", "the adaptive sweep", digests)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        record = resources.study(widgets.record_picker("Adaptive sweep", "screen", infos))
        name = f"adaptive_{record['digest']}"
        widgets.share_card(links.link(record["digest"]), lambda: card(record), name)
    _show(record)


def _show(record: dict[str, Any]) -> None:
    for note in record["notes"]:
        st.warning(captions.plain(note), icon=":material/warning:")
    best, cells = record["best"], record["cells"]
    points = None if best["rate_change"] is None else 100 * best["rate_change"]
    how = steered.of_config(record.get("sweep", {}))
    st.header(captions.plain(f"{best['name']} at {captions.strength(best['scale'], how)}"))
    if how.short:
        st.caption(captions.plain(f"{how.short}: {how.does}."))
    arm = record["tables"]["arms"][best["arm"]]
    vector_links.link(f"{arm['vector_set']}:{arm['vector']}", str(best["name"]))
    with st.container(horizontal=True, gap="large"):
        reading = readings.of_config(record.get("sweep", {}))
        shown = "+.2f" if reading.has_letters else "+.3f"
        st.metric(f"Change in {reading.unit}", _signed(best["change"], shown), width="content")
        st.metric("Points", _signed(points, "+.0f"), width="content")
        st.metric("Cells asked", f"{cells['share']:.0%}", width="content")
    st.markdown("\n".join(f"- {captions.plain(one)}" for one in record["sentences"]))
    words = f"Mean change of every cell against the questions asked; best {best['name']}"
    widgets.chart(adaptive.of_record(record, widgets.inks()), words, "race")
    st.caption(_bounds(record))
    st.caption(_sure(record))
    _evaluate(record)
    table = arms(record)
    widgets.download(table, f"adaptive_{record['digest']}")
    st.dataframe(
        table,
        hide_index=True,
        column_order=list(COLUMNS),
        column_config=COLUMNS,
        alt="Every cell: how long it was asked and what it showed",
    )


def _signed(value: float | None, form: str) -> str:
    return "none" if value is None else format(value, form).replace("-", "\u2212")


def _bounds(record: dict[str, Any]) -> str:
    level = 100 * (1 - record["config"]["delta"])
    return BOUNDS.format(level=level, count=len(record["order"]))


def _sure(record: dict[str, Any]) -> str:
    return SURE.format(delta=record["config"]["delta"])


def arms(record: dict[str, Any]) -> pd.DataFrame:
    """One row per cell, those asked longest first, with its fate in words."""
    table = pd.DataFrame(record["tables"]["arms"])
    best, finalists = record["best"]["arm"], set(record["finalists"])
    table["points"] = 100 * table["rate_change"].astype(float)
    table["size"] = table["mean"].astype(float).abs()
    table["fate"] = [
        "best" if arm == best else "left" if arm in finalists else f"dropped after {asked}"
        for arm, asked in zip(table["arm"], table["asked"], strict=True)
    ]
    table["is_best"] = table["arm"] == best
    order = ["is_best", "asked", "size"]
    return table.sort_values(order, ascending=False, kind="stable").drop(columns=order[::2])


def card(record: dict[str, Any]) -> Card:
    """The race over its recipe."""
    best, how = record["best"], steered.of_config(record.get("sweep", {}))
    title = f"{record['title']}: {best['name']} at {captions.strength(best['scale'], how)}"
    note = f"{' '.join(record['sentences'][:3])} {_sure(record)}"
    shown = cards.view(links.link(record["digest"]), recipes.of_study(record))
    return cards.of_charts(title, note, [adaptive.of_record(record, LIGHT)], shown)


def finalists_in_full(record: dict[str, Any], controls: int = 64) -> EvaluateConfig:
    """The whole sweep of the cells that are left, with random controls."""
    grid = config_of(record).sweep
    left = [record["tables"]["arms"][arm] for arm in record["finalists"]]
    indices: dict[str, set[int]] = {}
    for arm in left:
        indices.setdefault(arm["vector_set"], set()).add(int(arm["vector"]))
    if grid.operation == "low-rank":
        # What is left is a span, which all of its vectors make.
        return dataclasses.replace(grid, controls=controls)
    refs = tuple(VectorRef(digest=d, indices=tuple(sorted(i))) for d, i in indices.items())
    scales = tuple(sorted({0.0, *(float(arm["scale"]) for arm in left)}))
    return dataclasses.replace(grid, vectors=refs, scales=scales, controls=controls)


def _evaluate(record: dict[str, Any]) -> None:
    """The button that measures the finalists beside controls."""
    with st.container(border=True):
        st.caption(
            "The cells that are left, on the same questions beside 64 random vectors. For honest "
            "figures, evaluate them on Discover on questions that had no part in the choice."
        )
        widgets.submit("Evaluate what is left with controls", finalists_in_full(record), "in_full")
