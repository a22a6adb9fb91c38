"""The old address of the audit, which is a part of the library: every link to it still opens it."""

import streamlit as st

from dashboard.session import navigation

st.switch_page(
    navigation.page("library"), query_params={**st.query_params.to_dict(), "section": "audit"}
)
