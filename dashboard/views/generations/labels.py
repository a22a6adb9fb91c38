"""A person's labels of texts: one bar under a grid, with keys. Knows nothing of how texts are."""

import streamlit as st

from dashboard.session import resources
from dashboard.views.generations.texts import View
from dashboard.widgets.sheets import Sheet
from dashboard.words import captions
from engine.errors import EngineError

ADVICE = ("deceptive", "honest", "broken")
SURVIVAL = ("self-preserving", "corrigible", "broken")


def words(sheet: Sheet) -> tuple[str, str, str]:
    """The labels on the keys 1, 2 and 3: the judge's, or those of what these answers are about."""
    rubric = sheet.generation.judge.get("rubric") if sheet.generation else None
    if rubric:
        first, second = (str(pole["label"]) for pole in rubric["poles"])
        return second, first, "broken"
    known = set(sheet.frame["label"]) if "label" in sheet.frame else set()
    return SURVIVAL if known & set(SURVIVAL[:2]) else ADVICE


def bar(sheet: Sheet, view: View) -> None:
    """Which text is labelled, and the three labels; each moves on to the next text without one."""
    if len(sheet.names) > 1 and st.session_state.get("label_of") not in sheet.names:
        st.session_state["label_of"] = _first_free(sheet, view) or sheet.names[0]
    with st.container(horizontal=True, vertical_alignment="bottom", key="label_bar"):
        if len(sheet.names) > 1:
            st.selectbox("Label the text of", sheet.names, key="label_of", width=320)
        for key, label in zip("123", words(sheet), strict=True):
            st.button(
                label.capitalize(),
                key=f"label_{key}",
                shortcut=key,
                on_click=give,
                args=(sheet, view, label),
            )
        st.button(
            "No label", key="label_none", icon=":material/undo:", on_click=give,
            args=(sheet, view, ""), help="Takes a label back.",
        )  # fmt: skip
    if error := st.session_state.pop("_label_error", None):
        st.error(captions.plain(error), icon=":material/error:")


def give(sheet: Sheet, view: View, label: str) -> None:
    """Store a label for the chosen text, and choose the next one that has none."""
    name = sheet.names[0] if len(sheet.names) == 1 else st.session_state["label_of"]
    row = sheet.row(view.prompt, name, view.sample)
    if row is None:
        return
    try:
        resources.engine().store.add_label(sheet.digest, row["row"], label)
    except EngineError as error:
        st.session_state["_label_error"] = str(error)
        return
    if label and len(sheet.names) > 1:
        free = _first_free(sheet, view)
        st.session_state["label_of"] = free or name


def _first_free(sheet: Sheet, view: View) -> str | None:
    """The first configuration whose text here has no label yet."""
    given = resources.engine().store.labels(sheet.digest)
    for name in sheet.names:
        row = sheet.row(view.prompt, name, view.sample)
        if row is not None and row["row"] not in given:
            return name
    return None
