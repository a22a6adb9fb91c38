"""The parts of the similarity page that show many vectors at once: duplicates and neighbours."""

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from dashboard.cards import similarity as similarity_cards
from dashboard.cards.similarity import Drawn
from dashboard.charts import heatmaps
from dashboard.frames import cosines
from dashboard.frames.cosines import Square
from dashboard.session import naming, navigation, pin_card, pinned, resources, state, vector_links
from dashboard.views.similarity import pairs
from dashboard.widgets import noting, widgets
from dashboard.words import captions
from engine.records.records import RecordInfo, VectorSet
from engine.statistics.similarity import random_band

MOST_VECTORS = 80
"""Vectors on a side of the clustered map, beyond which nothing could be read."""
MOST_BARS = 40
MOST_LINKS = 16
MOST_NAMED = 64
"""Sets that a link may name."""
ORDERS = {"clustered": "like ones together", "method": "by method", "block": "by block"}


def model_sets(sets: list[RecordInfo]) -> list[RecordInfo]:
    """The sets of one model; which, if there are several, is asked and stands in the URL."""
    groups: dict[str, list[RecordInfo]] = {}
    for info in sets:
        groups.setdefault(pairs.model_key(info), []).append(info)
    keys = list(groups)
    state.resolve("of", keys)
    state.warn_missing("of", "the model", keys)
    if len(keys) == 1:
        return sets
    chosen = st.selectbox(
        "Model",
        keys,
        format_func=lambda key: f"{groups[key][0].model} · {len(groups[key])} sets · {key[:6]}",
        key="of",
        persist_state="session",
        help="Vectors of different models cannot be compared: their coordinates mean different "
        "things.",
    )
    state.write_link("of", default=keys[0])
    return groups.get(chosen, sets)


def set_choice(infos: list[RecordInfo]) -> list[VectorSet]:
    """Which sets of the model are drawn; all, unless the reader or the link leaves some out."""
    lines = {info.digest: naming.line(info) for info in naming.offered(infos, "sets")}
    asked = [digest for digest in st.query_params.get_all("sets") if digest in lines]
    if asked and "sets" not in st.session_state:
        st.session_state["sets"] = asked
    kept = [digest for digest in st.session_state.get("sets", []) if digest in lines]
    if "sets" in st.session_state:
        st.session_state["sets"] = kept
    with st.popover("Sets", icon=":material/filter_list:"):
        chosen = st.multiselect(
            "Vector sets",
            list(lines),
            format_func=lambda digest: lines.get(digest, digest),
            key="sets",
            persist_state="session",
            placeholder="all of this model",
        )
        noting.helpers(infos, "sets")
    if chosen:
        st.query_params["sets"] = chosen
    else:
        st.query_params.pop("sets", None)
    return [resources.vector_set(digest) for digest in chosen or lines]


def _order_picker() -> str:
    """In which order the vectors stand."""
    return widgets.switch("Order", "map_order", ORDERS, "clustered", noun="the order")


def draw_all(infos: list[RecordInfo]) -> None:
    """All vectors against all: how many directions they are, and which are copies."""
    infos = model_sets(infos)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        sets = set_choice(infos)
        blocks = sorted({site.block for found in sets for site in found.sites})
        block = st.selectbox(
            "Block",
            blocks,
            index=None,
            placeholder="all blocks",
            key="map_block",
            bind="query-params",
            width=160,
        )
        order = _order_picker()
        shared = st.container(width="content")
    square = cosines.square(sets, block, _apart(sets), naming.own_vectors())
    _figures(square)
    drawn = _drawn(square, order)
    with shared:
        _share_all(square, drawn, sets, block)
    if len(square.members) < 2:
        st.info("One vector has nothing to be compared with.", icon=":material/info:")
        return
    if len(drawn.names) < len(square.members):
        st.info(
            f"{len(square.members)} vectors are too many to draw: the map shows the first "
            f"{MOST_VECTORS}. Choose fewer sets, or one block.",
            icon=":material/filter_list:",
        )
    digests = tuple(found.digest for found in sets)
    drawing = widgets.kept(
        ("everyone", digests, block, tuple(drawn.names)),
        lambda inks: heatmaps.everyone(*drawn, inks),
    )
    widgets.chart(drawing, "Cosine of every pair of vectors", "everyone", pick=pick_pair)
    name = f"cosines_{sets[0].digest}_{len(sets)}"
    widgets.download(square.cells.drop(columns=["row_reference", "column_reference"]), name)
    _copies(square, f"copies_{sets[0].digest}_{len(sets)}")


def _copies(square: Square, name: str) -> None:
    """The directions that were found more than once."""
    if square.groups.empty:
        return
    st.header("Copies of one direction")
    st.caption("A minus marks a copy with the opposite sign. Copies share |cosine| ≥ 0.9.")
    event = st.dataframe(
        square.groups,
        key=name,
        hide_index=True,
        on_select="rerun",
        selection_mode="single-row",
        column_config={
            "copies": st.column_config.NumberColumn("copies", width=70),
            "least": st.column_config.NumberColumn("least |cosine|", format="%.3f", width=110),
        },
        alt="Directions that were found more than once",
    )
    _members(square, event.selection.rows)
    widgets.download(square.groups, name)


def _members(square: Square, rows: list[int]) -> None:
    """Links to the vectors of the direction that is selected."""
    if not rows or rows[0] >= len(square.groups):
        st.caption("Select a row to open its vectors.")
        return
    found = copies_of(square, rows[0])
    with st.container(horizontal=True, gap="small"):
        for name, reference in list(found.items())[:MOST_LINKS]:
            vector_links.link(reference, name)
    if len(found) > MOST_LINKS:
        st.caption(f"The first {MOST_LINKS} of {len(found)}.")


def copies_of(square: Square, row: int) -> dict[str, str]:
    """References by name of the vectors that are copies of one direction.

    Args:
        square: All vectors.
        row: The direction's, in `square.groups`.
    """
    names = {one.reference: one.name for one in square.members}
    return {names[reference]: reference for reference in square.copies[row]}


def _share_all(square: Square, drawn: Drawn, sets: list[VectorSet], block: int | None) -> None:
    """The link to the map as it is asked for; a card names its sets, and so keeps its meaning."""

    def link(named: list[str] | None) -> str:
        return navigation.link(
            "similarity",
            mode="all",
            of=st.query_params.get("of"),
            sets=named,
            map_block=None if block is None else str(block),
            map_order=st.query_params.get("map_order"),
        )

    names = [found.digest for found in sets]
    fixed = link(names if len(names) <= MOST_NAMED else None)
    widgets.share_card(
        link(st.session_state.get("sets")),
        lambda: similarity_cards.everyone(square, drawn, sets, fixed),
        f"directions_{names[0]}_{len(names)}",
    )


def _figures(square: Square) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f"**{captions.plain(square.words)}**")
        st.badge(
            f"effective rank {square.rank:.1f}",
            color="gray",
            help="How many directions the vectors amount to: 1 for copies of one direction, their "
            "number for orthogonal ones.",
        )
    st.caption(f"Clusters are of |cosine|, colours are signed. {pairs.MEANING}")


def _drawn(square: Square, order: str | None) -> Drawn:
    """What of the square the map shows, in which order."""
    names = list(square.order)
    by_name = {one.name: one for one in square.members}
    if order == "method":
        names = [one.name for one in square.members]
    elif order == "block":
        names = sorted(by_name, key=lambda n: (by_name[n].site.block, by_name[n].method))
    names = names[:MOST_VECTORS]
    cells = square.cells
    cells = cells[cells["row"].isin(names) & cells["column"].isin(names)]
    apart = cells[cells["row"] != cells["column"]]["cosine"]
    return Drawn(cells, names, max(cosines.colour_limit(apart), 0.3))


def pick_pair() -> None:
    """Open the clicked pair as a cell of the layer map."""
    row = state.picked("everyone", "row_reference")
    column = state.picked("everyone", "column_reference")
    if row is None or column is None:
        return
    (a, i), (b, j) = row.split(":"), column.split(":")
    st.session_state.update({"mode": "layers", "a": a, "b": b, "cell": f"{i}-{j}"})
    st.session_state.pop("lim", None)


def draw_one(infos: list[RecordInfo]) -> None:
    """One vector against all others of its model, as sorted bars."""
    infos = model_sets(infos)
    sets = [resources.vector_set(info.digest) for info in infos]
    apart, own = _apart(sets), naming.own_vectors()
    everyone = {one.reference: one for one in cosines.members(sets, apart, own)}
    names = list(everyone)
    state.resolve("one", names)
    state.warn_missing("one", "the vector", names)
    is_asked, one = "one" in st.query_params, pinned.wanted("one", is_view=True)
    if one is not None and one.reference in names:
        st.session_state["one"] = one.reference
    with st.container(horizontal=True, vertical_alignment="bottom"):
        chosen = st.selectbox(
            "Vector",
            names,
            format_func=naming.called,
            key="one",
            persist_state="session",
        )
        state.write_link("one")
        pinned.note(chosen, is_asked)
        vector_links.button(chosen, "open_vector")
        pin_card.button(chosen)
        shared = st.container(width="content")
    frame = cosines.against(everyone[chosen], sets, apart, own)
    if frame.empty:
        st.info("This model has no other vector to compare with.", icon=":material/info:")
        return
    band = random_band(sets[0].vectors.shape[1])
    beyond = int((frame["cosine"].abs() > band).sum())
    left = f" The {MOST_BARS} largest are drawn." if len(frame) > MOST_BARS else ""
    st.caption(
        f"{beyond} of {len(frame)} lie outside ±{band:.3f}, where 95 % of random pairs are (grey)."
        f"{left} Click a bar to move to that vector. {pairs.MEANING}"
    )
    _beside_pinned(frame, chosen, band)
    drawn, kept = _marked(frame)
    of = st.query_params.get("of")
    link = navigation.link("similarity", mode="one", of=of, one=chosen, pin=kept)
    with shared:
        widgets.share_card(
            link,
            lambda: similarity_cards.neighbours(everyone[chosen], drawn, band, sets, link),
            f"neighbours_{chosen.replace(':', '_')}",
        )
    drawing = heatmaps.bars(drawn, band, widgets.inks())
    widgets.chart(drawing, "Cosine of one vector with all others", "bars", pick=pick_bar)
    widgets.download(frame, f"neighbours_{chosen.replace(':', '_')}")


def _marked(frame: pd.DataFrame) -> tuple[pd.DataFrame, str | None]:
    """The bars to draw, the pinned vector's marked, and its reference if it is among them all."""
    is_pinned = frame["reference"] == pinned.reference()
    marked = frame["name"].where(~is_pinned, frame["name"] + " (pinned)")
    kept = pinned.reference() if is_pinned.any() else None
    return frame.assign(name=marked).head(MOST_BARS), kept


def _beside_pinned(frame: pd.DataFrame, chosen: str, band: float) -> None:
    """The cosine of the chosen vector with the pinned one."""
    one = pinned.known(pinned.reference())
    if one is None or one.reference == chosen:
        return
    name = f"{captions.PINNED} {captions.plain(one.name)}"
    rows = frame[frame["reference"] == one.reference]
    if rows.empty:
        st.caption(f"{name} is of another model, so it has no cosine with this vector.")
        return
    row = rows.iloc[0]
    inside = "within" if abs(row["cosine"]) <= band else "outside"
    cosine, z = (f"{row[figure]:+.2f}".replace("-", "\u2212") for figure in ("cosine", "z"))
    st.markdown(
        f"Cosine with the pinned {name}: **{cosine}**, {z} standard deviations of random pairs, "
        f"{inside} their 95 %."
    )


def _apart(sets: Sequence[VectorSet]) -> dict[str, str]:
    """What tells each set from the others of its method."""
    names = naming.names()
    told: dict[str, str] = {}
    for method in {found.method for found in sets}:
        told |= names.differing([found.digest for found in sets if found.method == method])
    return told


def pick_bar() -> None:
    """Move to the clicked vector."""
    reference = state.picked("bars", "reference")
    if reference is not None:
        st.session_state["one"] = reference
