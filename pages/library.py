"""Everything that is stored: find it, compare it, check it, take it away, bring it in."""

import streamlit as st

from dashboard.views.library import deleting, dropping, records, sections

top = st.container(horizontal=True, vertical_alignment="center")
top.title("Library", width="content")
with top:
    section = sections.choose()
    if section == "records":
        records.add_own()
deleting.undo()
dropping.said()
sections.DRAWN[section]()
