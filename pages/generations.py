"""What the model says, unsteered and steered, side by side."""

import streamlit as st

from dashboard.forms import drafts, grid, keeping
from dashboard.session import pace, state
from dashboard.views.generations import (
    blind,
    columns,
    controls,
    filters,
    history,
    labels,
    live,
    reading,
    texts,
)
from dashboard.widgets import noting, sheets, widgets
from engine.errors import EngineError

digest = history.choose()
with st.container(horizontal=True, vertical_alignment="center"):
    st.title("Generations", width="stretch")
    if digest is not None:
        noting.button(digest, "Name")
        st.button(
            "New grid",
            key="new_grid",
            icon=":material/add:",
            on_click=drafts.show,
            args=(None,),
        )
if digest is None:
    st.caption(texts.MEANING)
    grid.draw(state.model())
else:
    keeping.leave()
try:
    sheet = None if digest is None else sheets.load(digest)
    if sheet is not None:
        history.heading(sheet)
        widgets.whose(sheet.model)
    if sheet is not None and sheet.state in ("queued", "running"):
        pace.repeat(live.draw, 0.3, digest)
    elif sheet is not None and sheet.state == "done" and blind.is_on():
        blind.draw(sheet)
    elif sheet is not None:
        if sheet.state != "done":
            live.ended_early(sheet)
        chosen = filters.draw(sheet)
        view = controls.controls(sheet, chosen)
        if view.layout == controls.READ:
            reading.draw(sheet, chosen, view)
        else:
            texts.draw(sheet, view)
            labels.under_all(sheet)
            columns.draw(sheet, chosen)
        if sheet.state == "done":
            blind.judge(sheet)
            history.made(sheet)
except EngineError as error:
    widgets.show_error(error)
history.draw()
