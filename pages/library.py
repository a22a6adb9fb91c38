"""Everything that is stored: find it, compare it, check it, take it away, bring it in."""

import streamlit as st

from dashboard.views.library import deleting, dropping, sections

st.title("Library")
deleting.undo()
dropping.said()
sections.draw()
