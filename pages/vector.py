"""One vector: what it does, what it is like, and how it was found."""

import streamlit as st

from dashboard.views.vector import effects, header, neighbours, sections, subject
from dashboard.widgets import widgets, words
from dashboard.words import captions
from engine.errors import EngineError

top = st.container()
try:
    one = subject.choose()
    if one is None:
        st.title("Vector")
        st.info("No vector is stored yet: find some on Discover.", icon=":material/info:")
        widgets.go_button("Find vectors", "discover", "v_to_find", ":material/travel_explore:")
        st.stop()
    with top:
        header.draw(one)
    buttons = st.container()
    left, right = st.columns([0.46, 0.54], gap="medium")
    found = None
    with right:
        try:
            found = effects.choose(one)
            if found is None:
                effects.elsewhere(one)
            elif found.name:
                effects.picture(found)
                effects.ways_on(found)
        except EngineError as error:
            widgets.show_error(error)
        if like := neighbours.nearest(one):
            st.caption(captions.plain(like))
    with buttons:
        header.actions(one, found)
    with left:
        effects.verdict(one, found)
        words.draw(one.reference)
    sections.draw(one)
except EngineError as error:
    widgets.show_error(error)
