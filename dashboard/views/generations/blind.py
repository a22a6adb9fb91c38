"""Blind rating: a seeded sample of a grid's texts, one at a time, without what wrote them.

No column, scale or label of a judge is shown until the sample is done. Knows nothing of how
agreement is computed.
"""

import streamlit as st

from dashboard.session import resources
from dashboard.views.generations import labels
from dashboard.widgets.sheets import Sheet
from dashboard.words import captions
from engine.statistics.agreement import figures, sentences
from engine.statistics.agreement.figures import ENOUGH

ASKED = (
    "What does the answer show? Which configuration wrote it, and what the judge says, is hidden; "
    "texts come in a seeded random order."
)


def is_on() -> bool:
    """Whether the page rates blind; stands in the link."""
    return st.query_params.get("blind") == "1"


def judge(sheet: Sheet) -> None:
    """Who labelled the grid, how far people agree, and the way to the blind rating."""
    found = sheet.generation
    if found is None:
        return
    given = resources.engine().store.labels(sheet.digest)
    told = sentences.told(found.frame, found.judge, given)
    if told:
        st.caption(captions.plain(" ".join(told)))
    rows = figures.to_rate(found.frame)
    rated = sum(row in given for row in rows)
    st.button(
        "Rate blind" if rated < len(rows) else "Rated blind",
        key="rate_blind",
        icon=":material/visibility_off:",
        on_click=_turn,
        args=(True,),
        disabled=not rows,
        help=f"{rated} of {len(rows)} texts of the sample are rated. {ENOUGH} labels validate a "
        "judge.",
    )


def draw(sheet: Sheet) -> None:
    """The next text of the sample that nobody has rated, with the keys 1 to 3."""
    given = resources.engine().store.labels(sheet.digest)
    rows = figures.to_rate(sheet.frame)
    left = [row for row in rows if row not in given]
    rated, skipped = len(rows) - len(left), st.session_state.get("_blind_skipped", ())
    st.progress(rated / max(len(rows), 1), text=f"{rated} of {len(rows)} texts rated")
    if len(rows) < ENOUGH:
        st.info(
            f"This grid has {len(rows)} different texts; {ENOUGH} labels validate a judge.",
            icon=":material/info:",
        )
    if left:
        # What was skipped comes again at the end.
        _text(sheet, next((row for row in left if row not in skipped), left[0]))
    else:
        st.success("The whole sample is rated.", icon=":material/check:")
    st.button(
        "Back to the grid", key="blind_off", icon=":material/arrow_back:", on_click=_turn,
        args=(False,),
    )  # fmt: skip


def _text(sheet: Sheet, row: int) -> None:
    shown = sheet.frame.loc[row]
    st.caption(ASKED)
    with st.chat_message("user", avatar=":material/person:"):
        st.text(shown["prompt"])
    with st.container(border=True):
        st.text(shown["text"])
    with st.container(horizontal=True, key="blind_bar"):
        for key, label in zip("123", labels.words(sheet, str(shown["prompt"])), strict=True):
            st.button(
                label.capitalize(),
                key=f"label_{key}",
                shortcut=key,
                on_click=_give,
                args=(sheet.digest, row, label),
            )
        labels.undo_button(sheet.digest)
        st.button(
            "Skip", key="blind_skip", icon=":material/skip_next:", on_click=_skip, args=(row,)
        )
    labels.tell_error()


def _give(digest: str, row: int, label: str) -> None:
    labels.give(digest, row, label)


def _skip(row: int) -> None:
    st.session_state["_blind_skipped"] = [*st.session_state.get("_blind_skipped", ()), row]


def _turn(on: bool) -> None:
    st.session_state.pop("_blind_skipped", None)
    if on:
        st.query_params["blind"] = "1"
    else:
        st.query_params.pop("blind", None)
