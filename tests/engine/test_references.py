"""The file that a person names is the file that is read, whatever the store holds."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from engine import Engine
from engine.cli import main
from engine.errors import StoreError
from engine.store.references import reference
from engine.store.store import Store
from tests.engine.test_importing import made  # noqa: F401  A fixture.
from tests.engine.test_store import vector_set


def test_the_vectors_of_the_named_file_are_measured(tmp_path: Path) -> None:
    store, other = Store(tmp_path / "store"), Store(tmp_path / "other")
    mine = vector_set()
    theirs = replace(mine, vectors=-mine.vectors)
    store.save_vectors(mine)
    same, file = other.save_vectors(mine), tmp_path / "theirs.safetensors"
    assert reference(store, str(same)).digest == mine.digest
    other.save_vectors(theirs).rename(file)

    found = reference(store, f"{file}:1")

    assert found.indices == (1,)
    assert found.digest != mine.digest
    np.testing.assert_array_equal(store.load_vectors(found.digest).vectors, theirs.vectors)
    assert "other numbers under its digest" in store.load_vectors(found.digest).notes[-1]
    np.testing.assert_array_equal(store.load_vectors(mine.digest).vectors, mine.vectors)
    assert reference(store, str(file)).digest == found.digest
    assert len(store.list()) == 2


def test_a_named_file_takes_the_place_of_a_damaged_record(tmp_path: Path) -> None:
    store, mine = Store(tmp_path / "store"), vector_set()
    path = store.save_vectors(mine)
    file = tmp_path / "whole.safetensors"
    content = path.read_bytes()
    file.write_bytes(content)
    path.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))

    assert reference(store, str(file)).digest == mine.digest
    np.testing.assert_array_equal(store.load_vectors(mine.digest).vectors, mine.vectors)


def test_files_outside_the_store_are_shown(made: dict[str, bytes], tmp_path: Path, capsys) -> None:  # noqa: F811
    store = tmp_path / "store"
    for name, content in made.items():
        (tmp_path / name).write_bytes(content)
        assert main.main(["show", str(tmp_path / name), "--store", str(store)]) == 0
        answer = json.loads(capsys.readouterr().out.strip().splitlines()[-1])
        assert answer["path"] == str(tmp_path / name)
        assert Engine(store, keep_jobs=False).show(tmp_path / name)
    assert not store.exists()
    (tmp_path / "cut.parquet").write_bytes(b"PAR1")
    for gone, said in (("cut.parquet", "is damaged"), ("none.parquet", "There is no file")):
        assert main.main(["show", str(tmp_path / gone), "--store", str(store)]) == 2
        assert said in json.loads(capsys.readouterr().out.strip().splitlines()[-1])["error"]
    with pytest.raises(StoreError, match="no record 'abc': the store is empty"):
        Store(store).look_up("abc")
