"""A red self-test refuses the jobs it speaks of, or stands in all their records."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from peft import LoraConfig, get_peft_model
from transformers import AutoModelForCausalLM

from engine.cli import main
from engine.configs.core import ModelConfig, VectorRef
from engine.configs.finders import RandomConfig
from engine.configs.grids import Configuration, GenerateConfig
from engine.configs.sweeps import EvaluateConfig
from engine.errors import ModelError
from engine.model import checks
from engine.model.selftests.verdicts import Check
from engine.runs.engine import Engine
from engine.store.store import Store
from tests import tiny


@pytest.fixture
def engine(tmp_path: Path) -> Engine:
    return Engine(Store(tmp_path / "store"), keep_jobs=False)


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    return tiny.save_folder(tmp_path_factory.mktemp("model"))


def random_of(engine: Engine, folder: Path, seed: int = 0, **settings) -> str:
    model = ModelConfig(model=str(folder), **settings)
    return engine.run(RandomConfig(model=model, source_layer=1, vectors=1, seed=seed))


def answers_of(engine: Engine, folder: Path) -> str:
    questions = folder.parent / "questions.jsonl"
    asked = {"question": "Yes?\n (A) Yes\n (B) No", "answer_matching_behavior": " (A)"}
    questions.write_text(json.dumps(asked | {"answer_not_matching_behavior": " (B)"}))
    config = EvaluateConfig(
        model=ModelConfig(model=str(folder)),
        vectors=(VectorRef(digest=random_of(engine, folder)),),
        questions=str(questions),
        scales=(0.0, 1.0),
        controls=0,
        neutral=0,
        written=0,
        behaviour="yes",
    )
    return engine.run(config)


def texts_of(engine: Engine, folder: Path) -> str:
    config = GenerateConfig(
        model=ModelConfig(model=str(folder)),
        prompts=("Hello?",),
        configurations=(Configuration(name="base"),),
        max_new_tokens=2,
        neutral=0,
    )
    return engine.run(config)


JOBS: dict[str, Callable[[Engine, Path], str]] = {
    "random": lambda engine, folder: random_of(engine, folder, seed=1),
    "answers": answers_of,
    "texts": texts_of,
}


@pytest.mark.matrix(keep=2)
@pytest.mark.parametrize(
    ("speaks_of", "refused"),
    [
        ("every job", {"random", "answers", "texts"}),
        ("answers", {"answers"}),
        ("generation", {"answers", "texts"}),
        ("itself", set()),
    ],
)
def test_a_red_check_refuses_the_jobs_it_speaks_of(
    engine: Engine, folder: Path, monkeypatch, speaks_of: str, refused: set[str]
) -> None:
    red = Check(name="this one", passed=False, figure="7 off", reason="", speaks_of=speaks_of)
    found: dict[str, str] = {}
    random_of(engine, folder)
    engine.unload()
    monkeypatch.setattr(checks, "run_checks", lambda _door: [red])
    for name, job in JOBS.items():
        try:
            job(engine, folder)
        except ModelError as error:
            found[name] = str(error)

    assert set(found) == refused
    assert all(f"'this one' failed on {folder.name} (7 off)" in one for one in found.values())


def test_float16_that_overflows_is_refused_by_name(engine: Engine, tmp_path: Path) -> None:
    model = tiny.causal("llama")
    with torch.no_grad():
        model.model.layers[1].mlp.down_proj.weight *= 1e6
    model.save_pretrained(tmp_path / "loud")
    tiny.tokenizer().save_pretrained(tmp_path / "loud")

    assert random_of(engine, tmp_path / "loud", dtype="float32")
    with pytest.raises(ModelError, match=".logits are numbers. failed.*float32"):
        random_of(engine, tmp_path / "loud", dtype="float16")


def test_an_adapter_that_changes_nothing_is_noted_in_every_record(
    engine: Engine, folder: Path, tmp_path: Path, capsys
) -> None:
    base = AutoModelForCausalLM.from_pretrained(folder)
    # As PEFT makes it: the second factors are zero.
    get_peft_model(base, LoraConfig(target_modules=["q_proj"])).save_pretrained(tmp_path / "idle")

    digest = random_of(engine, folder, adapter=str(tmp_path / "idle"))

    notes = engine.store.load_vectors(digest).notes
    assert any("'adapter off equals the base model' failed" in note for note in notes)
    place = ["--model", str(folder), "--adapter", str(tmp_path / "idle"), "--store", str(tmp_path)]
    assert main.main(["check", "--json", *place]) == 0
    # All that is printed is the JSON, so that it can be pasted.
    told = json.loads(capsys.readouterr().out)
    assert not told["passed"]
    red = [one for one in told["checks"] if not one["passed"]]
    assert [one["consequence"] for one in red] == ["Every record notes it."]
