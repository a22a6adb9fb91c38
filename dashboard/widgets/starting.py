"""After the button that asks for a job: remember it, so that what it makes is offered here.

Knows nothing of what jobs compute and of where results are shown.
"""

from typing import Any

import streamlit as st

from dashboard.session import resources, state

PATIENCE = 2.0
"""Seconds that a stored result is waited for before it is offered like any other."""


def began(job: Any, is_stored: bool = False) -> None:
    """Remember a job that the reader asked for just now, and draw the page again.

    What is stored already is opened at once, as its button says, unless other jobs come first.
    """
    state.submitted(job.id)
    if is_stored and resources.engine().jobs.wait(job, PATIENCE):
        state.open_job(job.id)
    st.rerun()
