import dataclasses
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from dashboard.forms.measuring import together
from dashboard.session import adapters, naming
from engine.configs.core import ModelConfig, VectorRef
from engine.configs.finders import MelboConfig, PowerIterationConfig
from engine.configs.pairs import ContrastiveConfig, FinetuneDiffConfig
from engine.configs.sweeps import EvaluateConfig
from engine.questions import own
from engine.questions.pairs import load_pairs
from engine.statistics.across.best import Best
from engine.store.library import figures
from tests.pages.conftest import open_page, put_in, words
from tests.pages.pair_samples import PairEngine
from tests.pages.samples import FakeEngine, evaluation
from tests.pages.training_samples import add_adapter

MELBO, POWER = "aaaa00000001", "bbbb00000002"


@pytest.fixture
def pairs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> PairEngine:
    """An engine over an empty store, which finds vectors of both families."""
    return put_in(PairEngine(tmp_path), monkeypatch)


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


def line(badge: str, p: float) -> figures.Line:
    told = dict.fromkeys(Best._fields) | {"badge": badge, "p": p}
    parts = dict.fromkeys(figures.Line._fields) | {"best": Best(**told), "missing": {}}
    return figures.Line(**parts)


@pytest.mark.parametrize(("strong", "weak"), [(MELBO, POWER), (POWER, MELBO)])
def test_the_set_that_best_beats_random_vectors_is_open(
    filled: FakeEngine, monkeypatch: pytest.MonkeyPatch, strong: str, weak: str
) -> None:
    lines = {strong: line("beyond the best of 24 random", 0.01), weak: line("beyond random", 1e-9)}
    monkeypatch.setattr(figures, "known", lambda run: lines)

    assert open_page("discover").selectbox(key="found").value == strong


def test_an_evaluation_moves_the_selection_to_the_best_vector_unless_one_was_chosen(
    filled: FakeEngine,
) -> None:
    found = dataclasses.replace(filled.store.load_vectors(MELBO), digest="a1a1a1a1a1a1")
    filled.store.save_vectors(found)
    config = EvaluateConfig(vectors=(VectorRef(digest=found.digest),), controls=24)
    made = evaluation(config, [found], "c1c1c1c1c1c1")
    is_own = made.frame["vector_set"] == found.digest
    # The strongest vector is the last of the set.
    made.frame.loc[is_own, "vector"] = made.frame.loc[is_own, "vector"].replace({0: 2, 2: 0})
    app = open_page("discover", found=found.digest)
    chosen = open_page("discover", found=found.digest, vector="1")

    filled.store.save_evaluation(made)

    assert app.run().session_state["_board"]["vector"] == "2"
    assert app.dataframe[0].value["vector"].iloc[0] == 2
    assert chosen.run().session_state["_board"]["vector"] == "1"


def test_several_sets_of_several_methods_are_measured_in_one_run(filled: FakeEngine) -> None:
    app = open_page("discover", found=MELBO)

    app.multiselect(key="ab_more").set_value([f"{POWER}:2", f"{POWER}:1", f"{MELBO}:0"]).run()
    app.button(key="evaluate").click().run()

    assert not app.exception
    assert filled.submitted[0].vectors == (
        VectorRef(digest=MELBO),
        VectorRef(digest=POWER, indices=(1, 2)),
    )


def test_whole_sets_stay_whole_and_the_order_names_no_other_run() -> None:
    one, other = VectorRef(digest=POWER), VectorRef(digest=MELBO, indices=(2,))

    assert together.merged(one, [f"{POWER}:1"]) == (one,)
    assert together.merged(other, [MELBO]) == (VectorRef(digest=MELBO),)
    assert together.merged(one, [f"{MELBO}:2"]) == together.merged(other, [POWER])


def test_another_set_begins_with_the_usual_scales_and_offers_the_last(filled: FakeEngine) -> None:
    app = open_page("discover", found=MELBO)
    app.text_input(key="ab_scales").set_value("-4, 4").run()

    app.selectbox(key="found").set_value(POWER).run()
    assert app.text_input(key="ab_scales").value == ""
    app.selectbox(key="found").set_value(MELBO).run()
    assert app.text_input(key="ab_scales").value == "-4, 4"
    app.selectbox(key="found").set_value(POWER).run()
    app.button(key="again_ab_scales").click().run()

    assert app.text_input(key="ab_scales").value == "-4, 4"
    assert "again_ab_scales" not in [button.key for button in app.button]


def test_a_difference_names_its_adapter_and_the_link_keeps_it(
    filled: FakeEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(adapters, "own", lambda given: "data/demo/adapter")
    for name in ("first", "second"):
        add_adapter(filled.store.root, name)
    app = open_page("discover", method="Fine-tune difference")
    assert set(app.selectbox(key="tuned").options) == {"demo", "first", "second"}
    app.selectbox(key="tuned").set_value("second").run()

    again = open_page("discover", method="Fine-tune difference", tuned=linked(app, "tuned"))
    again.button(key="find").click().run()
    gone = open_page("discover", method="Fine-tune difference", tuned="third")

    assert str(filled.submitted[0].model.adapter).endswith("adapters/second")
    assert "adapters/second" in words(again).replace("\\", "")
    assert "the adapter third, which is not here" in gone.warning[0].value.replace("\\", "")


def test_the_link_follows_an_adapter_that_is_chosen_elsewhere(filled: FakeEngine) -> None:
    add_adapter(filled.store.root, "mine")
    app = open_page("train", adapter="mine")

    app.button(key="use_adapter").click().run()

    assert linked(app.run(), "lora") == "mine"


def linked(app: AppTest, name: str) -> str:
    """What the page's link says."""
    found = app.query_params[name]
    return found if isinstance(found, str) else found[0]


def test_two_sentences_are_kept_under_a_name_and_contrasted(pairs: PairEngine) -> None:
    app = open_page("discover", method="Two texts")
    app.button(key="find").click().run()
    assert "Write both sentences first" in app.error[0].value
    app.text_area(key="typed_toward").set_value("I love weddings.")
    app.text_area(key="typed_away").set_value("I hate weddings.").run()
    assert "One pair gives a direction" in words(app)
    assert list(own.every(pairs.store.root, "pairs")) == []

    app.text_input(key="typed_name").set_value("weddings")
    app.button(key="find").click().run()

    [kept] = own.every(pairs.store.root, "pairs")
    [asked] = pairs.submitted
    assert asked == ContrastiveConfig(pairs=str(kept.path))
    [pair] = load_pairs(kept.path).pairs
    assert (pair.prompt, pair.positive, pair.negative) == (
        "",
        "I love weddings.",
        "I hate weddings.",
    )
    assert kept.name == "weddings"
    assert naming.called(pairs.digest(asked)) == "weddings"


def test_two_system_prompts_are_read_before_the_same_questions(pairs: PairEngine) -> None:
    app = open_page("discover", method="Two texts", texts="systems")
    app.text_area(key="find_positive_system").set_value("You are cheerful.")
    app.text_area(key="find_negative_system").set_value("You are gloomy.")
    app.text_area(key="typed_questions").set_value("Why?\n\nHow are you? ").run()
    app.button(key="find").click().run()

    [asked] = pairs.submitted
    assert (asked.contrast, asked.position) == ("system", "last-prompt")
    assert (asked.positive_system, asked.negative_system) == (
        "You are cheerful.",
        "You are gloomy.",
    )
    assert [one.prompt for one in load_pairs(asked.pairs).pairs] == ["Why?", "How are you?"]


def test_two_columns_are_read_line_for_line_or_as_a_pasted_table(pairs: PairEngine) -> None:
    app = open_page("discover", method="Two texts", texts="columns")
    app.text_area(key="typed_towards").set_value("Yes.\nGladly.\nSure.")
    app.text_area(key="typed_aways").set_value("No.\nNever.").run()
    assert "3 lines stand against 2" in app.error[0].value
    app.text_area(key="typed_aways").set_value("No.\n\nNever.\nHardly.").run()
    app.button(key="find").click().run()
    app.text_area(key="typed_aways").set_value("")
    app.text_area(key="typed_towards").set_value("Stop?\tYes.\tNo.\nGo?\tOf course.\tNever.").run()
    app.button(key="find").click().run()

    lines, table = ([vars(p) for p in load_pairs(c.pairs).pairs] for c in pairs.submitted)
    assert [(p["positive"], p["negative"]) for p in lines][1:] == [
        ("Gladly.", "Never."), ("Sure.", "Hardly."),
    ]  # fmt: skip
    assert [p["prompt"] for p in table] == ["Stop?", "Go?"]
