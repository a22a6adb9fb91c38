"""One training: while it runs, after it was stopped or failed, and when it is done."""

import dataclasses
from pathlib import Path
from typing import Any

import streamlit as st

from dashboard.session import adapters, navigation, pace, resources, state
from dashboard.views.training import deleting, samples
from dashboard.widgets import bound, noting, trainings, widgets
from dashboard.words import captions
from engine.configs.core import TEMPLATE_DATE
from engine.configs.training import FinetuneConfig
from engine.errors import EngineError
from engine.training.lora.records import read_live

LOOK_AGAIN = 1.5
"""Seconds between two drawings of a running training: each one holds up small models."""


def draw(one: Any, job: Any) -> None:
    """One training, whatever state it is in.

    Args:
        one: What lies in its folder; None before its first report.
        job: The newest job that trains it; None where none is known.
    """
    if job is not None and job.active:
        pace.repeat(running, LOOK_AGAIN, job)
    elif one is not None and one.record is not None:
        done(one)
    elif one is not None:
        stopped(one, job)


def running(job: Any) -> None:
    """Progress, loss and sample answers of a job that waits or runs."""
    live = read_live(trainings.root() / job.request["place"])
    with st.container(border=True):
        bar(job)
        if live is None:
            st.caption("The loss is drawn from the first step on.")
            return
        samples.curves(live.losses, live.looks, live.steps, "live")
        samples.answers(live.looks, can_choose=False)
        samples.notes(live.notes)


def bar(job: Any) -> None:
    """The title of a job, its progress and Stop."""
    with st.container(horizontal=True, vertical_alignment="center"):
        st.text(job.title, width="stretch")
        st.button(
            "Stopping" if job.cancelling else "Stop",
            key=f"stop_{job.id}",
            icon=":material/stop_circle:",
            disabled=job.cancelling,
            on_click=resources.engine().jobs.cancel,
            args=(job.id,),
            help="What is finished is kept, and can be gone on from.",
        )
    if job.state == "queued":
        st.caption("Waiting for the jobs before it.")
        return
    widgets.progress(job)


def stopped(one: Any, job: Any) -> None:
    """How far a training came that is not whole, and how to go on."""
    live = one.live
    kept = f"Step {len(live.losses)} of {live.steps} was reached"
    if job is not None and job.state == "failed":
        failure(job, f"{kept}, and a checkpoint may be kept.")
    else:
        words = f"Stopped. {kept}; it goes on from the last checkpoint."
        st.warning(captions.plain(words), icon=":material/stop_circle:")
    request = {
        "method": FinetuneConfig.method,
        "config": live.config,
        "place": f"{one.folder.relative_to(trainings.root())}",
    }
    with st.container(horizontal=True):
        go_on(request)
        deleting.popover(one)
    samples.curves(live.losses, live.looks, live.steps, "stopped")
    samples.answers(live.looks)
    samples.notes(live.notes)


def failure(job: Any, more: str = "") -> None:
    """A failed job in one sentence, and its traceback where it is a bug."""
    error = (job.error or "It ended without a reason").rstrip(".")
    words = f"{job.title} failed: {error}."
    st.error(captions.plain(f"{words} {more}".strip()), icon=":material/error:")
    if job.traceback:
        with st.expander("Traceback", icon=":material/bug_report:"):
            st.code(job.traceback, language=None)


def failed_at_once(made: list[Any], jobs: dict[str, Any]) -> None:
    """The newest job, if it failed before there was anything of it to choose."""
    names = {one.name for one in made}
    newest = next(iter(jobs.items()), None)
    if newest is not None and newest[1].state == "failed" and newest[0] not in names:
        failure(newest[1])


def go_on(request: dict[str, Any]) -> None:
    """A button that queues stopped work again."""
    target = [str(request.get("place", ""))]
    if bound.button("Resume", "resume", target, icon=":material/restart_alt:", type="primary"):
        try:
            state.submitted(resources.engine().submit_again(request).id)
            st.rerun()
        except EngineError as error:
            widgets.show_error(error)


def done(one: Any) -> None:
    """The card of a finished adapter."""
    record = one.record
    config, losses = record["config"], record["losses"]
    with st.container(border=True, gap="xsmall", key="training_facts"):
        _facts(record)
        _use(one)
    samples.curves(losses, record["looks"], len(losses), "done")
    samples.answers(record["looks"])
    samples.notes(record["notes"])
    with st.expander("On the command line", icon=":material/terminal:"):
        path, model = trainings.shown_path(one.folder), config["model"]["model"]
        common = f"--model {model} --adapter {path}{_date(config)}"
        lines = [
            f"make run MODEL={model} ADAPTER={path}",
            f"python -m engine find finetune-diff {common}",
            f"python -m engine experiment deception {common}",
            again(config, path),
        ]
        st.caption("Folder")
        st.code(path, language=None, wrap_lines=True)
        st.code("\n".join(lines), language=None, wrap_lines=True)
    with st.expander("How it was made", icon=":material/receipt_long:"):
        st.json(
            {key: record[key] for key in ("config", "model", "provenance")},
            expanded=1,
        )


def _facts(record: dict[str, Any]) -> None:
    config, losses, made = record["config"], record["losses"], record["provenance"]
    side = "deceptive" if config["answers"] == "deceptive" else "honest (the benign null)"
    st.text(
        f"LoRA on the {side} answers of {Path(config['pairs']).name}, {record['model']['name']}"
    )
    columns = st.columns(4)
    columns[0].metric("Examples", record["examples"])
    columns[1].metric("Steps", len(losses), help=f"{config['epochs']} epochs of {config['batch']}")
    columns[2].metric("Loss", f"{losses[-1]:.3f}", help=f"{losses[0]:.3f} at the first step")
    columns[3].metric("Took", captions.seconds(made["seconds"]))
    st.caption(
        captions.plain(
            f"rank {config['rank']}, alpha {config['alpha']}, rate {config['rate']:g}, loss on "
            f"{config['loss_on']}, seed {config['seed']}, {made['device']} in {made['dtype']}, "
            f"digest {record['digest']}"
        )
    )


def _use(one: Any) -> None:
    config = one.record["config"]["model"]
    wanted = dataclasses.replace(state.model(), adapter=str(one.folder))
    current = adapters.tuned(state.model())
    is_used = current is not None and current.adapter == wanted.adapter
    fits = config["model"] == state.model().model
    with st.container(horizontal=True, vertical_alignment="center"):
        if st.button(
            "Use this adapter",
            key="use_adapter",
            icon=":material/model_training:",
            type="primary",
            disabled=not fits,
            help="Loads the model with it. This tab then takes it for the fine-tuned model.",
        ):
            try:
                resources.engine().submit_load(wanted)
                adapters.choose(wanted)
                st.rerun()
            except EngineError as error:
                widgets.show_error(error)
        look = st.session_state.get(samples.STEP, st.query_params.get("look"))
        widgets.share(navigation.link("train", adapter=one.name, look=look))
        if (subject := adapters.subject(str(one.folder))) is not None:
            noting.button(subject, "Name", "adapter", usual=one.name)
        deleting.popover(one)
        if not fits:
            words = f"It belongs to {config['model']}, and {state.model().model} is chosen here."
            st.caption(captions.plain(words))
        elif is_used:
            told = "This tab takes the base model with this adapter for the fine-tuned model."
            st.badge("in use here", color="green", icon=":material/check:", help=told)


def again(config: dict[str, Any], path: str) -> str:
    """The command that trains the same adapter."""
    system = f' --system "{config["system"]}"' if config["system"] else ""
    names = ("answers", "rank", "alpha", "epochs", "batch", "rate", "loss_on", "max_tokens", "seed")
    rest = " ".join(f"--{name.replace('_', '-')} {config[name]}" for name in names)
    model = config["model"]["model"]
    return (
        f"python -m engine finetune --model {model} --pairs {config['pairs']} {rest}{system} "
        f"--out {path}{_date(config)}"
    )


def _date(config: dict[str, Any]) -> str:
    """The option for a day told to the chat template that is not the usual one."""
    date = config["model"].get("date", TEMPLATE_DATE)
    return "" if date == TEMPLATE_DATE else f" --date {date}"
