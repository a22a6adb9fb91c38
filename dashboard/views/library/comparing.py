"""Two runs of the same questions beside each other: figures, charts, table, and what differs.

Knows nothing of how the figures are worked out.
"""

from pathlib import Path
from typing import Any

import pandas as pd
import streamlit as st

from dashboard.charts import comparing as drawings
from dashboard.charts.axes import Axis
from dashboard.session import naming, navigation, resources, state
from dashboard.widgets import widgets
from dashboard.words import captions
from engine.errors import EngineError
from engine.records import readings, steered
from engine.records.records import EvaluationHead, RecordInfo, measured
from engine.statistics.across.comparing import Choice, HeldOut, Key
from engine.store.library import comparing, figures
from engine.store.library.comparing import Comparison
from engine.store.scanning import Times, times

FIRST, SECOND, METRIC, WAY, PAIR = "first", "second", "by", "which", "pair"
"""Of the widgets and of the link."""
LINKED = (FIRST, SECOND, METRIC, WAY, PAIR, "of_first", "of_second")
METRICS = {"change": "Change", "rate": "Share of behaviour answers"}
WAYS = {"shared": "A vector of both", "each": "One vector of each"}


def page() -> None:
    """Choose two runs; their paired differences."""
    runs = resources.runs()
    if len(runs) < 2:
        st.info(
            "Two runs of the same questions are needed: evaluate vectors on Discover.",
            icon=":material/compare_arrows:",
        )
        return
    first, second = _pick(runs)
    metric = _metric(first, second)
    try:
        found = _compared(first.digest, second.digest, metric, None, _stamp(first, second))
    except EngineError as error:
        widgets.show_error(error)
        return
    _told(found)
    _by_scale(found, first, second, metric)
    _settings(found)


def choose(first: str, second: str) -> None:
    """Note which runs the page is to compare; the earlier one is compared with."""
    for key in LINKED:
        st.session_state.pop(key, None)
    st.session_state[FIRST], st.session_state[SECOND] = first, second


def _pick(runs: list[RecordInfo]) -> tuple[RecordInfo, RecordInfo]:
    digests = [run.digest for run in runs]
    for key, noun in ((FIRST, "the first run"), (SECOND, "the second run")):
        state.resolve(key, digests)
        state.warn_missing(key, noun, digests)
    left, right = st.columns(2)
    with left:
        state.choose_if_none(FIRST, digests[0])
        first = widgets.record_picker("First run: compared with", FIRST, runs)
    own = next(run for run in runs if run.digest == first)
    others = _likely_first(own, runs)
    if st.session_state.get(SECOND) in (None, first):
        st.session_state[SECOND] = others[0].digest
    with right:
        second = widgets.record_picker("Second run", SECOND, others)
    for key in (FIRST, SECOND):
        state.write_link(key)
    return own, next(run for run in runs if run.digest == second)


def _likely_first(own: RecordInfo, runs: list[RecordInfo]) -> list[RecordInfo]:
    """The other runs, those of questions of the same name first."""
    others = [run for run in runs if run.digest != own.digest]
    name = resources.dataset(own)
    return sorted(others, key=lambda run: resources.dataset(run) != name)


def _metric(first: RecordInfo, second: RecordInfo) -> str | None:
    """What is compared; runs whose units differ leave no choice."""
    configs = [
        resources.header(run.digest, run.path).get("config") or {} for run in (first, second)
    ]
    units = [readings.of_config(config).unit for config in configs]
    if units[0] != units[1]:
        state.resolve(METRIC, list(METRICS))
        return None
    names = METRICS | {"change": f"Change in {units[0]}"}
    return widgets.switch("Compare", METRIC, names, "change", label_visibility="collapsed")


def _stamp(*runs: RecordInfo) -> tuple[Times, ...]:
    """A digest that was deleted may come to name another record."""
    return tuple(times(Path(run.path).stat()) for run in runs)


@st.cache_resource(max_entries=16, show_spinner="Comparing the runs")
def _compared(
    first: str,
    second: str,
    metric: str | None,
    pair: tuple[Key, Key] | None,
    _stamps: tuple[Times, ...],
) -> Comparison:
    return comparing.compare(resources.engine().store, first, second, metric, pair)


def _told(found: Comparison) -> None:
    """How many questions, what has to be known, and both runs' best cells."""
    asked = captions.count(found.questions, "question")
    name, behaviour = found.first.questions.name, found.first.questions.behaviour
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption(
            captions.plain(f"{asked} of {name}, counted by {behaviour} answers, paired."),
            width="stretch",
        )
        widgets.share(_address(found))
    for note in found.notes:
        st.caption(f":material/info: {captions.plain(note)}")
    st.markdown("### Each run's best, on questions that did not choose it")
    if found.held_out is None:
        st.info("One run has no defined change on the choosing half.", icon=":material/info:")
        return
    _held_out(found, found.held_out)


def _address(found: Comparison) -> str:
    asked = {key: st.session_state.get(key) for key in LINKED[2:]}
    return navigation.link(
        "library", section="compare", first=found.first.digest, second=found.second.digest,
        **{key: value for key, value in asked.items() if key in st.query_params},
    )  # fmt: skip


def _held_out(found: Comparison, held: HeldOut) -> None:
    form = "{:.0%}" if found.metric == "rate" else "{:.2f}"
    signed = form.replace("{:", "{:+")
    about = (
        "One half of the questions chooses a run's vector, scale and sign; the other half reports "
        "the mean change that way. 95 %: bootstrap over questions, paired."
    )
    span = f"{signed.format(held.low)} to {signed.format(held.high)}"
    random = f"{signed.format(held.random_low)} to {signed.format(held.random_high)}"
    cells = {
        "First run": f"**{form.format(held.first_size)}** {_chosen(held.first, found.first)}",
        "Second run": f"**{form.format(held.second_size)}** {_chosen(held.second, found.second)}",
        "Second − first, 95 %": f"**{signed.format(held.difference)}** ({span})",
        "Same of random vectors, 95 %": f"{random if held.controls else ''} {_beside(held)}",
    }
    st.markdown(
        "\n".join(
            f"| {' | '.join(row)} |" for row in (cells, ["---"] * len(cells), cells.values())
        ),
        help=about,
    )
    st.caption(
        f"{held.questions} of {found.questions} questions report. A run of many vectors has the "
        "better best by luck: random pairs, each at its own best scale, do not pay for that."
    )


def _beside(held: HeldOut) -> str:
    if not held.controls:
        return "none: a run without random controls has no yardstick"
    pairs = captions.count(held.controls, "pair")
    return f"({pairs}, p = {held.p:.3f})" if held.p == held.p else f"({pairs}: too few for a p)"


def _chosen(one: Choice, head: EvaluationHead) -> str:
    how = steered.of_config(head.config)
    way = "up" if one.sign > 0 else "down"
    told = f"{_vector(one.key, head)} at {captions.strength(one.scale, how)}, {way}"
    return captions.plain(told)


def _vector(key: Key, head: EvaluationHead) -> str:
    names = head.vector_names.get(key[0], {}).get("names", ())
    known = names[key[1]] if key[1] < len(names) else f"{key[0]}:{key[1]}"
    return f"{known} ({key[0][:4]})" if len(head.vector_names) > 1 else str(known)


def _by_scale(found: Comparison, first: RecordInfo, second: RecordInfo, metric: str | None) -> None:
    st.markdown("### Scale by scale")
    ways = dict(WAYS) if found.pairs else {"each": WAYS["each"]}
    way = widgets.switch(
        "Vectors", WAY, ways, next(iter(ways)), label_visibility="collapsed"
    ) if len(ways) > 1 else "each"  # fmt: skip
    if way == "each":
        pair = _pick_each(found, first, second)
        try:
            found = _compared(first.digest, second.digest, metric, pair, _stamp(first, second))
        except EngineError as error:
            widgets.show_error(error)
            return
    else:
        pair = _pick_shared(found)
    rows = _rows_of(found.cells, pair)
    if rows.empty:
        st.info(
            "These two have no scale in common, so only each run's best is compared.",
            icon=":material/info:",
        )
        return
    _charts(found, rows)
    _numbers(found)


def _rows_of(cells: pd.DataFrame, pair: tuple[Key, Key]) -> pd.DataFrame:
    (a, i), (b, j) = pair
    own = (cells["first_set"] == a) & (cells["first_vector"] == i)
    return cells[own & (cells["second_set"] == b) & (cells["second_vector"] == j)]


def _pick_shared(found: Comparison) -> tuple[Key, Key]:
    """A vector that both runs measured; first the one with the largest difference."""
    names = {f"{key[0]}:{key[1]}": (key, other) for key, other in found.pairs}
    sizes = found.cells.assign(size=found.cells["difference"].abs())
    order = sizes.groupby(["first_set", "first_vector"])["size"].max()
    ranked = sorted(names, key=lambda name: -order.get(names[name][0], 0.0))
    state.resolve(PAIR, ranked)
    state.warn_missing(PAIR, "the vector", ranked)
    state.choose_if_none(PAIR, ranked[0])
    chosen = st.selectbox(
        "Vector, the largest difference first",
        ranked,
        format_func=lambda name: _vector(names[name][0], found.first) if name in names else name,
        key=PAIR,
        persist_state="session",
        width=420,
    )
    state.write_link(PAIR, default=ranked[0])
    return names[chosen]


def _pick_each(found: Comparison, first: RecordInfo, second: RecordInfo) -> tuple[Key, Key]:
    left, right = st.columns(2)
    with left:
        one = _pick_vector("Vector of the first run", "of_first", first, found.first)
    with right:
        other = _pick_vector("Vector of the second run", "of_second", second, found.second)
    return one, other


def _pick_vector(label: str, key: str, info: RecordInfo, head: EvaluationHead) -> Key:
    names = {f"{one[0]}:{one[1]}": one for one in measured(head.config, head.vector_names)}
    state.resolve(key, list(names))
    state.warn_missing(key, "the vector", list(names))
    state.choose_if_none(key, _best(info, list(names)))
    chosen = st.selectbox(
        label,
        list(names),
        format_func=lambda name: _vector(names[name], head) if name in names else name,
        key=key,
        persist_state="session",
    )
    state.write_link(key)
    return names[chosen]


def _best(info: RecordInfo, names: list[str]) -> str:
    """A run's strongest vector where it is known, else its first."""
    lines = figures.known(info)
    best = None if lines is None else lines[figures.WHOLE].best
    name = "" if best is None else f"{best.vector_set}:{best.vector}"
    return name if name in names else names[0]


def _charts(found: Comparison, rows: pd.DataFrame) -> None:
    scales = sorted({0.0, *rows["scale"]})
    axis = Axis(scales, max(abs(one) for one in scales), steered.of_config(found.first.config))
    at_zero = pd.DataFrame({"scale": [0.0], "first": [0.0], "second": [0.0]})
    both = pd.concat([rows[["scale", "first", "second"]], at_zero]).drop_duplicates("scale")
    names = tuple(f"{place}: {naming.called(run.digest)}" for place, run in
                  (("first", found.first), ("second", found.second)))  # fmt: skip
    left, right = st.columns(2)
    ink = widgets.inks()
    with left:
        drawing = drawings.curves(both, (names[0], names[1]), axis, ink, found.unit)
        widgets.chart(drawing, "Change by scale in either run", "compare_curves")
    with right:
        drawing = drawings.differences(rows, axis, ink, found.unit)
        widgets.chart(drawing, "Paired difference by scale", "compare_differences")
    st.caption(
        "Bars: 95 % of the paired bootstrap over questions. Grey: 95 % of the same difference of "
        "pairs of random vectors."
    )


def _numbers(found: Comparison) -> None:
    cells = found.cells
    with st.expander(f"In numbers ({captions.count(len(cells), 'cell')})", icon=":material/table:"):
        st.caption("p is of each cell alone; q allows for all cells (Benjamini-Hochberg).")
        widgets.download(cells, f"compare_{found.first.digest}_{found.second.digest}")
        form: dict[str, Any] = {
            name: st.column_config.NumberColumn(format="%+.3f")
            for name in (
                "first",
                "second",
                "difference",
                "low",
                "high",
                "random_low",
                "random_high",
            )
        }
        form |= {name: st.column_config.NumberColumn(format="%.3f") for name in ("p", "q")}
        st.dataframe(cells, hide_index=True, column_config=form, alt="Differences by cell")


def _settings(found: Comparison) -> None:
    many = captions.count(len(found.settings), "setting")
    with st.expander(f"{many} differ{'s' * (len(found.settings) == 1)}", icon=":material/tune:"):
        if not found.settings:
            st.caption("Both runs have the same settings.")
            return
        shown = pd.DataFrame(found.settings, columns=["setting", "first run", "second run"])
        st.dataframe(shown, hide_index=True, alt="Settings that differ")
