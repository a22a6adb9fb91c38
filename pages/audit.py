"""What is wrong in a file of vectors or results, ours or anyone's."""

import streamlit as st

from dashboard.views import audit
from dashboard.widgets import widgets
from engine.errors import EngineError

st.title("Audit")
st.caption(
    "Opens vectors, sweeps, texts and questions, ours or another tool's, and says what is wrong in "
    "them, each with its figure. Nothing in a file is executed, and nothing is stored unless you "
    "keep it."
)
records = audit.auditable()
source = audit.source_picker(records)
try:
    found = audit.of_store(records) if source == "store" else audit.of_files()
    audit.together(found)
    for place, one in enumerate(found):
        audit.draw(one, f"{place}_{one.digest[:12]}", is_stored=source == "store")
except EngineError as error:
    widgets.show_error(error)
