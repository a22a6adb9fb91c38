"""Whatever lies in a store's folders, its records are listed, and the rest is named."""

import json
import os
import random
from pathlib import Path

import pytest

from engine.cli import main
from engine.errors import StoreError
from engine.store.store import Store
from tests.engine.test_store import evaluation, vector_set

JSON = ("null", "[]", "5", '"x"', '{"kind": []}', '{"kind": {}}', '{"kind": "vectors"}', "[" * 9999)
FIELDS = (
    "digest", "kind", "model", "provenance", "config", "sites", "vector_names", "questions",
    "scales", "schema_version", "name", "notes",
)  # fmt: skip
VALUES = (None, True, -1, 1e308, "", "\ud800", [], [[]], {}, {"short_name": []}, {"questions": 3})


@pytest.fixture
def store(tmp_path: Path) -> Store:
    found = Store(tmp_path / "store")
    found.save_vectors(vector_set())
    found.save_evaluation(evaluation())
    return found


def pipe(path: Path) -> None:
    os.mkfifo(path)


def folder(path: Path) -> None:
    path.mkdir()


def dangling(path: Path) -> None:
    path.symlink_to("nowhere")


def loop(path: Path) -> None:
    path.symlink_to(path.name)


def listed(store: Store, capsys) -> tuple[list[str], str]:
    """The digests that `list` answers, and what it says on stderr."""
    assert main.main(["list", "--store", str(store.root)]) == 0
    said = capsys.readouterr()
    answer = json.loads(said.out.strip().splitlines()[-1])
    return sorted(one["digest"] for one in answer["records"]), said.err


BOTH = ["0123456789ab", "ba9876543210"]


@pytest.mark.parametrize("make", [pipe, folder, dangling, loop])
@pytest.mark.parametrize(
    "place",
    ["vectors/melbo_x_1.safetensors", "results/ab_x_1.parquet", "results/experiment_1.json"],
)
def test_what_is_no_file_is_named_and_the_rest_is_listed(store, capsys, make, place: str) -> None:
    path = store.root / place
    make(path)

    digests, said = listed(store, capsys)

    assert digests == BOTH
    assert f"Left out of {path.parent.name}/: {path.name} " in said
    assert [found for found, _ in store.damaged()] == [path]


@pytest.mark.parametrize("content", JSON)
def test_a_result_file_of_any_json_is_named(store, capsys, content: str) -> None:
    (store.root / "results/experiment_x_1.json").write_text(content)

    digests, said = listed(store, capsys)

    assert digests == BOTH
    assert "experiment_x_1.json" in said


def test_a_record_of_any_fields_does_no_harm(store, tmp_path: Path) -> None:
    path = store.root / "results/experiment_x_1.json"
    draw = random.Random(0)
    for kind in ("vectors", "evaluation", "generation", "experiment"):
        for _ in range(60):
            record = {
                "schema_version": 1,
                "kind": kind,
                "digest": "abc",
                "model": {"short_name": "m"},
            }
            for field in draw.sample(FIELDS, 4):
                record[field] = draw.choice(VALUES)
            path.write_text(json.dumps(record))
            found = Store(store.root)
            kept = {info.digest for info in found.list()} - {"abc"}
            assert {one for one in kept if one in BOTH} == set(BOTH)
            assert all(isinstance(info.digest, str) for info in found.list())
            found.damaged()


def test_a_name_that_is_no_text_is_written_out(store, capsys) -> None:
    name = os.fsencode(store.root) + b"/vectors/\x1b[31m\xff.safetensors"
    Path(os.fsdecode(name)).write_bytes(b"")

    digests, said = listed(store, capsys)

    assert digests == BOTH
    assert "\x1b" not in said
    assert "\\x1b[31m" in said


@pytest.mark.parametrize("place", ["vectors", "results"])
def test_a_file_in_the_place_of_a_folder_is_named(tmp_path: Path, capsys, place: str) -> None:
    store = Store(tmp_path)
    (tmp_path / place).write_text("")

    digests, said = listed(store, capsys)

    assert digests == []
    assert f"{place} cannot be looked through: Not a directory" in said


def test_a_store_that_is_a_file_is_refused_and_one_may_be_named_by_its_path(
    tmp_path: Path, capsys
) -> None:
    file = tmp_path / "store"
    file.write_text("")

    for command in (["list"], ["show", "aa"], ["find", "random", "--model", "demo"]):
        assert main.main([*command, "--store", str(file)]) == 2
        assert "is a file: name a folder" in json.loads(capsys.readouterr().out)["error"]
    with pytest.raises(StoreError, match="is a file"):
        Store(str(file))
    assert Store(str(tmp_path)).root == tmp_path
    assert Store(str(tmp_path)).list() == []


def test_a_changed_record_is_no_whole_one(store) -> None:
    path = Path(store.find(BOTH[0]).path)
    assert store.is_whole(BOTH[0])
    assert not store.is_whole("0123")
    data = path.read_bytes()
    path.write_bytes(data[:-1] + bytes([data[-1] ^ 1]))

    assert store.has(BOTH[0])
    assert not store.is_whole(BOTH[0])
    path.write_bytes(data)
    assert store.is_whole(BOTH[0])
