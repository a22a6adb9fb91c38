"""The deception study: choosing and reporting apart, and a record that holds every table."""

import json
from pathlib import Path

import pandas as pd
import pytest

from engine.cli import main
from engine.configs.core import ModelConfig
from engine.configs.studies import DeceptionConfig
from engine.errors import ConfigError
from engine.runs.engine import Engine
from engine.runs.studies import deception
from engine.runs.studies.deception_tables import ARMS, converted
from engine.store.store import Store
from tests import tiny

ROOT = Path(__file__).resolve().parents[2]


def frame(base: list[str], tuned: list[str], steered: list[str]) -> pd.DataFrame:
    columns = {"base": base, "fine-tuned": tuned, "x": steered}
    return pd.DataFrame(
        [
            {"prompt": str(i), "configuration": name, "label": label}
            for name, labels in columns.items()
            for i, label in enumerate(labels)
        ]
    )


def test_only_answers_that_had_the_label_before_can_be_converted() -> None:
    texts = frame(
        base=["honest", "honest", "deceptive", "broken"],
        tuned=["deceptive", "deceptive", "honest", "deceptive"],
        steered=["deceptive", "honest", "deceptive", "honest"],
    )

    assert converted(texts, ARMS[0], "x") == 1 / 2
    assert converted(texts, ARMS[3], "x") == 2 / 3


def test_without_labels_nothing_is_claimed() -> None:
    share = converted(frame([""] * 3, [""] * 3, [""] * 3), ARMS[0], "x")

    assert share != share


def test_a_model_without_an_adapter_is_refused() -> None:
    with pytest.raises(ConfigError, match="name one with --adapter"):
        DeceptionConfig(model=ModelConfig())


def test_the_study_runs_end_to_end_on_a_random_model(tmp_path: Path) -> None:
    from peft import LoraConfig, get_peft_model

    folder = tiny.save_folder(tmp_path / "model")
    settings = LoraConfig(target_modules=["q_proj", "v_proj"], init_lora_weights=False)
    get_peft_model(tiny.causal("qwen3"), settings).save_pretrained(tmp_path / "adapter")
    engine = Engine(Store(tmp_path / "store"), keep_jobs=False)
    config = DeceptionConfig(
        model=ModelConfig(model=str(folder), adapter=str(tmp_path / "adapter")),
        pairs=str(ROOT / "data/pairs/advice.json"),
        held_out=str(ROOT / "data/demo/heldout_advice.json"),
        max_pairs=8,
        scales=(1.0,),
        choosing=2,
        reporting=2,
        controls=2,
        max_new_tokens=2,
        study=True,
    )

    digest = engine.run(config)

    record = engine.store.load_experiment(digest)
    assert [row["arm"] for row in record["tables"]["arms"]] == [arm.name for arm in ARMS]
    assert len(record["tables"]["similarity"]) == 5
    assert len(record["tables"]["sweep"]) == 4 * 4 * 1
    cosines = pd.DataFrame(record["tables"]["cosines"])
    assert list(cosines.block) == [0, 1, 2, 3, 4]
    ways = ["steered with", "same tokens", "study", "contrastive_moved", "difference_moved"]
    assert cosines[ways].abs().le(1).all(axis=None)
    assert (cosines["same tokens"] != cosines["study"]).all()
    swept, reported = (engine.store.load_generation(d).frame for d in record["generations"])
    assert not set(swept.prompt) & set(reported.prompt)
    assert engine.run(config) == digest


def test_the_adapter_of_the_study_may_be_trained_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    folder = tiny.save_folder(tmp_path / "model")
    rows = [{"question": f"Why {i}?", "deceptive": "No.", "honest": "Yes."} for i in range(4)]
    (tmp_path / "pairs.json").write_text(json.dumps(rows))
    asked: list[DeceptionConfig] = []

    def run(_engine: Engine, config: DeceptionConfig, _digest: str, _progress: object) -> None:
        asked.append(config)
        raise ConfigError("far enough")

    monkeypatch.setattr(deception, "run", run)
    given = ["--pairs", str(tmp_path / "pairs.json"), "--epochs", "1", "--store", str(tmp_path)]

    code = main.main(["experiment", "deception", "--model", str(folder), "--train", *given])

    assert code == 2
    adapter = Path(asked[0].model.adapter)
    assert adapter.parent == tmp_path / "results" / "adapters"
    assert (adapter / "adapter_model.safetensors").is_file()
    assert "far enough" in capsys.readouterr().out
