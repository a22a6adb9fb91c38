"""Adapters that are deleted, and come back."""

from pathlib import Path

import pytest
from filelock import FileLock

from engine.errors import StoreError
from engine.training import discarded, places


def made(root: Path, name: str = "mine", words: str = "{}") -> Path:
    folder = places.adapter_folder(root, name)
    folder.mkdir(parents=True)
    (folder / "adapter_config.json").write_text(words)
    return folder


def test_what_is_deleted_comes_back_whole(tmp_path: Path) -> None:
    folder = made(tmp_path, words='{"r": 4}')

    one = discarded.discard(tmp_path, "mine")
    assert not folder.exists()
    assert [(found.name, found.place) for found in discarded.listed(tmp_path)] == [one[1::-1]]
    assert discarded.bring_back(tmp_path, one.place) == "mine"

    assert (folder / "adapter_config.json").read_text() == '{"r": 4}'
    assert discarded.listed(tmp_path) == []


def test_two_of_one_name_are_told_apart_and_none_is_written_over(tmp_path: Path) -> None:
    made(tmp_path, words="1")
    first = discarded.discard(tmp_path, "mine")
    made(tmp_path, words="2")
    second = discarded.discard(tmp_path, "mine")
    discarded.bring_back(tmp_path, first.place)

    with pytest.raises(StoreError, match="Another adapter is called mine now"):
        discarded.bring_back(tmp_path, second.place)
    assert len(discarded.listed(tmp_path)) == 1


def test_what_cannot_be_is_refused_in_words(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="deleted elsewhere"):
        discarded.discard(tmp_path, "mine")
    for place in ("x", "../../etc", "20260101T000000Z-00000000-gone"):
        with pytest.raises(StoreError):
            discarded.bring_back(tmp_path, place)
    folder = made(tmp_path)
    lock = FileLock(folder.parent / ".mine.lock")
    with lock, pytest.raises(StoreError, match="is being trained"):
        discarded.discard(tmp_path, "mine")
    assert folder.exists()
