"""Everything that is stored: find it, open it, take it away, bring it in."""

import streamlit as st

from dashboard.session import resources
from dashboard.views.library import dropping, library
from dashboard.widgets.adding import asking
from dashboard.widgets.adding.kinds import EVERY

st.title("Library")
infos = resources.records()
left, right = st.columns([0.62, 0.38], vertical_alignment="bottom" if infos else "top", gap="large")
with right:
    dropping.zone()
    asking.button("library", EVERY, asking.chooses("_library_added"), "Add my own data")
with left:
    st.caption("Every record is one file that says how it was made, named by all that decides it.")
    found = library.filters(infos) if infos else []
dropping.said()
chosen = library.selected(infos)
if infos:
    library.table(found, height=430 if chosen is None else 283)
else:
    st.info(
        "Nothing is stored yet: find vectors on Discover, or drop a record file here.",
        icon=":material/inbox:",
    )
library.damaged()
if chosen is not None:
    library.record(chosen)
elif infos:
    st.caption("Choose a row to see how the record was made, to download or to delete it.")
