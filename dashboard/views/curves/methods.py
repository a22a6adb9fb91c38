"""Methods side by side on the scale-curves page: the study's six violins."""

import functools

import streamlit as st

from dashboard.charts import families as charts
from dashboard.charts.quick import Quick
from dashboard.frames import families
from dashboard.frames.families import FIGURES, PICKS, Choice
from dashboard.frames.sweep import Sweep
from dashboard.session import navigation
from dashboard.widgets import sharing, widgets
from dashboard.words import captions

SIX = "six"
"""The choice of all six pictures at once."""
WORDS = {**PICKS, SIX: "All six"}
TAB = "Methods"


def draw(sweep: Sweep) -> None:
    """Controls, one picture or all six, what is drawn in it, and what to know of it."""
    choice = _choice(sweep)
    if choice.pick == SIX:
        _six(sweep, choice)
    else:
        _one(sweep, choice)
    st.caption(captions.plain(" ".join([families.DRAWN, *families.notes(sweep, choice)])))
    st.caption(captions.reading(sweep.evaluation.config))
    if choice.pick not in (SIX, "all"):
        _table(sweep, choice)


def _choice(sweep: Sweep) -> Choice:
    """What the reader chose; the button to share it stands in the same row."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        pick = widgets.switch("Vectors of each method", "pick", WORDS, "all", "the picture")
        by = "rate"
        if pick != "all":
            by = widgets.switch("Ranked by", "by", _figures(sweep), "rate", "the ranking")
        choice = Choice(pick, by, _methods(sweep))
        sharing.families(sweep, choice, address(sweep, choice))
    return choice


def _figures(sweep: Sweep) -> dict[str, str]:
    """By what vectors can be ranked, as this run calls it."""
    return FIGURES | {"change": sweep.metrics["difference"]}


def _methods(sweep: Sweep) -> tuple[str, ...] | None:
    """Which methods stand side by side; asked only where not all fit."""
    known = families.methods(sweep)
    if len(families.shown(sweep, Choice())) == len(known):
        return None
    names = {captions.method(name): name for name in known}
    chosen = st.pills(
        "Methods", list(names), selection_mode="multi", key="methods", bind="query-params",
        help=f"At most {families.MOST_COLUMNS} columns fit, random vectors among them.",
    )  # fmt: skip
    return tuple(names[name] for name in chosen) or None


def address(sweep: Sweep, choice: Choice) -> str:
    """The link to this very view; what is as by default is left out."""
    named = None if choice.methods is None else [captions.method(m) for m in choice.methods]
    return navigation.link(
        "curves",
        run=sweep.evaluation.digest,
        ds=st.session_state.get("ds"),
        tab=TAB,
        pick=None if choice.pick == "all" else choice.pick,
        by=None if choice.by == "rate" else choice.by,
        methods=named,
    )


def _one(sweep: Sweep, choice: Choice) -> None:
    drawing = widgets.kept(
        ("families", sweep.version, choice), lambda inks: charts.draw(sweep, choice, inks)
    )
    if drawing is None:
        st.info("No answer of these vectors has a figure.")
        return
    text = f"Violins of {sweep.behaviour} for each method at each scale: {WORDS[choice.pick]}"
    widgets.chart(drawing, text, "families")


def _six(sweep: Sweep, choice: Choice) -> None:
    """All six, two in a row."""
    # Each is kept by itself, and all are drawn together, as they share an axis.
    drawn = functools.cache(lambda inks: charts.draw_six(sweep, choice, inks))

    def one(name: str) -> Quick | None:
        key = ("families", sweep.version, choice, name)
        return widgets.kept(key, lambda inks: drawn(inks).get(name))

    for column, (name, words) in zip(st.columns(2) * 3, PICKS.items(), strict=True):
        drawing = one(name)
        if drawing is not None:
            with column:
                widgets.chart(drawing, f"Violins of each method by scale: {words}", f"six_{name}")


def _table(sweep: Sweep, choice: Choice) -> None:
    """The drawn vectors with what they were ranked by."""
    share = choice.by == "rate"
    rows = families.table(sweep, choice)
    rows = rows.assign(
        scale=[
            captions.scale(s, sweep.steered.is_relative) if s == s else captions.NOTHING
            for s in rows.scale
        ],
        effect=[
            captions.figure(e, "{:+.0%}") if share else captions.number(e) for e in rows["effect"]
        ],
    )
    words = {"column": "method", "among": "chosen among", "scale": "largest at"}
    told = f"change of {_figures(sweep)[choice.by].lower()}"
    st.dataframe(
        rows.rename(columns={**words, "effect": told}), hide_index=True,
        alt="The drawn vectors with the figure that they are ranked by",
    )  # fmt: skip
