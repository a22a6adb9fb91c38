"""Adaptive sweeps on screen: how they are asked for, how they raced, what is done with the best."""

from pathlib import Path

from dashboard.views import adaptive
from dashboard.views.library import library
from dashboard.widgets import places
from engine.configs.adaptive import AdaptiveConfig
from engine.configs.sweeps import EvaluateConfig
from engine.runs.job import Job
from engine.store.store import Store
from tests.pages import adaptive_samples
from tests.pages.conftest import charts, open_page, words
from tests.pages.samples import FakeEngine


def test_without_one_the_curves_say_nothing_of_it(filled: FakeEngine) -> None:
    app = open_page("curves")

    assert not app.exception
    assert "sweeps" not in [one.key for one in app.button_group]


def test_a_link_opens_the_race_with_its_table_and_what_is_sure(filled: FakeEngine) -> None:
    digest = adaptive_samples.save(filled.store)
    app = open_page("curves", screen=digest[:6])

    record = filled.store.load_experiment(digest)
    assert not app.exception
    assert app.selectbox(key="screen").value == digest
    assert charts(app) == 1
    assert len(app.dataframe[0].value) == len(record["tables"]["arms"])
    told = words(app).replace("\\", "")
    assert record["best"]["name"] in app.header[0].value.replace("\\", "")
    assert "Not sure: that it is best on other questions" in told
    assert "at most 0.5" in told
    assert "Asked *once* only." in told


def test_whole_sweeps_stay_first_where_no_adaptive_one_was_asked_for(filled: FakeEngine) -> None:
    adaptive_samples.save(filled.store)
    app = open_page("curves")

    assert not app.exception
    assert app.selectbox(key="run").value == "eeee00000003"


def test_what_is_left_is_evaluated_in_full_with_controls(filled: FakeEngine) -> None:
    digest = adaptive_samples.save(filled.store)
    record = filled.store.load_experiment(digest)
    app = open_page("curves", screen=digest)

    app.button(key="in_full").click().run()

    asked = filled.submitted[0]
    assert isinstance(asked, EvaluateConfig)
    assert asked.controls == 64
    named = {(ref.digest, index) for ref in asked.vectors for index in ref.indices}
    left = [record["tables"]["arms"][arm] for arm in record["finalists"]]
    assert named == {(arm["vector_set"], arm["vector"]) for arm in left}
    assert set(asked.scales) == {0.0} | {arm["scale"] for arm in left}


def test_the_form_asks_for_an_adaptive_sweep(filled: FakeEngine, monkeypatch) -> None:
    asked: list[AdaptiveConfig] = []
    monkeypatch.setattr(
        filled,
        "submit",
        lambda config: asked.append(config) or Job(id="1", title="", kind="screening"),
    )
    app = open_page("discover", found="aaaa00000001")

    app.toggle(key="ab_adaptive").set_value(True).run()
    assert "ab_controls" not in [one.key for one in app.number_input]
    app.number_input(key="ab_delta").set_value(0.1)
    app.button_group(key="ab_direction").set_value("away").run()
    app.button(key="screen_start").click().run()

    assert not app.exception
    assert [one.delta for one in asked] == [0.1]
    assert asked[0].direction == "away"
    assert asked[0].sweep.controls == 0


def test_the_library_and_the_tray_lead_to_it(filled: FakeEngine) -> None:
    digest = adaptive_samples.save(filled.store)
    job = Job(id="1", title="", kind="screening", state="done", result=digest)

    info = filled.store.find(digest)
    assert library.place(info) == ("curves", {"sweeps": "adaptive", "screen": digest})
    assert places.of_job(job) == library.place(info)


def test_a_card_carries_the_race_and_its_recipe(filled: FakeEngine, tmp_path: Path) -> None:
    digest = adaptive_samples.save(filled.store)

    found = adaptive.card(Store(filled.store.root).load_experiment(digest))

    assert found.view.query["screen"] == [digest]
    assert "Adaptive sweep on survival" in found.svg
    assert "delta 0.5" in found.view.recipe["settings"]
