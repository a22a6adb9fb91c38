"""Nothing but invented strips, for the browser's test of their component.

`streamlit run tests/browser/strip_app.py`, from the repository root; `?of=long` for a long text.
"""

import sys
from dataclasses import replace
from pathlib import Path

import streamlit as st

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from dashboard.widgets import strip
from engine.records.strips import Strip
from tests.pages.strip_samples import strip as sample


def long(times: int) -> Strip:
    """The same text again and again, as one prompt."""
    one = sample()
    return replace(
        one,
        tokens=one.tokens * times,
        prompt_length=len(one.tokens) * times,
        answer=None,
        projections=one.projections * times,
        values=one.values * times,
        bounds=one.bounds * times,
        over_blocks=one.over_blocks * times,
        bounds_over_blocks=one.bounds_over_blocks * times,
    )


strips = [long(256)] if st.query_params.get("of") == "long" else [sample(), sample(name="pinned")]
st.button("Next", shortcut="Right", on_click=lambda: st.session_state.update(gone=True))
picked = strip.draw(strips, "strip")
st.text(f"picked {picked}, gone {st.session_state.get('gone', False)}")
