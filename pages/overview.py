"""What is in the store: the newest run against random vectors, its best vectors, how to start."""

import streamlit as st

from dashboard.frames import controls
from dashboard.frames import sweep as sweeps
from dashboard.session import resources, state
from dashboard.views import overview, overview_steered
from dashboard.views.curves import curves
from dashboard.widgets import widgets
from dashboard.words import captions
from engine.errors import EngineError

st.title("Vectorscope")
st.caption(
    "Find steering vectors in a language model, measure what each one does, and see it beside "
    "what random vectors do."
)
sets, runs = resources.records("vectors"), resources.runs()
widgets.live_job("experiment")
widgets.unfinished_job("experiment")
try:
    overview.model_line(sets, runs)
    if not sets and not runs:
        overview.empty(state.model())
        st.stop()
    overview_steered.draw()
    if runs:
        sweep = resources.sweep(curves.dataset_picker(runs[0].digest, runs))
        widgets.whose(sweep.model)
        curves.warnings(sweep)
        if sweep.names:
            ranking = sweeps.ranking(sweep)
            overview.figures(sweep, ranking)
            left, right = st.columns([0.58, 0.42], gap="large")
            with left:
                overview.headline(sweep)
            with right:
                overview.best(sweep, ranking)
            about = captions.CONTROLS if controls.kinds(sweep) == 1 else controls.OWN_MOVE
            proxy = captions.PROXY if sweep.reading.has_letters else captions.LIKELIHOOD
            st.caption(f"{about} {proxy}")
        else:
            st.info(captions.ONLY_CONTROLS)
    else:
        st.info("Vectors are stored, but none has been evaluated yet.", icon=":material/rule:")
    left, right = st.columns([0.58, 0.42], gap="large")
    with left:
        overview.newest(sets, runs)
    with right:
        overview.steps()
except EngineError as error:
    widgets.show_error(error)
