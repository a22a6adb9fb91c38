"""The leaderboard of one vector set: what each vector does, beside random ones."""

from typing import NamedTuple

import pandas as pd
import streamlit as st

from dashboard import captions, navigation, overviews, resources, state, sweeps, widgets
from dashboard.sweeps import Sweep
from engine.config import VectorRef
from engine.records import RecordInfo, VectorSet


class Selected(NamedTuple):
    """The row that the reader selected."""

    name: str
    vector: int
    """Its row in the set."""
    is_measured: bool


COLUMNS = {
    "name": st.column_config.TextColumn("vector", width=125),
    "changes": st.column_config.LineChartColumn(
        "by scale",
        width=78,
        help="Change of the logit difference from the lowest scale to the highest",
    ),
    "change": st.column_config.NumberColumn(
        "best effect",
        format="%+.3g",
        width=75,
        help="Largest change of the mean logit difference from scale 0",
    ),
    "label": st.column_config.TextColumn("at scale", width=58),
    "control": st.column_config.NumberColumn(
        "random",
        format="%+.3g",
        width=62,
        help="Edge of the random vectors' 95 % band there, on the same side",
    ),
    "verdict": st.column_config.TextColumn("badge", width=140, help=captions.BEST_OF_MANY),
    "percent_a": st.column_config.NumberColumn(
        "% A", format="percent", width=55, help=captions.CHOOSING_A
    ),
    "shape": st.column_config.TextColumn(
        "shape", width=85, help="How the effect depends on the scale"
    ),
    "interval": st.column_config.TextColumn("95 % interval", width=110),
    "p": st.column_config.NumberColumn(
        "p",
        format="%.3f",
        width=55,
        help="Share of random vectors, each at its own best scale, that do at least as much",
    ),
    "rates": st.column_config.LineChartColumn(
        "% by scale", y_min=0, y_max=1, width=90, help="Share of behaviour answers by scale"
    ),
    "site": st.column_config.TextColumn("site"),
}


def measured_first(infos: list[RecordInfo]) -> list[RecordInfo]:
    """Sets that an evaluation ranks before the others, found ones before random ones."""
    measured = {digest for run in resources.runs() for digest in resources.measured_sets(run)}
    return sorted(infos, key=lambda info: (info.digest not in measured, info.method == "random"))


def sweep_picker(digest: str) -> Sweep | None:
    """The evaluation that ranks these vectors; chosen by questions if there are several."""
    infos = resources.evaluations_of(digest)
    if not infos:
        return None
    names = {info.digest: resources.dataset(info) for info in infos}
    if len(infos) == 1:
        return resources.sweep(infos[0].digest)
    state.resolve("on", list(names))
    state.warn_missing("on", "the evaluation", list(names))
    chosen = st.segmented_control(
        "Evaluated on",
        list(names),
        default=None if "on" in st.session_state else infos[0].digest,
        required=True,
        format_func=lambda d: captions.plain(f"{names.get(d, d)} · {d[:4]}"),
        key="on",
        persist_state="session",
    )
    state.write_link("on", default=infos[0].digest)
    return resources.sweep(chosen)


def leaderboard(found: VectorSet, sweep: Sweep | None) -> Selected:
    """The table; gives the selected vector, or else the first."""
    table = scores(found) if sweep is None else ranked(found, sweep)
    own = [name for name in table if name not in COLUMNS and name in _score_names(found)]
    event = st.dataframe(
        table,
        key=f"leaderboard_{found.digest}",
        hide_index=True,
        column_order=[*(name for name in COLUMNS if name in table), *own],
        column_config=COLUMNS,
        on_select="rerun",
        selection_mode="single-row",
        selection_default={"selection": {"rows": [0]}},
        height=min(38 + 35 * len(table), 460),
        alt="Vectors of this set, the largest effect first",
    )
    rows = event.selection.rows
    row = table.iloc[rows[0] if rows else 0]
    return Selected(str(row["name"]), int(row["vector"]), sweep is not None and row["size"] >= 0)


def _score_names(found: VectorSet) -> dict[str, str]:
    """Column of each score of the finder, whatever it is called."""
    taken = {*COLUMNS, "vector", "vector_set", "method", "size", "scale", "rate", "controls"}
    return {f"{name} (found)" if name in taken else name: name for name in found.scores}


def scores(found: VectorSet) -> pd.DataFrame:
    """What the finder itself reports of each vector: vector, name, site and its scores."""
    sites = [site.words for site in found.sites]
    table = pd.DataFrame({"vector": range(len(sites)), "name": found.names, "site": sites})
    for column, name in _score_names(found).items():
        table[column] = found.scores[name]
    return table


def ranked(found: VectorSet, sweep: Sweep) -> pd.DataFrame:
    """The measured effects of each vector, the largest first; the unmeasured ones last."""
    table = sweeps.ranking(sweep)
    table = table[table["vector_set"] == found.digest]
    low, high = table["change_low"], table["change_high"]
    table = table.assign(
        interval=[
            f"{captions.number(a)} to {captions.number(b)}" for a, b in zip(low, high, strict=True)
        ],
        verdict=[_short(sweeps.verdict(row)) for row in table.to_dict("records")],
    )
    joined = scores(found).merge(table, on="vector", how="left", suffixes=("_own", ""))
    joined["name"] = joined["name"].fillna(joined.pop("name_own"))
    joined["verdict"] = joined["verdict"].fillna("not measured")
    return joined.sort_values("size", ascending=False, na_position="last", ignore_index=True)


def _short(verdict: str) -> str:
    """The badge as it fits a column."""
    return verdict.replace("beyond the best of", "\u2605 best of")


def chosen(found: VectorSet, selected: Selected) -> tuple[VectorRef, ...]:
    """Which vectors are to be evaluated: all of the set, or the selected one."""
    model = state.model().short_name
    if found.model["short_name"] != model:
        st.warning(
            captions.plain(
                f"These vectors were found on {found.model['short_name']}, but this dashboard was "
                f"started for {model}: they only fit a model of the same width."
            )
        )
    every = f"all {len(found.vectors)} vectors"
    what = st.segmented_control(
        "Evaluate", [every, "only the selected one"], default=every, required=True, key="ab_which"
    )
    indices = None if what == every else (selected.vector,)
    return (VectorRef(digest=found.digest, indices=indices),)


def actions(digest: str, sweep: Sweep | None, selected: Selected) -> None:
    """What can be done with the selected vector."""
    with st.container(horizontal=True):
        if sweep is not None and selected.is_measured:
            widgets.go_button(
                captions.plain(f"Open curves of {selected.name}"),
                "curves",
                key="open_curves",
                icon=":material/ssid_chart:",
                run=sweep.evaluation.digest,
                vec=selected.name,
            )
        widgets.share(navigation.link("discover", found=digest, on=st.query_params.get("on")))


def provenance(found: VectorSet) -> None:
    """How the set was made, and the curves drawn while it was."""
    with st.expander("How it was found", icon=":material/history:"):
        made = found.provenance
        name = found.model.get("title") or found.model["short_name"]
        st.text(
            f"{captions.method(found.method)} on {name}"
            f", {captions.seconds(made.seconds)} on {made.device} in {made.dtype}, "
            f"commit {(made.commit or 'unknown')[:8]}{' (changed)' if made.dirty else ''}"
        )
        for note in found.notes:
            st.text(note)
        for name, steps in found.history.items():
            if len(steps) > 1:
                drawing = overviews.history(name, steps, found.names, widgets.look())
                widgets.chart(drawing, f"{name} of every vector, step by step", f"history_{name}")
        st.caption("All settings, defaults included:")
        st.json(found.config, expanded=False)
