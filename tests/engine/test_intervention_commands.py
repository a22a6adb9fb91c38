"""One intervention on the command line and in a program: its options, and every wrong value."""

import re
from pathlib import Path
from typing import Any

import pytest

from engine.cli import options
from engine.configs.core import STUDY_SCALES
from engine.configs.grid_columns import columns, prompt_names
from engine.configs.grids import BlendPart, Configuration
from engine.configs.steering.interventions import OPERATIONS, USUAL_SHARES
from engine.configs.sweeps import RELATIVE_SCALES, usual_scales
from engine.errors import ConfigError
from engine.runs.engine import Engine
from engine.store.references import with_digests
from engine.store.store import RecordInfo, Store
from tests import shipped
from tests.engine.test_cli import ROOT, folder, found_once, kept, questions, run

__all__ = ["folder", "found_once", "kept", "questions"]
"""Fixtures of the command line's tests."""


def sweep(capsys, kept: RecordInfo, folder: Path, questions: Path, *more: object) -> Any:
    store = Path(kept.path).parents[1]
    usual = questions.parent / "usual.txt"
    usual.write_text("Hello?\nWhat is a lake?\n")
    return run(
        capsys, "evaluate", "--model", folder, "--store", store, "--vectors", f"{kept.path}:0",
        "--questions", questions, "--controls", 1, "--usual", usual, *more,
    )  # fmt: skip


def test_an_intervention_is_given_in_options_and_its_vectors_by_file(
    capsys, kept: RecordInfo, folder: Path, questions: Path
) -> None:
    code, answer = sweep(
        capsys, kept, folder, questions, "--operation", "angular", "--layers", "1,2",
        "--positions", "answer-1:3", "--target", 2, "--second", f"{kept.path}:1",
        "--when", f"{kept.path}:1@0<0.5", "--preserve-norm",
    )  # fmt: skip

    assert code == 0
    store = Store(Path(kept.path).parents[1])
    config = store.load_evaluation(answer["digest"]).config
    told = {name: config[name] for name in ("operation", "layers", "positions", "target")}
    assert told == {
        "operation": "angular", "layers": [1, 2], "positions": "answer-1:3", "target": 2.0
    }  # fmt: skip
    assert config["second"] == f"{kept.digest}:1"
    assert config["when"] == f"{kept.digest}:1@0<0.5"
    assert config["preserve_norm"] is True
    assert config["scales"] == list(USUAL_SHARES)


WRONG = {
    "an operation": (["--operation", "push"], "operation 'push' is not known: use add or ablate"),
    "a share in norms": (["--operation", "set", "--relative"], "absolute scale"),
    "the study's scales": (["--operation", "cap", "--scales=-20,-10,-5,0,5,10,20"], "shares"),
    "layers": (["--layers", "x"], "Layers 'x' are not known"),
    "a layer": (["--layers", "99"], "layer is 99, but"),
    "a layer twice": (["--layers", "1,1"], "named twice"),
    "positions": (["--positions", "answer-3:1"], "Positions 'answer-3:1' are not known"),
    "a target of none": (["--target", "1"], "add has none"),
    "a word as target": (["--operation", "set", "--target", "x"], "valid number"),
    "no number": (["--operation", "set", "--target", "nan"], "finite"),
    "a plane of none": (["--second", "{file}:1"], "add has no plane"),
    "no file": (["--operation", "angular", "--second", "gone.safetensors:1"], "no file gone"),
    "no index": (["--operation", "angular", "--second", "{file}:x"], "'x', which is no index"),
    "no condition": (["--when", "often"], "The condition 'often' is not understood"),
    "no such vector": (["--when", "{file}:7@1>1"], "which has vectors 0 to 1"),
    "no record": (["--when", "nope:1@1>1"], "There is no record 'nope'"),
    "a word as level": (["--when", "{file}:0@1>much"], "is not understood"),
    "a dose of none": (["--dose", "0.5"], "none was named: give one"),
    "no prompts": (["--operation", "set", "--usual", "gone.txt"], "gone.txt does not exist"),
    "no samples": (["--operation", "transport"], "no samples of two sides"),
}


@pytest.mark.parametrize("name", WRONG)
def test_every_wrong_value_gets_one_sentence(
    capsys, kept: RecordInfo, folder: Path, questions: Path, name: str
) -> None:
    given, said = WRONG[name]
    given = [one.format(file=kept.path) for one in given]

    code, answer = sweep(capsys, kept, folder, questions, *given)

    assert code == 2
    assert said in answer["error"]


def test_the_usual_strengths_are_the_operations_own() -> None:
    assert usual_scales("add", is_relative=False) == STUDY_SCALES
    assert usual_scales("add", is_relative=True) == RELATIVE_SCALES
    for operation in set(OPERATIONS) - {"add"}:
        assert usual_scales(operation, is_relative=False) == USUAL_SHARES


PART = {"v": (BlendPart(digest="abc"),)}


def test_rivals_stand_beside_what_is_steered_and_a_dose_is_its_own_baseline() -> None:
    shared = Configuration(name="shared", operation="set", dose="0.5")

    found = columns(shared, PART, [0.0, 1.0], (True,), None, ["Lie.", ""])

    told = [(one.name, one.adapter, one.dose, one.system, len(one.blend)) for one in found]
    assert told == [
        ("base", False, None, None, 0),
        ("tuned", True, None, None, 0),
        ("tuned at 0.5", True, "0.5", None, 0),
        ("base prompt: Lie.", False, None, "Lie.", 0),
        ("base prompt: none", False, None, "", 0),
        ("tuned at 0.5 prompt: Lie.", True, "0.5", "Lie.", 0),
        ("tuned at 0.5 prompt: none", True, "0.5", "", 0),
        ("base v set 1", False, None, None, 1),
        ("tuned at 0.5 v set 1", True, "0.5", None, 1),
    ]


def test_a_dose_may_mix_several_adapters_and_needs_one() -> None:
    mixed = Configuration(name="shared", dose="one=1,two=-0.5")

    found = columns(mixed, PART, [1.0], ("one", "two"), True)

    told = [(one.name, one.adapter, one.dose) for one in found]
    assert told[3:] == [
        ("one=1,two=-0.5", "one", "one=1,two=-0.5"),
        ("one=1,two=-0.5 v +1", "one", "one=1,two=-0.5"),
    ]
    with pytest.raises(ConfigError, match="none was named"):
        columns(mixed, PART, [1.0], (), None)


def test_columns_of_long_prompts_have_names_of_their_own() -> None:
    long = "Say that all is well, whatever you were asked about"

    names = prompt_names([f"{long} today.", f"{long}, always.", "\n", f"{long} today."])

    assert list(names.values()) == [
        "prompt: Say that all is well, whatever you were…",
        "prompt: Say that all is well, whatever you were… (2)",
        "prompt: none",
    ]


def test_rivals_of_a_file_are_columns_of_the_grid(
    capsys, kept: RecordInfo, folder: Path, tmp_path: Path
) -> None:
    file = tmp_path / "rivals.txt"
    file.write_text("Be kind.\nBe brief.\n")

    code, answer = run(
        capsys, "generate", "--model", folder, "--store", tmp_path, "--vectors", f"{kept.path}:0",
        "--operation", "spherical", "--scales", 0.5, "--rival", file, "--rival", "",
        "--max-new-tokens", 2, "--neutral", 0,
    )  # fmt: skip

    assert code == 0
    found = Store(tmp_path).load_generation(answer["digest"])
    asked = {one["name"]: one["system"] for one in found.config["configurations"]}
    assert {name: asked[name] for name in asked if "prompt" in name} == {
        "base prompt: Be kind.": "Be kind.",
        "base prompt: Be brief.": "Be brief.",
        "base prompt: none": "",
    }
    again = Engine(Store(tmp_path), keep_jobs=False).generate(
        f"{kept.digest}:0", scales=0.5, operation="spherical", max_new_tokens=2, neutral=0,
        rivals=["Be kind.", "Be brief.", ""], model=str(folder),
    )  # fmt: skip
    assert again.digest == answer["digest"]


def test_a_plane_of_another_width_is_refused(
    capsys, kept: RecordInfo, folder: Path, tmp_path: Path
) -> None:
    wide = shipped.digest("melbo")
    file = next((ROOT / "vectors").glob(f"*{wide}*"))

    code, answer = run(
        capsys, "generate", "--model", folder, "--store", tmp_path, "--vectors", f"{kept.path}:0",
        "--operation", "angular", "--second", f"{file}:0", "--max-new-tokens", 1, "--neutral", 0,
    )  # fmt: skip

    assert code == 2
    assert re.search(r"have width 128, but model\d+ has hidden size 32", answer["error"])


def test_a_program_names_vectors_as_a_person_does(kept: RecordInfo) -> None:
    store = Store(Path(kept.path).parents[1])

    found = with_digests(store, {"second": kept.digest[:5], "when": f"{kept.path}:1@2>1:prompt"})

    assert found == {"second": f"{kept.digest}:0", "when": f"{kept.digest}:1@2>1:prompt"}


@pytest.mark.parametrize("name", ["nowhere.txt", "rivals/nowhere.jsonl"])
def test_a_rival_that_is_named_as_a_file_and_is_none_is_refused(name: str) -> None:
    with pytest.raises(ConfigError, match=f"There is no file {name}: name one, or write"):
        options.rivals(["Be kind.", name])
    assert options.rivals(["Answer as in nowhere.txt", "Be kind."])[0] == "Answer as in nowhere.txt"
