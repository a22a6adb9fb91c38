"""What of one vector is shown: the rows of controls above the charts, and the link to the view.

Knows nothing of how it is drawn.
"""

import streamlit as st

from dashboard.charts.vector_view import View
from dashboard.forms import links
from dashboard.frames import leading
from dashboard.frames import sweep as sweeps
from dashboard.frames.sweep import METRICS, PARTS, Sweep
from dashboard.session import naming, navigation, pin_card, pinned, state, vector_links
from dashboard.widgets import chatting, noting, sharing, vector_card, widgets
from dashboard.words import captions


def controls(sweep: Sweep) -> tuple[View, dict | None]:
    """The rows of controls above the charts; also gives the vector's row of the ranking.

    They are few and low, as the violin has to stand beneath them in a small window.
    """
    asked = [question.id for question in sweep.evaluation.questions.questions]
    state.resolve("q", asked, can_be_none=True)
    with st.container(horizontal=True, vertical_alignment="center"):
        is_asked = "vec" in st.query_params
        told = naming.labels({name: key for key, name in sweep.keys.items()}, is_whole=True)
        first = leading.first(sweep)
        name = widgets.stepper(
            "Vector", "vec", sweep.names, told, first, label_visibility="collapsed"
        )
        metric = metric_picker(sweep)
    reference = "{}:{}".format(*sweeps.key_of(sweep, name))
    pinned.note(reference, is_asked)
    row = vector_card.row_of(sweep, name)
    with st.container(horizontal=True, vertical_alignment="center", gap="xsmall"):
        if row is not None:
            vector_card.badges(sweep, row)
        with st.popover("View", icon=":material/tune:", help=captions.VIEW):
            view = _drawn(sweep, name, metric)
        shared = st.container(width="content")
        with st.container(horizontal=True, gap="xsmall", width="content", key="vector_actions"):
            vector_links.button(reference, "open_vector")
            _chat(sweep, reference, row)
            pin_card.button(reference)
            noting.button(reference, "Name vector")
    with shared:
        sharing.curves(sweep, view, row, address(sweep, view))
    return view, row


def _drawn(sweep: Sweep, name: str, metric: str) -> View:
    """What of the vector is drawn: scales, part, and what stands beside the violins."""
    scales = scale_pills(sweep)
    has_parts = metric != "rate" and sweep.reading.has_letters
    part = part_picker() if has_parts else "content"
    dots = st.toggle("Dots", value=True, key="dots", bind="query-params")
    band = st.toggle(
        "Random band", value=True, key="band", bind="query-params", help=captions.CONTROLS
    )
    letters = sweep.reading.has_letters and st.toggle(
        "% choosing A", value=True, key="letters", bind="query-params", help=captions.CHOOSING_A
    )
    question = st.session_state.get("q")
    other = pinned_name(sweep, name)
    called, pinned_called = (own_name(sweep, one) for one in (name, other))
    return View(
        name, metric, scales, dots, band, letters, question, part, other, called, pinned_called
    )


def own_name(sweep: Sweep, name: str | None) -> str:
    """A reader's own name of a vector of this run; empty without one."""
    if name is None:
        return ""
    return naming.note("{}:{}".format(*sweeps.key_of(sweep, name))).name


def pinned_name(sweep: Sweep, name: str) -> str | None:
    """What the pinned vector is called in this run; None if it is not there, or is this one."""
    one = pinned.known(pinned.reference())
    if one is None:
        return None
    found = sweep.keys.get((one.digest, one.index))
    return None if found == name else found


def metric_picker(sweep: Sweep) -> str:
    """Which figure of each question is drawn."""
    return widgets.switch(
        "Show",
        "metric",
        sweep.metrics,
        next(iter(METRICS)),
        help=captions.CHANGE,
        label_visibility="collapsed",
    )


def part_picker() -> str:
    """Which part of each question's logits is drawn."""
    return widgets.switch("Part", "part", PARTS, next(iter(PARTS)), help=captions.PART)


def scale_pills(sweep: Sweep) -> list[float]:
    """The scales to draw; none chosen means all."""
    words = {f"{scale:g}": scale for scale in sweep.scales}
    chosen = st.pills(
        "Scales",
        list(words),
        selection_mode="multi",
        default=list(words),
        key="scales",
        bind="query-params",
    )
    return sorted(words[word] for word in chosen) or sweep.scales


def address(sweep: Sweep, view: View) -> str:
    """The link to this very view; what is as by default is left out."""
    every = view.scales == sweep.scales
    return navigation.link(
        "curves",
        run=sweep.evaluation.digest,
        vec=view.name,
        ds=st.session_state.get("ds"),
        scales=None if every else [f"{scale:g}" for scale in view.scales],
        metric=None if view.metric == "difference" else view.metric,
        part=None if view.part == "content" else view.part,
        dots=None if view.dots else "false",
        band=None if view.band else "false",
        letters=None if view.letters or not sweep.reading.has_letters else "false",
        q=view.question,
        pin=None if view.pinned is None else pinned.reference(),
    )


def _chat(sweep: Sweep, reference: str, row: dict | None) -> None:
    """The way to a conversation with the vector, at its best scale that the texts survive."""
    scale = None if row is None else float(row["scale"])
    usable = sweeps.usable_span(row) if row is not None else None
    if scale is not None and usable is not None:
        scale = min(max(scale, usable[0]), usable[1])
    how = links.how(sweep.evaluation.config)
    chatting.button(
        reference, "chat_vector", scale=scale or None, is_relative=sweep.steered.is_relative, **how
    )
