"""The card of two vectors: their cosine against chance, and where to open them."""

from typing import Any

import streamlit as st

from dashboard import captions, cosines, pin_card, widgets
from engine.records import VectorSet


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
                st.caption(f"{captions.number(known['corrected'])} corrected for noise")
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
    colour = "green" if beyond and null is None else "gray"
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
    st.caption(f"**{captions.plain(name)}** · {found.sites[index].words} · norm {norm:.3g}")
    with st.container(horizontal=True, gap="xsmall"):
        icon = ":material/travel_explore:"
        place = {"found": found.digest, "vector": str(index)}
        widgets.go_button("Open", "discover", key=f"open_{side}", icon=icon, **place)
        icon = ":material/chat:"
        widgets.go_button("Generate", "generations", key=f"say_{side}", icon=icon, vec=reference)
        pin_card.button(reference, f"pin_{side}", shortcut=None)
