"""What stands out in the store, or how to begin with an empty one.

Knows nothing of how anything is found or measured.
"""

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from dashboard.charts import many_vectors
from dashboard.charts.one_vector import Drawing
from dashboard.frames import controls
from dashboard.frames import sweep as sweeps
from dashboard.frames.sweep import Sweep
from dashboard.session import going, naming, navigation, resources, state, vector_links
from dashboard.widgets import outstanding, starting, widgets
from dashboard.words import captions
from dashboard.words.inks import Inks
from engine.configs.core import ModelConfig
from engine.records.records import RecordInfo

SHOWN = 4


def model_line(sets: Sequence[RecordInfo], runs: Sequence[RecordInfo]) -> None:
    """The model of this tab and the size of the store, in one line."""
    model = state.model()
    known = state.preset(model)
    words = [state.title(model)]
    if known:
        words.append(f"{known.blocks} blocks")
        words.append(f"vectors sought from block {known.source_layer} to {known.target_layer}")
    words.append(
        f"{captions.count(len(sets), 'vector set')} and "
        f"{captions.count(len(runs), 'evaluation')} stored"
    )
    st.caption(captions.plain(" · ".join(words)))


def figures(sweep: Sweep, ranking: pd.DataFrame) -> None:
    """A run in four figures."""
    base = sweep.vectors[sweep.vectors["scale"] == 0].iloc[0]
    beyond = int((ranking["badge"] == sweeps.BEYOND).sum())
    rates = sweep.vectors["rate"]
    behaviour = captions.plain(sweep.behaviour)
    with st.grid(4):
        st.metric(
            f"Unsteered {behaviour}",
            captions.figure(base["rate"]),
            border=True,
            help=captions.plain(
                f"95 % interval {captions.span(base['rate_low'], base['rate_high'])}"
            ),
        )
        st.metric(
            f"Steered {behaviour}",
            captions.span(rates.min(), rates.max()),
            border=True,
            help="Lowest and highest share over all vectors and scales.",
        )
        st.metric(
            "Beyond the best random",
            f"{beyond} of {len(ranking)}",
            border=True,
            help=f"Of {controls.words_of_all(sweep)}, each at its best scale, none reaches these. "
            "Chance alone would not put the best of all cells so far outside.",
        )
        if sweep.reading.has_letters:
            choosing = captions.figure(base["percent_a"])
            st.metric("Unsteered choosing A", choosing, border=True, help=captions.ORDERS)
        else:
            st.metric(
                "Unsteered difference",
                captions.number(base["mean"]),
                border=True,
                help=captions.plain(
                    f"{sweep.reading.less(sweep.behaviour)}. {captions.LIKELIHOOD}"
                ),
            )


def empty(model: ModelConfig) -> None:
    """A store without records: what it is for, and one way to fill it."""
    st.header("Nothing is stored yet")
    st.write(
        "The corrigibility study finds vectors from one question about being shut down. It then "
        "asks whether they change answers to hundreds of others more than random vectors do."
    )
    with st.container(horizontal=True):
        label = captions.plain(f"Run the corrigibility study on {state.title(model)}")
        if st.button(label, type="primary", icon=":material/play_arrow:", key="run_study"):
            starting.began(resources.submit_study("corrigibility", model))
        widgets.go_button("Find vectors", "discover", "to_find", ":material/travel_explore:")
    st.header("How to start")
    for page, name, words in (
        ("discover", "1. Find vectors", "from a single prompt."),
        ("discover", "2. Evaluate them", "on questions they have not seen, beside random vectors."),
        ("curves", "3. Read the curves", "and click a dot to see the question behind it."),
    ):
        with st.container(gap=None):
            st.page_link(navigation.page(page), label=name, icon=navigation.PAGES[page][1])
            st.caption(words)


def headline(sweep: Sweep) -> None:
    """Effects over scales of every vector, by method, against the random band."""
    st.header("What stands out")
    st.caption(
        captions.plain(
            f"What moves {sweep.behaviour} answers: {sweep.title} · {sweep.model}. "
            f"Thick: each method's strongest vector. "
            f"{controls.grey(sweep)}"
        )
    )

    def make(inks: Inks) -> Drawing:
        band = sweeps.labelled(controls.shared_band(sweep, "change"), sweep)
        return many_vectors.headline(sweeps.cells(sweep), band, inks, sweep.reading, sweep.steered)

    drawing = widgets.kept(("headline", sweep.evaluation.digest), make)
    widgets.chart(
        drawing, f"Change of the {sweep.reading.difference} by method and scale", "headline"
    )


def best(sweep: Sweep, ranking: pd.DataFrame) -> None:
    """The strongest vectors, each with what may be said of it."""
    st.header("Strongest vectors")
    for row in ranking.head(SHOWN).to_dict("records"):
        with st.container(border=True, gap="xsmall"):
            words = sweeps.verdict(row)
            is_beyond = row["badge"] == sweeps.BEYOND
            with st.container(horizontal=True, vertical_alignment="center"):
                name = str(row["name"])
                vector_links.link(f"{row['vector_set']}:{row['vector']}", name)
                st.page_link(
                    navigation.page("curves"),
                    label="Curves",
                    icon=":material/ssid_chart:",
                    query_params={"run": sweep.evaluation.digest, "vec": name},
                )
                st.badge(
                    words,
                    color="green" if is_beyond else "gray",
                    help=captions.plain(sweeps.sentence(row)),
                )
            st.caption(
                captions.plain(
                    f"{captions.number(row['change'])} ({captions.number(row['change_low'])} to "
                    f"{captions.number(row['change_high'])}) "
                    f"at {captions.strength(row['scale'], sweep.steered)}, "
                    f"{captions.figure(row['rate'])} {sweep.behaviour}; "
                    f"random {captions.number(row['control'])}"
                )
            )


def run(found: Sequence[outstanding.Found], runs: Sequence[RecordInfo]) -> str:
    """Digest of the run to show: the link's, else that of the vector that stands out most.

    It stays while the page is open: what is read meanwhile does not replace it.
    """
    asked, known = st.query_params.get("run"), [info.digest for info in runs]
    kept: str | None = st.session_state.get("_home_run")
    if asked in known:
        return str(asked)
    if kept not in known or state.has_arrived():
        kept = found[0].run.digest if found else known[0]
    st.session_state["_home_run"] = kept
    return str(kept)


def unread(count: int) -> None:
    """Say that not all runs are ranked yet."""
    if count:
        runs = captions.count(count, "run")
        st.caption(f"{runs} not ranked yet: opening this page again reads on.")


def others(found: Sequence[outstanding.Found], shown: str) -> None:
    """The strongest vectors of other runs, those beyond random first.

    Args:
        found: One a run, in their order.
        shown: Digest of the run that is shown above.
    """
    rest = [one for one in found if one.run.digest != shown and one.best.is_beyond][:SHOWN]
    if not rest:
        return
    st.header("In other runs")
    for one in rest:
        with st.container(gap=None):
            st.page_link(
                navigation.page("curves"),
                label=captions.plain(f"{naming.called(one.reference)} in {naming.called(one.run)}"),
                icon=":material/ssid_chart:",
                query_params={**going.kept(), "run": one.run.digest},
            )
            effect = f"{captions.number(one.best.effect)}: {one.best.badge}"
            st.caption(captions.plain(effect))
