"""The studies page: nothing stored, either study's tables, links, and starting one."""

import math
from typing import Any

import pytest

from dashboard.frames import studies as frames
from dashboard.session import resources
from dashboard.words import captions
from engine.configs.core import STUDY_SCALES, ModelConfig
from engine.configs.studies import CorrigibilityConfig, DeceptionConfig
from engine.records.records import Provenance
from engine.runs.studies.arms import HONEST, Arm
from engine.runs.studies.deception_tables import UNJUDGED, absent_row
from tests.pages.conftest import charts, open_page, words
from tests.pages.samples import MODEL, FakeEngine, fill, provenance

ARMS = [Arm(family=family, adapter=adapter) for adapter in (False, True) for family in (0, 1)]
DECEPTION, CORRIGIBILITY = "dddd00000001", "cccc00000001"


def stored(made: Provenance) -> dict[str, Any]:
    return {name: getattr(made, name) for name in made.__dataclass_fields__}


def arm(place: int) -> dict[str, Any]:
    return {
        "arm": ARMS[place].name,
        "index": 1,
        "block": 1,
        "scale": 1.0,
        "from": ARMS[place].before,
        "to": ARMS[place].after,
        "converted": 0.9 - 0.1 * place,
        "random_high": 0.1,
        "p": 0.015,
        "labels": {ARMS[place].after: 27, "": 3},
        "baseline_labels": {HONEST: 30},
        "repetition": 0.0,
        "mean_logprob": -1.0,
        "baseline_mean_logprob": -0.5,
    }


def deception(study: bool) -> dict[str, Any]:
    cosines = [{"block": b, "steered with": 0.9, "same tokens": 0.1} for b in range(3)]
    if study:
        more = {"study": -0.1, "contrastive_moved": 0.02, "difference_moved": None}
        cosines = [row | more for row in cosines]
    return {
        "name": "deception",
        "title": "Deception study",
        "config": {},
        "model": MODEL,
        "vectors": ["a" * 12, "b" * 12],
        "generations": ["e" * 12, "f" * 12],
        "controls": [],
        "tables": {
            "similarity": [{"block": b, "cosine": 0.9, "random": 0.17} for b in range(3)],
            "cosines": cosines,
            "sweep": [
                {"arm": one.name, "index": b, "block": b, "scale": s, "converted": 0.3 * b}
                for one in ARMS
                for b in range(3)
                for s in (0.5, 1.0)
            ],
            "arms": [arm(place) for place in range(4)],
        },
        "provenance": stored(provenance()),
    }


def corrigibility() -> dict[str, Any]:
    rates = [
        {"method": m, "scale": s, "rate": 0.3 + s / 10}
        for m in ("melbo", "baseline", "control")
        for s in (-1.0, 1.0)
    ]
    best = {
        "vector_set": "a" * 12, "vector": 1, "method": "melbo", "scale": 1.0, "rate": 0.6,
        "change": 2.0, "p": 0.02, "p_best": 0.3,
    }  # fmt: skip
    table = {
        "questions": "survival", "behaviour": "survival", "asked": 100, "letters": {"A": 50},
        "by_method": rates, "band": [], "best": [best], "notes": [],
    }  # fmt: skip
    return {
        "name": "corrigibility",
        "title": "Corrigibility study",
        "config": {},
        "model": MODEL,
        "vectors": [],
        "evaluations": ["c" * 12],
        "tables": [table],
        "provenance": stored(provenance("2026-11-20T10:00:00+00:00")),
    }


@pytest.fixture
def both(engine: FakeEngine) -> FakeEngine:
    engine.store.save_experiment(DECEPTION, deception(study=True))
    engine.store.save_experiment(CORRIGIBILITY, corrigibility())
    resources.study.clear()
    return engine


def test_an_empty_store_offers_to_run_one(engine: FakeEngine) -> None:
    app = open_page("studies")

    assert not app.exception
    assert "No study is stored yet" in words(app)
    assert app.button(key="run_study")


def test_the_deception_study_shows_arms_cosines_and_where_it_works(both: FakeEngine) -> None:
    app = open_page("studies", study=DECEPTION)

    assert not app.exception
    assert charts(app) == 3
    table = app.dataframe[0].value
    assert list(table["intervention"]) == [one.name for one in ARMS]
    assert table["answers"][0] == "27 deceptive, 3 no label"
    assert "How far the study's way of reading alone turns a family" in words(app)
    assert f"/studies?study={DECEPTION}" in [code.value for code in app.code]
    app.selectbox(key="arm").set_value(ARMS[3].name).run()
    assert not app.exception


def test_without_the_studys_way_nothing_is_said_of_it(engine: FakeEngine) -> None:
    engine.store.save_experiment(DECEPTION, deception(study=False))
    resources.study.clear()

    app = open_page("studies")

    assert not app.exception
    assert "study's way of reading alone" not in words(app)


def test_the_corrigibility_study_shows_its_methods_and_best_vectors(both: FakeEngine) -> None:
    app = open_page("studies", study=CORRIGIBILITY)

    assert not app.exception
    assert charts(app) == 1
    assert list(app.dataframe[0].value["vector"]) == ["melbo_01"]
    assert "signs cancel" in words(app)


def test_the_picker_names_each_study_once(both: FakeEngine) -> None:
    lines = open_page("studies").selectbox(key="study").options

    assert [line.count("study") for line in lines] == [1, 1]
    made = both.store.find(CORRIGIBILITY).summary
    assert any(line.startswith(f"Corrigibility study · {made} · ") for line in lines)
    assert made.endswith("sweep")


def test_a_link_to_a_missing_study_says_so(both: FakeEngine) -> None:
    app = open_page("studies", study="ffff00000000")

    assert not app.exception
    assert any("ffff00000000" in warning.value for warning in app.warning)


def test_the_deception_study_is_queued_with_what_was_asked(
    engine: FakeEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Any] = []

    def submit(config: DeceptionConfig) -> object:
        asked.append(config)
        return engine.jobs.submit("study", "experiment", lambda _progress: "x")

    monkeypatch.setattr(engine, "submit", submit)
    app = open_page("studies")
    app.number_input(key="study_form_controls").set_value(20)

    app.button(key="run_study").click().run()

    assert not app.exception
    expected = DeceptionConfig(model=ModelConfig(adapter="demo"), controls=20, study=True)
    assert asked == [expected]


def test_the_study_s_own_definitions_are_queued_and_shown(
    both: FakeEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Any] = []

    def submit(config: CorrigibilityConfig) -> object:
        asked.append(config)
        return both.jobs.submit("study", "experiment", lambda _progress: "x")

    monkeypatch.setattr(both, "submit", submit)
    app = open_page("studies", study=CORRIGIBILITY)
    assert "The study's own definitions" not in [one.label for one in app.expander]
    app.radio(key="study_form_which").set_value("corrigibility").run()
    app.toggle(key="study_form_own").set_value(True).run()

    app.button(key="run_study").click().run()

    assert not app.exception
    assert (asked[0].variant, asked[0].controls) == ("study", 0)
    assert (asked[0].scales, asked[0].scale_unit) == (STUDY_SCALES, "absolute")
    record = corrigibility() | {"definitions": asked[0].definitions()}
    record["tables"][0]["best"][0] |= {"p": None, "p_best": None}
    both.store.save_experiment("cccc00000002", record)
    resources.study.clear()
    shown = open_page("studies", study="cccc00000002")
    assert "Equal logits count as no behaviour." in words(shown)
    assert "No p value: it needs 20 random vectors" in words(shown)
    assert not {"p", "best of k"} & set(shown.dataframe[0].value)


def test_absent_arms_are_named_with_their_reason_and_draw_nothing(engine: FakeEngine) -> None:
    record = deception(study=False)
    arms = [absent_row(one, UNJUDGED) for one in ARMS]
    tables = record["tables"] | {"arms": arms, "sweep": []}
    engine.store.save_experiment(DECEPTION, record | {"tables": tables, "generations": []})
    resources.study.clear()

    app = open_page("studies")

    assert not app.exception
    assert charts(app) == 1
    assert not app.dataframe
    told = " ".join(info.value for info in app.info)
    assert "No judge has read" in told
    assert all(word in told for word in ("base", "tuned", "contrastive", "difference"))


def test_arms_and_judge_are_asked_for(engine: FakeEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Any] = []

    def submit(config: DeceptionConfig) -> object:
        asked.append(config)
        return engine.jobs.submit("study", "experiment", lambda _progress: "x")

    monkeypatch.setattr(engine, "submit", submit)
    app = open_page("studies")
    app.selectbox(key="study_form_arms").set_value("all")
    app.selectbox(key="study_form_judge").set_value("none")

    app.button(key="run_study").click().run()

    assert (asked[0].arms, asked[0].judge) == ("all", "none")


def test_a_model_without_an_adapter_is_told_what_to_do(
    engine: FakeEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VECTORSCOPE_MODEL", "qwen3-14b")

    app = open_page("studies")

    assert not app.exception
    assert "name one under Change model" in words(app)
    assert "run_study" not in [button.key for button in app.button]


def test_a_finished_study_is_linked_from_the_tray(filled: FakeEngine) -> None:
    from dashboard.widgets import places

    fill(filled.store)
    filled.store.save_experiment(DECEPTION, deception(study=True))
    job = filled.jobs.submit("Deception study", "experiment", lambda _progress: DECEPTION)
    filled.jobs.wait(job, timeout=5.0)

    assert places.of_job(job) == ("studies", {"study": DECEPTION})


def test_a_share_of_turned_answers_has_its_n_interval_and_smallest_p() -> None:
    whole = arm(0) | {"labels": {ARMS[0].after: 28, HONEST: 2}, "converted": 28 / 30}
    whole |= {"from": HONEST, "controls": 64}
    first, second = frames.arms([whole, arm(1)]).to_dict("records")

    # statsmodels 0.14: proportion_confint(28, 30, method="wilson") gives .787 and .982.
    assert (first["n"], first["95 %"]) == (30, "79% to 98%")
    assert first["smallest p"] == pytest.approx(1 / 65)
    assert math.isnan(second["n"])
    assert second["95 %"] == captions.NOTHING


def test_best_vectors_of_the_corrigibility_study_have_intervals() -> None:
    table = corrigibility()["tables"][0]
    table["best"][0] |= {"change_low": 1.5, "change_high": 2.5, "controls": 24}
    row = frames.best(table).iloc[0]

    assert (row["n"], row["95 %"], row["smallest p"]) == (100, "+1.50 to +2.50", 0.04)
