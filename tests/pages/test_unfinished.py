"""A sweep that is not whole can be looked at on Scale curves."""

import dataclasses
import threading

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from dashboard.cards import html_run
from dashboard.session import resources
from engine.configs.core import VectorRef
from engine.configs.sweeps import EvaluateConfig
from engine.errors import ConfigError
from engine.progress import Progress
from engine.records.records import Evaluation
from engine.store import unfinished
from tests.pages.conftest import charts, open_page, words
from tests.pages.samples import FakeEngine, evaluation, provenance

DIGEST = "ffff00000007"
NOTE = "Unfinished: so far 9 of 99 cells answered the first 5 of 12 questions."


def part(engine: FakeEngine, count: int = 5, created: str = "2026-11-21T11:00:00") -> Evaluation:
    """Keep the first questions of a sweep of the first set, without controls."""
    found = engine.store.load_vectors("aaaa00000001")
    config = EvaluateConfig(vectors=(VectorRef(digest=found.digest),), controls=0)
    made = dataclasses.replace(
        evaluation(config, [found], DIGEST, count),
        notes=(NOTE,),
        unfinished=True,
        provenance=provenance(created),
    )
    unfinished.save(engine.store, made)
    return made


def test_an_unfinished_run_is_last_in_the_list_and_says_that_it_is(filled: FakeEngine) -> None:
    part(filled)

    app = open_page("curves")

    assert app.selectbox(key="run").value == "eeee00000003"
    assert app.selectbox(key="run").options[-1].startswith("so far: survival")
    assert NOTE not in words(app)
    app = open_page("curves", run=DIGEST)
    assert app.selectbox(key="run").value == DIGEST
    assert NOTE in [warning.value.replace("\\", "") for warning in app.warning]
    # Its random vectors are still to come.
    assert "no random controls" not in words(app)
    assert charts(app) == 2
    assert not app.exception


@pytest.mark.parametrize("tab", ["All vectors", "Numbers"])
def test_its_other_tabs_draw(filled: FakeEngine, tab: str) -> None:
    part(filled)

    app = open_page("curves", run=DIGEST, tab=tab)

    assert not app.exception
    assert not app.error


def test_other_pages_know_nothing_of_it(filled: FakeEngine) -> None:
    part(filled)

    for name in ("library", "overview", "discover"):
        app = open_page(name)
        assert DIGEST[:4] not in words(app)
        assert not app.exception


def test_more_of_it_is_drawn_anew(filled: FakeEngine) -> None:
    part(filled)
    first = resources.part_of_sweep(resources.unfinished_runs()[0])
    part(filled, 9, "2026-11-21T11:01:00")

    second = resources.part_of_sweep(resources.unfinished_runs()[0])

    counts = [len(one.evaluation.questions.questions) for one in (first, second)]
    assert counts == [5, 9]
    assert first.version != second.version
    assert second.title == "survival · 9 questions so far"
    report = html_run.report(second).decode()
    assert "survival · 9 questions so far" in report
    assert NOTE in report
    assert "no random controls" not in report


def test_a_whole_run_takes_its_place(filled: FakeEngine) -> None:
    made = part(filled)
    whole = dataclasses.replace(made, unfinished=False, notes=())
    filled.store.save_evaluation(whole)

    app = open_page("curves", run=DIGEST)

    assert app.selectbox(key="run").value == DIGEST
    assert not any(label.startswith("so far") for label in app.selectbox(key="run").options)
    assert NOTE not in words(app)


def test_the_card_of_its_job_opens_it_and_what_is_new_of_it(filled: FakeEngine) -> None:
    part(filled)
    stop = threading.Event()

    def work(progress: Progress) -> str:
        progress(3, 10, "3 of 10 answers")
        stop.wait(60)
        return DIGEST

    job = filled.jobs.submit("Evaluate 1 set", "evaluate", work, digest=DIGEST)
    try:
        app = open_page("curves", ds="survival")
        app.button(key=f"part_{job.id}").click().run()
        assert app.selectbox(key="run").value == DIGEST
        assert app.query_params["run"] == DIGEST
        assert f"part_{job.id}" not in [button.key for button in app.button]

        assert "intervals over 5 questions" in words(app)

        part(filled, 9, "2026-11-21T11:01:00")
        app.run()
        assert app.button(key=f"part_{job.id}").label == "Show what is new"
        app.button(key=f"part_{job.id}").click().run()
        assert app.selectbox(key="run").value == DIGEST
        assert "intervals over 9 questions" in words(app)
        assert f"part_{job.id}" not in [button.key for button in app.button]
        assert not app.exception
    finally:
        stop.set()
        filled.jobs.wait(job, 5.0)


def test_one_that_nobody_goes_on_with_can_be_gone_on_with(filled: FakeEngine) -> None:
    made = part(filled)

    app = open_page("curves", run=DIGEST)
    app.button(key="go_on").click().run()

    assert filled.submitted == [{"method": "ab", "config": made.config}]
    assert not app.exception


def test_one_that_cannot_be_gone_on_with_says_why(
    filled: FakeEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise ConfigError("There is no model `x`.")

    part(filled)
    monkeypatch.setattr(filled, "submit_again", refuse)

    app = open_page("curves", run=DIGEST)
    app.button(key="go_on").click().run()

    assert [error.value.replace("\\", "") for error in app.error] == ["There is no model `x`."]
    assert not app.exception


def test_it_can_be_deleted_unless_a_job_works_on_it(filled: FakeEngine) -> None:
    part(filled)
    filled.store.partial(DIGEST).save_arrays("unit", {"logits": np.ones(3)})
    stop = threading.Event()
    job = filled.jobs.submit("Study", "experiment", lambda _: stop.wait(60) and None)
    app = open_page("curves", run=DIGEST)
    assert "delete_part" not in [button.key for button in app.button]
    stop.set()
    filled.jobs.wait(job, 5.0)

    app.run()
    app.button(key="delete_part").click().run()

    assert not filled.store.partial(DIGEST).folder.exists()
    assert app.selectbox(key="run").value == "eeee00000003"
    assert not app.exception


def test_one_that_is_deleted_elsewhere_is_said_to_be_gone(filled: FakeEngine) -> None:
    part(filled)
    app = open_page("curves", run=DIGEST)
    filled.store.partial(DIGEST).discard()

    app.run()

    told = " ".join(warning.value for warning in app.warning)
    assert f"run {DIGEST}, which is not here" in told
    assert app.selectbox(key="run").value == "eeee00000003"
    app.run()
    assert "not here" not in " ".join(warning.value for warning in app.warning)
    assert not app.exception


def test_a_browser_that_sends_an_old_line_keeps_its_run() -> None:
    def page() -> None:
        import streamlit as st

        from dashboard.session import state

        st.session_state["run"], st.session_state["_link_run"] = "b, as it read before", "b"
        state.resolve("run", ["a", "b"])
        st.text(st.session_state["run"])

    app = AppTest.from_function(page)
    app.query_params["run"] = "b"

    assert [text.value for text in app.run().text] == ["b"]


def test_a_part_that_vanishes_meanwhile_is_no_error(
    filled: FakeEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    part(filled)
    known = unfinished.found(filled.store)
    filled.store.partial(DIGEST).discard()
    monkeypatch.setattr(unfinished, "found", lambda _: known)

    app = open_page("curves")

    assert not app.exception
    assert app.selectbox(key="run").options != []
