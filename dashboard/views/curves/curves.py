"""The parts of the scale-curves page: controls, charts and tables of one evaluation."""

from collections.abc import Sequence

import streamlit as st

from dashboard.charts import many_vectors, vector_view
from dashboard.charts.vector_view import View
from dashboard.forms import links
from dashboard.frames import controls as randoms
from dashboard.frames import overview, undefined
from dashboard.frames import sweep as sweeps
from dashboard.frames.sweep import METRICS, PARTS, Sweep
from dashboard.session import naming, navigation, pin_card, pinned, resources, state, vector_links
from dashboard.widgets import chatting, noting, sharing, vector_card, widgets, words
from dashboard.words import captions
from engine.records.records import RecordInfo
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
        help="All evaluations of these vectors.",
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


def controls(sweep: Sweep) -> tuple[View, dict | None]:
    """The rows of controls above the charts; also gives the vector's row of the ranking."""
    asked = [question.id for question in sweep.evaluation.questions.questions]
    state.resolve("q", asked, can_be_none=True)
    left, right = st.columns([0.58, 0.42], vertical_alignment="bottom")
    with left:
        is_asked = "vec" in st.query_params
        told = naming.labels({name: key for key, name in sweep.keys.items()}, is_whole=True)
        name = widgets.stepper("Vector", "vec", sweep.names, told)
    reference = "{}:{}".format(*sweeps.key_of(sweep, name))
    pinned.note(reference, is_asked)
    with right:
        metric = metric_picker(sweep)
    row = vector_card.row_of(sweep, name)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        scales = scale_pills(sweep)
        has_parts = metric != "rate" and sweep.reading.has_letters
        part = part_picker() if has_parts else "content"
        vector_links.button(reference, "open_vector")
        _chat(sweep, reference, row)
        pin_card.button(reference)
        noting.button(reference, "Name vector")
        shared = st.container(width="content")
    with st.container(horizontal=True, vertical_alignment="center"):
        if row is not None:
            vector_card.badges(sweep, row)
        dots = st.toggle("Dots", value=True, key="dots", bind="query-params")
        band = st.toggle(
            "Random band", value=True, key="band", bind="query-params", help=captions.CONTROLS
        )
        letters = sweep.reading.has_letters and st.toggle(
            "% choosing A", value=True, key="letters", bind="query-params", help=captions.CHOOSING_A
        )
        question = st.session_state.get("q")
        other = pinned_name(sweep, name)
        view = View(name, metric, scales, dots, band, letters, question, part, other)
    with shared:
        sharing.curves(sweep, view, row, address(sweep, view))
    return view, row


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
        "Show", "metric", sweep.metrics, next(iter(METRICS)), help=captions.CHANGE
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


def draw_words(sweep: Sweep, name: str) -> None:
    """What the vector says in words, beside its figures."""
    reference = "{}:{}".format(*sweeps.key_of(sweep, name))
    with words.expander(reference) as says:
        if says.open:
            words.draw(reference)


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
    text = f"{sweep.metrics[view.metric]} of {view.name} per question, one violin a scale"
    text += f", with the means of {view.pinned}" if view.pinned else ""
    widgets.chart(drawing, text, "violin", pick=pick_question if view.dots else None)


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
    text = f"Share of {sweep.behaviour} answers of {view.name} over scales, with 95 % intervals"
    widgets.chart(drawing, text, "rates")
    orange = "orange: share of answers that are the letter A; " if view.letters else ""
    band = f"the grey band holds 95 % of {randoms.words(sweep, view.name)}; "
    asked = sweep.evaluation.questions
    at = asked.letter_counts
    letters = (
        f", {captions.plain(sweep.behaviour)} at (A) {at['A']} times and at (B) {at['B']} times"
    )
    dashes = f"{captions.PINNED} and long dashes: {captions.plain(view.pinned or '')}; "
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
    cells = overview.cells(sweep)
    marks = captions.flags(sweep.evaluation.config)
    st.caption(
        f"Mean change of {captions.plain(sweep.reading.less(sweep.behaviour))} from scale 0. "
        f"Bold: beyond the 95 % band of {randoms.words_of_all(sweep)} at that scale. "
        f"\u2605 beyond the best of them. {marks}. "
        "Click a cell to open its vector."
    )
    digest, ds = sweep.evaluation.digest, st.session_state.get("ds")
    link = navigation.link("curves", run=digest, ds=ds, tab="All vectors")
    sharing.overview(sweep, cells, link)
    drawing = widgets.kept(
        ("heat", sweep.version),
        lambda inks: many_vectors.heat_map(cells, inks, sweep.reading, sweep.steered),
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
    st.dataframe(table, hide_index=True, alt="Figures of every vector at every scale")


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
