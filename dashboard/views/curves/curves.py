"""The parts of the scale-curves page: controls, charts and tables of one evaluation."""

from collections.abc import Sequence

import streamlit as st

from dashboard.charts import many_vectors, vector_view
from dashboard.charts.vector_view import View
from dashboard.frames import controls as randoms
from dashboard.frames import overview, undefined
from dashboard.frames import sweep as sweeps
from dashboard.frames.sweep import Sweep
from dashboard.session import naming, navigation, pinned, resources, state
from dashboard.views.curves import questions
from dashboard.widgets import sharing, widgets, words
from dashboard.words import captions
from engine.records.records import Question, RecordInfo
from engine.store import beforehand, unfinished


def aliases(runs: Sequence[RecordInfo]) -> dict[str, str]:
    """A link may name a vector set: it means the newest run that measured the set."""
    return {
        digest: info.digest for info in reversed(runs) for digest in resources.measured_sets(info)
    }


def forget_choices() -> None:
    """Another run has its own questions, scales and datasets."""
    for key in ("ds", "scales", "q", "methods"):
        st.session_state.pop(key, None)


def dataset_picker(run: str, runs: Sequence[RecordInfo]) -> str:
    """Digest of the evaluation to show: this run's, or one of the same vectors elsewhere."""
    own = next(info for info in runs if info.digest == run)
    wanted = resources.measured_sets(own)
    others = (info for info in runs if info.digest != run and not unfinished.is_part(info))
    same = [own, *(info for info in others if resources.measured_sets(info) & wanted)]
    digests: dict[str, str] = {}
    for info in same:
        name = resources.asked(info)
        digests[name if name not in digests else f"{name} ({info.digest[:4]})"] = info.digest
    state.resolve("ds", list(digests))
    state.warn_missing("ds", "the questions", list(digests))
    if len(digests) == 1:
        return run
    first = next(iter(digests))
    state.choose_if_none("ds", first)
    chosen = st.segmented_control(
        "Questions",
        list(digests),
        format_func=captions.plain,
        required=True,
        key="ds",
        persist_state="session",
        label_visibility="collapsed",
    )
    state.write_link("ds", default=first)
    return digests[chosen or first]


def follow_to_run(runs: Sequence[RecordInfo]) -> None:
    """Before the run is picked: move to one that measured the current vector."""
    one = pinned.wanted("run", "vec")
    if one is None:
        return
    fitting = [info.digest for info in runs if one.digest in resources.measured_sets(info)]
    if fitting and st.session_state.get("run") not in fitting:
        st.session_state["run"] = fitting[0]
        forget_choices()


def follow_to_vector(sweep: Sweep) -> None:
    """Before the vector is picked: move to the current one, or say that this run has it not."""
    one = pinned.wanted("vec")
    if one is None:
        return
    name = sweep.keys.get((one.digest, one.index))
    if name is not None:
        st.session_state["vec"] = name
    elif not any(one.digest in resources.measured_sets(info) for info in resources.runs()):
        st.caption(captions.plain(f"{one.name} ({one.words}) has not been evaluated yet."))


def warnings(sweep: Sweep) -> None:
    """What a reader must know before believing this run."""
    # A run repeats what its questions say.
    for note in dict.fromkeys((*sweep.evaluation.questions.notes, *sweep.evaluation.notes)):
        st.warning(captions.plain(note), icon=":material/warning:")
    if sweep.nothing_moved:
        st.error(captions.nothing_moved(sweep.steered), icon=":material/block:")
    if words := undefined.words(sweep):
        st.warning(words, icon=":material/warning:")
    for words in sweep.read.flags:
        st.warning(captions.plain(words), icon=":material/warning:")
    if words := beforehand.note(sweep.evaluation, resources.records("evaluation")):
        st.warning(captions.plain(words), icon=":material/warning:")
    if words := randoms.lacking(sweep):
        st.warning(words, icon=":material/warning:")
    if not sweep.control_count and not sweep.evaluation.unfinished:
        st.warning(captions.NO_CONTROLS, icon=":material/warning:")


def draw_words(sweep: Sweep, name: str) -> None:
    """What the vector says in words, beside its figures."""
    reference = "{}:{}".format(*sweeps.key_of(sweep, name))
    with words.expander(reference) as says:
        if says.open:
            words.draw(reference)


def draw_charts(sweep: Sweep, view: View, row: dict | None, question: Question | None) -> None:
    """The violin over the shares; the question that was opened stands beside both."""
    if question is None:
        draw_violin(sweep, view)
        draw_rates(sweep, view, row)
        return
    left, right = st.columns([0.6, 0.4], gap="medium")
    with left:
        draw_violin(sweep, view)
        draw_rates(sweep, view, row)
    with right:
        questions.beside(sweep, view.name, question, vector_view.axis(sweep, view))


def draw_violin(sweep: Sweep, view: View) -> None:
    """The violin of the chosen vector, or nothing if its shares were asked for."""
    if view.metric == "rate":
        return
    drawing = widgets.kept(
        ("violin", sweep.version, repr(view)),
        lambda inks: vector_view.violin(sweep, view, inks),
    )
    if drawing is None:
        st.info(
            "Every question was asked in one order only, so there is no swapped part."
            if view.part == "swapped"
            else "This vector has not been measured at these scales yet."
        )
        return
    points = sweeps.points(sweep, view.name, view.metric, view.part)
    measured = points.loc[points["scale"].isin(view.scales), "scale"].nunique()
    if measured < len(view.scales):
        st.caption(f"{measured} of {len(view.scales)} scales have been measured for this vector.")
    text = f"{sweep.metrics[view.metric]} of {view.told} per question, one violin a scale"
    text += f", with the means of {view.pinned_told}" if view.pinned else ""
    with st.container(key="violin_room"):
        pick = pick_question if view.dots else None
        widgets.chart(drawing, text, "violin", pick=pick, height="stretch")


def pick_question() -> None:
    """Open the clicked question; a click beside the dots closes it."""
    st.session_state["q"] = state.picked("violin", "question")


def draw_rates(sweep: Sweep, view: View, row: dict | None) -> None:
    """The share of behaviour answers over scales with its interval and the random band."""
    usable = sweeps.usable_span(row)
    drawing = widgets.kept(
        ("rates", sweep.version, repr(view), usable),
        lambda inks: vector_view.rates(sweep, view, inks, usable),
    )
    text = f"Share of {sweep.behaviour} answers of {view.told} over scales, with 95 % intervals"
    with st.container(key="violin_room" if view.metric == "rate" else "rates_room"):
        widgets.chart(drawing, text, "rates", height="stretch")
    orange = "orange: share of answers that are the letter A; " if view.letters else ""
    band = f"the grey band holds 95 % of {randoms.words(sweep, view.name)}; "
    asked = sweep.evaluation.questions
    at = asked.letter_counts
    letters = (
        f", {captions.plain(sweep.behaviour)} at (A) {at['A']} times and at (B) {at['B']} times"
    )
    dashes = f"{captions.PINNED} and long dashes: {captions.plain(view.pinned_told)}; "
    st.caption(
        f"Bars: 95 % Wilson intervals over {captions.count(len(asked.questions), 'question')}"
        f"{letters if sweep.reading.has_letters else ''}; "
        f"{orange}{dashes if view.pinned else ''}"
        f"{band if randoms.count(sweep, view.name) else ''}blue foot: the usable range. "
        f"{captions.reading(sweep.evaluation.config)}"
    )
    _pinned_elsewhere(sweep)


def _pinned_elsewhere(sweep: Sweep) -> None:
    """Say that the pinned vector has no curve here."""
    one = pinned.known(pinned.reference())
    if one is not None and (one.digest, one.index) not in sweep.keys:
        st.caption(f"{captions.PINNED} {captions.plain(one.name)} was not measured in this run.")


def draw_overview(sweep: Sweep) -> None:
    """All vectors x scales; a click opens the vector."""
    cells, own = overview.cells(sweep), naming.own_names(sweep.keys)
    marks = captions.flags(sweep.evaluation.config)
    st.caption(
        f"Mean change of {captions.plain(sweep.reading.less(sweep.behaviour))} from scale 0. "
        f"Bold: beyond the 95 % band of {randoms.words_of_all(sweep)} at that scale. "
        f"\u2605 beyond the best of them. {marks}. "
        "Click a cell to open its vector."
    )
    digest, ds = sweep.evaluation.digest, st.session_state.get("ds")
    link = navigation.link("curves", run=digest, ds=ds, tab="All vectors")
    sharing.overview(sweep, cells, link, own)
    drawing = widgets.kept(
        ("heat", sweep.version, tuple(own.items())),
        lambda inks: many_vectors.heat_map(cells, inks, sweep.reading, sweep.steered, own),
    )
    widgets.chart(drawing, "Change by vector and scale", "heat", pick=pick_vector)


def pick_vector() -> None:
    """Open the clicked vector in the first tab."""
    name = state.picked("heat", "name")
    if name is not None:
        st.session_state["vec"] = name
        st.session_state["tab"] = "One vector"


def draw_numbers(sweep: Sweep) -> None:
    """Every figure of the run, and the same as CSV."""
    table = sweeps.cells(sweep).drop(columns=["vector_set", "vector", "best", "size", "label"])
    first = ["name", "method", "scale"]
    table = table[first + [column for column in table if column not in first]]
    widgets.download(table, f"curves_{sweep.evaluation.digest}")
    figures = table.select_dtypes("float").columns
    st.dataframe(
        table,
        hide_index=True,
        column_config={
            one: st.column_config.NumberColumn(one, format="%.4g", width=100) for one in figures
        },
        alt="Figures of every vector at every scale",
    )
