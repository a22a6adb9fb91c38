"""Whole studies, end to end: run one, or read the tables of a stored one."""

import streamlit as st

from dashboard.session import resources
from dashboard.views import studies, studies_runner
from dashboard.widgets import widgets
from engine.errors import EngineError

st.title("Studies")
studied = [one for one in resources.records("experiment") if one.method in studies.PARTS]
stored = resources.own_first(studied)
widgets.live_job("experiment")
widgets.unfinished_job("experiment")
try:
    if stored:
        studies.draw(studies.read(studies.picker(stored).digest))
    else:
        st.info("No study is stored yet: run one below.", icon=":material/science:")
    studies_runner.draw(expanded=not stored)
except EngineError as error:
    widgets.show_error(error)
