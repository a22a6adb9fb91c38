import dataclasses

import pytest

from dashboard.frames import sweep
from dashboard.session import beforehand, resources
from engine.configs.core import VectorRef
from engine.configs.sweeps import EvaluateConfig
from tests.pages import samples
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


def chosen(store, questions: int, created: str, digest: str = "eeee00000009") -> None:
    """An evaluation of the strongest vector alone, on the first of the same questions or others."""
    one = store.load_vectors("aaaa00000001")
    config = EvaluateConfig(vectors=(VectorRef(digest=one.digest, indices=(0,)),), controls=24)
    found = samples.evaluation(config, [one], digest, abs(questions))
    if questions < 0:
        frame = found.frame.assign(question=found.frame["question"].astype(str) + "x")
        asked = [dataclasses.replace(q, id=f"{q.id}x") for q in found.questions.questions]
        named = dataclasses.replace(found.questions, questions=tuple(asked))
        found = dataclasses.replace(found, frame=frame, questions=named)
    stamp = dataclasses.replace(found.provenance, created=created)
    store.save_evaluation(dataclasses.replace(found, provenance=stamp))


def test_a_vector_picked_on_the_same_questions_is_flagged(filled: FakeEngine) -> None:
    chosen(filled.store, 8, "2026-11-22T10:05:00+00:00")

    told = words(start()).replace("\\", "")

    assert "Chosen beforehand on overlapping questions: 1 of 3 vectors of MELBO" in told
    assert "all measured by eeee00000003 on 8 of these 8 questions" in told
    assert resources.records("evaluation")[0].summary.startswith("1 vector, 8 questions")


@pytest.mark.parametrize(
    ("questions", "created"),
    [(-8, "2026-11-22T10:05:00+00:00"), (8, "2026-11-20T10:05:00+00:00")],
    ids=["other questions", "measured before"],
)
def test_other_questions_or_an_earlier_run_are_no_choice(
    filled: FakeEngine, questions: int, created: str
) -> None:
    chosen(filled.store, questions, created)

    run = filled.store.load_evaluation("eeee00000009")

    assert beforehand.note(run, resources.records("evaluation")) == ""
