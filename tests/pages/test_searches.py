"""Suggestions and blends on screen: what they came to, and how other pages take it over."""

from dashboard.views.library import library
from dashboard.widgets import places
from engine.configs.budgets.blends import BlendConfig
from engine.runs.job import Job
from tests.pages import search_samples
from tests.pages.conftest import charts, open_page, words
from tests.pages.samples import FakeEngine


def test_a_suggestion_is_told_in_a_sentence_and_taken_over_as_a_column(filled: FakeEngine) -> None:
    digest = search_samples.suggestion(filled.store)
    app = open_page("discover", suggestion=digest)

    said = words(app).replace("\\", "")
    assert not app.exception
    assert "Set to target melbo_01 at block 1, strength +1.25 (KL 0.1 per token)" in said
    assert "+1.50 logits (+1.20 to +1.80) on 30 unseen questions" in said
    assert "64 random directions -0.20 to +0.25, p 0.015." in said
    grid = open_page("generations", take=digest)
    assert not grid.exception
    columns = grid.session_state["_columns"]
    assert columns["0"]["vector"] is None
    taken = {name: columns["1"][name] for name in ("vector", "scale", "operation", "scale_unit")}
    assert taken == {
        "vector": f"{search_samples.FIRST}:1",
        "scale": 1.25,
        "operation": "set",
        "scale_unit": "absolute",
    }


def test_a_blend_is_shown_beside_its_pair_and_asked_for_there(filled: FakeEngine) -> None:
    digest = search_samples.blend(filled.store)
    pair = {"a": search_samples.FIRST, "b": search_samples.SECOND, "cell": "0-1"}
    app = open_page("similarity", blend=digest, **pair)

    assert not app.exception
    without = charts(open_page("similarity", **pair))
    assert charts(app) == charts(open_page("similarity", **pair | {"cell": "0-0"})) == 1 + without
    assert "The blend beats both vectors" in words(app)
    app.button(key="blend_start").click().run()
    config = filled.submitted[0]
    assert isinstance(config, BlendConfig)
    refs = [(ref.digest, ref.indices) for ref in config.sweep.vectors]
    assert refs == [(search_samples.FIRST, (0,)), (search_samples.SECOND, (1,))]


def test_finished_jobs_and_the_library_lead_to_them(filled: FakeEngine) -> None:
    found = {
        "suggest": ("discover", {"suggestion": search_samples.suggestion(filled.store)}),
        "blend": ("similarity", {"blend": search_samples.blend(filled.store)}),
    }
    infos = {info.method: info for info in filled.store.list() if info.kind == "experiment"}

    for method, place in found.items():
        job = Job(id="1", title="", kind=method, state="done", result=next(iter(place[1].values())))
        assert places.of_job(job) == place
        assert library.place(infos[method]) == place
