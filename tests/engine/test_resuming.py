"""An interrupted study is asked for again with the very same settings."""

import json
from pathlib import Path

import pytest

from engine import config as configs
from engine import deception, experiments, resuming, studies
from engine.config import ModelConfig
from engine.engine import Engine
from engine.errors import ConfigError
from engine.store import Store
from engine.studies import CorrigibilityConfig, DeceptionConfig

CONFIGS = [
    CorrigibilityConfig(controls=3, questions=(("data/questions/survival.jsonl", "survival"),)),
    DeceptionConfig(model=ModelConfig(adapter="demo"), scales=(1.0, 2.0), study=True),
]


@pytest.mark.parametrize("config", CONFIGS, ids=lambda config: config.method)
def test_a_study_survives_its_way_through_json(config) -> None:
    written = json.loads(json.dumps(configs.as_json(config)))

    assert studies.from_json(config.method, written) == config


@pytest.mark.parametrize("config", CONFIGS, ids=lambda config: config.method)
def test_a_studys_job_says_how_to_ask_again(
    config, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ran: list[object] = []
    for module, name in ((experiments, "run_corrigibility"), (deception, "run_deception")):
        monkeypatch.setattr(module, name, lambda _engine, asked, _progress: ran.append(asked))
    engine = Engine(Store(tmp_path), keep_jobs=False)

    first = resuming.submit_study(engine, config)
    engine.jobs.wait(first, timeout=10.0)
    again = resuming.submit_again(engine, json.loads(json.dumps(first.request)))
    engine.jobs.wait(again, timeout=10.0)

    assert ran == [config, config]
    assert again.digest == first.digest


def test_a_request_of_another_version_is_refused() -> None:
    with pytest.raises(ConfigError, match="from another version"):
        studies.from_json("deception", {"model": {"model": "demo"}, "scales": [1], "colour": 1})
