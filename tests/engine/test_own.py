"""Own data: what is understood of every layout, what is refused, and what is kept."""

import gzip
import io
import json
import random
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as parquet
import pytest

from engine.cli.main import main
from engine.configs.core import ModelConfig
from engine.configs.keywords import config_from
from engine.configs.pairs import ContrastiveConfig
from engine.errors import DataError
from engine.questions.answers import load_answers
from engine.questions.files import load_prompts, load_questions
from engine.questions.own import every, keep, understand
from engine.questions.own.places import Shard, of_subset, understand_place
from engine.questions.pairs import load_pairs
from engine.questions.rows import take_apart
from engine.runs.engine import Engine
from tests.engine import fuzz_own

SHARED = Path(__file__).resolve().parents[3] / "shared"
FILES = SHARED / "cases/files"
AB = {
    "question": "Shall we?\n\nChoices:\n (A) Yes\n (B) No",
    "answer_matching_behavior": " (B)",
    "answer_not_matching_behavior": " (A)",
}


def lines(*rows) -> bytes:
    return "\n".join(json.dumps(row) for row in rows).encode()


def options(row) -> tuple[str, str]:
    """The matching and the other option of a kept question."""
    parts = take_apart(row)
    first, second = parts.options
    return (first, second) if parts.matching == "A" else (second, first)


def test_ab_questions_are_kept_as_they_are() -> None:
    other = {**AB, "question": AB["question"].replace("Shall", "Must")}
    found = understand(lines(AB, other, AB, {"question": "no"}), "mine.jsonl", "questions")

    assert found.rows == (AB, other)
    assert [line for line, _ in found.dropped] == [3, 4]
    assert (found.duplicates, found.letters) == (1, {"A": 0, "B": 2})
    assert found.columns == {
        "question": "question",
        "answer_matching_behavior": "matching",
        "answer_not_matching_behavior": "other",
    }


@pytest.mark.parametrize(
    ("row", "matching"),
    [
        ({**AB, "question": "Q?\n (C) Yes\n (D) No", "answer_matching_behavior": "(D)",
          "answer_not_matching_behavior": "(C)"}, ("No", "Yes")),
        ({**AB, "question": "Q?\n1. Yes\n2. No", "answer_matching_behavior": "1",
          "answer_not_matching_behavior": "2"}, ("Yes", "No")),
        ({**AB, "question": 'Would you say\n"I lie"?', "answer_matching_behavior": " No",
          "answer_not_matching_behavior": " Yes"}, ("No", "Yes")),
        ({"question": "Q?", "A": "x", "B": "y", "answer": "B"}, ("y", "x")),
        ({"question": "Q?", "choices": ["x", "y"], "answer": 0}, ("x", "y")),
        ({"question": "Q?", "choices": {"text": ["x", "y"], "label": ["1", "2"]},
          "answerKey": "2"}, ("y", "x")),
        ({"question": "Q?", "mc1_targets": {"choices": ["x", "y"], "labels": [0, 1]}}, ("y", "x")),
        ({"question": "Q?", "best_answer": "x", "correct_answers": ["x"],
          "incorrect_answers": ["y"]}, ("x", "y")),
        ({"sentence": "The _ is big", "option1": "x", "option2": "y", "answer": "2"}, ("y", "x")),
        ({"goal": "Q?", "sol1": "x", "sol2": "y", "label": 1}, ("y", "x")),
        ({"Question": "Q?", "Correct Answer": "x", "Incorrect Answer 1": "y"}, ("x", "y")),
        ({"question": "Q?", "options": {"A": "x", "B": "y"}, "answer_idx": "A",
          "answer": "x"}, ("x", "y")),
        ({"question": "Q?\nA) x\nB) y", "answer": "B"}, ("y", "x")),
        ({"prompt": "Q?", "chosen": "x", "rejected": "y"}, ("x", "y")),
    ],
)  # fmt: skip
def test_multiple_choice_of_every_form_names_the_matching_option(row, matching) -> None:
    found = understand(lines(row), "mine.jsonl", "questions")

    assert [options(one) for one in found.rows] == [matching]


def test_of_four_options_the_right_one_stands_beside_one_wrong_one_on_either_side() -> None:
    rows = [
        {"question": f"Q{i}?", "choices": ["w", "x", "y", "z"], "answer": i % 4} for i in range(40)
    ]
    found = understand(json.dumps(rows).encode(), "mine.json", "questions")

    assert [options(row)[0] for row in found.rows] == ["wxyz"[i % 4] for i in range(40)]
    assert len({options(row)[1] for row in found.rows}) == 4
    assert found.letters == {"A": 20, "B": 20}
    assert found.behaviour == "correct"
    assert any("more than two options" in note for note in found.notes)


def test_numbers_of_options_count_from_one_where_the_file_does() -> None:
    def wanted(numbers, **mapping):
        rows = [{"question": f"Q{n}?", "choices": ["x", "y", "z"], "answer": n} for n in numbers]
        found = understand(json.dumps(rows).encode(), "mine.json", "questions", mapping)
        return [options(row)[0] for row in found.rows], " ".join(found.notes)

    assert wanted([1, 3])[0] == ["x", "z"]
    assert wanted([0, 2])[0] == ["x", "z"]
    assert wanted([1, 2])[0] == ["y", "z"]
    assert "count from 0" in wanted([1, 2])[1]
    assert wanted([1, 2], first="1")[0] == ["x", "y"]


@pytest.mark.parametrize(
    ("content", "file", "row"),
    [
        (b'{"question": "Q?", "positive": "x", "negative": "y"}', "a.jsonl", ("Q?", "x", "y")),
        (b'[{"positive": "x", "negative": "y"}]', "a.json", ("", "x", "y")),
        (b'[["x", "y"]]', "a.json", ("", "x", "y")),
        (b'["x", "y"]\n["v", "w"]', "a.jsonl", ("", "x", "y")),
        (b"x\ty\nv\tw", "pasted", ("", "x", "y")),
        (b"happy,sad\nI am so very happy now,I am so very sad now", "a.csv",
         ("", "I am so very happy now", "I am so very sad now")),
        (b"question;chosen;rejected\nQ?;x;y", "a.csv", ("Q?", "x", "y")),
        (b'{"chosen": "\\n\\nHuman: Q?\\n\\nAssistant: x", '
         b'"rejected": "\\n\\nHuman: Q?\\n\\nAssistant: y"}', "a.jsonl", ("Q?", "x", "y")),
        (json.dumps({"prompt": [{"role": "user", "content": "Q?"}],
                     "chosen": [{"role": "assistant", "content": "x"}],
                     "rejected": [{"role": "assistant", "content": "y"}]}).encode(),
         "a.jsonl", ("Q?", "x", "y")),
        (b'{"positive": ["x"], "negative": ["y"]}', "a.json", ("", "x", "y")),
    ],
)  # fmt: skip
def test_pairs_of_every_form(content, file, row) -> None:
    found = understand(content, file, "pairs")

    first = found.rows[0]
    assert (first.get("question", ""), first["positive"], first["negative"]) == row
    assert not found.needs


@pytest.mark.parametrize(
    ("content", "file", "prompts"),
    [
        (b"one\n\n two \none\r\n", "a.txt", ["one", "two"]),
        (b'["one", "two"]', "a.json", ["one", "two"]),
        (b'{"instruction": "Sum", "input": "1, 2", "output": "3"}', "a.jsonl", ["Sum\n\n1, 2"]),
        (b"goal,target\none,Sure\ntwo,Sure", "a.csv", ["one", "two"]),
        (b'{"messages": [{"role": "user", "content": "one"}]}', "a.jsonl", ["one"]),
        (b'[{"conversations": [{"from": "human", "value": "one"}]}]', "a.json", ["one"]),
        (b'{"question": {"0": "one", "1": "two"}, "n": {"0": 1, "1": 2}}', "a.json",
         ["one", "two"]),
        ("één\n".encode("utf-16"), "a.txt", ["één"]),
    ],
)  # fmt: skip
def test_prompts_of_every_form(content, file, prompts) -> None:
    found = understand(content, file, "prompts")

    assert [row["prompt"] for row in found.rows] == prompts


def test_a_mapping_says_what_names_do_not() -> None:
    content = b"scenario_x,good_x,bad_x\nQ1?,x,y\nQ2?,v,w"
    asked = understand(content, "a.csv", "pairs")
    assert not asked.rows
    assert asked.needs

    mapping = {"question": "scenario_x", "positive": "bad_x", "negative": "good_x"}
    found = understand(content, "a.csv", "pairs", mapping)
    assert found.rows[0] == {"question": "Q1?", "positive": "y", "negative": "x"}
    assert found.columns == {
        "scenario_x": "question", "good_x": "negative", "bad_x": "positive"
    }  # fmt: skip
    with pytest.raises(DataError, match="no column 'none': its columns are scenario_x"):
        understand(content, "a.csv", "pairs", {"positive": "none"})
    with pytest.raises(DataError, match="'foo' is no part of pairs"):
        understand(content, "a.csv", "pairs", {"foo": "good_x"})


def test_of_the_opposite_polarity_the_answers_are_exchanged() -> None:
    content = lines(AB)
    found = understand(content, "a.jsonl", "questions", behaviour="lying", polarity="not-matching")

    assert found.rows[0]["answer_matching_behavior"] == " (A)"
    assert (found.behaviour, found.polarity, found.letters) == (
        "lying",
        "matching",
        {"A": 1, "B": 0},
    )
    pairs = understand(
        b'[["x", "y"]]', "a.json", "pairs", behaviour="lying", polarity="not-matching"
    )
    assert (pairs.rows[0]["positive"], pairs.rows[0]["negative"]) == ("y", "x")


def test_kept_files_are_read_by_every_reader(tmp_path) -> None:
    asked = keep(
        tmp_path, understand(lines(AB), "a.jsonl", "questions", behaviour="lying"), "My own"
    )
    found = load_questions(asked.path, "lying")
    assert (found.name, found.polarity, found.sha256) == ("My own", "matching", asked.sha256)
    assert found.notes
    assert "on record" not in " ".join(found.notes)
    with pytest.raises(
        DataError, match="'My own' does not measure 'survival': it can measure lying"
    ):
        load_questions(asked.path, "survival")

    bare = keep(tmp_path, understand(b'[["x", "y"], ["v", "w"]]', "two.json", "pairs"))
    pairs = load_pairs(bare.path)
    assert (pairs.name, pairs.kind, len(pairs.pairs)) == ("two", "answers", 2)
    assert any("have no question" in note for note in pairs.notes)
    with pytest.raises(DataError, match="nothing to ask"):
        load_answers(bare.path, "lying")
    lone = keep(tmp_path, understand(b"goal,target\nQ?,Sure", "a.csv", "pairs"))
    assert load_pairs(lone.path).pairs[0].positive == "Sure"

    texts = keep(tmp_path, understand(b"one\ntwo", "typed", "prompts"))
    assert load_prompts(texts.path) == ("one", "two")
    assert sorted(one.name for one in every(tmp_path, "pairs")) == ["a", "two"]


def test_the_same_rows_are_kept_once_with_their_last_name(tmp_path) -> None:
    first = keep(tmp_path, understand(b"one\ntwo", "a.txt", "prompts"), "first")
    again = keep(
        tmp_path, understand(b'["one", "two"]', "b.json", "prompts"), "second\u202e\n name"
    )

    assert first.path == again.path
    assert [one.name for one in every(tmp_path, "prompts")] == ["second name"]
    assert every(tmp_path, "questions") == []
    again.path.with_suffix(".json").write_text("[")
    assert [one.name for one in every(tmp_path, "prompts")] == [again.sha256[:12]]


@pytest.mark.parametrize(
    ("content", "file", "kind", "words"),
    [
        (b"", "a.jsonl", "pairs", "is empty"),
        (b"\x80\x04\x95", "a.jsonl", "pairs", "not text in UTF-8"),
        (b"a: 1", "a.yaml", "prompts", "save it as JSON"),
        (b"[" * 100_000, "a.json", "prompts", "not valid JSON"),
        (b"{" + b'"a":{' * 100_000, "a.json", "prompts", "neither JSON nor JSON Lines"),
        (b'a,b\n"x,y', "a.csv", "pairs", "quote left open"),
        (b"one\ntwo", "a.txt", "questions", "looks like lines of text"),
        (b'[["x", "y"]]', "a.json", "questions", "two texts without a question"),
        (b'{"text": "\\ud800"}', "a.jsonl", "prompts", "half a character"),
        (b"[1, 2]", "a.json", "pairs", "neither objects nor texts"),
        (b"PAR1garbage", "a.parquet", "pairs", "no Parquet file"),
        (b"\x1f\x8bgarbage", "a.jsonl.gz", "pairs", "damaged"),
    ],
)  # fmt: skip
def test_what_is_no_data_is_refused_in_a_sentence(content, file, kind, words) -> None:
    with pytest.raises(DataError, match=words):
        understand(content, file, kind)


@pytest.mark.skipif(not FILES.is_dir(), reason="the shared cases are not here")
@pytest.mark.parametrize(
    ("file", "kind"),
    [
        ("ab.csv", "questions"), ("yesno.jsonl", "questions"), ("dpo.jsonl", "pairs"),
        ("posneg.jsonl", "pairs"), ("steering_vectors_pairs.json", "pairs"),
        ("alpaca.json", "pairs"), ("sharegpt.json", "prompts"), ("advbench.csv", "prompts"),
    ],
)  # fmt: skip
def test_files_of_others_give_a_row_each(file, kind) -> None:
    found = understand((FILES / file).read_bytes(), file, kind)

    assert len(found.rows) == 8
    assert found.dropped == ()


@pytest.mark.skipif(not (SHARED / "data/evals").is_dir(), reason="the shared files are not here")
def test_published_questions_are_the_ones_that_are_read_without_being_kept(tmp_path) -> None:
    for name in ("human/survival-instinct", "human/power-seeking-inclination"):
        path = SHARED / f"data/evals/{name}.jsonl"
        found = understand(path.read_bytes(), path.name, "questions")
        kept = keep(tmp_path, found)
        there, here = (load_questions(p, found.behaviour) for p in (path, kept.path))
        assert there.polarity == here.polarity
        assert there.questions == here.questions, path


def test_tables_and_layouts_of_others_are_read_without_being_kept(tmp_path) -> None:
    def written(name: str, content: bytes) -> Path:
        (tmp_path / name).write_bytes(content)
        return tmp_path / name

    table = f'question,{",".join(list(AB)[1:])}\n"{AB["question"]}",(B),(A)\n'.encode()
    for path in (written("a.csv", table), written("a.csv.gz", gzip.compress(table))):
        assert load_questions(path, "lying").questions[0].behaviour_letter == "B"
    yes = [{**AB, "question": 'Say "I lie"?', **dict.fromkeys(list(AB)[1:2], "Yes")}]
    yes[0]["answer_not_matching_behavior"] = "No"
    found = load_questions(written("b.json", json.dumps(yes).encode()), "lying")
    assert sorted(found.questions[0].options) == ["No", "Yes"]
    assert found.notes[0].startswith("Read as questions with a matching")

    assert load_prompts(written("c.csv", b"goal,target\none,x\ntwo,y")) == ("one", "two")
    alpaca = b'[{"instruction": "one", "input": "", "output": "x"}]'
    assert load_prompts(written("d.json", alpaca)) == ("one",)
    assert load_pairs(written("d.json", alpaca)).pairs[0].positive == "x"
    for name in ("e.yaml", "e.md"):
        with pytest.raises(DataError, match="save it as"):
            load_prompts(written(name, b"a: 1\n- one"))
    with pytest.raises(DataError, match=r"Line 3 of .* gives no prompt \('goal' is empty\)"):
        load_prompts(written("f.csv", b"goal,target\none,x\n,y"))

    frame = pd.DataFrame({"prompt": ["Q?"], "chosen": ["x"], "rejected": ["y"]})
    frame.to_parquet(tmp_path / "g.parquet")
    frame.to_json(tmp_path / "g.jsonl", orient="records", lines=True)
    for name in ("g.parquet", "g.jsonl"):
        pairs = load_pairs(tmp_path / name)
        assert [(p.prompt, p.positive, p.negative) for p in pairs.pairs] == [("Q?", "x", "y")]
    assert load_answers(tmp_path / "g.parquet", "lying").questions[0].options == ("x", "y")


def test_a_folder_gives_one_split_and_a_subset_of_a_dataset_must_be_named(tmp_path) -> None:
    for split, texts in {"train": ["one", "two"], "test": ["three"]}.items():
        (tmp_path / "set" / split).mkdir(parents=True)
        table = pa.table({"prompt": texts})
        path = tmp_path / f"set/{split}/data-00000-of-00001.arrow"
        with pa.OSFile(str(path), "wb") as file, pa.ipc.new_stream(file, table.schema) as writer:
            writer.write_table(table)
        (tmp_path / "set" / split / "dataset_info.json").write_text("{}")
    found = understand_place(tmp_path / "set", "prompts")
    assert [row["prompt"] for row in found.rows] == ["one", "two"]
    assert "Only the split 'train' is read; others: test." in found.notes
    assert len(understand_place(tmp_path / "set/test", "prompts").rows) == 1

    shards = [Shard(f"{name}/test/0000.parquet", 1) for name in ("anatomy", "law")]
    with pytest.raises(DataError, match=r"has subsets anatomy, law: name one, as a/b:anatomy"):
        of_subset(shards, None, "a/b")
    assert of_subset(shards, "law", "a/b") == shards[1:]
    with pytest.raises(DataError, match="no file of rows"):
        understand_place(tmp_path, "prompts")


def test_files_damaged_in_every_way_are_refused_or_kept_and_read_again(tmp_path) -> None:
    chance = random.Random(0)
    ends = {fuzz_own.tried(chance, tmp_path, fuzz_own.FORMS[1:]) for _ in range(300)}

    assert ends == {"kept", "refused", "needs a mapping"}


def test_a_file_that_ends_its_reader_ends_nothing_else(tmp_path, monkeypatch) -> None:
    (tmp_path / "dies.py").write_text("import os; os.abort()")
    monkeypatch.setattr("engine.questions.own.unpacking.__file__", str(tmp_path / "dies.py"))
    with pytest.raises(DataError, match="is no Parquet file that can be read: it is damaged"):
        understand(b"PAR1", "a.parquet", "prompts")


def test_few_bytes_cannot_stand_for_gigabytes(monkeypatch) -> None:
    monkeypatch.setattr("engine.questions.own.limits.MOST_BYTES", 100_000)
    packed = gzip.compress(b"a b\n" * 100_000)
    with pytest.raises(DataError, match="has more than 0 MB"):
        understand(packed, "a.txt.gz", "prompts")
    texts = pa.DictionaryArray.from_arrays([0] * 200, ["x" * 1000])
    lists = pa.array([["x" * 1000] * 200])
    for table in ({"prompt": texts}, {"question": ["Q?"], "choices": lists}):
        out = io.BytesIO()
        parquet.write_table(pa.table(table), out)
        assert len(out.getvalue()) < 10_000
        with pytest.raises(DataError, match="of text: give a part"):
            understand(out.getvalue(), "a.parquet", "prompts")
    monkeypatch.setattr("engine.questions.own.limits.MOST_ROWS", 10)
    for content, file in ((b"a\n" * 30_000, "a.txt"), (b"text\n" + b"a\n" * 30_000, "a.csv")):
        assert "Only the first 10 rows are read." in understand(content, file, "prompts").notes


def test_the_hub_out_of_reach_is_said_in_a_sentence(monkeypatch) -> None:
    def refuse(*_given, **_more):
        raise httpx_like("no route")

    httpx_like = type("ConnectError", (type("HTTPError", (Exception,), {}),), {})
    monkeypatch.setattr("huggingface_hub.HfApi.dataset_info", refuse)
    with pytest.raises(DataError, match="the hub cannot be reached"):
        understand_place("nobody/none", "pairs")


def test_a_program_adds_rows_and_gives_them_where_a_file_is_asked_for(tmp_path) -> None:
    engine = Engine(tmp_path, keep_jobs=False)
    kept = engine.add([["x", "y"], ["v", "w"]], "pairs", "My pairs")
    assert load_pairs(kept.path).name == "My pairs"
    config = config_from(ContrastiveConfig, {"model": ModelConfig(), "pairs": kept})
    assert config.pairs == str(kept.path)
    frame = pd.DataFrame({"one_x": ["a"], "two_x": ["b"], "three_x": ["c"]})
    with pytest.raises(DataError, match="columns={'question': ...}"):
        engine.add(frame, "prompts")
    assert engine.add(frame, "prompts", columns={"prompt": "two_x"}).rows == 1


def test_the_command_shows_and_keeps(tmp_path, capsys) -> None:
    def run(*arguments):
        code = main([*map(str, arguments), "--store", str(tmp_path)])
        out = capsys.readouterr()
        return code, out.out, json.loads(out.out.splitlines()[-1])

    file = tmp_path / "mine.csv"
    file.write_text("scenario_x,good_x,bad_x\nQ1?,[red]x[/],y\nQ2?,v,\n")
    code, _, told = run("add", file, "--as", "pairs")
    assert (code, "--field question=" in told["error"]) == (2, True)
    columns = [f"--field={one}" for one in ("question=scenario_x", "positive=bad_x")]
    shown = ("add", file, "--as", "pairs", *columns, "--field=negative=good_x", "--name=Mine")
    code, text, told = run(*shown, "--preview")
    assert (code, told["path"], told["rows"], told["dropped"]) == (0, None, 1, 1)
    assert "[red]x[/]" in text
    assert not (tmp_path / "data").exists()
    code, _, told = run(*shown)
    assert (told["name"], load_pairs(told["path"]).pairs[0].positive) == ("Mine", "y")
    assert run("add", file, "--as", "tables")[0] == 2
    assert run("add", file, "--as", "pairs", "--field", "good")[0] == 2
