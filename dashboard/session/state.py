"""What a session has chosen: names and digests, never data. Knows nothing of how it is drawn."""

import difflib
import os
from collections.abc import Container, Sequence
from typing import Any

import streamlit as st

from dashboard.words import captions
from engine.configs.core import PRESETS, ModelConfig, Preset


def model() -> ModelConfig:
    """The model this browser tab asks: the one chosen here, else that of the server's start."""
    chosen: ModelConfig | None = st.session_state.get("_model")
    return started() if chosen is None else chosen


def started() -> ModelConfig:
    """The model this dashboard was started for, from the environment."""
    name = os.environ.get("VECTORSCOPE_MODEL", "").strip() or "demo"
    return ModelConfig(model=name, adapter=next(iter(started_with()), None))


def of_model(key: str) -> str:
    """The key of a widget whose first value depends on the model: each keeps what it was told."""
    name = model().model
    return key if name == started().model else f"{key}@{name}"


def started_with() -> list[str]:
    """The adapters this dashboard was started with: one, or several as name=folder with commas."""
    given = os.environ.get("VECTORSCOPE_ADAPTER", "").strip()
    parts = [part.strip() for part in given.split(",")]
    # A comma may be part of a folder's name.
    named = [part.partition("=") for part in parts]
    are_named = all(sign and name and "/" not in name for name, sign, _ in named)
    return parts if are_named else [given] * bool(given)


def preset(config: ModelConfig) -> Preset | None:
    """The preset of this model, None if it was named by path or hub id."""
    return PRESETS.get(config.model)


def title(config: ModelConfig) -> str:
    """The model's name on screen."""
    known = preset(config)
    name = known.title if known else config.short_name
    return f"{name} + LoRA" if config.adapter else name


def arrive(page: str) -> None:
    """Note whether this run opens another page than the last one did."""
    is_new = st.session_state.get("_page") != page
    st.session_state["_arrived"] = is_new
    # Counted, as a run that is cut short would have arrived without having drawn anything.
    st.session_state["_visit"] = st.session_state.get("_visit", 0) + is_new
    st.session_state["_page"] = page


def page() -> str:
    """The page that this run draws, by the name in its address; empty for the first one."""
    return str(st.session_state.get("_page", ""))


def has_arrived() -> bool:
    """Whether this run opens another page than the last one did."""
    return bool(st.session_state.get("_arrived"))


def resolve(
    key: str,
    options: Sequence[str],
    aliases: dict[str, str] | None = None,
    can_be_none: bool = False,
) -> None:
    """Before its widget is drawn: make a link's `key` a choice that exists.

    What is not there is remembered for `warn_missing`. A new link wins over an old choice.

    Args:
        key: The widget's key, which is also the name of the URL's parameter.
        options: What exists.
        aliases: Other names that a link may use, and what each one means.
        can_be_none: Whether its widget may show no choice at all.
    """
    asked, before = st.query_params.get(key), st.session_state.get(f"_link_{key}")
    if asked is None and before is not None and not has_arrived():
        # The browser went back to a view without it. Its widget has to be told what that view
        # shows: forgetting the choice here would leave it standing there.
        bare = st.session_state.get(f"_bare_{key}")
        if bare in options or can_be_none:
            st.session_state[key] = bare
        else:
            st.session_state.pop(key, None)
    elif asked is not None and asked != before:
        found = asked if asked in options else (aliases or {}).get(asked)
        found = found or _by_prefix(asked, options)
        if found is None:
            st.session_state[f"_missing_{key}"] = asked
        else:
            st.session_state[key] = found
    st.session_state[f"_link_{key}"] = asked
    chosen = st.session_state.get(key)
    if key not in st.session_state or chosen in options or (can_be_none and chosen is None):
        return
    if chosen is not None and asked in options:
        # The browser sent the line on screen, which has come to read otherwise meanwhile.
        st.session_state[key] = asked
    else:
        del st.session_state[key]


def choose_if_none(key: str, first: Any) -> None:
    """Before its widget is drawn: choose for the reader where nothing is chosen, or no longer.

    A widget's default is not told to a browser that still holds an earlier choice.
    """
    if st.session_state.get(key) is None:
        st.session_state[key] = first


def write_link(key: str, default: str | None = None) -> None:
    """After its widget was drawn: let the URL say what is chosen.

    `bind="query-params"` would write the label on screen instead of the short name behind it.
    Every change is a step that the browser's Back undoes, so nothing is written that a view
    without it would show anyway: else Back could never leave the page.
    """
    value, current = st.session_state.get(key), st.query_params.get(key)
    st.session_state[f"_bare_{key}"] = default
    if current == value:
        return
    if value is None or value == default:
        st.query_params.pop(key, None)
    else:
        st.query_params[key] = value
    st.session_state[f"_link_{key}"] = st.query_params.get(key)


def stays(key: str, options: Sequence[str]) -> str | None:
    """The newest of what there was when the page was opened: what comes later does not replace it.

    Args:
        key: Of the link that could ask for another.
        options: Newest first.
    """
    kept: str | None = st.session_state.get(f"_stays_{key}")
    if kept not in options or has_arrived():
        kept = next(iter(options), None)
    st.session_state[f"_stays_{key}"] = kept
    return kept


def shows(key: str, value: str) -> bool:
    """Whether the page shows this, by the reader's choice, by its link or by itself."""
    chosen = st.session_state.get(key) or st.session_state.get(f"_stays_{key}")
    return value in (chosen, st.query_params.get(key))


def note_missing(key: str, asked: str | None, options: Container[str]) -> None:
    """Remember for `warn_missing` what a link asked for in vain; for what is no widget's choice."""
    if asked is not None and asked not in options:
        st.session_state[f"_missing_{key}"] = asked


def note_gone(key: str, options: Container[str]) -> None:
    """Before `resolve`, remember for `warn_missing` that what was shown so far is not here now."""
    asked = st.query_params.get(key)
    if asked == st.session_state.get(f"_link_{key}"):
        note_missing(key, asked, options)


def warn_missing(key: str, noun: str, options: Sequence[str]) -> None:
    """Say that the link asked for something that is not here, and name what is near."""
    asked = st.session_state.pop(f"_missing_{key}", None)
    if asked is None:
        return
    near = difflib.get_close_matches(asked, options, n=3, cutoff=0.3) or list(options[:3])
    hint = f" Nearest: {', '.join(near)}." if near else ""
    st.warning(
        captions.plain(f"The link asks for {noun} {asked}, which is not here.{hint}"),
        icon=":material/link_off:",
    )


def _by_prefix(asked: str, options: Sequence[str]) -> str | None:
    hits = [option for option in options if len(asked) >= 4 and option.startswith(asked)]
    return hits[0] if len(hits) == 1 else None


def step(key: str, options: Sequence[str], by: int) -> None:
    """Move a selection to its neighbour, around the ends."""
    current = st.session_state.get(key)
    place = options.index(current) if current in options else 0
    st.session_state[key] = options[(place + by) % len(options)]


def picked(event_key: str, field: str) -> str | None:
    """What was clicked in the chart drawn under `event_key`, None if the click was beside it."""
    event = st.session_state.get(event_key)
    points = event.selection.get("pick", []) if event is not None else []
    return points[0].get(field) if points else None


def submitted(job_id: str) -> None:
    """Remember a job of this session with the page it was asked on, to offer its result."""
    st.session_state["_jobs"] = {**st.session_state.get("_jobs", {}), job_id: page()}


def jobs_asked() -> list[str]:
    """Jobs of this session whose results were neither shown nor put aside, oldest first."""
    return list(st.session_state.get("_jobs", {}))


def asked_on(job_id: str) -> str | None:
    """The page on which a job was asked for; None for jobs of other tabs."""
    found: str | None = st.session_state.get("_jobs", {}).get(job_id)
    return found


def open_job(job_id: str) -> None:
    """Have the next run open what a job has made."""
    st.session_state["_open"] = job_id


def job_to_open() -> str | None:
    """The job whose result is to be opened now; asked once."""
    found: str | None = st.session_state.pop("_open", None)
    return found


def forget_job(job_id: str) -> None:
    """Offer the result of a job no longer."""
    kept = st.session_state.get("_jobs", {})
    st.session_state["_jobs"] = {one: where for one, where in kept.items() if one != job_id}
