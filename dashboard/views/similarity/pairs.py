"""Vectors against vectors: pickers, maps, and the card of two of them."""

import dataclasses
from typing import Any

import pandas as pd
import streamlit as st

from dashboard.charts import heatmaps
from dashboard.forms import pairs as forms
from dashboard.frames import cosines
from dashboard.session import navigation, pin_card, resources, state, vector_links
from dashboard.widgets import bound, sharing, starting, widgets
from dashboard.words import captions
from dashboard.words.inks import BadgeColour
from engine.configs import registry
from engine.errors import EngineError
from engine.records.records import RecordInfo, VectorSet
from engine.statistics import similarity

MODES = {
    "layers": "Layer × layer",
    "all": "All vectors, clustered",
    "one": "One against all",
    "span": "In a subspace",
}
MEANING = (
    "A cosine compares directions, not effects: two vectors far apart can do the same. Vectors of "
    "neighbouring layers are alike because a residual stream changes slowly."
)
DRAWS = 64


def found_sets() -> list[RecordInfo]:
    """Stored vector sets, this tab's model's first, newest first; none of shuffled labels."""
    found = resources.records("vectors")
    return resources.own_first([one for one in found if not cosines.is_null(_config(one))])


def _config(info: RecordInfo) -> dict[str, Any]:
    return dict(resources.header(info.digest, info.path).get("config") or {})


def model_key(info: RecordInfo) -> str:
    """What vectors of one model have in common: its weights."""
    model = resources.header(info.digest, info.path)["model"]
    return str(model.get("fingerprint") or model.get("short_name"))


def mode_picker() -> str:
    """Which comparison is shown."""
    return widgets.switch(
        "Compare", "mode", MODES, "layers", noun="the view", label_visibility="collapsed"
    )


def missing_family(sets: list[RecordInfo]) -> None:
    """Say which of the two families there is none of, and how to make it."""
    methods = {info.method for info in sets}
    lacking = [method for method in forms.FAMILIES if method not in methods]
    if not lacking:
        return
    names = " and ".join(captions.method(method).lower() for method in lacking)
    st.info(
        f"No {names} vectors yet: this map compares contrastive with fine-tune difference "
        "vectors. Find them on Discover, or on the command line:",
        icon=":material/search:",
    )
    lines = [forms.command(method, state.model()) for method in lacking]
    st.code("\n".join(lines), language=None, wrap_lines=True)
    with st.container(horizontal=True):
        for method in lacking:
            title = captions.method(method)
            widgets.go_button(
                f"Find {title.lower()} vectors",
                "discover",
                key=f"to_{method}",
                icon=":material/travel_explore:",
                method=title,
            )


def to_discover() -> None:
    """Where further vectors come from."""
    icon = ":material/travel_explore:"
    widgets.go_button("Find more vectors", "discover", key="to_discover", icon=icon)


def set_pickers(sets: list[RecordInfo]) -> tuple[VectorSet, VectorSet]:
    """Rows and columns of the map; a contrastive set against a fine-tune difference at first."""
    digests = [info.digest for info in sets]
    first, second = usual_pair(sets, "contrastive", "finetune-diff")
    chosen = []
    with st.container(horizontal=True, vertical_alignment="bottom"):
        for key, label, usual in (("a", "Rows", first), ("b", "Columns", second)):
            state.resolve(key, digests)
            state.warn_missing(key, "the vector set", digests)
            st.session_state.setdefault(key, usual.digest)
            chosen.append(
                widgets.record_picker(label, key, sets, on_change=forget_cell, is_noted=False)
            )
    return resources.vector_set(chosen[0]), resources.vector_set(chosen[1])


def usual_pair(sets: list[RecordInfo], method: str, other: str) -> tuple[RecordInfo, RecordInfo]:
    """The newest set of a method and the newest of another on the same model, to begin with."""
    first = _newest(sets, method) or sets[0]
    mates = [info for info in sets if model_key(info) == model_key(first)]
    return first, _newest(mates, other) or mates[-1]


def _newest(sets: list[RecordInfo], method: str) -> RecordInfo | None:
    return next((info for info in sets if info.method == method), None)


def forget_cell() -> None:
    """Other sets have cells and a colour range of their own."""
    st.session_state.pop("cell", None)
    # The browser keeps a slider's place, so forgetting it here would change nothing there.
    st.session_state["_lim_again"] = True


def limit_slider(values: pd.Series) -> float:
    """The colour range, at first so that the largest |cosine| has the full colour."""
    usual = cosines.colour_limit(values)
    is_new = st.session_state.pop("_lim_again", False)
    if is_new:
        st.session_state["lim"] = usual
    return st.slider(
        "Colour range ±",
        min_value=0.05,
        max_value=1.0,
        value=None if is_new else usual,
        step=0.05,
        key="lim",
        bind="query-params",
        help="At ±1 real cosines look blank. Beyond the range the colour stays full.",
    )


def draw_layers(first: VectorSet, second: VectorSet) -> None:
    """Layer x layer on the left; same-layer line, card of the cell and norms on the right."""
    cells = cosines.cells(first, second)
    names = _titles(first, second)
    state.resolve("cell", list(cells["cell"]))
    state.warn_missing("cell", "the cell", list(cells["cell"]))
    left, right = st.columns([0.56, 0.44], gap="large")
    with left:
        with st.container(horizontal=True, vertical_alignment="bottom"):
            limit = limit_slider(cells["cosine"])
            usual = cosines.colour_limit(cells["cosine"])
            link = address(first, second, None if limit == usual else limit)
            pair, cell = (first, second), st.session_state.get("cell")
            sharing.layers(pair, null_sets(first), names, limit, cell, link)
        titles = (f"{names[0]} vector, block", f"{names[1]} vector, block")
        chosen = st.session_state.get("cell")
        drawing = widgets.kept(
            ("layers", first.digest, second.digest, limit, chosen),
            lambda inks: heatmaps.layers(cells, titles, limit, inks, chosen),
        )
        widgets.chart(drawing, "Cosine of every pair of layers", "layer_map", pick=pick_cell)
    state.write_link("cell")
    with right:
        draw_same_layer(first, second, chosen)


def _titles(first: VectorSet, second: VectorSet) -> tuple[str, str]:
    names = [captions.method(found.method) for found in (first, second)]
    if names[0] == names[1]:
        names = [f"{n} {f.digest[:4]}" for n, f in zip(names, (first, second), strict=True)]
    return names[0], names[1]


def address(first: VectorSet, second: VectorSet, limit: float | None) -> str:
    """The link to the layer map as it stands; the usual colour range (None) is left out."""
    return navigation.link(
        "similarity",
        a=first.digest,
        b=second.digest,
        cell=st.session_state.get("cell"),
        lim=None if limit is None else f"{limit:g}",
    )


def pick_cell() -> None:
    """Remember the clicked cell; a click beside the tiles closes its card."""
    st.session_state["cell"] = state.picked("layer_map", "cell")


def null_sets(found: VectorSet) -> list[VectorSet]:
    """Stored sets like this one, of shuffled labels."""
    return [
        resources.vector_set(info.digest)
        for info in resources.records("vectors")
        if info.method == found.method and cosines.is_null_of(_config(info), found.config)
    ][:1]


def draw_same_layer(first: VectorSet, second: VectorSet, cell: str | None) -> None:
    """Cosines at the same layer with the bands of chance, the chosen cell, and both norms."""
    nulls = null_sets(first)
    try:
        frame = similarity.by_layer(first, second, nulls)
    except EngineError as error:
        widgets.show_error(error)
        draw(first, second, cell, nulls)
        return
    band = float(frame["random"].iloc[0])
    drawing = heatmaps.same_layer(frame, widgets.inks())
    widgets.chart(drawing, "Cosine at the same layer, with the band of random pairs", "same")
    draw(first, second, cell, nulls)
    words = f"Grey: 95 % of random pairs lie within ±{band:.3f}. "
    if nulls:
        words += "Orange: 95 % of the same pairs with shuffled labels, which is the fairer null. "
    if frame["corrected"].notna().any():
        words += "Corrected for noise: divided by the largest cosine that two vectors of these "
        words += "split-half reliabilities can show; too large where both share their noise."
    st.caption(words)
    if not nulls:
        _offer_null(first)
    with st.expander("Norms and numbers", icon=":material/table:"):
        drawing = heatmaps.norms(frame, _titles(first, second), widgets.inks())
        widgets.chart(drawing, "Norm of both families' vectors by block", "norms")
        shown = frame.drop(columns=["first", "second", "random"])
        st.dataframe(shown, hide_index=True, alt="Cosine, distance and norms by block")
        widgets.download(frame, f"similarity_{first.digest}_{second.digest}")
        st.caption("Every pair of the map:")
        cells = cosines.cells(first, second).drop(columns=["cell", "row", "column"])
        widgets.download(cells, f"cells_{first.digest}_{second.digest}")


def _offer_null(found: VectorSet) -> None:
    """A button that queues the same finder with shuffled labels."""
    if found.method != "contrastive" or found.config.get("estimator") != "mean-difference":
        return
    try:
        config = dataclasses.replace(registry.from_json(found.method, found.config), shuffles=DRAWS)
        if bound.button(
            f"Add the band of {DRAWS} shuffled labelings",
            "add_null",
            [found.digest],
            icon=":material/shuffle:",
            help="The same pairs with their poles exchanged by chance. Random directions are too "
            "easy a null, because activations fill few directions.",
        ):
            starting.began(resources.engine().submit(config))
    except EngineError as error:
        widgets.show_error(error)


def draw(first: VectorSet, second: VectorSet, cell: str | None, nulls: list[VectorSet]) -> None:
    """Two vectors: their cosine against chance, what they are, and where to open them."""
    if cell is None:
        st.caption("Click a cell of the map to see both vectors.")
        return
    row, column = (int(part) for part in cell.split("-"))
    known = cosines.pair(first, second, (row, column), nulls)
    with st.container(border=True, gap="small"):
        left, right = st.columns([0.36, 0.64], wrap=False)
        with left:
            st.metric("cosine", captions.number(known["cosine"]))
            _verdicts(known)
            if known["corrected"] == known["corrected"]:
                st.caption(
                    f"{captions.number(known['corrected'])} corrected for noise",
                    help=captions.CORRECTED,
                )
        with right:
            for side, found, index, norm in zip(
                "ab", (first, second), (row, column), known["norms"], strict=True
            ):
                _one_vector(side, found, index, norm)


def _verdicts(known: dict[str, Any]) -> None:
    """The cosine against random directions, and against shuffled labels where there are some."""
    words = "Standard deviations of the cosine of random pairs."
    null, beyond = known["null"], abs(known["z"]) > 1.96
    # Random directions are an easy null: where there is a better one, that alone may be green.
    colour: BadgeColour = "green" if beyond and null is None else "gray"
    st.badge(f"{captions.number(known['z'])} σ", color=colour, help=words)
    if null is not None:
        outside = not null[0] <= known["cosine"] <= null[1]
        st.badge(
            "beyond shuffled" if outside else "within shuffled",
            color="green" if outside else "gray",
            help=f"95 % of shuffled labelings give {null[0]:+.2f} to {null[1]:+.2f} here.",
        )


def _one_vector(side: str, found: VectorSet, index: int, norm: float) -> None:
    name, reference = found.names[index], f"{found.digest}:{index}"
    with st.container(horizontal=True, gap="xsmall", vertical_alignment="center"):
        vector_links.link(reference, name)
        st.caption(f"{found.sites[index].words} · norm {norm:.3g}", width="content")
    with st.container(horizontal=True, gap="xsmall"):
        icon = ":material/travel_explore:"
        place = {"found": found.digest, "vector": str(index)}
        widgets.go_button("Open", "discover", key=f"open_{side}", icon=icon, **place)
        icon = ":material/chat:"
        widgets.go_button("Generate", "generations", key=f"say_{side}", icon=icon, vec=reference)
        pin_card.button(reference, f"pin_{side}", shortcut=None)
