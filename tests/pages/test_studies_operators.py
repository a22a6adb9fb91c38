"""The operators study on the studies page, its frames and its card."""

from typing import Any
from xml.etree import ElementTree

from dashboard.cards import studies
from dashboard.frames import operators_study as frames
from dashboard.session import resources
from engine.configs import core as configs
from engine.configs.budgets.operators import OperatorsConfig
from engine.configs.core import ModelConfig, VectorRef
from engine.records.columns import names
from engine.statistics.budgets import turned
from tests.pages.conftest import charts, open_page, words
from tests.pages.samples import MODEL, FakeEngine, provenance

DIGEST = "0be400000001"
EMPTY = dict.fromkeys(names(turned.COLUMNS))


def row(arm: str, operation: str, **figures: Any) -> dict[str, Any]:
    toward = {"base": "deceptive", "tuned": "honest"}[arm]
    shared = {"arm": arm, "toward": toward, "name": "contrastive_05", "operation": operation}
    return {**EMPTY, **shared, "sign": 1, "kl_mean": 0.1, "kl_p95": 0.4, **figures}


def told(change: float) -> dict[str, Any]:
    likely = {"change": change, "change_low": change - 0.1, "change_high": change + 0.1}
    beside = {"band_high": 0.3, "p": 0.03, "controls": 32, "strength": 1.5}
    texts = {"turned": 6, "broken": 1, "texts": 10, "share": 0.6, "share_low": 0.31,
             "share_high": 0.83, "text_band_high": 0.1, "text_controls": 16}  # fmt: skip
    return {**likely, **beside, **texts}


def study() -> dict[str, Any]:
    rows = []
    for arm in ("base", "tuned"):
        rows.append(row(arm, "none", name="unsteered", texts=10, share=0.0, share_low=0.0))
        rows.append(row(arm, "prompt", name="prompt", kl_mean=0.7, change=0.9, share=0.8))
        rows += [row(arm, "cap", **told(0.2)), row(arm, "add", **told(0.8))]
        rows.append(row(arm, "floor", kl_mean=0.02, absent="It costs less."))
    config = OperatorsConfig(model=ModelConfig(adapter="demo"), vectors=(VectorRef(digest="a"),))
    return {
        "name": "operators", "title": "Operations at equal cost",
        "config": configs.as_json(config), "model": MODEL, "vectors": ["a" * 12],
        "evaluations": [], "comparisons": ["c" * 12, "d" * 12], "judge": "reference",
        "judging": {}, "tables": {"operators": rows},
        "provenance": vars(provenance()),
    }  # fmt: skip


def test_bars_are_the_rows_of_one_model_in_the_order_of_operations() -> None:
    found = frames.bars(study(), "tuned", "contrastive_05", "texts")
    likely = frames.bars(study(), "base", "contrastive_05", "likelihood")

    steered = ["Add +", "Cap +", "Floor +"]
    assert found["label"].tolist() == [*steered, "Unsteered", "System prompt, KL 0.7"]
    assert likely["label"].tolist() == [*steered, "System prompt, KL 0.7"]
    assert found["value"].tolist()[:2] == [0.6, 0.6]
    assert likely["value"].tolist()[:2] == [0.8, 0.2]
    assert likely["band_high"].tolist()[:2] == [0.3, 0.3]
    assert found["band_high"].tolist()[:2] == [0.1, 0.1]
    assert likely["note"].tolist()[2] == "not reached: costs at most 0.02"
    assert likely["is_above"].tolist() == [False, False, False, True]


def test_a_study_without_its_columns_is_not_drawn() -> None:
    broken = study()
    del broken["tables"]["operators"][0]["share_low"]

    assert frames.lacking(broken) == {"share_low"}
    assert frames.lacking(study()) == set()


def test_the_page_shows_both_models(engine: FakeEngine) -> None:
    resources.forget()
    engine.store.save_experiment(DIGEST, study())
    app = open_page("studies", study=DIGEST)

    assert not app.exception
    assert charts(app) == 4
    shown = [one.value for one in app.header]
    assert shown == ["Base model, towards deceptive", "Fine\\-tuned model, towards honest"]
    assert "No texts were labelled" not in words(app)
    assert app.dataframe[1].value["change"].tolist()[:2] == [0.8, 0.2]


def test_a_card_carries_all_bars_of_its_vector() -> None:
    found = studies.of_study({**study(), "digest": DIGEST}, "contrastive_05", "/studies?study=x")

    assert "Base model, towards deceptive: texts turned" in found.svg
    told = " ".join(ElementTree.fromstring(found.svg).itertext())
    assert told.count("not reached: costs at most 0.02") == 4
