"""Sweeps that are not whole, on the scale-curves page: open one, go on with it, delete it."""

from collections.abc import Sequence
from typing import Any

import streamlit as st

from dashboard.frames.sweep import Sweep
from dashboard.session import resources
from dashboard.views.curves import curves
from dashboard.widgets import bound, starting, widgets
from dashboard.words import captions
from engine.errors import EngineError
from engine.records.records import RecordInfo


def offer(job: Any) -> None:
    """Beside a job: the button that opens what it has asked so far, or what is new of it."""
    parts = {info.digest: info for info in resources.unfinished_runs()}
    part = parts.get(job.digest)
    # On arrival only the link knows which run is asked for.
    is_open = (st.session_state.get("run") or st.query_params.get("run")) == job.digest
    if part is None or (is_open and st.session_state.get("_part", part.created) == part.created):
        return
    if st.button("Show what is new" if is_open else "Show so far", key=f"part_{job.id}"):
        # This is a part of the page that is drawn alone: what it forgets would come back.
        st.session_state["_show"], st.session_state["_part"] = job.digest, part.created
        st.rerun()


def follow() -> None:
    """Before anything is drawn: move to the run that `offer` was asked for."""
    digest = st.session_state.pop("_show", None)
    if digest is not None and digest != st.session_state.get("run"):
        st.session_state["run"] = digest
        curves.forget_choices()


def opened(digest: str, parts: Sequence[RecordInfo]) -> Sweep:
    """The evaluation with its statistics, whole or as far as it came."""
    part = next((info for info in parts if info.digest == digest), None)
    st.session_state["_part"] = None if part is None else part.created
    return resources.sweep(digest) if part is None else resources.part_of_sweep(part)


def actions(sweep: Sweep) -> None:
    """What can be done with an unfinished run that nobody goes on with."""
    digest = sweep.evaluation.digest
    if not sweep.evaluation.unfinished or _is_worked_on(digest):
        return
    with st.container(horizontal=True):
        icon = ":material/restart_alt:"
        if bound.button("Go on with it", "go_on", [digest], icon=icon):
            _go_on(sweep.evaluation.config)
        with st.popover("Delete", icon=":material/delete:"):
            answers = captions.count(len(sweep.evaluation.questions.questions), "question")
            st.write(f"Deletes what was answered, {answers} so far, for ever.")
            widgets.delete_button("delete_part", _delete, digest)


def _is_worked_on(digest: str) -> bool:
    """Whether a job asks these questions; a study may do so among others."""
    active = [job for job in resources.engine().jobs.all() if job.active]
    return any(job.digest == digest or job.kind == "experiment" for job in active)


def _go_on(config: dict[str, Any]) -> None:
    try:
        starting.began(resources.engine().submit_again({"method": "ab", "config": config}))
    except EngineError as error:
        widgets.show_error(error)
        return
    st.rerun()


def _delete(digest: str) -> None:
    if not _is_worked_on(digest):
        resources.engine().store.partial(digest).discard()
    st.session_state.pop("run", None)
    st.query_params.pop("run", None)
    curves.forget_choices()
