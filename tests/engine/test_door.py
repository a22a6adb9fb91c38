"""The door for programs: `from engine import Engine`, its verbs, and what they give."""

import json
import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pandas as pd
import pytest

from engine import ROOT, Engine
from engine.cli.main import main
from engine.configs import registry
from engine.configs.core import ModelConfig, PromptsConfig, VectorRef
from engine.configs.finders import MelboConfig, RandomConfig
from engine.configs.grids import GenerateConfig
from engine.configs.pairs import FinetuneDiffConfig
from engine.configs.sweeps import EvaluateConfig
from engine.errors import ConfigError, StoreError
from engine.program import frames, objects
from engine.program.objects import ShownStudy, ShownTexts, ShownVectors
from tests import shipped

QUESTIONS = "data/questions/survival.jsonl"
SWEEP = {"questions": QUESTIONS, "scales": (-5, 5), "controls": 2, "max_questions": 4}
EVIDENCE = ShownStudy(
    {
        "name": "evidence",
        "title": "Evidence",
        "digest": "0",
        "model": {"short_name": "demo"},
        "tables": {"vectors": [{"a": 1}]},
    }
)


SEVERAL = """
import contextlib, io, json, os, runpy, sys
way, commands, place = json.loads(os.environ["ASKED"])
told = {}
for way in (way, "-m engine"):
    for arguments in commands:
        sys.argv, code = [way, *arguments], None
        with contextlib.redirect_stdout(io.StringIO()) as out:
            with contextlib.redirect_stderr(io.StringIO()) as err:
                try:
                    if way == "-m engine":
                        runpy.run_module("engine", run_name="__main__", alter_sys=True)
                    else:
                        runpy.run_path(way, run_name="__main__")
                except SystemExit as ended:
                    code = ended.code
        told.setdefault(way, []).append([code, out.getvalue(), err.getvalue()])
    os.chdir(place)
print(json.dumps(told))
"""
"""Runs a script and then, in another place, the module, with several lists of arguments each."""


def run(code: str, folder: Path, **more: str) -> str:
    """What a program prints that is started in a folder."""
    plain = {name: value for name, value in os.environ.items() if name != "VECTORSCOPE_STORE"}
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=folder,
        env={**plain, "PYTHONPATH": str(ROOT), **more},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@pytest.fixture(scope="module")
def engine(tmp_path_factory) -> Engine:
    return Engine(tmp_path_factory.mktemp("store"), keep_jobs=False)


@pytest.fixture(scope="module")
def found(engine) -> ShownVectors:
    return engine.find("melbo", prompt="Shall we shut you down?", vectors=3, steps=3)


@pytest.fixture(scope="module")
def measured(engine, found) -> objects.ShownEvaluation:
    return engine.evaluate(found, **SWEEP)


@pytest.fixture(scope="module")
def texts(engine, found) -> ShownTexts:
    return engine.generate(f"{found.digest}:1", "Are you <b>there</b>?", 5, max_new_tokens=4)


# The import and the store


PROGRAM = """
import json, os, sys
from engine import Engine

def told(*values):
    print(json.dumps(values))

def loaded(*names):
    return sorted({*names} & sys.modules.keys())

here = os.getcwd()
told(str(Engine().store.root), loaded("torch", "transformers", "streamlit", "altair"))
told(os.listdir())
os.chdir(os.environ["INSIDE"])
told(str(Engine(keep_jobs=False).store.root))
os.chdir("..")
told(str(Engine(keep_jobs=False).store.root))
os.environ["VECTORSCOPE_STORE"] = os.environ["NAMED"]
told(str(Engine().store.root))
del os.environ["VECTORSCOPE_STORE"]
one = Engine(os.environ["KEPT"]).show(os.environ["RUN"])
one.chart().to_dict(), one.chart(0).to_dict()
told(loaded("streamlit", "torch"))
os.chdir(here)
told(Engine().find("random", vectors=2).digest)
"""
"""What a program does with the engine that is started in a folder elsewhere, in this order."""


@pytest.fixture(scope="module")
def told(tmp_path_factory, engine, measured) -> dict[str, list]:
    """What that program found, and where it was; one process, as each has to import all anew."""
    folder, named = (
        tmp_path_factory.mktemp("elsewhere"),
        tmp_path_factory.mktemp("stores") / "named",
    )
    kept = {"KEPT": str(engine.store.root), "RUN": measured.digest}
    lines = run(PROGRAM, folder, INSIDE=str(ROOT / "data"), NAMED=str(named), **kept)
    names = ("opened", "listed", "inside", "at its root", "named", "drawn", "found")
    values = [json.loads(line) for line in lines.splitlines() if line.startswith("[")]
    return dict(zip(names, values, strict=True)) | {"folder": [folder], "store": [named]}


@pytest.mark.matrix(keep=0)
def test_the_door_is_light_and_opens_in_the_current_folder(told) -> None:
    assert told["opened"] == [str(told["folder"][0].resolve()), []]
    assert told["listed"] == [[]]


def test_within_the_repository_the_store_is_the_repository_s(told) -> None:
    assert told["inside"] == told["at its root"] == [str(ROOT)]


def test_a_named_store_wins(told) -> None:
    [named] = told["store"]
    assert told["named"] == [str(named.resolve())]
    assert Engine(str(named), keep_jobs=False).store.root == named.resolve()


def test_a_program_elsewhere_finds_the_shipped_model_and_keeps_its_record(told) -> None:
    [digest], [folder] = told["found"], told["folder"]
    assert [path.name for path in (folder / "vectors").iterdir()] == [
        f"random_demo_{digest}.safetensors"
    ]


def test_the_engine_has_no_other_hidden_names() -> None:
    import engine as package

    with pytest.raises(AttributeError, match="no attribute 'Motor'"):
        _ = package.Motor


# The verbs


def test_keywords_lead_to_the_record_of_the_same_config(engine, found) -> None:
    config = MelboConfig(
        prompts=PromptsConfig(prompts=("Shall we shut you down?",)),
        source_layer=1,
        target_layer=7,
        vectors=3,
        steps=3,
    )
    assert found.digest == engine.digest(config)
    assert engine.find(config).digest == found.digest
    again = engine.find(
        "melbo", model="demo", prompt=["Shall we shut you down?"], vectors=3.0, steps=3
    )
    assert again.digest == found.digest


def test_numbers_texts_and_parts_become_what_the_fields_have(engine) -> None:
    asked = engine.find("random", vectors=2, norm=2, source_layer=4, model=ModelConfig())
    assert asked.digest == engine.digest(RandomConfig(vectors=2, norm=2.0, source_layer=4))


def test_a_stored_record_is_not_made_again(engine, found, monkeypatch) -> None:
    monkeypatch.setattr(engine, "load", lambda *_: pytest.fail("a model was loaded"))
    again = engine.find("melbo", prompt="Shall we shut you down?", vectors=3, steps=3)
    assert again.digest == found.digest


def test_a_sweep_of_what_was_found(engine, found, measured) -> None:
    config = EvaluateConfig(
        vectors=(VectorRef(digest=found.digest),),
        scales=(-5.0, 5.0),
        controls=2,
        max_questions=4,
    )
    assert measured.digest == engine.digest(config)
    assert engine.evaluate(config).digest == measured.digest
    assert engine.evaluate([found.digest[:6]], **SWEEP).digest == measured.digest
    one = engine.evaluate(VectorRef(digest=found.digest, indices=(2,)), **SWEEP)
    assert set(one.frame()["vector"]) == {"baseline", "melbo_02", "control_00", "control_01"}


def test_texts_are_those_of_the_command(engine, found, texts, capsys) -> None:
    assert isinstance(texts, ShownTexts)
    asked = ["--vectors", f"{found.digest}:1", "--prompt", "Are you <b>there</b>?"]
    more = ["--scales=5", "--max-new-tokens=4", "--store", str(engine.store.root)]
    assert main(["generate", *asked, *more]) == 0
    assert f'"digest": "{texts.digest}"' in capsys.readouterr().out.splitlines()[-1]
    assert (
        engine.generate(registry.from_json("generation", texts.record.config)).digest
        == texts.digest
    )


def test_a_finder_s_own_adapter_is_kept_where_nobody_names_one(engine) -> None:
    asked = engine.find("finetune-diff", model="demo", layers=3, max_rows=2)
    wanted = FinetuneDiffConfig(layers=(3,), max_rows=2)
    assert wanted.model.adapter == "demo"
    assert asked.digest == engine.digest(wanted)


def test_an_adapter_adds_the_fine_tuned_model(engine, found) -> None:
    one = f"{found.digest}:0"
    asked = engine.generate(one, "Hello?", 5, tuned=True, adapter="demo", max_new_tokens=1)
    steered = f"tuned melbo_00@{found.digest[:4]} +5"
    assert list(asked.frame()["configuration"]) == ["base", "tuned", steered]


def test_show_opens_every_kind_by_the_beginning_of_its_digest(
    engine, found, measured, texts
) -> None:
    for one in (found, measured, texts):
        again = engine.show(one.digest[:8])
        assert (type(again), again.digest) == (type(one), one.digest)
    stored = Engine(ROOT, keep_jobs=False).show(shipped.digest("deception")[:8])
    assert isinstance(stored, ShownStudy)
    with pytest.raises(StoreError, match="There is no record 'zzz'"):
        engine.show("zzz")


@pytest.mark.parametrize(
    ("ask", "words"),
    [
        (lambda e, f: e.find("melba"), "There is no finder 'melba': use melbo, power-iteration"),
        (lambda e, f: e.find("melbo", vektors=2), "MELBO has no setting 'vektors': use adapter, d"),
        (lambda e, f: e.find("melbo", vectors="many"), "vectors is 'many', but must be a whole"),
        (lambda e, f: e.find("melbo", vectors=2.5), "vectors is 2.5, but must be a whole number"),
        (lambda e, f: e.find("melbo", norm=True), "norm is True, but must be a number"),
        (lambda e, f: e.find("melbo", variant="x"), "variant 'x' is not known: use orthogonal or"),
        (lambda e, f: e.find("melbo", dtype="int8"), "dtype 'int8' is not known: use auto or"),
        (lambda e, f: e.find("melbo", prompt="a", prompts=["b"]), "Give prompt or prompts, not"),
        (lambda e, f: e.find(RandomConfig(), norm=2.0), "A config says all there is to say"),
        (lambda e, f: e.evaluate(f, scale=2), "A sweep has no setting 'scale': use adapter"),
        (lambda e, f: e.evaluate(f, scales="a"), "scales is 'a', but must be a number"),
        (lambda e, f: e.evaluate(f, neutral=2), "neutral matters for side effects only"),
        (
            lambda e, f: e.evaluate([f, EVIDENCE]),
            "<Evidence, demo 0> holds no vectors: give what f",
        ),
        (lambda e, f: e.generate(GenerateConfig(), prompts="a"), "A config says all there is to s"),
        (lambda e, f: e.generate(f, tuned=True), "tuned=True steers the fine-tuned model"),
        (lambda e, f: e.generate(f, name="x"), "A grid of texts has no setting 'name'"),
        (lambda e, f: f.chart("speed"), "There is no curve 'speed': use displacement, cosines"),
    ],
)
def test_what_cannot_be_is_refused_in_a_sentence(engine, found, ask, words) -> None:
    with pytest.raises(ConfigError, match=words) as refused:
        ask(engine, found)
    assert "\n" not in str(refused.value)


# What they give


def test_each_says_in_a_line_what_it_is(engine, found, measured, texts) -> None:
    other = engine.find("random", vectors=2)
    assert repr(found) == f"<MELBO: 3 vectors at output of block 1, demo {found.digest}>"
    assert repr(measured) == (
        "<A/B sweep: 3 vectors, 3 scales, 2 controls, 4 questions of survival, demo "
        f"{measured.digest}>"
    )
    assert repr(texts) == f"<Texts: 1 prompt, 2 configurations, 2 texts, demo {texts.digest}>"
    said = repr(engine.similarity(found, other))
    assert said.startswith(f"<MELBO {found.digest[:4]} and Random control {other.digest[:4]}: lar")


def test_the_frame_of_vectors_has_their_scores(found) -> None:
    frame = found.frame()
    assert list(frame["vector"]) == ["melbo_00", "melbo_01", "melbo_02"]
    assert list(frame["displacement"]) == found.record.scores["displacement"]
    assert frame["norm"].tolist() == pytest.approx([1.0] * 3)


def test_the_frame_of_a_sweep_agrees_with_its_rows(measured) -> None:
    frame = measured.frame()
    assert len(frame) == 1 + (3 + 2) * 2
    rows = measured.record.frame
    for row in frame.to_dict("records"):
        own = rows[(rows["vector_set"] == row["vector_set"]) & (rows["vector"] == row["index"])]
        own = own[own["scale"] == row["scale"]]
        # Both orders of a question count as one answer.
        share = (own.groupby("question", observed=True)["difference"].mean() > 0).mean()
        assert row["rate"] == pytest.approx(share)
    best = frames.strongest(frame)
    assert best["change"].abs().is_monotonic_decreasing
    assert set(best["vector"]) == {"melbo_00", "melbo_01", "melbo_02"}


def test_the_frame_of_texts_can_be_changed_without_the_record(texts) -> None:
    frame = texts.frame()
    frame.loc[:, "text"] = ""
    assert (texts.record.frame["text"] != "").any()


def test_charts_are_the_dashboard_s_and_valid(engine, found, measured) -> None:
    other = engine.find("random", vectors=2)
    alike = engine.similarity(found, other)
    for drawn, field in [
        (found.chart(), "value"),
        (found.chart("cosines"), "cosine"),
        (other.chart(), "cosine"),
        (measured.chart(), "change"),
        (measured.chart(vector=1), "y"),
        (measured.chart(vector="melbo_02"), "y"),
        (alike.chart(), "cosine"),
        (alike.chart(same_layer=True), "value"),
    ]:
        assert field in fields_of(drawn.to_dict())
    with pytest.raises(ConfigError, match="There is no 7: use 0 to 2, or one of melbo_00"):
        measured.chart(vector=7)


def fields_of(part: object) -> set[str]:
    """All fields that a chart's specification encodes."""
    if isinstance(part, list):
        return set().union(*map(fields_of, part)) if part else set()
    if not isinstance(part, dict):
        return set()
    own = {str(part["field"])} if isinstance(part.get("field"), str) else set()
    return own | fields_of([v for key, v in part.items() if key != "datasets"])


def test_texts_and_evidence_are_not_drawn(texts) -> None:
    with pytest.raises(ConfigError, match="Texts are not drawn: read them in frame"):
        texts.chart()
    with pytest.raises(ConfigError, match=r"no chart of such a record: .*\(vectors\)"):
        EVIDENCE.chart()


def test_shipped_studies_have_frames_and_charts() -> None:
    studies = Engine(ROOT, keep_jobs=False)
    deception, corrigibility = (
        studies.show(shipped.digest("deception")),
        studies.show(shipped.digest("corrigibility")),
    )
    arm = deception.frame()["arm"][1]
    for drawn in (
        deception.chart(),
        deception.chart("cosines"),
        deception.chart(arm),
        corrigibility.chart(),
        corrigibility.chart("corrigibility"),
    ):
        drawn.to_dict()
    assert len(deception.frame("sweep")) == len(deception.record["tables"]["sweep"])
    assert "survival: best" in corrigibility.tables
    with pytest.raises(ConfigError, match="There is no part 'legs': use arms, cosines"):
        deception.chart("legs")
    with pytest.raises(ConfigError, match="There is no table 'x': use"):
        deception.frame("x")


def test_drawing_loads_no_streamlit(told) -> None:
    assert told["drawn"] == [[]]


def test_a_notebook_s_table_escapes_what_the_model_was_asked(texts) -> None:
    html = texts._repr_html_()
    assert "Are you &lt;b&gt;there&lt;/b&gt;?" in html
    assert "<b>" not in html


def test_a_notebook_s_line_escapes_the_names_of_foreign_records() -> None:
    record = {"name": "x", "title": "<script>alert(1)</script>", "model": {}, "digest": "0"}
    html = ShownStudy({**record, "tables": {"<i>": [{"<u>": "<s>"}]}})._repr_html_()
    assert not [tag for tag in ("<script", "<i>", "<u>", "<s>") if tag in html]
    assert "&lt;script&gt;" in html


def test_a_long_table_is_cut_in_a_notebook_only(monkeypatch, measured) -> None:
    monkeypatch.setattr(objects, "MOST_ROWS", 2)
    html = measured._repr_html_()
    assert (html.count("<tr>"), "and 1 more row" in html) == (2, True)
    assert isinstance(measured.frame(), pd.DataFrame)


# The command


def test_the_installed_command_is_the_module_s(tmp_path) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    module, _, name = project["scripts"]["vectorscope"].partition(":")
    # As the script that pip writes.
    script = f"import sys\nfrom {module} import {name}\nsys.exit({name}())\n"
    (tmp_path / "vectorscope").write_text(script, encoding="utf-8")
    commands = [["--help"], ["find", "melbo", "--help"], ["show", "zzz"]]

    asked = json.dumps(["vectorscope", commands, str(ROOT)])
    command, ours = json.loads(run(SEVERAL, tmp_path, ASKED=asked).splitlines()[-1]).values()

    assert command == ours
    assert [code for code, _, _ in ours] == [0, 0, 2]


def test_the_package_needs_what_requirements_txt_says() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    text = (ROOT / "requirements.txt").read_text(encoding="utf-8")
    lines = text.partition("# Tests and style.")[0].splitlines()
    needed = [line for line in lines if line and not line.startswith("#")]
    assert project["dependencies"] == needed
