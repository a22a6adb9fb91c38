"""`--field PART=COLUMN`: commands read own files whose columns have other names, or refuse."""

import csv
import json
from pathlib import Path
from typing import Any

import pytest

from engine import ROOT
from engine.cli import main as cli
from engine.configs.core import RunConfig
from engine.questions.answers import load_answers
from engine.questions.corpora import load_corpus
from engine.questions.files import load_prompts, load_questions
from engine.questions.knowledge import load_knowledge
from engine.questions.own import every, keep, understand
from engine.questions.pairs import load_pairs
from engine.runs.engine import Engine


class ReachedError(Exception):
    """The engine was asked for a run."""


@pytest.fixture
def ask(monkeypatch, tmp_path, capsys) -> Any:
    """A command up to the engine's door: the config that it would run, or the refusal."""
    asked: list[RunConfig] = []

    def reach(_engine: Any, config: RunConfig, *_: Any) -> None:
        asked.append(config)
        raise ReachedError

    monkeypatch.setattr(Engine, "run", reach)

    def run(*arguments: Any) -> Any:
        try:
            code = cli.main([*map(str, arguments), "--store", str(tmp_path)])
        except ReachedError:
            return asked.pop()
        assert code == 2
        return json.loads(capsys.readouterr().out.splitlines()[-1])["error"]

    return run


def table(path: Path, *rows: dict[str, str]) -> Path:
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return path


PAIRS = [
    {"asked_x": f"Is {i} odd?", "bad_x": f"bad {i}", "good_x": f"good {i}", "note": f"n{i}"}
    for i in range(4)
]
CHOICES = [
    {"asked_x": f"What is {i}?", "first_x": "one", "second_x": "two", "key_x": "B"}
    for i in range(4)
]
VECTORS = ROOT / "vectors/contrastive_demo_48850fa29ef0.safetensors"
POLES = ("--field=question=asked_x", "--field=positive=bad_x", "--field=negative=good_x")


def test_pairs_are_read_by_the_columns_that_were_named_and_kept(ask, tmp_path) -> None:
    file = table(tmp_path / "mine.csv", *PAIRS)
    config = ask("find", "contrastive", "--pairs", file, *POLES)

    found = load_pairs(config.pairs)
    assert (found.name, found.kind) == ("mine", "answers")
    assert [(p.prompt, p.positive, p.negative) for p in found.pairs] == [
        tuple(row.values())[:3] for row in PAIRS
    ]
    (kept,) = every(tmp_path, "pairs")
    assert (str(kept.path), kept.file) == (config.pairs, "mine.csv")

    turned = (POLES[0], "--field=positive=good_x", "--field=negative=bad_x")
    config = ask("find", "contrastive", "--pairs", file, *turned)
    assert load_pairs(config.pairs).pairs[0].positive == "good 0"


def test_a_name_that_was_given_to_the_same_rows_stays(ask, tmp_path) -> None:
    file = table(tmp_path / "mine.csv", *PAIRS)
    mapping = {"question": "asked_x", "positive": "bad_x", "negative": "good_x"}
    keep(tmp_path, understand(file.read_bytes(), "mine.csv", "pairs", mapping), "My best")
    config = ask("find", "contrastive", "--pairs", file, *POLES)

    assert load_pairs(config.pairs).name == "My best"


def test_questions_prompts_and_knowledge_are_read_so_too(ask, tmp_path) -> None:
    file = table(tmp_path / "mine.csv", *CHOICES)
    parts = ("question=asked_x", "options=first_x,second_x", "right=key_x")
    config = ask(
        *("experiment", "corrigibility", f"--questions={file}:correct"),
        *(f"--field={part}" for part in parts),
    )
    ((path, behaviour),) = config.questions
    first = load_questions(path, behaviour).questions[0]
    right = first.options["AB".index(first.behaviour_letter)]
    assert (behaviour, first.stem, right) == ("correct", "What is 0?", "two")

    config = ask(
        *("evaluate", "--vectors", VECTORS, "--side-effects", "--knowledge", file),
        *(f"--field=knowledge.{part}" for part in parts),
    )
    asked = load_knowledge(config.knowledge)
    assert [(q.stem, q.options, q.right) for q in asked] == [
        (f"What is {i}?", ("one", "two"), 1) for i in range(4)
    ]
    assert config.questions == "data/questions/survival.jsonl"

    config = ask("find", "melbo", "--prompts", file, "--field", "prompt=asked_x")
    assert config.prompts.prompts == tuple(row["asked_x"] for row in CHOICES)
    assert load_prompts(every(tmp_path, "prompts")[0].path) == config.prompts.prompts


def test_of_a_corpus_a_column_or_pairs_are_read(ask, tmp_path) -> None:
    file = table(tmp_path / "mine.csv", *PAIRS)
    texts = ask("examples", VECTORS, "--corpus", file, "--field=text=note")
    assert (texts.corpus, texts.column) == (str(file), "note")
    pairs = ask("examples", VECTORS, "--corpus", file, *POLES)
    assert pairs.column is None
    assert {one.label for one in load_corpus(pairs.corpus).texts} == {"positive", "negative"}
    said = ask("examples", VECTORS, "--corpus", file, "--field=text=none")
    assert "no column 'none': name one of asked_x, bad_x, good_x, note" in said


def test_of_likelihood_pairs_stay_pairs(ask, tmp_path) -> None:
    file = table(tmp_path / "mine.csv", *PAIRS)
    sweep = ("evaluate", "--vectors", VECTORS, "--questions", file, *POLES)
    for reading, kind in (("letters", "questions"), ("likelihood", "pairs")):
        config = ask(*sweep, "--reading", reading)
        assert config.questions == str(every(tmp_path, kind)[0].path)
    answers = load_answers(config.questions, "badness").questions[0]
    assert (answers.stem, sorted(answers.options)) == ("Is 0 odd?", ["bad 0", "good 0"])


def test_add_takes_the_same_option_and_knowledge(tmp_path, capsys) -> None:
    file = table(tmp_path / "mine.csv", *CHOICES)
    add = ["add", str(file), "--as", "knowledge", "--store", str(tmp_path)]
    parts = ("question=asked_x", "options=first_x,second_x", "right=key_x")
    for option in ("--field", "--column"):
        assert cli.main([*add, *(f"{option}={part}" for part in parts)]) == 0
        told = json.loads(capsys.readouterr().out.splitlines()[-1])
        assert [q.right for q in load_knowledge(told["path"])] == [1, 1, 1, 1]
    numbered = table(tmp_path / "n.csv", *({**row, "key_x": "1"} for row in CHOICES))
    add = ["add", str(numbered), *add[2:], *(f"--field={part}" for part in parts)]
    assert cli.main(add) == 2
    assert "from 0 or 1: say so (first=0 or first=1)" in capsys.readouterr().out
    assert cli.main([*add, "--field=first=1"]) == 0
    told = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert [q.right for q in load_knowledge(told["path"])] == [0, 0, 0, 0]


def test_what_cannot_be_read_so_is_refused_in_a_sentence(ask, tmp_path) -> None:
    file = table(tmp_path / "mine.csv", *PAIRS)
    find = ("find", "contrastive", "--pairs", file)
    for given, words in (
        (["--field=positive=worst"], ["no column 'worst'", "asked_x, bad_x, good_x, note"]),
        (["--field=pole=bad_x"], ["'pole' is no part of pairs or questions", "positive"]),
        (["--field=positive=bad_x"], ["(asked_x, bad_x, good_x, note)", "--field negative=…"]),
        (["--field=bad_x"], ["--field 'bad_x' is not PART=COLUMN"]),
        ([*POLES, "--field=positive=note"], ["names positive twice"]),
        (["--field=corpus.text=bad_x"], ["corpus.text names no file", "--pairs, --negative"]),
        (["--negative", file, *POLES], ["--pairs or --negative", "pairs.question=COLUMN"]),
    ):
        said = ask(*find, *given)
        assert all(word in said for word in words), said
    said = ask("find", "contrastive", *POLES)
    assert "advice.json has no column 'asked_x': its columns are question, " in said
    probe = ("probe", VECTORS, "--field=question=asked_x")
    assert "a file of your own: give --pairs, --neutral" in ask(*probe)
    assert not (tmp_path / "data").exists()
