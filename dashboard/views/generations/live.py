"""A grid that is not whole: while it is written, and after it was stopped or failed."""

import streamlit as st

from dashboard.session import resources, state
from dashboard.views.generations import controls, texts
from dashboard.views.generations.texts import View
from dashboard.widgets import sheets, widgets
from dashboard.widgets.sheets import Sheet
from dashboard.words import captions
from engine.errors import EngineError


def draw(digest: str) -> None:
    """Progress, the texts so far and Stop; looked at again by the page's timer."""
    sheet = sheets.live(digest)
    if sheet is None or sheet.job is None:
        st.rerun()
    with st.container(border=True, horizontal=True, vertical_alignment="center"):
        if sheet.state == "queued":
            st.caption("Waiting for the jobs before it.", width="stretch")
        else:
            left = sheet.job.eta_seconds
            words = captions.plain(sheet.job.message or "starting")
            words += f", {captions.seconds(left)} left" if left else ""
            st.progress(sheet.job.fraction, text=words, width="stretch")
        st.button(
            "Stopping" if sheet.job.cancelling else "Stop",
            key="stop",
            icon=":material/stop_circle:",
            shortcut="S",
            disabled=sheet.job.cancelling,
            on_click=resources.engine().jobs.cancel,
            args=(sheet.job.id,),
            help="The texts so far are kept.",
        )
    usual = "columns" if len(sheet.names) <= controls.WIDEST else "list"
    asked = st.session_state.get("view")
    layout = asked if asked in controls.AT_ONCE else usual
    prompt, sample, first = _first_unfinished(sheet)
    few = controls.AT_ONCE[layout]
    start = max(0, min(first, len(sheet.names) - few))
    names = tuple(sheet.names[start : start + few])
    texts.draw(sheet, View(prompt, sample, layout, False, names=names))


def _first_unfinished(sheet: Sheet) -> tuple[int, int, int]:
    """The prompt, sample and column that are being written, so that the reader sees words come."""
    prompts, samples = len(sheet.config["prompts"]), int(sheet.config["samples"])
    frame = sheet.frame
    rows = frame[frame["finished"].astype(bool)] if len(frame) else frame
    # A set, as a large grid would not be searched through before it is looked at again.
    over = set(zip(rows["prompt"], rows["configuration"], rows["sample"], strict=True))
    for prompt in range(prompts):
        asked = sheet.config["prompts"][prompt]
        for sample in range(samples):
            for place, name in enumerate(sheet.names):
                if (asked, name, sample) not in over:
                    return prompt, sample, place
    return prompts - 1, samples - 1, 0


def ended_early(sheet: Sheet) -> None:
    """What became of a grid that is not whole, and how to go on."""
    words = {
        "cancelled": "Stopped. The texts so far are kept",
        "interrupted": "Interrupted when the dashboard stopped. The texts so far are kept",
        "failed": f"Failed: {sheet.job.error}. The texts so far are kept" if sheet.job else "",
    }[sheet.state]
    told = captions.plain(f"{words}: {captions.count(len(sheet.frame), 'text')} begun.")
    if sheet.state == "failed":
        st.error(told, icon=":material/error:")
        if sheet.job is not None and sheet.job.traceback:
            with st.expander("Traceback", icon=":material/bug_report:"):
                st.code(sheet.job.traceback, language=None)
    else:
        st.warning(told, icon=":material/stop_circle:")
    is_asked = st.button("Go on from here", key="go_on", icon=":material/restart_alt:")
    if is_asked and sheet.job is not None:
        try:
            state.submitted(resources.engine().submit_again(sheet.job.request).id)
            st.rerun()
        except EngineError as error:
            widgets.show_error(error)
