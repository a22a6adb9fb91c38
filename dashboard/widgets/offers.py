"""What a job of this tab has made offers itself where the reader is; nothing that he reads moves.

Knows nothing of what jobs compute, and of how a page shows it.
"""

from contextlib import suppress
from typing import Any

import streamlit as st
from streamlit.errors import StreamlitAPIException

from dashboard.session import going, resources, state, vector_links
from dashboard.widgets import places
from dashboard.widgets.places import Place
from dashboard.words import captions
from engine.configs.pairs import ContrastiveConfig, FinetuneDiffConfig

MOST = 3
"""Offers at a time; older ones stand in the tray."""

SIDES = {ContrastiveConfig.method: "a", FinetuneDiffConfig.method: "b"}
"""By method, the side of the map on Similarity on which its vectors are shown."""
OF = {"run": ("ds", "scales", "q", "methods"), "a": ("cell", "blend"), "b": ("cell", "blend")}
"""By the name in a link, choices that belong to what was chosen by that name before."""


def go() -> None:
    """Before a page is drawn: open what the reader has just asked to see."""
    job_id = state.job_to_open()
    job = None if job_id is None else resources.engine().jobs.get(job_id)
    place = None if job is None else places.of_job(job)
    if job is not None and place is not None:
        _open(job.id, _here(place))


def draw() -> None:
    """Finished jobs that this page would show, each with the button that opens it.

    Drawn after the page: what a page shows by itself, as where nothing was open, is not offered.
    """
    found = [job for job, place in _finished() if _belongs(job, place)]
    for job in found[-MOST:]:
        with st.container(border=True, horizontal=True, vertical_alignment="center"):
            st.markdown(f":material/check_circle: {captions.plain(job.title)} is done.")
            # By a callback: the next run opens it at once, before it draws what is left.
            st.button(
                "Open",
                key=f"offer_{job.id}",
                icon=":material/open_in_full:",
                on_click=state.open_job,
                args=(job.id,),
            )
            st.button(
                "Not now",
                key=f"later_{job.id}",
                type="tertiary",
                on_click=state.forget_job,
                args=(job.id,),
                help="It stays in the list of jobs and in the library.",
            )


def _finished() -> list[tuple[Any, Place]]:
    """This tab's finished jobs with where they are shown; those that are shown are forgotten."""
    found, jobs = [], resources.engine().jobs
    for job_id in state.jobs_asked():
        job = jobs.get(job_id)
        if job is None or (not job.active and job.state != "done"):
            state.forget_job(job_id)
        elif job.state == "done":
            place = places.of_job(job)
            if place is None or _is_shown(_here(place)):
                state.forget_job(job_id)
            else:
                found.append((job, _here(place)))
    return found


def _here(place: Place) -> Place:
    """The same as this page shows it: beside its own choices, and at the vector looked at."""
    page, asked = place
    if state.page() == "similarity" and page == "discover" and "found" in asked:
        page, asked = _on_the_map(asked["found"])
    if state.page() != page:
        return page, asked
    shown, wanted = st.session_state.get(vector_links.PARAMETER), asked.get(vector_links.PARAMETER)
    if shown and wanted and str(shown).partition(":")[0] == wanted.partition(":")[0]:
        asked = {**asked, vector_links.PARAMETER: str(shown)}
    return page, asked


def _on_the_map(digest: str) -> Place:
    """Where Similarity shows a set; Discover, where it is on neither side."""
    methods = {info.digest: info.method for info in resources.records("vectors")}
    side = SIDES.get(methods.get(digest, ""))
    return ("discover", {"found": digest}) if side is None else ("similarity", {side: digest})


def _is_shown(place: Place) -> bool:
    page, asked = place
    return state.page() == page and all(state.shows(name, value) for name, value in asked.items())


def _belongs(job: Any, place: Place) -> bool:
    """Whether this page shows such results, or is where the reader asked for this one."""
    return state.page() in (place[0], state.asked_on(job.id))


def _open(job_id: str, place: Place) -> None:
    page, asked = place
    state.forget_job(job_id)
    if state.page() != page:
        going.leave(page, asked)
        going.depart()
    for name, value in asked.items():
        for own in OF.get(name, ()):
            st.session_state.pop(own, None)
        st.session_state[name] = value
        # Where a widget is bound to it, the address follows by itself.
        with suppress(StreamlitAPIException):
            st.query_params[name] = value
