"""Settings of configs: told once, offered in order, and read back from JSON by their types."""

import dataclasses
import json
from dataclasses import dataclass, field
from typing import Literal

import pytest

from engine.cli import from_config
from engine.configs import registry
from engine.configs.core import ModelConfig, RunConfig, VectorRef, as_json
from engine.configs.fields import offered, setting, with_default
from engine.configs.values import built
from engine.errors import ConfigError


@dataclass(frozen=True, kw_only=True)
class Base(RunConfig):
    """What is asked first.

    And more.
    """

    method = "base"
    title = "Base"
    model: ModelConfig = field(default_factory=ModelConfig)
    seed: int = setting(0, "Of every draw.")
    steps: int = setting(5, "Steps.", about="Steps of the search.", least=1)
    hidden: int = 3


@dataclass(frozen=True, kw_only=True)
class Derived(Base):
    """What is asked then."""

    steps: int = with_default(Base, "steps", 9)
    word: Literal["up", "down"] = setting("up", "up or down.", before="steps")
    ways: Literal["a", "b"] = setting("a", "Ways.", lists_choices=True)
    is_quick: bool = setting(False, "Whether it hurries.")
    system: str | None = setting("Be kind.", "System; empty for none.")
    scales: tuple[float, ...] = setting((-1.0, 0.5), "Scales.")
    layers: Literal["all"] | tuple[int, ...] = setting("all", "all, or blocks.")
    unit: Literal["plain", "relative"] = setting(
        "plain", "In norms.", option="relative", flag=("plain", "relative")
    )
    vectors: tuple[VectorRef, ...] = ()
    rate: float | None = None


GIVEN = {
    "model": "demo", "dtype": "auto", "device": "auto", "adapter": None, "seed": 4, "steps": 2,
    "word": "down", "ways": "b", "is_quick": True, "system": "", "scales": "1,-2", "layers": "3,4",
    "relative": True,
}  # fmt: skip


def test_settings_are_offered_in_their_order_and_the_seed_last() -> None:
    found = offered(Derived)

    names = ["word", "steps", "ways", "is_quick", "system", "scales", "layers", "unit", "seed"]
    assert [one.name for one in found] == names
    steps = found[1]
    assert (steps.default, steps.about, steps.setting.least) == (9, "Steps of the search.", 1)
    assert (found[0].choices, found[0].about, found[3].label) == (
        ("up", "down"), "up or down.", "Is quick",
    )  # fmt: skip


def test_options_have_the_types_and_defaults_of_the_fields() -> None:
    asked = from_config.options_of(Derived)

    types = {name: (one.hint, one.default) for name, one in asked.items()}
    assert types["steps"] == (int, 9)
    assert types["word"] == (str, "up")
    assert types["ways"] == (Literal["a", "b"], "a")
    assert types["is_quick"] == (bool, False)
    assert types["relative"] == (bool, False)
    assert types["scales"] == (str, "-1,0.5")
    assert types["layers"] == (str, "all")
    assert asked["steps"].help == "Steps."
    assert from_config.about(Base) == "What is asked first."


def test_a_command_builds_its_config() -> None:
    config = from_config.build(Derived, GIVEN)

    expected = Derived(
        seed=4, steps=2, word="down", ways="b", is_quick=True, system=None, scales=(1.0, -2.0),
        layers=(3, 4), unit="relative",
    )  # fmt: skip
    assert config == expected


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"word": "left"}, "word 'left' is not known: use up or down."),
        ({"scales": "1,x"}, "Scales '1,x' are not numbers"),
        ({"layers": "last"}, "Layers 'last' are not known: use all, or blocks as 7,8."),
        ({"dtype": "int3"}, "Precision 'int3' is not known"),
    ],
)
def test_a_value_that_cannot_be_is_refused_in_a_sentence(changed: dict, sentence: str) -> None:
    with pytest.raises(ConfigError, match=sentence):
        from_config.build(Derived, GIVEN | changed)


def test_configs_survive_their_json() -> None:
    config = Derived(
        vectors=(VectorRef(digest="a", indices=(0, 2)), VectorRef(digest="b")),
        layers=(1, 2), rate=2.0, model=ModelConfig(adapter="demo"),
    )  # fmt: skip
    written = json.loads(json.dumps(as_json(config)))

    read = built(Derived, written)

    assert read == config
    assert isinstance(read.vectors[0].indices, tuple)


@pytest.mark.parametrize("run", registry.RUNS, ids=lambda run: run.method)
def test_every_kind_of_run_survives_its_json(run: registry.Run) -> None:
    needed = {"vectors": "abc"} if run.method == "evidence" else {}
    if run.method == "screening":
        grid = registry.find_run("ab").config(vectors=(VectorRef(digest="a"),), controls=0)
        needed = {"sweep": grid}
    if run.method in ("suggest", "blend"):
        refs = tuple(VectorRef(digest="a", indices=(index,)) for index in (0, 1))
        needed = {"sweep": registry.find_run("ab").config(vectors=refs)}
    if run.method == "equal-cost":
        needed = {"sweep": registry.find_run("ab").config(vectors=(VectorRef(digest="a"),))}
    if run.method in ("examples", "operators", "probe", "words"):
        needed = {"vectors": (VectorRef(digest="a"),)}
    config = run.config(**needed)
    written = json.loads(json.dumps(as_json(config)))

    assert registry.from_json(run.method, written) == config
    assert registry.of(config) is run
    assert config.title == run.title
    assert config.task(None)


def test_what_no_config_can_be_is_refused() -> None:
    with pytest.raises(ConfigError, match="from another version"):
        registry.from_json("melbo", {"model": {"model": "demo"}, "colour": 1})
    with pytest.raises(ConfigError, match="from another version"):
        registry.from_json("melbo", {"steps": 3})
    with pytest.raises(ConfigError, match="'nothing' is not known: use melbo"):
        registry.from_json("nothing", {})


def test_every_setting_of_every_run_is_told() -> None:
    for run in registry.RUNS:
        for one in offered(run.config):
            assert one.setting.help.endswith((".", "empty for none.")), (run.method, one.name)
        assert run.config.about, run.method
        names = {one.name for one in dataclasses.fields(run.config)}
        assert set(run.config.files) | set(run.config.added_later) <= names
