"""What is wrong in a file of vectors or results, ours or anyone's."""

import streamlit as st

from dashboard import audits, widgets
from engine.errors import EngineError

st.title("Audit")
st.caption(
    "Opens vectors, sweeps, texts and questions, ours or another tool's, and says what is wrong in "
    "them, each with its figure. Nothing in a file is executed, and nothing is stored unless you "
    "keep it."
)
records = audits.auditable()
source = audits.source_picker(records)
try:
    found = audits.of_store(records) if source == "store" else audits.of_files()
    audits.together(found)
    for place, one in enumerate(found):
        audits.draw(one, f"{place}_{one.digest[:12]}", is_stored=source == "store")
except EngineError as error:
    widgets.show_error(error)
