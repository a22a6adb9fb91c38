"""Operations at equal cost: a stored comparison, and its bars beside a vector's curves."""

import dataclasses
from typing import Any

import pandas as pd
import streamlit as st

from dashboard.cards import card as cards
from dashboard.cards import recipes
from dashboard.cards.card import Card
from dashboard.charts import operations as charts
from dashboard.forms import equal_cost as form
from dashboard.frames import operations as frames
from dashboard.frames import sweep as sweeps
from dashboard.frames.operations import Key
from dashboard.frames.sweep import Sweep
from dashboard.session import resources, state, vector_links
from dashboard.widgets import equal_cost as links
from dashboard.widgets import widgets
from dashboard.words import captions
from dashboard.words.inks import LIGHT
from engine.configs import registry
from engine.configs.budgets.equal_cost import EqualCostConfig
from engine.configs.core import VectorRef
from engine.errors import EngineError

READ = (
    "Solid bar: mean change from the unsteered model, with its 95 % interval over questions. Wide "
    "pale band: 95 % of random vectors under the same operation at the same KL. Hollow bar: the "
    "system prompt, at its own KL. + is the vector as it is, \u2212 turned round. p is of each "
    "bar alone."
)
COLUMNS = {
    "operation": st.column_config.TextColumn("operation", width=120),
    "effect": st.column_config.NumberColumn(
        "effect", format="%+.3f", width=60, help="Mean change from the unsteered model"
    ),
    "95 %": st.column_config.TextColumn("95 %", width=110, help="Interval over questions"),
    "random": st.column_config.TextColumn(
        "random", width=110, help="Band of 95 % of random vectors at the same KL"
    ),
    "p": st.column_config.NumberColumn("p", format="%.3f", width=55, help="Of this bar alone"),
    "strength": st.column_config.NumberColumn("strength", format="%+.3g", width=65),
    "KL mean": st.column_config.NumberColumn("KL mean", format="%.3f", width=65),
    "KL p95": st.column_config.NumberColumn("KL p95", format="%.3f", width=65),
    "behaviour": st.column_config.NumberColumn("behaviour", format="percent", width=70),
    "controls": st.column_config.TextColumn(
        "controls", width=70, help="Random vectors that met the budget, of those drawn"
    ),
    "absent": st.column_config.TextColumn("why absent", width=260),
}


def progress() -> None:
    """The comparison that runs or has failed, if there is one."""
    widgets.live_job(EqualCostConfig.method)
    widgets.unfinished_job(EqualCostConfig.method)


def draw() -> None:
    """The comparison that was asked for."""
    infos = links.stored()
    digests = [info.digest for info in infos]
    state.resolve(links.PARAMETER, digests)
    state.warn_missing(links.PARAMETER, "the comparison", digests)
    shared = st.container(horizontal=True, vertical_alignment="bottom")
    with shared:
        record = resources.study(widgets.record_picker("Comparison", links.PARAMETER, infos))
    widgets.whose(str(record["model"]["short_name"]))
    for note in record["notes"]:
        st.warning(captions.plain(note), icon=":material/warning:")
    name = _vector(record)
    key = frames.vectors(record)[name]
    with shared:
        address = links.link(record["digest"], name)
        file = f"equal_cost_{record['digest']}"
        vector_links.button(f"{key[0]}:{key[1]}", "open_vector")
        widgets.share_card(address, lambda: card(record, name), file)
    _show(record, name, key)


def _vector(record: dict[str, Any]) -> str:
    """Which vector of the comparison is shown."""
    names = list(frames.vectors(record))
    state.resolve(links.VECTOR, names)
    state.warn_missing(links.VECTOR, "the vector", names)
    if len(names) == 1:
        st.session_state[links.VECTOR] = names[0]
        return names[0]
    return widgets.stepper("Vector", links.VECTOR, names)


def _show(record: dict[str, Any], name: str, key: Key) -> None:
    st.header(captions.plain(f"{name}: effect at {frames.budget_words(record)}"))
    found = frames.bars(record, key)
    drawing = charts.of_record(record, found, widgets.inks())
    widgets.chart(drawing, f"Effect of every operation of {name} at equal cost", "cost_bars")
    st.caption(f"{_asked(record)} {READ}")
    st.markdown("\n".join(f"- {captions.plain(one)}" for one in record["sentences"]))
    widgets.download(frames.table(found), f"equal_cost_{record['digest']}_{name}")
    _table(found, f"Every operation of {name} at equal cost, with what it costs")


def _asked(record: dict[str, Any]) -> str:
    questions, base = record["questions"], record["baseline"]
    told = f"{captions.count(int(base['n']), 'question')} of {questions['name']}"
    return captions.plain(
        f"{told}; unsteered {captions.figure(base['rate'])} {questions['behaviour']}."
    )


def _table(found: pd.DataFrame, alt: str) -> None:
    plain = frames.table(found)
    shown = plain.assign(
        **{
            "95 %": _spans(plain, "from", "to"),
            "random": _spans(plain, "random from", "random to"),
            "controls": [
                "" if pd.isna(drawn) else f"{met:.0f} of {drawn:.0f}"
                for met, drawn in zip(plain["controls"], plain["drawn"], strict=True)
            ],
        }
    )
    st.dataframe(shown, hide_index=True, column_order=list(COLUMNS), column_config=COLUMNS, alt=alt)


def _spans(table: pd.DataFrame, low: str, high: str) -> list[str]:
    pairs = zip(table[low].astype(float), table[high].astype(float), strict=True)
    return [captions.span(a, b, captions.number) for a, b in pairs]


def card(record: dict[str, Any], name: str) -> Card:
    """One vector's bars over the recipe."""
    found = frames.bars(record, frames.vectors(record)[name])
    title = f"{name}: effect at {frames.budget_words(record)}"
    note = f"{record['questions']['name']}. {READ}"
    shown = cards.view(links.link(record["digest"], name), recipes.of_study(record))
    return cards.of_charts(title, note, [charts.of_record(record, found, LIGHT)], shown)


def beside(sweep: Sweep, name: str, is_free: bool = True) -> Any:
    """A place for a vector's curves; beside or beneath them stands its effect at equal cost.

    Args:
        sweep: The run.
        name: Of the vector.
        is_free: Whether there is room beside them; else it stands beneath.
    """
    key = sweeps.key_of(sweep, name)
    try:
        record = links.of_vector(key, sweep.model, sweep)
    except EngineError as error:
        place = st.container()
        widgets.show_error(error)
        return place
    if record is None:
        place = st.container()
        told = "Effect at equal KL is not measured for this vector: start it here"
        form.draw(_request(sweep, key), title=told, with_controls=True)
        return place
    if is_free:
        left, right = st.columns([0.56, 0.44], gap="medium")
    else:
        left, right = st.container(), st.expander("Effect at equal cost", icon=":material/balance:")
    with right:
        _panel(record, key, sweep)
    form.draw(_request(sweep, key), with_controls=True)
    return left


def _panel(record: dict[str, Any], key: Key, sweep: Sweep) -> None:
    """The bars of a vector in a narrow column."""
    st.markdown(f"**Effect at {captions.plain(frames.budget_words(record))}**")
    found = frames.bars(record, key)
    drawing = charts.of_record(record, found, widgets.inks())
    widgets.chart(drawing, "Effect of every operation at equal cost", "cost_beside")
    other = "" if links.asks_as(record, sweep) else " Other questions than this run's."
    st.caption(f"{_asked(record)}{other}", help=READ)
    _table(found, "Every operation at equal cost, with what it costs")
    called = {place: name for name, place in frames.vectors(record).items()}
    widgets.go_button(
        "Open the comparison",
        "curves",
        "to_cost",
        ":material/balance:",
        sweeps=links.KIND,
        **{links.PARAMETER: record["digest"], links.VECTOR: called[key]},
    )


def _request(sweep: Sweep, key: Key) -> Any:
    """The run's own sweep of one vector; None where its settings are of another version."""
    try:
        asked = registry.from_json("ab", sweep.evaluation.config)
    except EngineError:
        return None
    return dataclasses.replace(asked, vectors=(VectorRef(digest=key[0], indices=(key[1],)),))
