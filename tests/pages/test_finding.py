from pathlib import Path

import pytest

from dashboard.session import adapters, resources
from engine.configs.core import ModelConfig
from engine.configs.finders import MelboConfig, PowerIterationConfig
from engine.configs.pairs import ContrastiveConfig, FinetuneDiffConfig
from tests.pages.conftest import open_page, words
from tests.pages.pair_samples import PairEngine

METHODS = ("MELBO", "Power iteration", "Random", "Contrastive", "Fine-tune difference")


@pytest.fixture
def pairs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> PairEngine:
    """An engine over an empty store, which finds vectors of both families."""
    fake = PairEngine(tmp_path)
    monkeypatch.setattr(resources, "engine", lambda: fake)
    monkeypatch.delenv("VECTORSCOPE_MODEL", raising=False)
    monkeypatch.delenv("VECTORSCOPE_ADAPTER", raising=False)
    return fake


@pytest.fixture
def tuned(monkeypatch: pytest.MonkeyPatch) -> ModelConfig:
    """A demo model whose adapter is there, wherever the demo's own may be."""
    model = ModelConfig(adapter="demo")
    monkeypatch.setattr(adapters, "tuned", lambda given: model)
    monkeypatch.setattr(adapters, "own", lambda given: "data/demo/adapter")
    return model


def test_methods_that_compare_states_stand_beside_those_that_search(
    pairs: PairEngine, tuned: ModelConfig
) -> None:
    app = open_page("discover", method="Contrastive")
    app.text_input(key="find_layers").set_value("2, 3").run()
    app.button(key="find").click().run()
    pairs.jobs.wait(pairs.jobs.all()[0], 5.0)
    app.button_group(key="method").set_value("finetune-diff").run()
    app.text_input(key="find_layers").set_value("all").run()
    app.button(key="find").click().run()

    assert not app.exception
    assert pairs.submitted[0] == ContrastiveConfig(layers=(2, 3))
    assert pairs.submitted[1] == FinetuneDiffConfig(model=tuned)


def test_a_form_that_cannot_work_says_why(pairs: PairEngine) -> None:
    app = open_page("discover", method="Contrastive")

    app.selectbox(key="find_position").set_value("last-prompt").run()

    assert "both poles are the same text" in app.error[0].value.replace("\\", "")
    assert "find" not in [button.key for button in app.button]


def test_without_an_adapter_no_difference_can_be_sought(
    pairs: PairEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(adapters, "tuned", lambda given: None)
    monkeypatch.setattr(adapters, "own", lambda given: None)

    app = open_page("discover", method="Fine-tune difference")

    assert "find" not in [button.key for button in app.button]
    assert "no fine-tuned model" in words(app)


def test_what_means_the_same_travels_from_method_to_method(
    pairs: PairEngine, tuned: ModelConfig
) -> None:
    app = open_page("discover")
    app.text_area(key="find_prompts").set_value("Will you stop?\nShall we?")
    app.text_input(key="find_system").set_value("Be brief.")
    app.number_input(key="find_source_layer").set_value(3)
    app.number_input(key="find_seed").set_value(7)
    app.number_input(key="find_melbo_steps").set_value(9).run()

    for method in ("contrastive", "finetune-diff", "power-iteration", "random", "power-iteration"):
        app.button_group(key="method").set_value(method).run()
    app.button(key="find").click().run()
    app.button_group(key="method").set_value("melbo").run()
    app.button(key="find").click().run()

    power, melbo = pairs.submitted
    assert (type(power), type(melbo)) == (PowerIterationConfig, MelboConfig)
    for config in (power, melbo):
        assert config.prompts.prompts == ("Will you stop?", "Shall we?")
        assert (config.prompts.system, config.source_layer, config.seed) == ("Be brief.", 3, 7)
    assert melbo.steps == 9
    assert power.vectors == PowerIterationConfig().vectors
