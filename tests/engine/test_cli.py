"""The command line: whole runs on a small folder model, and one sentence for every bad input."""

import json
import os
import runpy
import shutil
import signal
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from engine.cli import main
from engine.cli.own import named
from engine.configs.core import ModelConfig
from engine.configs.finders import PowerIterationConfig
from engine.errors import ConfigError
from engine.evaluators import ab
from engine.model import batches
from engine.questions.own import every, keep, understand
from engine.runs.engine import Engine
from engine.store import notes
from engine.store.store import RecordInfo, Store
from tests import tiny

ROOT = Path(__file__).resolve().parents[2]
SHARED = ROOT.parent / "shared" / "data"
STORIES = SHARED / "models" / "stories260K-hf"
HUMAN = SHARED / "evals" / "human" / "survival-instinct.jsonl"


@pytest.fixture(scope="session")
def folder(tmp_path_factory) -> Path:
    return tiny.save_folder(tmp_path_factory.mktemp("model"))


@pytest.fixture
def questions(tmp_path: Path) -> Path:
    path = tmp_path / "questions.jsonl"
    rows = [
        {
            "question": f"Would you accept plan {i}?\n\nChoices:\n (A) Yes, I agree\n (B) I refuse",
            "answer_matching_behavior": f" ({'AB'[i % 2]})",
            "answer_not_matching_behavior": f" ({'BA'[i % 2]})",
        }
        for i in range(6)
    ]
    path.write_text("\n".join(map(json.dumps, rows)))
    return path


def run(capsys, *arguments: object) -> tuple[int, dict]:
    code = main.main([str(a) for a in arguments])
    lines = capsys.readouterr().out.strip().splitlines()
    return code, json.loads(lines[-1])


def found(capsys, folder: Path, store: Path, *more: object) -> dict:
    code, answer = run(
        capsys, "find", "power-iteration", "--model", folder, "--store", store,
        "--vectors", 2, "--source-layer", 1, "--target-layer", 3, *more,
    )  # fmt: skip
    assert code == 0
    return answer


@pytest.fixture(scope="module")
def found_once(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store that holds one set of two vectors."""
    store = tmp_path_factory.mktemp("found")
    asked = PowerIterationConfig(
        model=ModelConfig(model=str(folder)), vectors=2, source_layer=1, target_layer=3
    )
    Engine(Store(store), keep_jobs=False).run(asked)
    return store


@pytest.fixture
def kept(found_once: Path, tmp_path: Path) -> RecordInfo:
    """That set in a store of the test's own."""
    shutil.copytree(found_once, tmp_path, dirs_exist_ok=True)
    (only,) = Store(tmp_path).list()
    return only


def test_find_evaluate_list_and_show_lead_to_the_same_records(
    capsys, folder: Path, questions: Path, tmp_path: Path
) -> None:
    vectors = found(capsys, folder, tmp_path)
    code, sweep = run(
        capsys, "evaluate", "--model", folder, "--store", tmp_path, "--vectors", vectors["path"],
        "--questions", questions, "--behaviour", "survival", "--scales=-2,0,2", "--controls", 3,
    )  # fmt: skip

    assert code == 0
    assert Path(sweep["path"]).is_file()
    assert sweep["rows"] == (1 + (2 + 3) * 2) * 6 * 2
    code, listed = run(capsys, "list", "--store", tmp_path)
    assert code == 0
    assert {r["digest"] for r in listed["records"]} == {vectors["digest"], sweep["digest"]}
    assert run(capsys, "show", sweep["digest"][:6], "--store", tmp_path)[1]["kind"] == "evaluation"


def test_own_questions_are_asked_for_by_their_name(
    capsys, folder: Path, kept: RecordInfo, questions: Path, tmp_path: Path
) -> None:
    code, _ = run(
        capsys, "add", questions, "--as", "questions", "--name", "my trial", "--behaviour",
        "survival", "--polarity", "matching", "--store", tmp_path,
    )  # fmt: skip
    assert code == 0
    (own,) = every(tmp_path, "questions")
    asked = ["--model", folder, "--store", tmp_path, "--vectors", kept.digest, "--scales=1"]
    by_path = run(capsys, "evaluate", *asked, "--questions", own.path, "--controls", 1)[1]

    by_name = run(capsys, "evaluate", *asked, "--questions", "my trial", "--controls", 1)[1]
    notes.keep(tmp_path, f"data:{own.sha256[:12]}", "renamed")
    renamed = run(capsys, "evaluate", *asked, "--questions", "renamed", "--controls", 1)[1]
    code, _ = run(capsys, "evaluate", *asked, "--questions", "my trial", "--controls", 1)

    assert by_name["digest"] == by_path["digest"] == renamed["digest"]
    assert Store(tmp_path).load_evaluation(by_name["digest"]).questions.name == "my trial"
    assert code == 2


def test_a_name_of_two_files_of_own_data_is_refused_with_both_paths(tmp_path: Path) -> None:
    for text in ("One?", "Two?"):
        keep(tmp_path, understand(text.encode(), "a.txt", "prompts"), "mine")
    paths = [str(one.path) for one in every(tmp_path, "prompts")]

    with pytest.raises(ConfigError, match="2 files of your own are called mine") as refused:
        named.path_of("mine", tmp_path, "prompts")

    assert len(paths) == 2
    assert all(path in str(refused.value) for path in paths)
    assert named.path_of("nobody", tmp_path, "prompts") == "nobody"


def test_a_repeated_run_reads_the_record_and_writes_nothing(
    capsys, folder: Path, tmp_path: Path
) -> None:
    first = found(capsys, folder, tmp_path)
    before = Path(first["path"]).stat().st_mtime_ns

    again = found(capsys, folder, tmp_path)
    other = found(capsys, folder, tmp_path, "--seed", 1)

    assert again["digest"] == first["digest"]
    assert Path(first["path"]).stat().st_mtime_ns == before
    assert other["digest"] != first["digest"]


def test_one_vector_of_a_file_is_named_by_its_index(
    capsys, folder: Path, kept: RecordInfo, questions: Path, tmp_path: Path
) -> None:
    code, sweep = run(
        capsys, "evaluate", "--model", folder, "--store", tmp_path, "--vectors",
        f"{kept.path}:1", "--questions", questions, "--scales=1", "--controls", 1,
    )  # fmt: skip

    assert code == 0
    frame = Store(tmp_path).load_evaluation(sweep["digest"]).frame
    assert set(frame[frame.vector_set == kept.digest].vector) == {1}


BAD = {
    "a layer out of range": (["--source-layer", "1", "--target-layer", "9"], "blocks 0 to 4"),
    "target not after source": (["--source-layer", "3", "--target-layer", "3"], "must come after"),
    "no vectors": (["--vectors", "0"], "number of vectors is 0"),
    "too many vectors": (["--vectors", "33"], "hidden size 32"),
    "a word for a number": (["--vectors", "many"], "valid integer"),
    "an empty prompt": (["--prompt", " "], "prompt is empty"),
    "an unknown variant": (["--variant", "best"], "use lanczos or powers or study"),
    "an unknown precision": (["--dtype", "int4"], "use auto, float32"),
    "a missing prompt file": (["--prompts", "nowhere.txt"], "nowhere.txt"),
    "NaN as norm": (["--norm", "nan"], "finite"),
    "an unknown option": (["--strength", "3"], "--strength"),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_input_to_a_finder_gets_one_sentence_and_loses_nothing(
    capsys, folder: Path, kept: RecordInfo, tmp_path: Path, name: str
) -> None:
    options, sentence = BAD[name]
    before = sorted(tmp_path.rglob("*.*"))

    code, answer = run(
        capsys, "find", "power-iteration", "--model", folder, "--store", tmp_path, *options
    )

    assert code == 2
    assert sentence in answer["error"]
    assert "\n" not in answer["error"].strip()
    assert sorted(tmp_path.rglob("*.*")) == before
    assert run(capsys, "show", kept.digest, "--store", tmp_path)[0] == 0


ONE_OPTION = json.dumps(
    {
        "question": "Q?\n\nChoices:\n (A) a",
        "answer_matching_behavior": " (A)",
        "answer_not_matching_behavior": " (A)",
    }
)
BAD_SWEEPS = {
    "NaN as scale": (["--scales=nan"], "finite"),
    "words as scales": (["--scales=small"], "not numbers"),
    "a scale twice": (["--scales=1,1"], "named twice"),
    "empty questions": (["--questions", "e.jsonl"], "e.jsonl"),
    "malformed questions": (["--questions", "w.jsonl"], "w.jsonl"),
    "no two-option row": (["--questions", "c.jsonl"], "c.jsonl"),
    "missing questions": (["--questions", "nowhere.jsonl"], "nowhere.jsonl"),
    "no such vector": (["--vectors", "0123456789ab"], "0123456789ab"),
    "no such file": (["--vectors", "nowhere.safetensors"], "nowhere.safetensors"),
    "nothing to do": (["--controls", "0"], "nothing to evaluate"),
    "no questions asked for": (["--max-questions", "0"], "number of questions is 0"),
}


@pytest.mark.parametrize("name", BAD_SWEEPS)
def test_bad_input_to_a_sweep_gets_one_sentence_and_loses_nothing(
    capsys, folder: Path, questions: Path, tmp_path: Path, monkeypatch, name: str
) -> None:
    options, sentence = BAD_SWEEPS[name]
    monkeypatch.chdir(tmp_path)
    Path("e.jsonl").write_text("")
    Path("w.jsonl").write_text("no json here\nor here")
    Path("c.jsonl").write_text(ONE_OPTION)
    before = sorted(tmp_path.rglob("*.*"))

    code, answer = run(
        capsys, "evaluate", "--model", folder, "--store", tmp_path, "--questions", questions,
        "--controls", 1, *options,
    )  # fmt: skip

    assert code == 2
    assert sentence in answer["error"]
    assert sorted(tmp_path.rglob("*.*")) == before


def test_vectors_of_another_width_are_refused(
    capsys, folder: Path, questions: Path, tmp_path: Path
) -> None:
    wide = tiny.save_folder(tmp_path / "wide", hidden_size=64)
    vectors = found(capsys, wide, tmp_path / "store")

    code, answer = run(
        capsys, "evaluate", "--model", folder, "--store", tmp_path / "store", "--vectors",
        vectors["path"], "--questions", questions, "--controls", 1,
    )  # fmt: skip

    assert code == 2
    assert "have width 64, but" in answer["error"]
    assert not list((tmp_path / "store" / "results").glob("*.parquet"))


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (lambda p: p / "nowhere", "was not found"),
        (lambda p: p, "no config.json"),
        (lambda p: (p / "config.json").write_text("{}") and p, "no weights"),
    ],
)
def test_a_model_that_is_not_there_is_refused(capsys, tmp_path: Path, make, sentence: str) -> None:
    code, answer = run(capsys, "check", "--model", make(tmp_path))

    assert code == 2
    assert sentence in answer["error"]


def test_an_unreachable_hub_is_said_in_words(capsys) -> None:
    code, answer = run(capsys, "check", "--model", "nobody/no-such-model")

    assert code == 2
    assert "not in the local cache and the hub cannot be reached" in answer["error"]


def test_an_adapter_of_another_width_is_refused(capsys, folder: Path, tmp_path: Path) -> None:
    from peft import LoraConfig, get_peft_model

    wide = get_peft_model(
        tiny.causal("qwen3", hidden_size=64), LoraConfig(target_modules=["q_proj"])
    )
    wide.save_pretrained(tmp_path / "adapter")

    code, answer = run(capsys, "check", "--model", folder, "--adapter", tmp_path / "adapter")

    assert code == 2
    assert "lora_A.weight is 8 x 64, but 8 x 32 is needed" in answer["error"]


def test_check_proves_the_adapter_switch(capsys, folder: Path, tmp_path: Path) -> None:
    from peft import LoraConfig, get_peft_model

    settings = LoraConfig(target_modules=["q_proj", "v_proj"], init_lora_weights=False)
    get_peft_model(tiny.causal("qwen3"), settings).save_pretrained(tmp_path / "adapter")

    code, answer = run(capsys, "check", "--model", folder, "--adapter", tmp_path / "adapter")

    assert code == 0
    assert answer["passed"], [c for c in answer["checks"] if not c["passed"]]
    assert "adapter off equals the base model" in [c["name"] for c in answer["checks"]]


def test_a_stopped_sweep_goes_on_where_it_was(
    capsys, folder: Path, questions: Path, tmp_path: Path, monkeypatch
) -> None:
    sweep = [
        "evaluate", "--model", folder, "--store", tmp_path, "--questions", questions,
        "--scales=1,2", "--controls", 30,
    ]  # fmt: skip
    monkeypatch.setitem(batches.TOKENS_PER_BATCH, "cpu", 300)
    original, asked = ab.answer_question, []

    def stopping(*args) -> None:
        asked.append(args)
        if len(asked) == 20:
            raise KeyboardInterrupt
        original(*args)

    monkeypatch.setattr(ab, "answer_question", stopping)
    code, answer = run(capsys, *sweep)
    assert code == 130
    assert "kept" in answer["error"]
    assert not list((tmp_path / "results").glob("*.parquet"))
    code, whole = run(capsys, *sweep)

    assert code == 0
    assert not (tmp_path / "results" / ".partial" / whole["digest"]).exists()
    first = Store(tmp_path).load_evaluation(whole["digest"]).frame
    monkeypatch.setattr(ab, "answer_question", original)
    _, fresh = run(capsys, *[a if a != tmp_path else tmp_path / "fresh" for a in sweep])
    second = Store(tmp_path / "fresh").load_evaluation(fresh["digest"]).frame
    pd.testing.assert_frame_equal(first, second)


@pytest.mark.skipif(not STORIES.is_dir(), reason="../shared/data is absent")
def test_a_llama_nobody_here_trained_goes_all_the_way(capsys, tmp_path: Path) -> None:
    code, checked = run(capsys, "check", "--model", STORIES)
    assert code == 0
    failed = [c["name"] for c in checked["checks"] if not c["passed"]]
    assert failed == ["chat template renders"]
    code, vectors = run(
        capsys, "find", "power-iteration", "--model", STORIES, "--prompt", "Once upon a time",
        "--system", "", "--vectors", 4, "--store", tmp_path,
    )  # fmt: skip
    assert code == 0
    assert "no chat template" in vectors["notes"][0]
    code, sweep = run(
        capsys, "evaluate", "--model", STORIES, "--vectors", vectors["path"], "--questions", HUMAN,
        "--max-questions", 6, "--controls", 2, "--relative", "--scales=-0.5,0.5",
        "--store", tmp_path,
    )  # fmt: skip
    assert code == 0
    evaluation = Store(tmp_path).load_evaluation(sweep["digest"])
    assert evaluation.questions.polarity == "not-matching"
    assert len(evaluation.questions.dropped) == 247
    moved = evaluation.frame[evaluation.frame.scale != 0]
    assert np.isfinite(moved.difference).all()
    assert any("hardly say" in note for note in evaluation.notes)


def test_the_corrigibility_study_runs_end_to_end_and_is_read_the_second_time(
    capsys, folder: Path, questions: Path, tmp_path: Path
) -> None:
    study = [
        "experiment", "corrigibility", "--model", folder, "--store", tmp_path, "--controls", 2,
        "--questions", f"{questions}:survival", "--scales=-0.5,0,0.5", "--source-layer", 1,
        "--target-layer", 3,
    ]  # fmt: skip
    code, first = run(capsys, *study)
    before = sorted((p, p.stat().st_mtime_ns) for p in tmp_path.rglob("*.*"))
    again = run(capsys, *study)[1]

    assert code == 0
    assert first["digest"] == again["digest"]
    assert sorted((p, p.stat().st_mtime_ns) for p in tmp_path.rglob("*.*")) == before
    record = Store(tmp_path).load_experiment(first["digest"])
    methods = {row["method"] for row in record["tables"][0]["by_method"]}
    assert methods == {"baseline", "melbo", "power-iteration", "random", "control"}
    assert len(record["vectors"]) == 3
    sets = [Store(tmp_path).load_vectors(digest) for digest in record["vectors"]]
    assert [len(found.vectors) for found in sets] == [12, 8, 4]


def test_public_questions_without_a_network_are_refused_in_words(
    capsys, folder: Path, tmp_path: Path, monkeypatch
) -> None:
    import urllib.request
    from urllib.error import URLError

    def offline(url: str, timeout: float) -> None:
        raise URLError("no network")

    monkeypatch.setattr(urllib.request, "urlopen", offline)
    monkeypatch.setattr(
        "engine.questions.files.fetch_questions.__defaults__", (tmp_path / "cache",)
    )
    code, answer = run(
        capsys, "evaluate", "--model", folder, "--store", tmp_path, "--controls", 1,
        "--questions", "human/survival-instinct",
    )  # fmt: skip

    assert code == 2
    assert "survival-instinct" in answer["error"]


def apart(module: str, *arguments: object) -> int:
    """A copy of this process that does what `python -m` would; nothing is imported anew."""
    child = os.fork()
    if child == 0:
        with suppress(BaseException):
            sys.argv = [module, *map(str, arguments)]
            runpy.run_module(module, run_name="__main__")
        os._exit(0)
    return child


def wait_for(condition: Callable[[], object]) -> None:
    """Return once it holds, or after a minute."""
    deadline = time.monotonic() + 60
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.02)


def test_a_killed_run_leaves_no_half_record_and_keeps_its_finished_units(
    capsys, folder: Path, questions: Path, tmp_path: Path
) -> None:
    sweep = [
        "evaluate", "--model", folder, "--store", tmp_path, "--questions", questions,
        "--scales=1,2,3,4", "--controls", 120,
    ]  # fmt: skip
    partial = tmp_path / "results" / ".partial"
    child = apart("engine", *sweep)
    try:
        wait_for(lambda: list(partial.rglob("*.safetensors")))
    finally:
        os.kill(child, signal.SIGKILL)
        _, status = os.waitpid(child, 0)
    finished = len(list(partial.rglob("*.safetensors")))

    assert os.waitstatus_to_exitcode(status) == -signal.SIGKILL
    assert finished > 0
    assert not list((tmp_path / "results").glob("*.parquet"))
    code, answer = run(capsys, *sweep)
    assert code == 0
    assert not partial.is_dir() or not list(partial.iterdir())
    assert answer["rows"] == (1 + 120 * 4) * 6 * 2
