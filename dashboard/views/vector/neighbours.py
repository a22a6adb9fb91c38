"""The stored vectors that this one is most like, beside what chance would show.

Knows nothing of how cosines are computed.
"""

import functools
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

import pandas as pd
import streamlit as st

from dashboard.cards import similarity as similarity_cards
from dashboard.cards.card import Card
from dashboard.charts import heatmaps
from dashboard.frames import cosines
from dashboard.frames.cosines import Member
from dashboard.session import naming, resources, state
from dashboard.session.vector_links import PARAMETER
from dashboard.views.vector.subject import Subject
from dashboard.widgets import widgets
from dashboard.words import captions
from engine.configs.core import Site
from engine.errors import EngineError
from engine.records.records import RecordInfo, VectorSet
from engine.statistics.reads import neighbours
from engine.statistics.similarity import random_band
from engine.store.headers import read_record

MOST_BARS, MOST_ROWS = 14, 60
SETS = 128
"""Sets of vectors that stay in memory."""
MEANING = (
    "A cosine compares directions, not effects. Random directions are an easy yardstick: "
    "activations fill few of them, and neighbouring blocks are alike."
)
COLUMNS = {
    "reference": None,
    "name": st.column_config.TextColumn("vector", width="medium"),
    "site": st.column_config.TextColumn("site"),
    "cosine": st.column_config.NumberColumn("cosine", format="%+.3f"),
    "z": st.column_config.NumberColumn(
        "\u03c3", format="%+.1f", help="Standard deviations of random pairs"
    ),
    "kind": st.column_config.TextColumn(
        "alike", help="copy: |cosine| of at least 0.9. \u00d7 2: two sets hold this direction."
    ),
}


def found(one: Subject) -> pd.DataFrame:
    """All vectors of the same weights with their cosine; see `neighbours.of_vector`."""
    # A digest that was deleted may come to name another record.
    files = tuple((info.digest, info.path, info.created) for info in comparable(one))
    return _found(one.info.digest, one.index, files)


def comparable(one: Subject) -> list[RecordInfo]:
    """Sets of the same weights and width, newest first; none of shuffled labels but its own."""
    own = _kin(one.info)
    kept = []
    for info in resources.records("vectors"):
        # Its file may go away meanwhile.
        with suppress(EngineError):
            other = _kin(info)
            is_same = (other.weights, other.hidden) == (own.weights, own.hidden)
            if info.digest == one.info.digest or (is_same and not other.is_null):
                kept.append(info)
    return kept


class Kin(NamedTuple):
    """What decides whether two sets can be compared."""

    weights: str
    hidden: int | None
    is_null: bool
    """Whether it is of shuffled labels."""


@functools.lru_cache(maxsize=4096)
def _kin(info: RecordInfo) -> Kin:
    """Kept apart from the records: every set of a store is asked at every look."""
    record = read_record(Path(info.path))
    model = record["model"]
    weights = str(model.get("fingerprint") or model.get("short_name"))
    return Kin(weights, model.get("hidden"), cosines.is_null(record.get("config") or {}))


@st.cache_data(max_entries=32, show_spinner="Comparing vectors")
def _found(digest: str, index: int, files: tuple[tuple[str, str, str], ...]) -> pd.DataFrame:
    sets = {other: _loaded(other, path, created) for other, path, created in files}
    return neighbours.of_vector(sets[digest], index, list(sets.values()))


@functools.lru_cache(maxsize=SETS)
def _loaded(_digest: str, path: str, _created: str) -> VectorSet:
    """A set, which its neighbours' pages ask for again and again."""
    found: VectorSet = resources.engine().store.load_vectors(Path(path))
    return found


def draw(one: Subject) -> None:
    """Those at its own place as bars, those at other blocks as a table."""
    frame = named(found(one))
    hidden = resources.vector_set(one.info.digest).vectors.shape[1]
    here, elsewhere = frame[frame["is_here"]], frame[~frame["is_here"]]
    left, right = st.columns([0.56, 0.44], gap="large")
    with left:
        st.markdown(f"**At the {captions.plain(one.site.words)}**")
        st.caption(neighbours.told(here, hidden))
        if not here.empty:
            drawing = heatmaps.bars(here.head(MOST_BARS), random_band(hidden), widgets.inks())
            widgets.chart(drawing, "Cosine with others at its place", "v_bars", pick=_pick_bar)
            many = f"The {MOST_BARS} largest of {len(here)}. " if len(here) > MOST_BARS else ""
            st.caption(f"{many}Grey: 95 % of random pairs. A click on a bar opens that vector.")
    with right:
        st.markdown("**At other blocks**")
        st.caption(neighbours.told(elsewhere, hidden))
        if not elsewhere.empty:
            _table(elsewhere.head(MOST_ROWS), one)
    st.caption(MEANING)
    with st.container(horizontal=True):
        widgets.download(frame, f"neighbours_{one.reference.replace(':', '_')}")
        widgets.go_button(
            "One against all",
            "similarity",
            "v_to_similarity",
            ":material/grid_on:",
            mode="one",
            one=one.reference,
        )


def named(frame: pd.DataFrame) -> pd.DataFrame:
    """The same with what a reader sees: name, reference, method_name, site and kind."""
    known = naming.names()
    names, kinds = [], []
    for row in frame.to_dict("records"):
        names.append(known.of(f"{row['vector_set']}:{row['vector']}"))
        copies = len(str(row["same"]).split())
        words = ["copy"] if row["is_copy"] else []
        kinds.append(" ".join([*words, *([f"\u00d7 {copies + 1}"] if copies else [])]))
    sites = zip(frame["block"], frame["kind"], strict=True)
    return frame.assign(
        name=_apart(names),
        reference=[f"{a}:{b}" for a, b in zip(frame["vector_set"], frame["vector"], strict=True)],
        method_name=[captions.method(str(name)) for name in frame["method"]],
        site=[Site(block=int(block), kind=kind).words for block, kind in sites],
        kind=kinds,
    )


def _apart(names: list[str]) -> list[str]:
    """Names told apart where a reader gave one twice: a chart would put both on one line."""
    seen: dict[str, int] = {}
    told = []
    for name in names:
        seen[name] = seen.get(name, 0) + 1
        told.append(name if seen[name] == 1 else f"{name} ({seen[name]})")
    return told


def _table(shown: pd.DataFrame, one: Subject) -> None:
    key = f"v_elsewhere_{one.reference}"
    rows = shown[list(COLUMNS)]
    st.dataframe(
        rows,
        key=key,
        hide_index=True,
        column_config=COLUMNS,
        on_select=lambda: _pick_row(rows, key),
        selection_mode="single-row",
        height=min(38 + 35 * len(rows), 330),
        alt="Cosine with vectors at other blocks, the largest first",
    )
    st.caption("A click on a row opens that vector.")


def card(one: Subject, address: str) -> Callable[[], Card]:
    """What draws the vector's neighbours as a card; it may be called without a session.

    Args:
        one: The vector.
        address: The link to its page.
    """
    store, shown = resources.engine().store, named(found(one)).head(MOST_BARS)
    member = Member(one.name, one.info.digest, one.index, one.info.method, one.site)
    used = list(dict.fromkeys(shown["vector_set"]))

    def draw_card() -> Card:
        sets = [store.load_vectors(digest) for digest in dict.fromkeys((one.info.digest, *used))]
        band = random_band(sets[0].vectors.shape[1])
        return similarity_cards.neighbours(member, shown, band, sets, address)

    return draw_card


def nearest(one: Subject) -> str:
    """The most alike at its place, in a sentence; empty where there is none."""
    frame = named(found(one))
    here = frame[frame["is_here"]]
    if here.empty:
        return ""
    row = here.iloc[0]
    hidden = resources.vector_set(one.info.digest).vectors.shape[1]
    edge = neighbours.largest_of_random(hidden, len(here))
    size = "beyond" if abs(row["cosine"]) > edge else "within"
    return (
        f"Most like {row['name']} at its place: cosine {captions.number(float(row['cosine']))}, "
        f"{size} what the largest of {len(here)} random ones reaches ({edge:.2f})."
    )


def _pick_bar() -> None:
    reference = state.picked("v_bars", "reference")
    if reference is not None:
        st.session_state[PARAMETER] = reference


def _pick_row(rows: pd.DataFrame, key: str) -> None:
    picked = st.session_state[key].selection.rows
    if picked and picked[0] < len(rows):
        st.session_state[PARAMETER] = str(rows.iloc[picked[0]]["reference"])
