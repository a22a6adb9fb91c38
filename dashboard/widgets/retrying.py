"""Asking once more for a job that did not end well. Knows nothing of what jobs compute."""

from pathlib import Path
from typing import Any, NamedTuple

import streamlit as st

from dashboard.session import resources, state
from dashboard.widgets import trainings
from dashboard.words import captions
from engine.configs import registry
from engine.errors import EngineError

NO_MEMORY = ("out of memory", "memory ran out")
"""What the engine's errors say, in small letters, where memory did not suffice."""
UNFINISHED = ("failed", "cancelled")
ASKED = "_asked_again"
"""Of the session: whether a job was asked for again since the tray was drawn last."""


class Offer(NamedTuple):
    """How such a job can be asked again."""

    label: str
    request: dict[str, Any]
    about: str


def is_out_of_memory(job: Any) -> bool:
    """Whether a job failed because memory did not suffice."""
    told = (job.error or "").lower()
    return job.state == "failed" and any(words in told for words in NO_MEMORY)


def kept(job: Any) -> str:
    """What is left of a job that did not end, in a sentence."""
    method = (job.request or {}).get("method")
    # The other finders read all texts in one go, and have nothing to go on from.
    finder = registry.finders().get(str(method))
    is_lost = job.kind == "find" and not (finder and finder.is_stepwise)
    return "It starts from the beginning." if is_lost else "What was finished is kept."


def offer(job: Any) -> Offer | None:
    """How to ask a failed or stopped job again; None if it cannot be, or was already.

    A training is asked with half its batch, under a new name: its batch belongs to what is
    trained. All other work finds a size that fits by itself, and remembers it.
    """
    if job.state not in UNFINISHED or not job.request or _was_asked_again(job):
        return None
    config = job.request.get("config") or {}
    is_training = job.kind == trainings.KINDS["lora"]
    if is_out_of_memory(job) and is_training and int(config.get("batch", 1)) > 1:
        half = int(config["batch"]) // 2
        place = Path(job.request["place"])
        name = trainings.free_name(f"{place.name}-batch{half}", "lora")
        changed = {"config": config | {"batch": half}, "place": str(place.with_name(name))}
        about = f"Trains {name}: {half} examples per step instead of {config['batch']}."
        return Offer("Run again with half the batch", job.request | changed, about)
    about = kept(job)
    if is_out_of_memory(job):
        about += " Batches that did not fit are remembered: it begins with smaller ones."
    return Offer("Run again", job.request, about)


def _was_asked_again(job: Any) -> bool:
    if job.id in st.session_state.get("_retried", ()):
        return True
    newer = (other for other in resources.engine().jobs.all() if other.created > job.created)
    return any(other.request == job.request for other in newer)


def button(job: Any, key: str) -> None:
    """The button that asks again, where that is possible; why it cannot be asked is said."""
    if error := st.session_state.pop(f"_error_{key}", None):
        st.caption(f":red[{captions.plain(error)}]")
    found = offer(job)
    if found is not None:
        st.button(
            found.label,
            key=key,
            icon=":material/restart_alt:",
            help=captions.plain(found.about),
            on_click=_ask,
            args=(job.id, found.request, key),
        )


def _ask(job_id: str, request: dict[str, Any], key: str) -> None:
    try:
        again = resources.engine().submit_again(request)
    except EngineError as error:
        st.session_state[f"_error_{key}"] = str(error)
        return
    state.submitted(again.id)
    st.session_state[ASKED] = True
    st.session_state["_retried"] = [*st.session_state.get("_retried", []), job_id]
