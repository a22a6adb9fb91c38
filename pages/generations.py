"""What the model says, unsteered and steered, side by side."""

import streamlit as st

from dashboard import (
    drafts,
    generations,
    grid_form,
    history,
    labels,
    live,
    pace,
    sheets,
    state,
    widgets,
)
from engine.errors import EngineError

digest = history.choose()
with st.container(horizontal=True, vertical_alignment="center"):
    st.title("Generations", width="stretch")
    if digest is not None:
        st.button(
            "New grid",
            key="new_grid",
            icon=":material/add:",
            on_click=drafts.show,
            args=(None,),
        )
st.caption(generations.MEANING)
if digest is None:
    grid_form.draw(state.model())
    drafts.keep()
try:
    sheet = None if digest is None else sheets.load(digest)
    if sheet is not None and sheet.state in ("queued", "running"):
        pace.repeat(live.draw, 0.3, digest)
    elif sheet is not None:
        if sheet.state != "done":
            live.ended_early(sheet)
        view = generations.controls(sheet)
        generations.draw(sheet, view)
        if sheet.state == "done":
            labels.bar(sheet, view)
            history.made(sheet)
except EngineError as error:
    widgets.show_error(error)
history.draw()
