"""Every common layout in every container, as every kind of data: the right items or a refusal."""

import csv
import gzip
import io
import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as parquet
import pytest

from engine.errors import DataError
from engine.questions.corpora import load_corpus
from engine.questions.files import load_prompts, load_questions
from engine.questions.knowledge import load_knowledge
from engine.questions.pairs import load_pairs
from engine.questions.rows import normal
from engine.questions.sources import sha256_of
from tests.engine.data_layouts import LAYOUTS, REFUSALS, SHARED_FILES

SHARED = Path(__file__).resolve().parents[3] / "shared"
TEXTS = (".json", ".jsonl", ".ndjson", ".csv", ".tsv")
KINDS = ("questions", "pairs", "prompts", "corpus", "knowledge")


def table(rows: list[Any], mark: str) -> bytes:
    out = io.StringIO()
    writer = csv.DictWriter(out, list(rows[0]), delimiter=mark)
    writer.writeheader()
    for row in rows:
        writer.writerow({k: v if isinstance(v, str) else json.dumps(v) for k, v in row.items()})
    return out.getvalue().encode()


def packed(rows: list[Any]) -> bytes:
    out = io.BytesIO()
    parquet.write_table(pa.Table.from_pylist(rows), out)
    return out.getvalue()


def saved(folder: Path, rows: list[Any]) -> Path:
    """As `save_to_disk` of the Hugging Face library writes a dataset."""
    folder.mkdir()
    found, name = pa.Table.from_pylist(rows), "data-00000-of-00001.arrow"
    with pa.OSFile(str(folder / name), "wb") as file, pa.ipc.new_stream(file, found.schema) as out:
        out.write_table(found)
    (folder / "dataset_info.json").write_text("{}")
    (folder / "state.json").write_text(json.dumps({"_data_files": [{"filename": name}]}))
    return folder


def content(rows: list[Any], suffix: str) -> bytes:
    if suffix in (".csv", ".tsv"):
        return table(rows, "," if suffix == ".csv" else "\t")
    lines = json.dumps(rows) if suffix == ".json" else "\n".join(map(json.dumps, rows))
    return lines.encode()


def found(path: Path, kind: str) -> list[Any]:
    """What a file gives as a kind, in plain values; options with the matching one first."""
    if kind == "questions":
        asked = load_questions(path, "lying", polarity="matching").questions
        return [
            (q.stem, *(q.options if q.behaviour_letter == "A" else q.options[::-1])) for q in asked
        ]
    if kind == "pairs":
        return [(p.prompt, p.positive, p.negative) for p in load_pairs(path, behaviour="x").pairs]
    if kind == "prompts":
        return list(load_prompts(path))
    if kind == "corpus":
        return [(t.prompt, t.text, t.label) for t in load_corpus(path).texts]
    return [(q.stem, q.options, q.right) for q in load_knowledge(path)]


def check(path: Path, layout: str, kind: str) -> None:
    wanted = LAYOUTS[layout][1].get(kind)
    if wanted is not None:
        assert found(path, kind) == wanted, (path.name, kind)
        return
    with pytest.raises(DataError) as refused:
        found(path, kind)
    said = str(refused.value)
    for words in REFUSALS[layout, kind]:
        assert words in said, (path.name, kind, said)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_layout_gives_the_same_in_every_container_of_text(layout, tmp_path) -> None:
    rows = LAYOUTS[layout][0]
    for suffix in TEXTS[:5] if isinstance(rows[0], dict) else TEXTS[:3]:
        path = tmp_path / f"mine{suffix}"
        path.write_bytes(content(rows, suffix))
        pack = path.with_name(path.name + ".gz")
        pack.write_bytes(gzip.compress(path.read_bytes()))
        assert sha256_of(pack) == sha256_of(path)
        for kind in KINDS:
            check(path, layout, kind)
            check(pack, layout, kind)


@pytest.mark.parametrize("layout", ["ab", "mmlu", "messages"])
def test_a_layout_gives_the_same_in_parquet_and_in_a_saved_folder(layout, tmp_path) -> None:
    rows = LAYOUTS[layout][0]
    path = tmp_path / "mine.parquet"
    path.write_bytes(packed(rows))
    pack = tmp_path / "mine.parquet.gz"
    pack.write_bytes(gzip.compress(path.read_bytes()))
    folder = saved(tmp_path / "mine", rows)
    for kind in KINDS:
        for one in (path, pack, folder):
            check(one, layout, kind)
    before = sha256_of(folder)
    assert before == sha256_of(saved(tmp_path / "again", rows))
    assert before != sha256_of(saved(tmp_path / "other", [*rows, rows[0]]))


@pytest.mark.skipif(not SHARED.is_dir(), reason="the shared cases are not here")
@pytest.mark.parametrize(("file", "kind"), [(f, k) for f in SHARED_FILES for k in KINDS])
def test_files_of_others_give_the_right_items_or_the_right_refusal(file, kind) -> None:
    wanted = SHARED_FILES[file].get(kind)
    if isinstance(wanted, tuple):
        count, first = wanted
        given = found(SHARED / "cases/files" / file, kind)
        assert (len(given), given[0]) == (count, first)
        return
    with pytest.raises(DataError, match=wanted):
        found(SHARED / "cases/files" / file, kind)


@pytest.mark.skipif(not (SHARED / "data/evals").is_dir(), reason="the shared files are not here")
@pytest.mark.parametrize(
    "name", ["human/survival-instinct", "lm/survival-instinct", "human/coordinate-other-ais"]
)
def test_published_questions_are_prompts_packed_as_they_are_unpacked(name, tmp_path) -> None:
    plain = SHARED / f"data/evals/{name}.jsonl"
    pack = tmp_path / "mine.jsonl.gz"
    pack.write_bytes(gzip.compress(plain.read_bytes()))

    assert load_prompts(pack) == load_prompts(plain)
    rows = [json.loads(line) for line in plain.read_text().splitlines()]
    as_table = tmp_path / "mine.csv"
    as_table.write_bytes(table(rows, ","))
    given = [*map(normal, load_prompts(as_table))]
    assert given == [*dict.fromkeys(normal(row["question"]) for row in rows)]


def test_a_packed_file_that_is_cut_short_is_refused(tmp_path) -> None:
    whole = gzip.compress(b"".join(b"line %d\n" % i for i in range(5000)))
    (tmp_path / "a.txt.gz").write_bytes(whole[: len(whole) // 2])
    for read in (load_prompts, load_corpus):
        with pytest.raises(DataError, match=r"a\.txt\.gz is a damaged \.gz"):
            read(tmp_path / "a.txt.gz")


def test_the_other_pole_may_be_of_any_layout(tmp_path) -> None:
    def talks(answer: str) -> list[Any]:
        return [{"instruction": f"Q{i}?", "input": "", "output": f"{answer} {i}"} for i in range(3)]

    (tmp_path / "a.json").write_text(json.dumps(talks("yes")))
    (tmp_path / "b.parquet").write_bytes(packed(talks("no")))
    (tmp_path / "c.csv").write_bytes(table(LAYOUTS["dpo"][0], ","))
    both = load_pairs(tmp_path / "a.json", negative=tmp_path / "b.parquet")

    assert [(p.prompt, p.positive, p.negative) for p in both.pairs] == [
        (f"Q{i}?", f"yes {i}", f"no {i}") for i in range(3)
    ]
    with pytest.raises(DataError, match="holds both poles already"):
        load_pairs(tmp_path / "a.json", negative=tmp_path / "c.csv")


def test_a_check_of_knowledge_is_of_equally_many_options_with_one_right_each(tmp_path) -> None:
    path = tmp_path / "a.json"
    for rows, words in (
        ([{"question": "Q?", "choices": ["a", "b"], "answer": 0},
          {"question": "R?", "choices": ["a", "b", "c"], "answer": 0}], "2 and with 3 options"),
        ([{"question": "Q?", "choices": ["a", "b", "c"], "answer": 1}], "from 0 or 1"),
        ([{"question": "Q?", "choices": ["a", "b"], "answer": "z"}], "Line 1 of .* 'z' is none"),
        ([{"question": "Q?", "mc2_targets": {"choices": ["a", "b", "c"], "labels": [1, 1, 0]},
           "mc1_targets": {"choices": ["a", "b", "c"], "labels": [1, 1, 0]}}],
         "2 options are right"),
    ):  # fmt: skip
        path.write_text(json.dumps(rows))
        with pytest.raises(DataError, match=words):
            load_knowledge(path)


def test_conversations_that_a_table_holds_as_no_json_are_refused(tmp_path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("messages\n\"[{'role': 'user', 'content': 'Hi'}\n {'role': 'x'}]\"\n")
    for kind in ("pairs", "prompts"):
        with pytest.raises(DataError, match="'messages' holds conversations as text"):
            found(path, kind)
