"""The frame of the dashboard: page set-up, navigation and sidebar. Start it from the root."""

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
# Streamlit puts `dashboard/` on the path, not the root; this is the only place that mends it.
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))

import streamlit as st  # noqa: E402

from dashboard.frame import palette, picker, sidebar, tour  # noqa: E402
from dashboard.session import (  # noqa: E402
    going,
    guard,
    look,
    models,
    navigation,
    pin_card,
    pinned,
    reloads,
    serving,
    state,
    theme_watch,
)
from dashboard.widgets import offers  # noqa: E402

serving.begin()
serving.prepare()
# An emoji: a Material icon here would make the browser ask fonts.gstatic.com.
st.set_page_config(page_title="Vectorscope", page_icon="🧭", layout="wide")

if guard.is_missing():
    st.error("A token was asked for, but nothing checks it: start it with `make run TOKEN=auto`.")
    st.stop()
page = st.navigation(navigation.pages())
state.arrive(page.url_path)
models.arrive()
pinned.arrive()
going.depart()
offers.go()
sidebar.draw()
theme_watch.draw()
palette.draw()
reloads.draw()
look.draw()
if not guard.is_on() and st.get_option("server.address") not in ("127.0.0.1", "localhost", "::1"):
    st.warning(
        "This dashboard listens beyond this machine, and it has no login. Start it from the "
        "repository's root, where `.streamlit/config.toml` binds it to 127.0.0.1.",
        icon=":material/lock_open:",
    )
picker.warn_refused()
pin_card.warn_missing()
palette.warn()
with st.container():
    tour.draw()
offered = st.container()
try:
    try:
        page.run()
    finally:
        with offered:
            offers.draw()
finally:
    serving.deliver()
