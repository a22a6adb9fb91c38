"""Models that were chosen before: newest first, few, and never a reason to break a page."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from engine.store import recent

BAD = (
    b"", b"\xff\xfe", b"null", b"7", b"[1]", b'{"a": 1}', b"[" * 100_000, b'[{"model": 1}]',
    b'[{"model": "m", "adapters": 3}]', b'[{"model": "", "adapters": []}]',
    b'[{"model": "a\\u0000b", "adapters": []}]', b'[{"model": ["m"], "adapters": []}]',
)  # fmt: skip


def test_choices_stand_newest_first_and_are_few(tmp_path: Path) -> None:
    for number in range(recent.MOST + 3):
        recent.note(tmp_path, f"/models/{number}")
    recent.note(tmp_path, "/models/9", "/lora/one")
    recent.note(tmp_path, "/models/9", "/lora/two")
    recent.note(tmp_path, "/models/9", "/lora/one")
    recent.note(tmp_path, "/models/9", "/lora/two")
    recent.note(tmp_path, "/models/9")

    found = recent.models(tmp_path)

    assert found[:2] == ["/models/9", f"/models/{recent.MOST + 2}"]
    assert len(found) == len(set(found)) == recent.MOST
    assert recent.adapters(tmp_path, "/models/9") == ["/lora/two", "/lora/one"]
    assert recent.adapters(tmp_path, "/models/10") == []


@pytest.mark.parametrize("content", BAD)
def test_bad_content_counts_as_nothing_and_is_replaced(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / recent.FILE
    file.parent.mkdir()
    file.write_bytes(content)

    assert recent.models(tmp_path) == []
    recent.note(tmp_path, "a/b")
    assert recent.models(tmp_path) == ["a/b"]


def test_a_folder_that_cannot_be_written_breaks_nothing(tmp_path: Path) -> None:
    (tmp_path / "results").write_text("a file where the folder should be")

    recent.note(tmp_path, "a/b")

    assert recent.models(tmp_path) == []


def test_two_tabs_lose_no_choice(tmp_path: Path) -> None:
    names = [f"m{number}" for number in range(recent.MOST)]
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda name: recent.note(tmp_path, name), names))

    assert sorted(recent.models(tmp_path)) == sorted(names)
