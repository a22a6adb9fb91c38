"""The looks that no setting of the theme gives, for all pages. Knows nothing of what they show."""

from pathlib import Path

import streamlit as st

SHEET = Path(__file__).with_name("look.css")


def draw() -> None:
    """Give this page the sheet; nothing is seen of it."""
    st.html(SHEET)
