"""Commands made from a config's fields: what typer offers, hands over and refuses."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import pytest
import typer
from typer.testing import CliRunner

from engine.cli import from_config, tables
from engine.cli.from_config import Option
from engine.configs.core import ModelConfig, PromptsConfig, RunConfig, VectorRef
from engine.configs.fields import setting
from engine.errors import ConfigError, StoreError


@dataclass(frozen=True, kw_only=True)
class ToyConfig(RunConfig):
    """What the toy does.

    And nothing of this.
    """

    method = "toy"
    title = "Toy"
    model: ModelConfig = field(default_factory=ModelConfig)
    prompts: PromptsConfig = setting(default_factory=PromptsConfig)
    source_layer: int = setting(1, "Block.")
    steps: int = setting(5, "Steps of it.")
    order: Literal["up", "down"] = setting("up", "up or down.")
    way: Literal["near", "far"] = setting("near", "How it goes.", lists_choices=True)
    is_quick: bool = setting(False, "Hurry.")
    unit: Literal["plain", "norms"] = setting(
        "plain", "In norms.", option="relative", flag=("plain", "norms")
    )
    scales: tuple[float, ...] = setting((-1.0, 0.5), "Comma-separated.")
    layers: Literal["all"] | tuple[int, ...] = setting("all", "all, or blocks.")
    name: str | None = setting("N", "Name; empty for none.")
    vectors: tuple[VectorRef, ...] = setting((), "Files.")
    hidden: int = 3
    seed: int = setting(0, "Of every random draw.")


def made(work: Callable[[dict[str, Any]], None], *more: Option) -> typer.Typer:
    app = typer.Typer()
    asked = from_config.options_of(ToyConfig).values()
    app.command("toy")(from_config.command_for(ToyConfig, [*asked, *more], work))
    return app


def given(*arguments: str) -> dict[str, Any]:
    """What the command hands to its work."""
    told: list[dict[str, Any]] = []
    done = CliRunner().invoke(made(told.append), arguments)
    assert done.exit_code == 0, done.output
    return told[0]


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("COLUMNS", "100")
    return CliRunner().invoke(made(lambda _given: None), ["--help"]).output


def line(shown: str, option: str) -> str:
    return next(" ".join(one.split()) for one in shown.splitlines() if f" {option} " in one)


def test_the_help_is_the_first_line_of_the_class(shown: str) -> None:
    assert "What the toy does." in shown
    assert "nothing of this" not in shown


def test_options_stand_in_the_order_of_the_fields_then_model_store_and_seed() -> None:
    assert list(given()) == [
        "prompt", "prompts", "system", "source_layer", "steps", "order", "way", "is_quick",
        "relative", "scales", "layers", "name", "vectors", "model", "adapter", "dtype", "device",
        "date", "store", "seed",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("option", "words"),
    [
        ("--steps", "<int> Steps of it. [default: 5]"),
        ("--source-layer", "<int> Block."),
        ("--order", "<str> up or down. [default: up]"),
        ("--way", "<near|far> How it goes. [default: near]"),
        ("--is-quick", "--no-is-quick <bool> Hurry. [default: no-is-quick]"),
        ("--relative", "--no-relative <bool> In norms. [default: no-relative]"),
        ("--scales", "<str> Comma-separated. [default: -1,0.5]"),
        ("--layers", "<str> all, or blocks. [default: all]"),
        ("--name", "<str> Name; empty for none. [default: N]"),
        ("--vectors", "<list[str]> Files."),
        ("--seed", "<int> Of every random draw. [default: 0]"),
    ],
)
def test_each_kind_of_field_has_its_type_default_and_help(
    shown: str, option: str, words: str
) -> None:
    assert words in line(shown, option).replace("│", "").strip()


def test_a_field_without_a_setting_is_not_offered(shown: str) -> None:
    assert "--hidden" not in shown


def test_what_is_written_becomes_the_config(tmp_path: Path) -> None:
    told = given(
        "--prompt", "Hello?", "--system", "", "--steps", "2", "--order", "down", "--way", "far",
        "--is-quick", "--relative", "--scales=-3,1", "--layers", "2,4", "--name", "", "--seed", "7",
        "--dtype", "bfloat16", "--store", str(tmp_path),
    )  # fmt: skip

    config = from_config.build(ToyConfig, told)

    assert config == ToyConfig(
        model=ModelConfig(dtype="bfloat16"),
        prompts=PromptsConfig(prompts=("Hello?",), system=None),
        steps=2, order="down", way="far", is_quick=True, unit="norms", scales=(-3.0, 1.0),
        layers=(2, 4), name=None, seed=7,
    )  # fmt: skip


def test_where_nothing_is_said_the_config_is_the_usual_one(tmp_path: Path) -> None:
    assert from_config.build(ToyConfig, given("--store", str(tmp_path))) == ToyConfig()


@pytest.mark.parametrize(("model", "block"), [("demo", 1), ("qwen3-14b", 7)])
def test_a_block_that_nobody_names_is_the_models_own(
    tmp_path: Path, model: str, block: int
) -> None:
    config = from_config.build(ToyConfig, given("--store", str(tmp_path), "--model", model))

    assert config.source_layer == block


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--order", "left"], "order 'left' is not known: use up or down."),
        (["--scales", "1,x"], "Scales '1,x' are not numbers"),
        (["--layers", "last"], "Layers 'last' are not known: use all, or blocks as 7,8."),
        (["--dtype", "int3"], "Precision 'int3' is not known: use auto, float32, bfloat16 or"),
        (["--prompt", "a", "--prompts", "b"], "Give --prompt or --prompts, not both."),
        (["--prompt", " "], "The prompt is empty: write one after --prompt."),
    ],
)
def test_a_text_that_is_no_value_is_refused_in_a_sentence(
    tmp_path: Path, arguments: list[str], sentence: str
) -> None:
    told = given("--store", str(tmp_path), *arguments)

    with pytest.raises(ConfigError, match=sentence):
        from_config.build(ToyConfig, told)


def test_a_choice_that_is_listed_is_refused_by_the_command() -> None:
    done = CliRunner().invoke(made(lambda _given: None), ["--way", "up"])

    assert done.exit_code == 2
    assert "'near', 'far'" in done.output


def test_a_command_has_options_and_arguments_of_its_own() -> None:
    told: list[dict[str, Any]] = []
    own = Option("sets", list[str] | None, None, "Sets of it.", is_argument=True)
    switch = Option("twice", bool, False, "Two times.", ("--twice",))

    done = CliRunner().invoke(made(told.append, own, switch), ["a", "b", "--twice"])

    assert done.exit_code == 0, done.output
    assert (told[0]["sets"], told[0]["twice"]) == (["a", "b"], True)


def test_a_study_of_another_version_is_refused_in_a_sentence() -> None:
    with pytest.raises(StoreError, match="'colours' is a study that this version cannot show"):
        tables.experiment({"name": "colours", "tables": []})
