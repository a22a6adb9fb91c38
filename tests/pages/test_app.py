import threading
import time

import pytest
from streamlit import config

from dashboard.session import guard
from engine.errors import ModelError
from engine.progress import Progress
from engine.runs.job import Job
from engine.runs.status import EngineStatus
from tests.pages.conftest import open_page, start, words
from tests.pages.samples import FakeEngine


class Check:
    name, passed, figure, reason = "scale 0 is the baseline", False, "differs", "Something is left."
    consequence = "Every job is refused."


def test_the_engine_card_offers_to_load_the_model(engine: FakeEngine) -> None:
    app = start()

    app.button(key="load_model").click().run()

    assert not app.exception
    assert engine.submitted[0].model == "demo"


def test_a_failed_self_test_is_named_in_the_sidebar(engine: FakeEngine) -> None:
    model = {"title": "Built-in demo model", "blocks": 10, "device": "cpu", "dtype": "float32"}
    engine.state = EngineStatus(state="ready", model=model, checks=(Check(),))

    app = start()

    assert not app.exception
    assert "0 of 1 self-tests pass" in [expander.label for expander in app.expander]
    assert "differs. Something is left. Every job is refused." in words(app).replace("\\", "")


def test_a_finished_job_links_to_what_it_made(filled: FakeEngine) -> None:
    job = filled.jobs.submit("Evaluate *this*", "evaluate", lambda progress: "eeee00000003")
    filled.jobs.wait(job, 5.0)

    app = start()

    labels = [link.value for link in app.page_link]
    assert any(label.startswith(r"Evaluate \*this\*") for label in labels)


def test_an_interrupted_job_is_offered_again(
    engine: FakeEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[object] = []

    monkeypatch.setattr(engine, "submit_again", asked.append)
    job = Job(id="j1", title="Find 3 vectors", kind="find", request={"n": 3}, state="interrupted")
    engine.jobs._jobs[job.id] = job

    start().button(key="again_j1").click().run()

    assert asked == [{"n": 3}]


def test_a_server_that_others_can_reach_is_warned_about(engine: FakeEngine) -> None:
    before = config.get_option("server.address")
    try:
        config.set_option("server.address", "0.0.0.0")
        assert "it has no login" in words(start())
        config.set_option("server.address", "127.0.0.1")
        assert "it has no login" not in words(start())
    finally:
        config.set_option("server.address", before)


def test_a_server_that_asks_for_a_token_is_not_said_to_have_no_login(
    engine: FakeEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = config.get_option("server.address")
    monkeypatch.setattr(guard, "_on", True)
    try:
        config.set_option("server.address", "0.0.0.0")
        assert "it has no login" not in words(start())
    finally:
        config.set_option("server.address", before)


def test_every_page_opens_on_a_filled_store(filled: FakeEngine) -> None:
    for name in ("overview", "discover", "curves"):
        assert not open_page(name).exception


def test_an_interrupted_job_can_be_dismissed(engine: FakeEngine) -> None:
    job = Job(id="j1", title="Find 3 vectors", kind="find", state="interrupted")
    engine.jobs._jobs[job.id] = job

    start().button(key="dismiss_j1").click().run()

    assert engine.jobs.interrupted() == []


def test_a_model_that_cannot_be_found_is_refused_in_words(
    engine: FakeEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(model: object) -> None:
        raise ModelError("There is no model here.")

    monkeypatch.setattr(engine, "submit_load", refuse)

    app = start()
    app.button(key="load_model").click().run()

    assert not app.exception
    assert "There is no model here" in app.error[0].value


def test_a_model_named_by_an_unknown_folder_leaves_the_pages_usable(
    filled: FakeEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VECTORSCOPE_MODEL", "/nowhere/model")

    app = open_page("discover", found="aaaa00000001")

    assert not app.exception
    assert app.number_input(key="find_source_layer").value == 7
    assert "found on demo, but model is chosen here" in words(app)


def test_what_cannot_be_asked_again_is_not_offered_again(engine: FakeEngine) -> None:
    job = Job(id="j1", title="Load demo", kind="load", state="interrupted")
    engine.jobs._jobs[job.id] = job

    keys = [button.key for button in start().button]

    assert "dismiss_j1" in keys
    assert "again_j1" not in keys


def test_a_running_job_shows_progress_and_the_next_its_place(engine: FakeEngine) -> None:
    go_on = threading.Event()

    def work(progress: Progress) -> str:
        progress(1, 4, "step *one*")
        go_on.wait(10)
        return "none"

    first = engine.jobs.submit("First", "find", work)
    engine.jobs.submit("Second", "find", lambda progress: "none")
    try:
        while first.done == 0:
            time.sleep(0.01)
        app = start()
    finally:
        go_on.set()

    assert not app.exception
    assert app.progress[0].value == 25
    assert app.progress[0].text == r"step \*one\*"
    assert "queued, number 1 in line" in words(app)
    assert app.button(key=f"cancel_{first.id}")
