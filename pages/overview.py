"""Home: what stands out in the store, what next, what runs and what ran."""

import streamlit as st

from dashboard.frames import controls
from dashboard.frames import sweep as sweeps
from dashboard.session import resources, state
from dashboard.views import overview_steered
from dashboard.views.curves import curves
from dashboard.views.home import lately, standing, steps
from dashboard.widgets import outstanding, widgets
from dashboard.words import captions
from engine.errors import EngineError

st.title("Vectorscope")
sets, runs = resources.records("vectors"), resources.runs()
widgets.unfinished_job("experiment")
try:
    standing.model_line(sets, runs)
    if not sets and not runs:
        lately.running()
        standing.empty(state.model())
        st.stop()
    found, unread = outstanding.found()
    best = found[0] if found else None
    left, right = st.columns([0.66, 0.34], gap="medium")
    with right:
        steps.draw(best)
        lately.running()
        lately.last()
        lately.ran([*sets, *resources.records("evaluation")])
    with left:
        if runs:
            shown = standing.run(found, runs)
            sweep = resources.sweep(curves.dataset_picker(shown, runs))
            widgets.whose(sweep.model)
            curves.warnings(sweep)
            if sweep.names:
                ranking = sweeps.ranking(sweep)
                standing.headline(sweep)
                standing.best(sweep, ranking)
                standing.figures(sweep, ranking)
                standing.others(found, sweep.evaluation.digest)
                standing.unread(unread)
                about = captions.CONTROLS if controls.kinds(sweep) == 1 else controls.OWN_MOVE
                proxy = captions.PROXY if sweep.reading.has_letters else captions.LIKELIHOOD
                st.caption(f"{about} {proxy}")
            else:
                st.info(captions.ONLY_CONTROLS)
        else:
            st.info("Vectors are stored, but none has been evaluated yet.", icon=":material/rule:")
    overview_steered.draw()
except EngineError as error:
    widgets.show_error(error)
