"""Pieces of pages that take input or show one thing. Knows nothing of how data is made."""

from collections.abc import Callable, Hashable, Mapping
from typing import Any, Literal, overload

import streamlit as st

from dashboard.charts import many_vectors
from dashboard.charts import quick as quick_charts
from dashboard.charts.one_vector import Drawing
from dashboard.charts.quick import Quick
from dashboard.session import going, pace, resources, state
from dashboard.widgets import bound, retrying, starting
from dashboard.widgets.choosing import record_picker as record_picker
from dashboard.widgets.choosing import stepper as stepper
from dashboard.widgets.taking import download as download
from dashboard.widgets.taking import made_on_click as made_on_click
from dashboard.widgets.taking import share as share
from dashboard.widgets.taking import share_card as share_card
from dashboard.words import captions
from dashboard.words.fields import in_fields
from dashboard.words.inks import Inks, of_theme
from engine.errors import EngineError

More = Callable[[Any], None]
"""Draws what else there is to say of a job."""


def inks() -> Inks:
    """The inks for the theme that the browser shows."""
    return of_theme(st.context.theme.type)


def show_error(error: EngineError) -> None:
    """An error that the user can act on, its text shown as it is."""
    st.error(captions.plain(str(error)), icon=":material/error:")


def show_file_error(error: EngineError) -> None:
    """The same of a file's reader, whose options are fields here."""
    st.error(captions.plain(in_fields(str(error))), icon=":material/error:")


@overload
def kept(key: tuple[Hashable, ...], make: Callable[[Inks], Drawing]) -> Quick: ...
@overload
def kept(key: tuple[Hashable, ...], make: Callable[[Inks], Drawing | None]) -> Quick | None: ...
def kept(key: tuple[Hashable, ...], make: Callable[[Inks], Drawing | None]) -> Quick | None:
    """A chart in the inks of this page, made once for all who look at the same.

    Args:
        key: All that it depends on besides: what it shows by digest, and how.
        make: Makes it; None where there is nothing to show.
    """
    shown = inks()
    return quick_charts.kept((*key, shown), lambda: make(shown))


def chart(
    drawing: Drawing | Quick,
    alt_text: str,
    key: str,
    pick: Callable[[], None] | None = None,
    height: Literal["content", "stretch"] = "content",
) -> None:
    """Draw a chart.

    Args:
        drawing: The chart.
        alt_text: What is read out in its place.
        key: Of the element.
        pick: Called when a mark is clicked (read it with `state.picked`).
        height: The chart's own, or that of what it stands in, as the sheet of `look` says.
    """
    # Of a chart Streamlit asks only for its specification.
    quick: Any = drawing if isinstance(drawing, Quick) else Quick(drawing)
    shown: dict[str, Any] = {"key": key, "alt": alt_text, "height": height}
    if pick is not None:
        shown |= {"on_select": pick, "selection_mode": "pick"}
    st.altair_chart(quick, **shown)


def whose(model: str) -> None:
    """Say of which model a record is, where that is not the one that this tab asks."""
    asked = state.model()
    if model != asked.short_name:
        words = f"Of {model}, not of {state.title(asked)}, which is chosen in this tab."
        st.caption(captions.plain(words))


def switch(
    label: str,
    key: str,
    options: Mapping[str, str],
    first: str,
    noun: str | None = None,
    **more: Any,
) -> str:
    """One of a few choices, given by name with its words; the choice stands in the URL.

    Args:
        label: What is chosen.
        key: Of the widget and of the link.
        options: Names with what is shown for each.
        first: The choice where nobody has made one.
        noun: What a link that asks for something else is told is missing; None says nothing.
        more: What the widget takes besides, such as `help`.
    """
    state.resolve(key, list(options))
    if noun is not None:
        state.warn_missing(key, noun, list(options))
    state.choose_if_none(key, first)
    chosen = st.segmented_control(
        label,
        list(options),
        required=True,
        format_func=lambda name: options[name],
        key=key,
        persist_state="session",
        **more,
    )
    state.write_link(key, default=first)
    return chosen or first


def delete_button(key: str, delete: Callable[..., None], *arguments: Any) -> None:
    """The last of two steps, inside what the first one has opened."""
    st.button(
        "Delete for ever",
        key=key,
        type="primary",
        icon=":material/delete_forever:",
        on_click=delete,
        args=arguments,
    )


def go_button(label: str, page: str, key: str, icon: str, **parameters: Any) -> None:
    """A button that opens another page at a given view, the one that it was drawn for."""
    if st.button(label, key=key, icon=icon, on_click=going.leave, args=(page, parameters)):
        going.depart()


def unfinished_job(kind: str, more: More | None = None) -> None:
    """The last job of this kind, if it failed or was stopped: why, and the button to go on."""
    ended = [job for job in resources.engine().jobs.all() if job.kind == kind]
    if not ended or ended[0].state not in retrying.UNFINISHED:
        return
    job = ended[0]
    if job.state == "cancelled":
        _stopped_job(job, more)
        return
    st.error(captions.plain(f"{job.title} failed: {job.error}"), icon=":material/error:")
    if job.traceback:
        with st.expander("Traceback", icon=":material/bug_report:"):
            st.code(job.traceback, language=None)
    retrying.button(job, f"retry_page_{job.id}")


def _stopped_job(job: Any, more: More | None) -> None:
    """How far a job came that the reader stopped; it is nothing to be warned of."""
    with st.container(border=True, horizontal=True, vertical_alignment="center", gap="xsmall"):
        far = f" at {job.message}" if job.message else ""
        words = f"{job.title} was stopped{far}. {retrying.kept(job)}"
        st.caption(f":material/stop_circle: {captions.plain(words)}", width="stretch")
        retrying.button(job, f"retry_page_{job.id}")
        if more is not None:
            more(job)
        st.button(
            "Dismiss",
            key=f"dismiss_page_{job.id}",
            on_click=resources.engine().jobs.forget,
            args=(job.id,),
        )


def progress(job: Any) -> None:
    """How far a running job is, what it says, and how long it will take."""
    left = f", {captions.seconds(job.eta_seconds)} left" if job.eta_seconds else ""
    words = captions.plain(job.message or "starting")
    st.progress(job.fraction or 0.0, text=f"{words}{left}")


def live_job(kind: str, more: More | None = None) -> bool:
    """Progress and curves of the running job of this kind, and `more`; whether there is one."""
    busy = any(job.active and job.kind == kind for job in resources.engine().jobs.all())
    if busy:
        pace.repeat(_live_job, 0.7, kind, more)
    return busy


def _live_job(kind: str, more: More | None) -> None:
    running = [job for job in resources.engine().jobs.all() if job.active and job.kind == kind]
    if not running:
        return
    job = next((job for job in running if job.state == "running"), running[-1])
    with st.container(border=True):
        st.text(job.title)
        if job.state == "queued":
            st.caption("Waiting for the jobs before it.")
            return
        progress(job)
        curves = {name: values for name, values in job.metrics.items() if len(values) > 1}
        columns = st.columns(max(len(curves), 1))
        for column, (name, values) in zip(columns, curves.items(), strict=False):
            with column:
                drawing = many_vectors.live(name, list(values), inks())
                chart(drawing, f"{name} so far, step by step", f"live_{name}")
        if more is not None:
            more(job)
        if job.log:
            with st.expander("Log", icon=":material/notes:"):
                st.code("\n".join(list(job.log)[-12:]), language=None)


def submit(label: str, config: Any, key: str) -> None:
    """The button that queues a config, with what it will cost; a stored one is opened instead."""
    engine = resources.engine()
    try:
        stored = engine.is_stored(config)
        estimate = None if stored else engine.estimate_seconds(config)
        pressed = bound.button(
            f"{label} (stored)" if stored else label,
            key,
            bound.targets(config),
            type="primary",
            icon=":material/play_arrow:",
            help="These settings were run before: this opens what is stored." if stored else None,
            width="stretch",
        )
        if pressed:
            starting.began(engine.submit(config), is_stored=stored)
    except EngineError as error:
        show_error(error)
        return
    if estimate is not None:
        st.caption(f"Takes about {captions.seconds(estimate)}.")
