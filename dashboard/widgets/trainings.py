"""Which adapters and datasets there are, and the jobs that make them. Draws only the choices."""

import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

import streamlit as st

from dashboard.session import adapters, resources, state
from dashboard.words import captions
from engine.configs.datasets import DatasetConfig
from engine.configs.training import FinetuneConfig
from engine.training import places

Section = Literal["lora", "dataset"]
SECTIONS: dict[Section, str] = {"lora": "LoRA", "dataset": "Dataset"}
KINDS = {"lora": FinetuneConfig.method, "dataset": DatasetConfig.method}
ABOUT = {"lora": FinetuneConfig.about, "dataset": DatasetConfig.about}
KEYS = {"lora": "adapter", "dataset": "dataset"}
"""Widget and URL parameter by which a section's choice is known."""
EMPTY = {
    "lora": "No adapters yet: fill in the form and press Train. The demo model has one already, in "
    "data/demo/adapter.",
    "dataset": "No datasets yet: fill in the form and press Build.",
}


def root() -> Path:
    """The folder of the store."""
    return Path(resources.engine().store.root)


def section() -> Section:
    """The switch between the two; a link to an adapter or a dataset opens its own."""
    asked = {name: st.query_params.get(key) for name, key in KEYS.items()}
    if asked != st.session_state.get("_train_link") or state.has_arrived():
        for name, value in asked.items():
            if value:
                st.session_state["train"] = name
    if "_train_go" in st.session_state:
        st.session_state["train"] = st.session_state.pop("_train_go")
    chosen: Section = (
        st.segmented_control(
            "What to make",
            list(SECTIONS),
            default=None if "train" in st.session_state else "lora",
            required=True,
            format_func=lambda name: SECTIONS[name],
            key="train",
            persist_state="session",
            label_visibility="collapsed",
        )
        or "lora"
    )
    for name, key in KEYS.items():
        if name != chosen:
            st.query_params.pop(key, None)
    if chosen != "lora":
        st.query_params.pop("look", None)
    return chosen


def remember_link() -> None:
    """After the page was drawn: a link that differs from this is a new one."""
    st.session_state["_train_link"] = {n: st.query_params.get(k) for n, k in KEYS.items()}


def entries(which: Section) -> list[Any]:
    """What was made or begun, newest first."""
    find = places.adapters if which == "lora" else places.datasets
    return find(root())


def jobs(which: Section) -> dict[str, Any]:
    """The newest job by the name of what it makes."""
    found: dict[str, Any] = {}
    for job in resources.engine().jobs.all():
        if job.kind == KINDS[which] and job.request and job.request.get("place"):
            place = Path(job.request["place"])
            found.setdefault(place.name if which == "lora" else place.stem, job)
    return found


def made_by(job: Any) -> dict[str, str] | None:
    """The link to what a job of this page made; None for other jobs."""
    for which, kind in KINDS.items():
        if job.kind == kind and job.request and job.request.get("place"):
            place = Path(job.request["place"])
            return {KEYS[which]: place.name if which == "lora" else place.stem}
    return None


def choose(which: Section, found: list[Any], by_name: dict[str, Any]) -> str | None:
    """Which of them is shown; what is being made can be chosen before there is a file of it."""
    key = KEYS[which]
    known = {one.name: one for one in found}
    coming = [name for name, job in by_name.items() if job.active and name not in known]
    names = [*coming, *known]
    state.resolve(key, names)
    state.warn_missing(key, f"the {key}", names)
    if not names:
        return None
    with st.container(horizontal=True, vertical_alignment="bottom"):
        # Bare names: a line that says how it is would stand unchanged when it is otherwise.
        chosen = st.selectbox(
            key.capitalize(),
            names,
            format_func=lambda name: _called(known.get(name), name),
            key=key,
            persist_state="session",
            width="stretch",
        )
        _chip(known.get(chosen), by_name.get(chosen))
    state.write_link(key)
    return chosen


def _called(one: Any, name: str) -> str:
    """By a reader's own name too, where an adapter has one."""
    return adapters.called(str(one.folder), name) if isinstance(one, places.Trained) else name


def _chip(one: Any, job: Any) -> None:
    """In what state it is."""
    if job is not None and job.active:
        told = "A job writes it; how far it is stands among the jobs in the sidebar."
        st.badge(job.state, color="blue", icon=":material/hourglass_top:", help=told)
    elif one is not None and one.record:
        told = "It is whole; the time is that of its last change on disk."
        words = f"done {age(one.changed)}"
        st.badge(words, color="green", icon=":material/check:", help=told)
    else:
        told = "It stopped before its end; Resume goes on from what is kept."
        st.badge("not finished", color="orange", icon=":material/stop_circle:", help=told)


def age(changed: float) -> str:
    """How long ago a file was written, in words."""
    return captions.age(datetime.fromtimestamp(changed, UTC).isoformat())


def stem(path: str | None) -> str:
    """A file's name without its end, as it may stand in another name."""
    return "".join(c if c.isascii() and c.isalnum() else "-" for c in Path(path or "").stem)


def free_name(wanted: str, which: Section) -> str:
    """A name like `wanted` that nothing has yet."""
    taken = {one.name for one in entries(which)} | set(jobs(which))
    if wanted not in taken:
        return wanted
    numbers = (f"{wanted}-{i}" for i in range(2, 10_000))
    return next((n for n in numbers if n not in taken), f"{wanted}-{time.time():.0f}")


def shown_path(path: Path) -> str:
    """A path as it is typed from the repository's root."""
    here = Path(resources.engine().root)
    return str(path.relative_to(here)) if path.is_relative_to(here) else str(path)
