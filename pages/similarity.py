"""How alike vectors are: layer against layer, all of one model, one against all, in a span."""

import streamlit as st

from dashboard.forms import pairs as forms
from dashboard.views.similarity import adding, blending, clusters, pairs, spans
from dashboard.widgets import widgets
from engine.errors import EngineError

st.title("Similarity")
sets = pairs.found_sets()
with st.container(horizontal=True, vertical_alignment="center"):
    mode = pairs.mode_picker()
    adding.button(mode)
widgets.live_job("find")
widgets.unfinished_job("find")
blending.progress()
families = {info.method for info in sets} & set(forms.FAMILIES)
is_complete = len(families) == len(forms.FAMILIES)
if mode == "layers" and not is_complete:
    pairs.missing_family(sets)
try:
    if mode == "layers" and sets and (is_complete or "a" in st.query_params):
        pickers = pairs.set_pickers(sets)
        pairs.draw_layers(*pickers)
        blending.draw(*pickers, st.session_state.get("cell"))
    elif mode == "all" and sets:
        clusters.draw_all(sets)
    elif mode == "one" and sets:
        clusters.draw_one(sets)
    elif mode == "span" and sets:
        spans.draw(sets)
    elif mode != "layers":
        st.info("No vectors yet: find some on Discover.", icon=":material/search:")
except EngineError as error:
    widgets.show_error(error)
if is_complete:
    pairs.to_discover()
