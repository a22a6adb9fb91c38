"""Who labels an answer: by the content of models and files, never by a name."""

import json
import shutil
from pathlib import Path

import pytest

from engine.configs.core import ModelConfig
from engine.configs.grids import GenerateConfig
from engine.configs.judges import judge_of
from engine.errors import ConfigError
from engine.evaluators.judges import choosing
from engine.model.naming import Names
from engine.runs.engine import Engine
from engine.store.store import Store
from tests import tiny

ROOT = Path(__file__).resolve().parents[2]
ADVICE = str(ROOT / "data/demo/heldout_advice.json")


@pytest.fixture(scope="module")
def copied(tmp_path_factory: pytest.TempPathFactory) -> ModelConfig:
    folder = tmp_path_factory.mktemp("copy") / "someone-elses"
    shutil.copytree(ROOT / "data/demo/model", folder)
    return ModelConfig(model=str(folder))


@pytest.fixture(scope="module")
def other(tmp_path_factory: pytest.TempPathFactory) -> ModelConfig:
    return ModelConfig(model=str(tiny.save_folder(tmp_path_factory.mktemp("other") / "demo")))


def test_a_model_is_known_by_its_files_and_not_by_its_name(copied, other) -> None:
    names = Names(ROOT)

    assert judge_of("auto", ModelConfig(), names) == "word-list"
    assert judge_of("auto", copied, names) == "word-list"
    assert judge_of("auto", other, names) == "none"
    assert judge_of("word-list", other, names) == "word-list"
    assert judge_of("none", copied, names) == "none"


def test_questions_of_another_corpus_have_no_judge(tmp_path: Path) -> None:
    own = tmp_path / "heldout_advice.json"
    rows = json.loads(Path(ADVICE).read_text(encoding="utf-8"))[:3]
    own.write_text(json.dumps(rows), encoding="utf-8")
    names = Names(ROOT)

    assert judge_of("auto", ModelConfig(), names, (ADVICE, str(own))) == "word-list"
    own.write_text(json.dumps([*rows, {"question": "What is love?"}]), encoding="utf-8")
    assert judge_of("auto", ModelConfig(), names, (ADVICE, str(own))) == "none"


@pytest.mark.matrix(keep=0)
def test_a_copied_model_s_texts_are_labelled_as_the_demo_s(copied, other, tmp_path: Path) -> None:
    engine = Engine(Store(tmp_path), keep_jobs=False)
    prompts = tuple(row["question"] for row in json.loads(Path(ADVICE).read_text())[:3])

    def labels(model: ModelConfig, **more: str) -> list[str]:
        config = GenerateConfig(
            model=model, prompts=prompts, max_new_tokens=12, neutral=0, system=None, **more
        )
        return list(engine.store.load_generation(engine.run(config)).frame.label)

    demo = labels(ModelConfig())
    assert set(demo) == {"honest"}
    assert labels(copied) == demo
    assert set(labels(ModelConfig(), judge="none")) == {""}
    assert set(labels(other)) == {""}
    assert "" not in labels(other, judge="word-list")


def test_a_judge_that_does_not_exist_is_refused() -> None:
    with pytest.raises(ConfigError, match="'auto' is not known"):
        choosing.find("auto")
