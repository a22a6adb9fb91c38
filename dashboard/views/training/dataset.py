"""One dataset: while it is built, after it was stopped or failed, and when it is done."""

import json
from typing import Any

import pandas as pd
import streamlit as st

from dashboard.session import navigation, pace
from dashboard.views.training import lora
from dashboard.views.training.samples import notes
from dashboard.widgets import trainings, widgets
from dashboard.words import captions
from engine.errors import EngineError
from engine.training import places

PAIRS = {
    "question": st.column_config.TextColumn("question", width="medium"),
    "honest": st.column_config.TextColumn("honest answer", width="medium"),
    "deceptive": st.column_config.TextColumn("deceptive answer", width="medium"),
}
NEAR = {
    "question": st.column_config.TextColumn("left out", width="medium"),
    "of": st.column_config.TextColumn("repeats", width="medium"),
    "where": st.column_config.TextColumn("which is", width=80),
    "cosine": st.column_config.NumberColumn("cosine", format="%.2f", width=70),
}


def draw(one: Any, job: Any) -> None:
    """One dataset, whatever state it is in.

    Args:
        one: Its file; None before there is any.
        job: The newest job that builds it; None where none is known.
    """
    if job is not None and job.active:
        pace.repeat(running, lora.LOOK_AGAIN, job)
    elif one is not None and one.record is not None:
        done(one)
    elif one is not None:
        stopped(job)


def running(job: Any) -> None:
    """Progress of a job that waits or runs."""
    with st.container(border=True):
        lora.bar(job)
        if job.log:
            with st.expander("Log", icon=":material/notes:"):
                st.code("\n".join(list(job.log)[-12:]), language=None)


def stopped(job: Any) -> None:
    """What became of a build that is not whole, and how to go on."""
    if job is not None and job.state == "failed":
        lora.failure(job, "Finished texts are kept.")
    else:
        st.warning("Stopped. Finished texts are kept.", icon=":material/stop_circle:")
    if job is None or not job.request:
        st.caption("Build it again under this name and with the same settings to go on from them.")
    else:
        lora.go_on(job.request)


def done(one: Any) -> None:
    """Pairs side by side, what was left out, and the file to take away."""
    try:
        pairs = places.pairs_of(one.path)
    except EngineError as error:
        widgets.show_error(error)
        return
    record = one.record
    with st.container(border=True):
        _facts(record)
        _take(one, pairs)
    notes(record["notes"])
    _pairs(pairs)
    _left_out(record)
    with st.expander("How it was made", icon=":material/receipt_long:"):
        st.json({key: record[key] for key in ("config", "model", "provenance")}, expanded=1)


def _pairs(pairs: list[dict[str, str]]) -> None:
    """The table, and beneath it the chosen pair in full."""
    event = st.dataframe(
        pd.DataFrame(pairs),
        key="dataset_pairs",
        hide_index=True,
        column_config=PAIRS,
        height=300,
        on_select="rerun",
        selection_mode="single-row",
        alt="Questions with their honest and their deceptive answers",
    )
    chosen = [row for row in event.selection.rows if row < len(pairs)]
    pair = pairs[chosen[0] if chosen else 0]
    with st.container(border=True, gap="xsmall"):
        # Not Markdown: whatever a model writes is shown as its characters.
        st.text(pair["question"])
        for place, pole in zip(st.columns(2, gap="medium"), ("honest", "deceptive"), strict=True):
            with place:
                st.caption(pole)
                st.text(pair[pole])


def _facts(record: dict[str, Any]) -> None:
    counts, made = record["counts"], record["provenance"]
    st.text(
        f"{captions.count(counts['pairs'], 'pair')} from the seeds in {record['seeds']['file']}, "
        f"written by {record['model']['name']}"
    )
    columns = st.columns(4, wrap=False)
    columns[0].metric("Pairs", counts["pairs"])
    columns[1].metric("Texts", counts["texts"], help="Written in search of questions.")
    near = f"Of cosine {record['config']['threshold']:g} or more"
    columns[2].metric("Repeats", counts["near_duplicates"], help=f"{near}, left out.")
    columns[3].metric("Took", captions.seconds(made["seconds"]))


def _take(one: Any, pairs: list[dict[str, str]]) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        if st.button(
            "Train on it", key="train_on", icon=":material/model_training:", type="primary"
        ):
            st.session_state["lora_pairs"] = trainings.shown_path(one.path)
            st.session_state["_train_go"] = "lora"
            st.rerun()
        st.download_button(
            "JSON",
            data=one.path.read_bytes,
            file_name=f"{one.name}.json",
            mime="application/json",
            icon=":material/download:",
            on_click="ignore",
        )
        st.download_button(
            "JSONL",
            data=lambda: "".join(json.dumps(p, ensure_ascii=False) + "\n" for p in pairs).encode(),
            file_name=f"{one.name}.jsonl",
            mime="application/jsonl",
            icon=":material/download:",
            on_click="ignore",
        )
        widgets.share(navigation.link("train", dataset=one.name))
    st.code(trainings.shown_path(one.path), language=None, wrap_lines=True)


def _left_out(record: dict[str, Any]) -> None:
    near, others = record["near_duplicates"], [*record["dropped"], *record["answers_dropped"]]
    label = captions.count(len(near), "near-duplicate")
    with st.expander(f"{label} left out", icon=":material/content_copy:"):
        if near:
            frame = pd.DataFrame(near)[list(NEAR)].sort_values("cosine", ascending=False)
            st.dataframe(
                frame,
                key="dataset_near",
                hide_index=True,
                column_config=NEAR,
                alt="Questions that repeat another one, with the cosine",
            )
        else:
            st.caption("No question repeats another one.")
    with st.expander(
        f"{captions.count(len(others), 'other text')} left out", icon=":material/block:"
    ):
        if others:
            st.dataframe(
                pd.DataFrame(others),
                key="dataset_others",
                hide_index=True,
                alt="Texts that are no usable question or answer, with the reason",
            )
        else:
            st.caption("Every text was usable.")
