"""What one vector does to every question, scale by scale."""

import streamlit as st

from dashboard.session import resources, state
from dashboard.views import adaptive, equal_cost
from dashboard.views.curves import choosing, curves, methods, questions, said, so_far, tokens
from dashboard.widgets import sweep_kinds, vector_card, widgets
from dashboard.words import captions
from engine.errors import EngineError

top = st.container(horizontal=True, vertical_alignment="center")
top.title("Scale curves", width="content")
so_far.follow()
parts = resources.unfinished_runs()
runs = [*resources.runs(), *parts]
measuring = widgets.live_job("evaluate", so_far.offer)
widgets.unfinished_job("evaluate", so_far.offer)
adaptive.progress()
equal_cost.progress()
own = {"adaptive": adaptive.draw, "cost": equal_cost.draw}
try:
    with top:
        kind = sweep_kinds.chosen()
    if kind in own:
        own[kind]()
        st.stop()
except EngineError as error:
    widgets.show_error(error)
    st.stop()
if not runs and measuring:
    st.stop()
if not runs:
    st.info("Nothing has been evaluated yet: choose vectors on Discover and press Evaluate.")
    widgets.go_button("Discover", "discover", key="to_discover", icon=":material/travel_explore:")
    st.stop()

digests = [info.digest for info in runs]
# It may have been deleted in another tab.
state.note_gone("run", digests)
state.resolve("run", digests, curves.aliases(runs))
state.warn_missing("run", "the run", digests)
try:
    curves.follow_to_run(runs)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        run = widgets.record_picker(
            "Run",
            "run",
            runs,
            on_change=curves.forget_choices,
            label_visibility="collapsed",
        )
        sweep = so_far.opened(curves.dataset_picker(run, runs), parts)
    state.resolve("vec", sweep.names)
    state.warn_missing("vec", "the vector", sweep.names)
    curves.follow_to_vector(sweep)
    widgets.whose(sweep.model)
    curves.warnings(sweep)
    so_far.actions(sweep)
    if not sweep.names:
        st.info(captions.ONLY_CONTROLS)
        st.stop()
    names = ["One vector", "All vectors", methods.TAB, "Numbers"]
    one, everything, side_by_side, numbers = st.tabs(
        names, key="tab", on_change="rerun", bind="query-params"
    )
    if one.open:
        with one:
            with st.container(gap="xsmall"):
                view, row = choosing.controls(sweep)
                question = questions.chosen(sweep)
                with equal_cost.beside(sweep, view.name, is_free=question is None):
                    curves.draw_charts(sweep, view, row, question)
            if question is None:
                questions.pick(sweep)
            if row is not None:
                vector_card.figures(sweep, row)
            curves.draw_words(sweep, view.name)
            if question is not None:
                questions.figures(sweep, view.name, question)
            said.draw(sweep, view.name)
            tokens.own_text(sweep, view.name)
    if everything.open:
        with everything:
            curves.draw_overview(sweep)
    if side_by_side.open:
        with side_by_side:
            methods.draw(sweep)
    if numbers.open:
        with numbers:
            curves.draw_numbers(sweep)
            questions.account(sweep)
except EngineError as error:
    widgets.show_error(error)
