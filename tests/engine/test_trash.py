"""Deleting with undo: whole files that move by rename, who would miss them, what the disk holds."""

import json
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from engine.cli import main
from engine.errors import StoreError
from engine.store.files import write_atomically
from engine.store.library import disk, needs, trash
from engine.store.store import Store
from tests.pages.samples import fill

SET, OTHER, RUN = "aaaa00000001", "bbbb00000002", "eeee00000003"


@pytest.fixture
def store(tmp_path: Path) -> Store:
    found = Store(tmp_path)
    fill(found, vectors=2, controls=2, questions=4)
    return found


def test_a_deleted_record_comes_back_byte_for_byte(store: Store) -> None:
    path = Path(store.find(SET).path)
    before = path.read_bytes()

    gone = trash.put(store, SET)

    assert not store.has(SET)
    assert not path.exists()
    assert [one.info.digest for one in trash.listed(store)] == [SET]
    assert gone.bytes == len(before)
    back = trash.restore(store, SET[:4])
    assert (back.digest, Path(back.path), path.read_bytes()) == (SET, path, before)
    assert trash.listed(store) == []
    assert not list((store.root / trash.FOLDER).glob("*"))


def test_a_record_made_again_is_not_overwritten_by_the_deleted_one(store: Store) -> None:
    path = Path(store.find(SET).path)
    trash.put(store, SET)
    fill(store, vectors=1, controls=2, questions=4)
    again = path.read_bytes()

    with pytest.raises(StoreError, match="is stored again, so the deleted one was left"):
        trash.restore(store, SET)
    path.write_bytes(b"no record")
    with pytest.raises(StoreError, match="exists already and was left as it is"):
        trash.restore(store, SET)

    assert path.read_bytes() == b"no record" != again
    trash.put(store, RUN)
    assert [one.info.digest for one in trash.listed(store)] == [RUN, SET]


def test_of_two_who_delete_or_restore_the_same_one_is_told(store: Store) -> None:
    others = [Store(store.root) for _ in range(6)]
    # All have seen it before anybody deletes it.
    assert all(one.has(SET) for one in others)

    def tried(work, one: Store) -> str:
        try:
            work(one, SET)
        except StoreError as error:
            return str(error)
        return ""

    with ThreadPoolExecutor(6) as pool:
        deleted = list(pool.map(lambda one: tried(trash.put, one), others))
        assert deleted.count("") == 1
        assert len(trash.listed(store)) == 1
        restored = list(pool.map(lambda one: tried(trash.restore, one), others))
    assert restored.count("") == 1
    assert store.has(SET)
    assert trash.listed(store) == []


def test_a_restore_that_was_cut_off_is_finished_by_the_next(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    trash.put(store, SET)

    def cut(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(trash.os, "unlink", cut)
    with pytest.raises(KeyboardInterrupt):
        trash.restore(store, SET)
    monkeypatch.undo()

    # Whole in both places; nothing is lost, and what is left in the trash can be emptied.
    assert store.load_vectors(SET).digest == SET
    assert [one.info.digest for one in trash.listed(store)] == [SET]
    trash.empty(store)
    assert store.load_vectors(SET).digest == SET
    assert not (store.root / trash.FOLDER).exists()


def test_where_files_cannot_have_two_names_they_are_renamed(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError("no links here")

    monkeypatch.setattr(os, "link", refuse)
    trash.put(store, SET)

    assert trash.restore(store, SET).digest == SET
    assert trash.listed(store) == []


def test_what_is_not_there_and_what_lies_elsewhere_is_refused(store: Store, tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="There is no record 'aaaa' to delete"):
        trash.put(store, "aaaa")
    with pytest.raises(StoreError, match="The trash is empty"):
        trash.restore(store, SET)
    path = Path(store.find(SET).path)
    elsewhere = tmp_path.parent / f"{tmp_path.name}.safetensors"
    path.rename(elsewhere)
    path.symlink_to(elsewhere)

    with pytest.raises(StoreError, match="is a link out of the store"):
        trash.put(store, SET)

    trash.put(store, OTHER)
    with pytest.raises(StoreError, match=f"The trash holds no record 'ffff'. It holds: {OTHER}"):
        trash.restore(store, "ffff")


def test_every_record_that_names_another_would_miss_it(store: Store) -> None:
    study = {"name": "corrigibility", "model": {"short_name": "demo"}, "evaluations": [RUN]}
    store.save_experiment("5e5e00000001", study)
    store.save_experiment("5e5e00000002", study | {"vectors": [f"{SET}:1"], "evaluations": []})
    store.save_experiment("5e5e00000003", study | {"seen": f"{SET}0", "evaluations": []})

    def named(*digests: str) -> dict[str, set[str]]:
        found = needs.users(store, digests)
        return {digest: {one.digest for one in infos} for digest, infos in found.items()}

    assert named(SET) == {SET: {RUN, "5e5e00000002"}}
    assert named(RUN, OTHER) == {RUN: {"5e5e00000001"}}
    assert named("5e5e00000001") == {}


def test_the_disk_is_told_by_kind_and_caches_and_trash_are_emptied(store: Store) -> None:
    for folder in disk.CACHES:
        write_atomically(store.root / "results" / folder / f"{RUN}_0.json", b"{}")
    (store.root / "results" / "odd.txt").write_bytes(b"x" * 10)
    size = trash.put(store, OTHER).bytes

    uses = {use.name: use for use in disk.used(store)}

    every = [path for path in store.root.rglob("*") if path.is_file()]
    assert sum(use.bytes for use in uses.values()) == sum(path.stat().st_size for path in every)
    assert sum(use.files for use in uses.values()) == len(every)
    assert uses["Trash"].bytes == size
    assert uses["Other files"].bytes == 10
    assert uses["Vectors"].files == uses["Evaluations"].files == 1
    assert {name for name, use in uses.items() if use.may_be_emptied} == {"Caches", "Trash"}
    assert disk.empty_caches(store) == uses["Caches"].bytes
    assert trash.empty(store) == size
    assert {use.name for use in disk.used(store)} == {"Vectors", "Evaluations", "Other files"}
    assert disk.free(store) > 0


def test_the_commands_delete_restore_and_tell_the_disk(
    store: Store, capsys: pytest.CaptureFixture[str]
) -> None:
    def called(*given: str) -> tuple[int, dict, str]:
        code = main.main([*given, "--store", str(store.root)])
        out = capsys.readouterr().out
        return code, json.loads(out.splitlines()[-1]), out

    code, plain, told = called("delete", SET[:4])
    assert (code, plain["deleted"], plain["missed_by"]) == (0, [SET], {SET: [RUN]})
    assert "1 record named it and will miss it" in told
    assert called("restore")[1]["trash"][0]["digest"] == SET
    assert called("disk")[1]["kinds"][-1]["name"] == "Trash"
    assert called("restore", SET)[1]["restored"] == [SET]
    assert store.has(SET)
    assert called("restore", SET)[0] == 2
    called("delete", SET)
    assert called("disk", "--empty", "trash")[1]["freed"] > 0
    assert called("disk", "--empty", "everything")[0] == 2
