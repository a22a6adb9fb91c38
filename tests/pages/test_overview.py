import pytest

from dashboard.frames import sweep
from dashboard.session import resources
from tests.pages.conftest import charts, start, words
from tests.pages.samples import FakeEngine


def test_an_empty_store_says_how_to_start(engine: FakeEngine) -> None:
    app = start()

    assert not app.exception
    assert "Nothing is stored yet" in words(app)
    assert app.button(key="to_find").label == "Find vectors"


def test_an_empty_store_offers_the_study(
    engine: FakeEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[object] = []
    monkeypatch.setattr(resources, "submit_study", lambda *given: asked.append(given))

    start().button(key="run_study").click().run()

    assert [(name, model.model) for name, model in asked] == [("corrigibility", "demo")]


def test_the_newest_run_is_shown_against_random_vectors(filled: FakeEngine) -> None:
    app = start()

    assert not app.exception
    assert charts(app) == 1
    assert "24 random vectors" in words(app)
    assert [metric.label for metric in app.metric][:2] == ["Unsteered survival", "Steered survival"]


def test_the_strongest_vectors_carry_an_honest_badge(filled: FakeEngine) -> None:
    told = words(start())

    assert ":green-badge[beyond the best of 24 random]" in told


def test_the_badge_says_within_random_where_that_is_so(filled: FakeEngine) -> None:
    ranking = sweep.ranking(resources.sweep("eeee00000003")).set_index("name")

    strong, weak = ranking.loc["melbo_00"].to_dict(), ranking.loc["melbo_02"].to_dict()
    assert sweep.verdict(strong) == "beyond the best of 24 random"
    assert "none reaches it" in sweep.sentence(strong)
    assert sweep.verdict(weak) == "within random"
    assert f"{weak['above']:.0f} reach it (p = {weak['p']:.3f})" in sweep.sentence(weak)
