"""The job tray of the sidebar. Knows nothing of what a job computes."""

from typing import Any

import streamlit as st

from dashboard.session import navigation, resources
from dashboard.widgets import places, retrying, widgets
from dashboard.words import captions
from engine.errors import EngineError

ICONS = {
    "done": ":material/check_circle:",
    "failed": ":material/error:",
    "cancelled": ":material/cancel:",
    "interrupted": ":material/power_off:",
}
BUSY, IDLE = 0.5, 2.0
"""Seconds between two looks, while a job runs and while none does."""
LOG_LINES = 8
MOST_SIGNS = 160
"""Of an error in the tray; the whole of it stands in its help."""
_WITH_PAGE = "_tray_with_page"


def is_busy() -> bool:
    """Whether any job waits or runs."""
    return any(job.active for job in resources.engine().jobs.all())


def timer() -> float:
    """Seconds after which the tray looks again; another tab may have asked for a job meanwhile."""
    st.session_state["_ticks"] = is_busy()
    return BUSY if st.session_state["_ticks"] else IDLE


def with_page() -> None:
    """Before the tray is drawn: the page is drawn in the same run, so it need not ask for that."""
    st.session_state[_WITH_PAGE] = True


def draw() -> None:
    """Jobs that run or wait, those that were interrupted, and the last four that ended."""
    jobs = resources.engine().jobs
    everything = jobs.all()
    live = {job.id for job in everything if job.active}
    if st.session_state.pop(retrying.ASKED, False) and not st.session_state.get("_ticks"):
        # Asked for from the tray itself, which cannot have the page show the job. Where another
        # tab has asked, nothing but the tray is drawn again: that could undo a click.
        st.rerun()
    st.caption(f"Jobs · {len(live)} active" if live else "Jobs · none running")
    active = jobs.active()
    waiting = [job for job in active if job.state == "queued"]
    for job in active:
        _running(job, waiting)
    ended = [job for job in everything if not job.active and job.state != "interrupted"]
    _interrupted(jobs)
    for job in sorted(ended, key=lambda job: job.ended or job.created, reverse=True)[:4]:
        _ended(job)
    if error := st.session_state.pop("_tray_error", None):
        st.error(captions.plain(error))
    _refresh_when_done(live, everything)


def _running(job: Any, waiting: list[Any]) -> None:
    with st.container(border=True, gap="xsmall"):
        st.text(job.title)
        if job in waiting:
            st.caption(f"queued, number {waiting.index(job) + 1} in line")
        elif job.cancelling:
            st.caption("stopping after the step in hand")
        else:
            widgets.progress(job)
        _log(job)
        st.button(
            "Cancel",
            key=f"cancel_{job.id}",
            icon=":material/stop_circle:",
            on_click=resources.engine().jobs.cancel,
            args=(job.id,),
        )


def _log(job: Any) -> None:
    """The last lines that the job wrote, out of the way until they are asked for."""
    lines = job.log[-LOG_LINES:]
    if lines:
        with st.expander("Log", icon=":material/notes:", key=f"log_{job.id}"):
            st.caption("  \n".join(captions.plain(line) for line in lines))


def _ended(job: Any) -> None:
    icon = ICONS.get(job.state, ":material/help:")
    took = captions.seconds(job.seconds) if job.seconds else ""
    parts = [job.title, "" if job.state == "done" else job.state, took]
    label = captions.plain(" · ".join(part for part in parts if part))
    target = places.of_job(job)
    if target is None:
        if retrying.offer(job) is not None:
            _unfinished(job, f"{icon} {label}")
            return
        st.caption(f"{icon} {label}", help=captions.plain(job.error) if job.error else None)
    else:
        name, parameters = target
        st.page_link(
            navigation.page(name), label=label, icon=icon, query_params=parameters, width="stretch"
        )


def _unfinished(job: Any, label: str) -> None:
    """What went wrong in a job, if anything did, and the button that asks for it again."""
    error = job.error or ""
    is_long = len(error) > MOST_SIGNS
    short = f"{error[:MOST_SIGNS].rstrip()} \u2026" if is_long else error
    with st.container(border=True, gap="xsmall"):
        st.caption(label)
        if error:
            whole = captions.plain(error) if is_long else None
            st.caption(f":red[{captions.plain(short)}]", help=whole)
        retrying.button(job, f"retry_{job.id}")


def _interrupted(jobs: Any) -> None:
    for job in jobs.interrupted():
        with st.container(border=True, gap="xsmall"):
            st.text(job.title)
            kept = f" {retrying.kept(job)}" if job.request else ""
            st.caption(f"Interrupted when the dashboard stopped.{kept}")
            with st.container(horizontal=True, gap="xsmall"):
                if job.request:
                    st.button(
                        "Run again",
                        key=f"again_{job.id}",
                        icon=":material/restart_alt:",
                        on_click=_run_again,
                        args=(job,),
                    )
                st.button("Dismiss", key=f"dismiss_{job.id}", on_click=jobs.forget, args=(job.id,))


def _run_again(job: Any) -> None:
    st.session_state[retrying.ASKED] = True
    try:
        resources.run_again(job)
    except EngineError as error:
        st.session_state["_tray_error"] = str(error)


def _refresh_when_done(live: set[str], everything: list[Any]) -> None:
    """When a job has just ended, say so and draw the page's results again.

    Where the page is drawn in this run anyway, another run would undo the click that it came from.
    """
    is_with_page = st.session_state.pop(_WITH_PAGE, False)
    before = st.session_state.get("_live", set())
    st.session_state["_live"] = live
    ended = [job for job in everything if job.id in before - live]
    for job in ended:
        words = "done" if job.state == "done" else job.state
        st.toast(f"{captions.plain(job.title)}: {words}", icon=ICONS.get(job.state))
    if ended and not is_with_page:
        st.rerun()
