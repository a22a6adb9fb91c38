"""The engine card and the job tray: memory, log, and asking for failed jobs again."""

import threading
import time
from types import SimpleNamespace
from typing import Any

import pytest

from dashboard.frame import sidebar, tray
from engine.errors import ConfigError
from engine.progress import Progress
from engine.runs.job import Job
from engine.runs.queue import OUT_OF_MEMORY
from engine.runs.status import EngineStatus
from tests.pages.conftest import open_page, start, words
from tests.pages.samples import FakeEngine

GB = 2**30


def failed(engine: FakeEngine, error: str, request: dict[str, Any] | None, kind: str) -> Job:
    job = Job(id="j1", title="The *job*", kind=kind, request=request, state="failed", error=error)
    engine.jobs._jobs[job.id] = job
    return job


@pytest.fixture
def asked(engine: FakeEngine) -> list[dict[str, Any]]:
    """The requests that were submitted again."""
    return engine.submitted


def test_a_failed_job_says_why_and_is_asked_again_once(
    engine: FakeEngine, asked: list[dict[str, Any]]
) -> None:
    failed(engine, "The <b>disk</b> is full. " + "x" * 300, {"method": "ab", "config": {}}, "ab")
    app = start()
    assert "The \\<b\\>disk\\</b\\> is full" in words(app)
    assert "x" * 200 not in words(app)

    app.button(key="retry_j1").click().run()

    assert asked == [{"method": "ab", "config": {}}]
    assert "retry_j1" not in [button.key for button in app.button]
    assert "retry_j1" not in [button.key for button in start().button]


def test_a_training_without_memory_is_asked_with_half_the_batch_under_a_new_name(
    engine: FakeEngine, asked: list[dict[str, Any]]
) -> None:
    config = {"batch": 8, "rank": 4}
    request = {"method": "finetune", "config": config, "place": "adapters/mine"}
    failed(engine, OUT_OF_MEMORY, request, "finetune")

    app = start()
    assert app.button(key="retry_j1").label == "Run again with half the batch"
    app.button(key="retry_j1").click().run()

    changed = {"config": {"batch": 4, "rank": 4}, "place": "adapters/mine-batch4"}
    assert asked == [request | changed]
    assert "retry_j1" not in [button.key for button in app.button]


@pytest.mark.parametrize(
    ("error", "batch"), [("The pairs are gone.", 8), ("Memory ran out: one row", 1)]
)
def test_a_batch_is_halved_only_where_that_can_help(
    engine: FakeEngine, error: str, batch: int
) -> None:
    request = {"method": "finetune", "config": {"batch": batch}, "place": "adapters/mine"}
    failed(engine, error, request, "finetune")

    assert start().button(key="retry_j1").label == "Run again"


def test_what_cannot_be_asked_again_says_so_on_the_page_as_in_the_tray(
    engine: FakeEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(request: object) -> None:
        raise ConfigError("It is from another version.")

    monkeypatch.setattr(engine, "submit_again", refuse)
    failed(engine, "Gone.", {"method": "melbo", "config": {}}, "find")
    app = open_page("discover")

    app.button(key="retry_page_j1").click().run()

    assert not app.exception
    assert "It is from another version" in words(app)


def test_the_last_lines_of_a_running_job_are_one_click_away(engine: FakeEngine) -> None:
    go_on = threading.Event()

    def work(progress: Progress) -> str:
        for step in range(tray.LOG_LINES + 3):
            progress(step, 20, f"step *{step}*")
        progress(19, 20, "the last")
        go_on.wait(10)
        return "none"

    job = engine.jobs.submit("First", "find", work)
    try:
        while job.done < 19:
            time.sleep(0.01)
        app = start()
    finally:
        go_on.set()

    log = next(one for one in app.expander if one.label == "Log")
    told = log.caption[0].value
    assert not log.proto.expanded
    assert told.endswith("the last")
    assert "step \\*4\\*" in told
    assert "step \\*3\\*" not in told


def test_the_engine_card_names_the_adapter_and_what_memory_is_left(
    engine: FakeEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    free = SimpleNamespace(available=7 * GB)
    monkeypatch.setattr(sidebar.psutil, "virtual_memory", lambda: free)
    model = {"title": "A model", "blocks": 10, "hidden": 128, "device": "cpu", "adapter": "mine"}
    engine.state = EngineStatus(
        state="ready", model=model, memory_used=2 * GB, memory_total=16 * GB
    )

    said = words(start()).replace("\\", "")

    assert "LoRA mine" in said
    assert "2.0 of 16.0 GB in this process, 7.0 GB free" in said
    engine.state = EngineStatus(
        state="ready", model=model | {"device": "cuda:0"}, memory_used=30 * GB,
        memory_total=140 * GB,
    )  # fmt: skip
    said = words(start()).replace("\\", "")
    assert "30.0 of 140.0 GB on the GPU, 110.0 GB free" in said
    assert "GB in this process" in said


def stop(engine: FakeEngine, kind: str, message: str, method: str = "ab") -> None:
    """A job that the reader stopped in the middle."""
    started = threading.Event()

    def work(progress: Progress) -> str:
        progress(3, 10, message)
        started.set()
        while True:
            progress(3, 10, message)

    request = {"method": method, "config": {}}
    job = engine.jobs.submit("Evaluate 1 set", kind, work, request=request)
    assert started.wait(5)
    engine.jobs.cancel(job.id)
    assert engine.jobs.wait(job, 5.0)


@pytest.mark.parametrize(
    ("kind", "method", "page", "left"),
    [
        ("evaluate", "ab", "curves", "What was finished is kept"),
        ("find", "melbo", "discover", "What was finished is kept"),
        ("find", "contrastive", "discover", "the beginning"),
    ],
)
def test_a_stopped_job_says_how_far_it_came_and_is_asked_again_once(
    engine: FakeEngine, asked: list[dict[str, Any]], kind: str, method: str, page: str, left: str
) -> None:
    stop(engine, kind, "3 of *10* answers", method)
    job = engine.jobs.all()[0]
    app = open_page(page)
    assert "was stopped at 3 of \\*10\\* answers" in words(app)
    assert left in words(app)
    assert not app.error

    app.button(key=f"retry_page_{job.id}").click().run()

    assert asked == [{"method": method, "config": {}}]
    assert f"retry_{job.id}" not in [button.key for button in app.button]


def test_a_stopped_job_can_be_dismissed(engine: FakeEngine) -> None:
    stop(engine, "evaluate", "3 of 10 answers")
    app = open_page("curves")

    app.button(key=f"dismiss_page_{engine.jobs.all()[0].id}").click().run()

    assert not app.exception
    assert "was stopped" not in words(app)
    assert engine.jobs.all() == []


def test_a_click_in_the_moment_in_which_a_job_ends_is_not_lost(engine: FakeEngine) -> None:
    app = open_page("discover")
    job = engine.jobs.submit("Load x", "load", lambda progress: "x")
    assert engine.jobs.wait(job, 5.0)
    # As the tray saw it when the page was drawn.
    app.session_state["_live"] = {job.id}

    app.button(key="find").click().run()

    assert len(engine.submitted) == 1
