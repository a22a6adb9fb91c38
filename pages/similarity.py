"""How alike vectors are: layer against layer, all of one model, one against all, in a span."""

import streamlit as st

from dashboard import clusters, pair_forms, similarity, spans, state, widgets
from engine.errors import EngineError

st.title("Similarity")
pair_forms.follow()
sets = similarity.found_sets()
mode = similarity.mode_picker()
widgets.live_job("find")
widgets.unfinished_job("find")
families = {info.method for info in sets} & set(pair_forms.FAMILIES)
is_complete = len(families) == len(pair_forms.FAMILIES)
asks_for_families = mode == "layers" and not is_complete
if asks_for_families:
    similarity.missing_family(sets)
    pair_forms.draw(state.model(), expanded=True)
try:
    if mode == "layers" and sets and (is_complete or "a" in st.query_params):
        similarity.draw_layers(*similarity.set_pickers(sets))
    elif mode == "all" and sets:
        clusters.draw_all(sets)
    elif mode == "one" and sets:
        clusters.draw_one(sets)
    elif mode == "span" and sets:
        spans.draw(sets)
    elif mode != "layers":
        st.info("No vectors yet: find some below or on Discover.", icon=":material/search:")
except EngineError as error:
    widgets.show_error(error)
if not asks_for_families:
    pair_forms.draw(state.model(), expanded=not sets)
