"""Find vectors, rank them, and send them to an evaluation."""

import streamlit as st

from dashboard.forms import adaptive as adaptive_form
from dashboard.forms import equal_cost as equal_cost_form
from dashboard.forms import from_config
from dashboard.forms.finding import methods
from dashboard.forms.measuring import together
from dashboard.session import resources, state
from dashboard.views import adaptive, equal_cost
from dashboard.views.discover import board, evidence, leaderboard, standing, suggestions
from dashboard.widgets import widgets, words
from dashboard.widgets.adding import asking
from dashboard.widgets.probes import reading
from dashboard.words import captions
from engine.errors import EngineError

engine, model = resources.engine(), state.model()

st.title("Discover")
st.caption(captions.ONE_PROMPT)
settings, results = st.columns([0.36, 0.64], gap="medium")

with settings:
    methods.draw(methods.picker(), model)

with results:
    searching = widgets.live_job("find")
    widgets.live_job("evaluate")
    adaptive.progress()
    equal_cost.progress()
    suggestions.progress()
    widgets.unfinished_job("find")
    asking.button("found", ("vectors",), asking.chooses("found"), "Add my vectors")
    sets = standing.best_first(resources.records("vectors"))
    if not sets and not searching:
        st.info("No vectors yet: fill in the form and press Find.", icon=":material/search:")
    if not sets:
        st.stop()
    digests = [info.digest for info in sets]
    state.resolve("found", digests)
    state.warn_missing("found", "the vector set", digests)
    board.follow(digests)
    try:
        digest = widgets.record_picker("Vector set", "found", sets)
        found = resources.vector_set(digest)
        board.adapter(found)
        sweep = board.sweep_picker(digest)
        selected = leaderboard.draw(found, sweep)
        board.actions(digest, sweep, selected)
        suggestions.draw(found, sets)
        with st.expander("Evaluate these vectors", expanded=sweep is None, icon=":material/rule:"):
            first = board.chosen(found, selected)
            request = from_config.evaluation(together.picker(model, first), model, digest)
            if request is not None:
                adaptive_form.submit(request)
        equal_cost_form.draw(request)
        with reading.expander() as reads:
            if reads.open:
                reading.draw(f"{digest}:{selected.vector}")
        with words.expander(f"{digest}:{selected.vector}") as says:
            if says.open:
                words.draw(f"{digest}:{selected.vector}")
        evidence.draw(found)
        board.provenance(found)
    except EngineError as error:
        widgets.show_error(error)
