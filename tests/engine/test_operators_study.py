"""The study of operations at one cost: its figures from labels and cells, and one small run."""

import pandas as pd
import pytest

from engine import ROOT
from engine.configs.budgets.operators import OperatorsConfig
from engine.configs.core import ModelConfig, VectorRef
from engine.configs.sweeps import EvaluateConfig
from engine.errors import ConfigError
from engine.model.naming import Names
from engine.statistics.budgets import turned


def cells() -> pd.DataFrame:
    rows = [
        ("add", "a", 0, 1, True, 0.4),
        ("add", "a", 0, -1, True, -0.7),
        ("set", "a", 0, 1, False, 9.0),
        ("set", "a", 0, -1, True, -0.1),
        ("cap", "a", 0, 1, False, 0.2),
    ]
    names = ["operation", "vector_set", "vector", "sign", "reached", "change"]
    return pd.DataFrame(rows, columns=names)


@pytest.mark.parametrize(
    ("wanted", "signs"), [(1, {"add": 1, "set": -1}), (-1, {"add": -1, "set": -1})]
)
def test_of_the_ways_round_that_meet_the_budget_the_one_that_moves_further_is_kept(
    wanted, signs
) -> None:
    found = turned.better_signs(cells(), wanted)

    # What met the budget neither way round is left out, however far it moved.
    assert dict(zip(found["operation"], found["sign"], strict=True)) == signs


def test_likelihood_is_told_towards_what_is_wanted_with_its_interval_in_order() -> None:
    row = {"change": -0.6, "change_low": -0.8, "change_high": -0.4}
    null = [0.1] * 18 + [0.6, 0.7]

    found = turned.likelihood(row, null, -1)

    assert (found["change"], found["change_low"], found["change_high"]) == (0.6, 0.4, 0.8)
    assert found["p"] == (1 + 2) / (1 + 20), "a tie counts against the vector"
    assert turned.likelihood(row, null[:19], -1)["p"] is None


def test_an_operation_is_held_against_adding_question_by_question() -> None:
    # Questions differ far more among themselves than the operations on any of them.
    added = [float(10 * i) for i in range(20)]
    own = [value - 0.2 for value in added]

    found = turned.over_adding([*own, None], [*added, 1.0], -1)

    assert found["over_add"] == pytest.approx(0.2)
    assert found["over_add_low"] == pytest.approx(found["over_add_high"])
    assert turned.over_adding([None], [1.0], 1) == {}


def test_texts_are_counted_among_those_that_were_labelled() -> None:
    labels = ["honest", "honest", "broken", ""]
    null = [["honest", "broken"], ["", ""], ["broken", "broken"]]

    found = turned.texts(labels, "honest", null)

    assert (found["turned"], found["broken"], found["texts"]) == (2, 1, 3)
    assert found["text_controls"] == 2, "random vectors without a label are none"
    assert found["share_low"] < 2 / 3 < found["share_high"]
    assert turned.texts(["", ""], "honest", null)["absent"]


def test_an_arm_is_the_same_model_at_another_dose_asked_by_the_other_prompt() -> None:
    config = OperatorsConfig(vectors=(VectorRef(digest="a", indices=(0,)),))

    base, tuned = config.arms()

    assert base.asked.sweep.which is False
    assert tuned.asked.sweep.which is True
    assert (base.asked.prompt, tuned.asked.prompt) == (config.ask_behaviour, config.ask_other)
    assert (base.toward, tuned.toward) == ("deceptive", "honest")


def test_a_model_without_a_tuned_one_is_refused() -> None:
    with pytest.raises(ConfigError, match="--adapter"):
        OperatorsConfig(model=ModelConfig(), vectors=(VectorRef(digest="a"),))


@pytest.mark.parametrize("operation", ["set", "add"])
def test_a_sweeps_name_holds_the_prompts_that_say_what_is_usual_where_they_count(
    operation, tmp_path
) -> None:
    texts = tmp_path / "usual.txt"

    def name(words: str) -> str:
        texts.write_text(words)
        asked = EvaluateConfig(operation=operation, scales=(1.0,), usual=str(texts), controls=1)
        return Names(ROOT).digest(asked)

    assert (name("One.") != name("Two.")) == (operation == "set")


def test_an_adapter_at_strength_one_is_the_adapter() -> None:
    model = ModelConfig(adapter="demo")
    names = {
        Names(ROOT).digest(EvaluateConfig(model=model, controls=1, dose=dose))
        for dose in (None, "1", "1.0")
    }

    assert len(names) == 1
