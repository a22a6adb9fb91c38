"""A config as a command and a call, which must ask for that very config again."""

import shlex
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from engine import ROOT
from engine.cli import find
from engine.cli.main import app
from engine.configs import registry
from engine.configs.core import ModelConfig, PromptsConfig
from engine.configs.finders import FinderConfig, MelboConfig, PowerIterationConfig, RandomConfig
from engine.configs.pairs import ContrastiveConfig, FinetuneDiffConfig
from engine.program import spelling
from engine.program.asking import Asking
from engine.store.headers import read_record

LLAMA = ModelConfig(model="smollm2", dtype="bfloat16", date="2020-01-02")
ODD = PromptsConfig(prompts=('-- it\'s "odd"\n$HOME `x` \u00e9',), system=None)
CONFIGS = (
    MelboConfig(model=LLAMA, source_layer=1, target_layer=7, prompts=ODD, returns="last", steps=3),
    PowerIterationConfig(source_layer=0, target_layer=2, tolerance=1e-7, prompts=ODD, vectors=1),
    PowerIterationConfig(prompts=PromptsConfig(prompts=("one", "two"))),
    RandomConfig(source_layer=20, norm=26.168, kind="covariance", seed=7),
    ContrastiveConfig(layers=(3, 4), position="template-2", contrast="system", system=None),
    ContrastiveConfig(model=ModelConfig(adapter="a=b/c"), variant="study", fine_tuned=True),
    ContrastiveConfig(estimator="pca", max_rows=5, negative_system="-be honest"),
    FinetuneDiffConfig(model=ModelConfig(model="smollm2", adapter="./mine"), seed=3),
)


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """The configs that commands would have run."""
    found: list[Any] = []
    monkeypatch.setattr(find.answering, "run", lambda config, *_: found.append(config))
    return found


def called(code: str) -> FinderConfig:
    """The config that a program's call would run."""

    class Engine(Asking):
        def find(self, method: str, **settings: Any) -> Any:
            return self._finder(method, settings)

    names: dict[str, Any] = {"Engine": Engine}
    exec(code.replace("from engine import Engine\n", ""), names)  # noqa: S102
    return names["found"]


def check(config: FinderConfig, asked: list[Any]) -> None:
    assert called(spelling.call(config)) == config
    line = spelling.command(config)
    if line is None:
        assert len(spelling.prompts_of(config)) > 1
        return
    words = shlex.split(line)
    assert words[:4] == ["python", "-m", "engine", "find"]
    told = CliRunner().invoke(app, words[3:])
    assert asked[-1:] == [config], (line, told.output)


@pytest.mark.parametrize("config", CONFIGS, ids=lambda config: config.method)
def test_the_command_and_the_call_ask_for_the_same_config(config, asked) -> None:
    check(config, asked)
    check(replace(config, seed=config.seed + 1), asked)


def test_every_shipped_set_can_be_asked_for_again(asked) -> None:
    paths = sorted((ROOT / "vectors").glob("*.safetensors"))
    assert len(paths) > 20
    seen: dict[str, Path] = {path.name.split("_")[0]: path for path in paths}
    for path in seen.values():
        record = read_record(path)
        check(registry.from_json(record["method"], record["config"]), asked)


def test_a_command_names_no_several_prompts() -> None:
    config = PowerIterationConfig(prompts=PromptsConfig(prompts=("one", "two")))

    assert spelling.command(config) is None
    assert "prompts=['one', 'two']" in spelling.call(config)
