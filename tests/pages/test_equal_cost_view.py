"""Operations at equal cost on screen: how they are asked for, compared and shown by vector."""

from dashboard.frame import tray
from dashboard.views.library import library
from engine.runs.job import Job
from tests.pages import equal_cost_samples
from tests.pages.conftest import charts, open_page, words
from tests.pages.samples import FakeEngine


def test_a_link_opens_the_bars_of_a_vector_with_its_table(filled: FakeEngine) -> None:
    digest = equal_cost_samples.save(filled.store)
    app = open_page("curves", cost=digest[:6], cost_vector="melbo_01")

    assert not app.exception
    assert app.selectbox(key="cost").value == digest
    assert charts(app) == 1
    assert app.subheader[0].value.replace("\\", "") == "melbo_01: effect at KL 0.1"
    table = app.dataframe[0].value
    assert table["operation"].tolist()[:3] == ["Add +", "Add \u2212", "Ablate"]
    assert "not reached" not in words(app)


def test_the_library_and_the_tray_lead_to_it(filled: FakeEngine) -> None:
    digest = equal_cost_samples.save(filled.store)
    job = Job(id="1", title="", kind="equal-cost", state="done", result=digest)

    info = filled.store.find(digest)
    assert library.place(info) == ("curves", {"sweeps": "cost", "cost": digest})
    assert tray.result_page(job) == library.place(info)
