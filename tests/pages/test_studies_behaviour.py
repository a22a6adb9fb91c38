"""The studies page, the card and the report of a behaviour of two poles."""

from typing import Any

import pytest

from dashboard.cards import html_behaviours, studies
from dashboard.session import resources
from engine.configs import core as configs
from engine.configs.behaviours import BehaviourConfig
from engine.configs.core import ModelConfig
from engine.records import soundness
from tests.pages.conftest import charts, open_page, words
from tests.pages.samples import MODEL, FakeEngine, provenance
from tests.pages.test_studies import stored

DIGEST = "5e5e00000001"


def cell(block: int, scale: float) -> dict[str, Any]:
    swing = block * scale / 10
    moved = {"change_up": swing / 2, "change_down": -swing / 2, "swing": swing}
    return {
        "index": block, "block": block, "scale": scale, **moved, "loss": scale / 5,
        "is_sound": scale < 2,
    }  # fmt: skip


def moved(at: str, scale: float) -> dict[str, Any]:
    told = {"n": 32, "rate": 0.8, "rate_low": 0.6, "rate_high": 0.9, "base_rate": 0.7}
    return {
        "at": at, "scale": scale, "relative": 0.2, **(told if at != "swing" else {"n": 32}),
        "change": 0.3, "change_low": 0.2, "change_high": 0.4, "random_low": -0.1,
        "random_high": 0.1, "p": 0.015, "controls": 64,
    }  # fmt: skip


def text(judge: str, scale: float, at: str = "") -> dict[str, Any]:
    is_beside = abs(scale) == 1
    return {
        "judge": judge, "at": at or f"{scale:+g}", "scale": scale, "texts": 16, "judged": 15,
        "share": 0.5 + scale / 4, "low": 0.2, "high": 0.9,
        "random_low": 0.4 if is_beside else None, "random_high": 0.6 if is_beside else None,
        "p": 0.048 if is_beside else None, "controls": 20 if is_beside else 0,
    }  # fmt: skip


def fluency(scale: float) -> dict[str, Any]:
    return {
        "scale": scale, "texts": 16, "broken": 0.0625, "broken_low": 0.01, "broken_high": 0.3,
        "repetition": 0.1, "mean_logprob": -1.2, "kl": 0.05, "neutral_perplexity": 2.5,
        "relative": 0.2, "random_broken": 0.1, "random_kl": 0.02,
    }  # fmt: skip


def behaviour(**changes: Any) -> dict[str, Any]:
    scales = (-1.0, 0.0, 1.0)
    config = BehaviourConfig(model=ModelConfig())
    tables = {
        "choice": [cell(block, scale) for block in (3, 6) for scale in (1.0, 2.0)],
        "likelihood": [moved("+", 1.0), moved("-", -1.0), moved("swing", 1.0)],
        "texts": [
            row
            for judge in ("reference", "local")
            for row in (*(text(judge, s) for s in scales), text(judge, 1.0, "swing"))
        ],
        "fluency": [fluency(scale) for scale in scales],
    }
    return {
        "name": "sentiment",
        "title": "Sentiment study",
        "config": configs.as_json(config),
        "model": MODEL,
        "vectors": ["a" * 12],
        "evaluations": ["c" * 12, "d" * 12],
        "generations": ["e" * 12],
        "controls": ["f" * 12],
        "chosen": {"index": 6, "block": 6, "scale": 1.0},
        "judges": [],
        "notes": [],
        "tables": tables | changes.pop("tables", {}),
        "provenance": stored(provenance()),
        **changes,
    }


def saved(engine: FakeEngine, **changes: Any) -> None:
    engine.store.save_experiment(DIGEST, behaviour(**changes))
    resources.study.clear()


def test_every_table_of_the_study_is_shown(engine: FakeEngine) -> None:
    saved(engine)

    app = open_page("studies", study=DIGEST)

    assert not app.exception
    assert charts(app) == 2
    texts, likelihood, costs = (one.value for one in app.dataframe)
    assert list(texts["scale"]) == 2 * ["\u22121", "0", "+1", "difference"]
    assert list(likelihood["scale"]) == ["+1", "\u22121", "apart"]
    assert list(costs["broken"]) == 3 * [0.0625]
    told = words(app)
    assert "Texts at block 6" in told
    assert "unsteered 70%" in told
    assert f"/studies?study={DIGEST}" in [code.value for code in app.code]


def test_texts_that_nobody_judged_are_absent_and_notes_are_warnings(engine: FakeEngine) -> None:
    note = "Favoured answers lose more than 0.25 nats a token in every cell."
    saved(engine, tables={"texts": []}, notes=[note])

    app = open_page("studies", study=DIGEST)

    assert not app.exception
    assert charts(app) == 1
    assert any("Nobody judged the texts" in info.value for info in app.info)
    assert any("in every cell" in warning.value for warning in app.warning)


def test_the_study_is_queued_with_what_was_asked(
    engine: FakeEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Any] = []

    def submit(config: BehaviourConfig) -> object:
        asked.append(config)
        return engine.jobs.submit("study", "experiment", lambda _progress: "x")

    monkeypatch.setattr(engine, "submit", submit)
    app = open_page("studies")
    app.radio(key="study_form_which").set_value("sentiment").run()
    app.text_input(key="sentiment_layers").set_value("3, 6")
    app.selectbox(key="sentiment_second_judge").set_value("none")
    app.number_input(key="sentiment_max_prompts").set_value(5)

    app.button(key="run_study").click().run()

    assert not app.exception
    given = {"layers": (3, 6), "second_judge": "none", "max_prompts": 5}
    assert asked == [BehaviourConfig(model=asked[0].model, **given)]


def test_card_and_report_tell_the_figures(engine: FakeEngine) -> None:
    saved(engine)
    record = engine.store.load_experiment(DIGEST)

    card = studies.of_study(record, None, f"/studies?study={DIGEST}")
    page = html_behaviours.report(record).decode()

    assert "reference at difference: 75%, p = 0.048" in card.view.recipe["texts judged"]
    assert "both signs: +0.30 (+0.20 to +0.40), p = 0.015" in "".join(card.view.recipe.values())
    assert card.svg.count("<svg ") == 1 + 2
    for told in ("Texts at block 6", "no part in the choice", "apart", DIGEST):
        assert told in page
    assert page.count("<svg ") == 2


@pytest.mark.parametrize("lacking", ["chosen", "evaluations"])
def test_a_record_without_what_is_drawn_is_refused(lacking: str) -> None:
    record = behaviour() | {"digest": DIGEST, "kind": "experiment", "schema_version": 1}
    soundness.check(record, "here")

    with pytest.raises(soundness.StoreError, match=lacking):
        soundness.check({k: v for k, v in record.items() if k != lacking}, "here")
