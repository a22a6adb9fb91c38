"""The parts of the scale-curves page: controls, charts and tables of one evaluation."""

from collections.abc import Sequence
from typing import NamedTuple

import streamlit as st

from dashboard import captions, charts, navigation, overviews, resources, state, sweeps, widgets
from dashboard import violin as shapes
from dashboard.axes import Axis
from dashboard.sweeps import METRICS, Sweep
from engine.records import RecordInfo


class View(NamedTuple):
    """What the reader chose to see; every field stands in the URL."""

    name: str
    metric: str
    scales: list[float]
    dots: bool
    band: bool
    letters: bool
    question: str | None


def aliases(runs: Sequence[RecordInfo]) -> dict[str, str]:
    """A link may name a vector set: it means the newest run that measured the set."""
    return {
        digest: info.digest for info in reversed(runs) for digest in resources.measured_sets(info)
    }


def forget_choices() -> None:
    """Another run has its own questions, scales and datasets."""
    for key in ("ds", "scales", "q"):
        st.session_state.pop(key, None)


def dataset_picker(run: str, runs: Sequence[RecordInfo]) -> str:
    """Digest of the evaluation to show: this run's, or one of the same vectors elsewhere."""
    own = next(info for info in runs if info.digest == run)
    wanted = resources.measured_sets(own)
    same = [own, *(i for i in runs if i.digest != run and resources.measured_sets(i) & wanted)]
    digests: dict[str, str] = {}
    for info in same:
        name = resources.dataset(info)
        digests[name if name not in digests else f"{name} ({info.digest[:4]})"] = info.digest
    state.resolve("ds", list(digests))
    state.warn_missing("ds", "the questions", list(digests))
    if len(digests) == 1:
        return run
    first = next(iter(digests))
    chosen = st.segmented_control(
        "Questions",
        list(digests),
        format_func=captions.plain,
        default=None if "ds" in st.session_state else first,
        required=True,
        key="ds",
        persist_state="session",
        help="All evaluations of these vectors.",
    )
    state.write_link("ds", default=first)
    return digests[chosen or first]


def warnings(sweep: Sweep) -> None:
    """What a reader must know before believing this run."""
    for note in (*sweep.evaluation.questions.notes, *sweep.evaluation.notes):
        st.warning(captions.plain(note), icon=":material/warning:")
    if sweep.nothing_moved:
        st.error(captions.NOTHING_MOVED, icon=":material/block:")
    if not sweep.control_count:
        st.warning(captions.NO_CONTROLS, icon=":material/warning:")


def controls(sweep: Sweep) -> View:
    """The row of controls above the charts."""
    state.resolve("q", [question.id for question in sweep.evaluation.questions.questions])
    left, right = st.columns([0.58, 0.42], vertical_alignment="bottom")
    with left:
        name = widgets.stepper("Vector", "vec", sweep.names)
    with right:
        metric = metric_picker()
    with st.container(horizontal=True, vertical_alignment="bottom"):
        scales = scale_pills(sweep)
        dots = st.toggle("Dots", value=True, key="dots", bind="query-params")
        band = st.toggle(
            "Random band", value=True, key="band", bind="query-params", help=captions.CONTROLS
        )
        letters = st.toggle(
            "% choosing A", value=False, key="letters", bind="query-params", help=captions.ORDERS
        )
        question = st.session_state.get("q")
        widgets.share(address(sweep, View(name, metric, scales, dots, band, letters, question)))
    return View(name, metric, scales, dots, band, letters, question)


def metric_picker() -> str:
    """Which figure of each question is drawn."""
    state.resolve("metric", list(METRICS))
    first = next(iter(METRICS))
    metric = st.segmented_control(
        "Show",
        list(METRICS),
        default=None if "metric" in st.session_state else first,
        required=True,
        format_func=lambda name: METRICS[name],
        key="metric",
        persist_state="session",
        help="Paired change: each question's difference to itself at scale 0.",
    )
    state.write_link("metric", default=first)
    return metric or first


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
        q=view.question,
    )


def axis(sweep: Sweep, view: View) -> Axis:
    """The x axis of this view; colours come from all the run's scales."""
    largest = max(abs(scale) for scale in sweep.scales)
    return Axis(view.scales, largest, sweep.relative)


def draw_violin(sweep: Sweep, view: View) -> None:
    """The violin of the chosen vector, or its rates if those were asked for."""
    if view.metric == "rate":
        return
    points = sweeps.points(sweep, view.name, view.metric)
    points = points[points["scale"].isin(view.scales)]
    if view.metric == "change":
        # At scale 0 every question's change is 0 by definition.
        points = points[points["scale"] != 0]
    measured = points["scale"].nunique() + (view.metric == "change" and 0.0 in view.scales)
    if 0 < measured < len(view.scales):
        st.caption(f"{measured} of {len(view.scales)} scales have been measured for this vector.")
    if points.empty:
        st.info("This vector has not been measured at these scales yet.")
        return
    behaviour = sweep.behaviour
    title = {
        "difference": f"logit({behaviour}) \u2212 logit(other)",
        "change": f"change of logit({behaviour}) \u2212 logit(other)",
    }[view.metric]
    mean = "mean" if view.metric == "difference" else "change"
    extras = charts.Extras(
        dots=view.dots,
        band=sweeps.band(sweep, mean) if view.band else None,
        rates=sweeps.curve(sweep, view.name),
        selected=view.question,
    )
    drawing = charts.violins(
        shapes.build(points, view.scales), axis(sweep, view), widgets.look(), title, extras
    )
    text = f"{METRICS[view.metric]} of {view.name} per question, one violin a scale"
    widgets.chart(drawing, text, "violin", pick=pick_question if view.dots else None)


def pick_question() -> None:
    """Open the clicked question; a click beside the dots closes it."""
    st.session_state["q"] = state.picked("violin", "question")


def draw_rates(sweep: Sweep, view: View) -> None:
    """The share of behaviour answers over scales with its interval and the random band."""
    drawing = charts.rates(
        sweeps.curve(sweep, view.name),
        sweeps.band(sweep, "rate") if view.band else None,
        axis(sweep, view),
        widgets.look(),
        letters=view.letters,
        title=f"% {sweep.behaviour}",
    ).properties(height=400 if view.metric == "rate" else 190)
    text = f"Share of {sweep.behaviour} answers of {view.name} over scales, with 95 % intervals"
    widgets.chart(drawing, text, "rates")
    orange = "orange: share of answers that are the letter A; " if view.letters else ""
    band = f"the grey band holds 95 % of {sweep.control_count} random vectors. "
    st.caption(
        f"Bars: 95 % Wilson intervals over {len(sweep.evaluation.questions.questions)} questions; "
        f"{orange}{band if sweep.control_count else ''}{captions.PROXY} "
        f"{captions.orders(sweep.evaluation.config)}"
    )


def draw_overview(sweep: Sweep) -> None:
    """All vectors x scales; a click opens the vector."""
    cells = sweeps.cells(sweep)
    st.caption(
        f"Mean change of logit({captions.plain(sweep.behaviour)}) − logit(other) from scale 0. "
        f"Bold: beyond the 95 % band of {sweep.control_count} random vectors at that scale. "
        "Click a cell to open its vector."
    )
    drawing = overviews.heat_map(cells, widgets.look())
    widgets.chart(drawing, "Change by vector and scale", "heat", pick=pick_vector)


def pick_vector() -> None:
    """Open the clicked vector in the first tab."""
    name = state.picked("heat", "name")
    if name is not None:
        st.session_state["vec"] = name
        st.session_state["tab"] = "One vector"


def draw_numbers(sweep: Sweep) -> None:
    """Every figure of the run, and the same as CSV."""
    table = sweep.vectors.drop(columns=["vector_set", "vector"])
    first = ["name", "method", "scale"]
    table = table[first + [column for column in table if column not in first]]
    widgets.download(table, f"curves_{sweep.evaluation.digest}")
    st.dataframe(table, hide_index=True, alt="Figures of every vector at every scale")
