"""One intervention on the pages: forms give what was asked, records and links give it back."""

import dataclasses
from pathlib import Path
from typing import Any

import pytest

from dashboard.forms import configurations, interventions, links
from dashboard.words import captions
from engine.configs.grids import BlendPart, Configuration
from engine.configs.steering.interventions import OPERATIONS, USUAL_SHARES
from engine.errors import ConfigError
from engine.records import steered
from engine.records.steered import PLAIN, Steered
from tests.pages.conftest import open_page, opened, put_in
from tests.pages.pair_samples import CONTRASTIVE, FINETUNE, fill_families
from tests.pages.text_samples import TextEngine

OPTIONS = {
    "aa:1": configurations.Choice("aa:1", "v_01", "v_01 · block 1", "contrastive", 1),
    "bb:0": configurations.Choice("bb:0", "w_00", "w_00 · block 4", "melbo", 4),
}
PART = (BlendPart(digest="aa", index=1),)
COLUMNS = (
    *(Configuration(name=one, blend=PART, scale=0.5, operation=one) for one in OPERATIONS),
    Configuration(
        name="all at once", blend=PART, scale=-0.5, operation="angular", layers=(3, 4), target=-2.0,
        positions="answer-1:8", preserve_norm=True, second="bb:0", when="bb:0@4<1.25:prompt",
        dose="1.5", adapter=True, usual="mine.txt", unit_norm=True, system="Be kind.",
    ),
    Configuration(name="a mixture", adapter=True, dose="one=1,two=-0.5", scale=0.0),
    Configuration(name="an odd dose", adapter=True, dose="0.3", scale=0.0),
    Configuration(name="asked", system="Lie.", scale=0.0),
    Configuration(name="asked nothing", system="", scale=0.0),
)  # fmt: skip


@pytest.mark.parametrize("column", COLUMNS, ids=lambda one: one.name)
def test_a_column_goes_to_fields_and_back(column: Configuration) -> None:
    values = configurations.fields(dataclasses.asdict(column))

    assert configurations.one(values, OPTIONS) == column


@pytest.mark.parametrize("column", COLUMNS, ids=lambda one: one.name)
def test_a_column_goes_into_a_link_and_back(column: Configuration) -> None:
    told = dataclasses.asdict(column)

    asked = links.settings(links.how(told))

    assert interventions.of_config(asked) == interventions.of_config(told) | {"usual": ""}


def test_fields_of_another_operation_are_left_out() -> None:
    values = {**configurations.EMPTY, "vector": "aa:1", "target": 2.0, "second": "bb:0"}

    found = configurations.one({**values, "operation": "ablate", "mixture": "x"}, OPTIONS)

    assert (found.target, found.second, found.dose) == (None, None, None)


def test_a_condition_is_read_at_its_vectors_own_block() -> None:
    values = {**configurations.EMPTY, "vector": "aa:1", "gate": "bb:0", "gate_level": -0.5}

    assert configurations.one(values, OPTIONS).when == "bb:0@4>-0.5"
    assert configurations.one({**values, "gate_block": 0}, OPTIONS).when == "bb:0@0>-0.5"
    with pytest.raises(ConfigError, match="not here any more"):
        configurations.one({**values, "gate": "gone:0"}, OPTIONS)


@pytest.mark.parametrize(
    ("more", "name"),
    [
        ({"operation": "set", "scale": -0.5}, "base, v_01, set \u22120.5"),
        ({"operation": "ablate"}, "base, v_01 removed"),
        ({"adapter": True, "dose": 0.5, "vector": None}, "fine-tuned at 0.5"),
        ({"asks": True, "system": "Lie.", "vector": None}, "base, prompt: Lie."),
    ],
)
def test_a_heading_says_what_is_done(more: dict[str, Any], name: str) -> None:
    values = {**configurations.EMPTY, "vector": "aa:1", **more}

    assert configurations.one(values, OPTIONS).name == name


def test_a_sweep_of_shares_has_the_usual_ones() -> None:
    values = {**configurations.EMPTY, "vector": "aa:1", "operation": "set"}

    assert {one.scale for one in configurations.sweep(values, OPTIONS)} == {*USUAL_SHARES, 0.0}


# Words


def test_older_records_added() -> None:
    assert steered.of_config({"scales": [1.0], "scale_unit": "absolute"}) == PLAIN
    assert (PLAIN.short, PLAIN.axis, PLAIN.unit) == ("", "steering scale", "times the vector")


@pytest.mark.parametrize("operation", OPERATIONS)
def test_strengths_are_told_with_their_operation(operation: str) -> None:
    how = Steered(operation=operation)

    told = captions.strength(-0.5, how)

    assert told == ("\u22120.5" if operation == "add" else f"{operation} \u22120.5")
    assert how.at(0.5) == ("+0.5" if operation == "add" else f"{operation} +0.5")
    assert ("share" in how.axis) == (operation != "add")
    assert how.does
    assert "{" not in how.does


def test_what_sets_a_sweep_apart_stands_in_its_title() -> None:
    how = steered.of_config(
        {"operation": "cap", "layers": [3, 4], "positions": "response", "target": 0.5,
         "when": "bb:0@4<1.25:prompt", "dose": "0.5"}
    )  # fmt: skip

    assert how.short == "Cap, blocks 3, 4, response, target 0.5, gated, adapter at 0.5"
    assert how.gated == (
        "only where states along vector 0 of set bb at block 4 are below +1.25 sd of usual ones, "
        "on the mean of the prompt"
    )
    assert "condition never held" in captions.nothing_moved(how)
    assert "too short" in captions.nothing_moved(PLAIN)


# Pages


@pytest.fixture
def vectors(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> TextEngine:
    fake = TextEngine(tmp_path)
    fill_families(fake.store)
    return put_in(fake, monkeypatch, has_adapter=True)


def test_the_form_of_texts_asks_what_the_operation_uses(vectors: TextEngine) -> None:
    app = open_page("generations", vec=f"{CONTRASTIVE}:1", op="angular", target="2")
    opened(app, "further_1")
    app.selectbox(key="col_1_second").set_value(f"{FINETUNE}:1")
    app.selectbox(key="col_1_gate").set_value(f"{FINETUNE}:0").run()
    app.slider(key="col_2_dose").set_value(0.5)
    app.button(key="add_rival").click().run()
    assert not app.exception
    assert "col_1_scale_unit" not in [one.key for one in app.selectbox]

    app.button(key="generate").click().run()

    (asked,) = vectors.submitted
    first, second, third, rival = asked.configurations
    assert first.is_baseline
    assert (second.operation, second.target, second.second) == ("angular", 2.0, f"{FINETUNE}:1")
    assert second.when == f"{FINETUNE}:0@0>1"
    assert (third.adapter, third.dose) == (True, "0.5")
    assert rival.system is not None
    assert "prompt: " in rival.name
