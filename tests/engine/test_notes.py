"""A reader's own names and notes: kept whole, beside records, never written over unseen."""

import json
import threading
from pathlib import Path

import pytest

from engine.errors import ConfigError, StoreError
from engine.store import notes
from engine.store.store import Store
from tests.pages.samples import fill

SET = "aaaa00000001"


def files(root: Path) -> list[str]:
    return sorted(path.name for path in (root / "results/notes").iterdir())


def test_a_note_is_kept_changed_and_taken_back(tmp_path: Path) -> None:
    assert notes.read(tmp_path, f"{SET}:2") == notes.NOTHING
    odd = "First\n\n  <b>second</b>: \U0001f600 \u202e\n"

    kept = notes.keep(tmp_path, f"{SET}:2", "  liar\n vector\x07 ", odd)

    assert (kept.name, kept.words) == ("liar vector", odd)
    assert notes.read(tmp_path, f"{SET}:2") == kept
    assert notes.read(tmp_path, f"{SET}:1") == notes.NOTHING
    assert notes.every(tmp_path) == {f"{SET}:2": kept}
    assert files(tmp_path) == [f"{SET}_2.json"]
    assert notes.keep(tmp_path, f"{SET}:2", " ", " \n", seen=kept.version) == notes.NOTHING
    assert files(tmp_path) == []
    assert notes.every(tmp_path) == {}


def test_stars_and_tags_are_kept_of_records_data_and_adapters(tmp_path: Path) -> None:
    for subject in (SET, f"data:{SET}", f"adapter:{SET}"):
        kept = notes.keep(tmp_path, subject, tags=["to do", "#liar", "TO-DO", " "], star=True)

        assert (kept.tags, kept.star) == (("to-do", "liar"), True)
        assert notes.read(tmp_path, subject) == kept
        assert notes.change(tmp_path, subject, name="mine").tags == ("to-do", "liar")
        assert notes.change(tmp_path, subject, star=False).name == "mine"
    assert list(notes.every(tmp_path)) == [SET, f"adapter:{SET}", f"data:{SET}"]
    for subject in notes.every(tmp_path):
        notes.change(tmp_path, subject, name="", tags=())
    assert files(tmp_path) == []


def test_notes_from_before_there_were_tags_and_stars_still_read(tmp_path: Path) -> None:
    place = tmp_path / "results/notes"
    place.mkdir(parents=True)
    (place / f"{SET}_3.json").write_text(
        '{"name": "liar", "words": "w", "changed": "2026-11-28T10:00:00+00:00"}'
    )

    old = notes.read(tmp_path, f"{SET}:3")

    assert (old.name, old.words, old.tags, old.star) == ("liar", "w", (), False)
    assert notes.every(tmp_path) == {f"{SET}:3": old}


def test_all_notes_are_read_anew_where_a_file_is_another(tmp_path: Path) -> None:
    notes.keep(tmp_path, SET, "one")
    first = notes.every(tmp_path)
    assert notes.every(tmp_path) is first

    (tmp_path / f"results/notes/{SET}.json").write_text(
        json.dumps({"name": "by hand", "words": "", "changed": ""})
    )

    assert notes.every(tmp_path)[SET].name == "by hand"


def test_a_note_changed_elsewhere_is_not_written_over(tmp_path: Path) -> None:
    first = notes.keep(tmp_path, f"{SET}:0", "mine", "", seen="")
    notes.keep(tmp_path, f"{SET}:0", "theirs", "", seen=first.version)

    with pytest.raises(StoreError, match="changed elsewhere"):
        notes.keep(tmp_path, f"{SET}:0", "mine again", "", seen=first.version)

    assert notes.read(tmp_path, f"{SET}:0").name == "theirs"
    assert notes.keep(tmp_path, f"{SET}:0", "theirs", "", seen=first.version).name == "theirs"


def test_records_digests_and_contents_stay_as_they_are(tmp_path: Path) -> None:
    store = Store(tmp_path)
    fill(store, vectors=2, controls=0, questions=2)
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    content, listed = store.content(SET), store.list()

    notes.keep(tmp_path, f"{SET}:0", "mine", "words")

    assert {path: path.read_bytes() for path in before} == before
    assert store.content(SET) == content
    assert store.list() == listed
    assert store.damaged() == []
    store.remove(SET)
    assert notes.read(tmp_path, f"{SET}:0").name == "mine"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        '{"name": "", "words": "", "changed": "", "star": 1}',
        '{"name": 1, "words": "", "changed": ""}',
        "null",
    ],
)
def test_a_damaged_note_is_named_left_alone_and_costs_no_other(tmp_path: Path, text: str) -> None:
    notes.keep(tmp_path, f"{SET}:1", "kept", "")
    path = tmp_path / "results/notes" / f"{SET}_0.json"
    path.write_text(text)

    with pytest.raises(StoreError, match=f"{SET}_0.json cannot be read"):
        notes.read(tmp_path, f"{SET}:0")
    with pytest.raises(StoreError, match="cannot be read"):
        notes.keep(tmp_path, f"{SET}:0", "new", "")

    assert path.read_text() == text
    assert list(notes.every(tmp_path)) == [f"{SET}:1"]


def test_what_cannot_be_a_note_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="The name has 81 signs and may have 80"):
        notes.keep(tmp_path, f"{SET}:0", "x" * 81, "")
    with pytest.raises(ConfigError, match="20,001 signs"):
        notes.keep(tmp_path, f"{SET}:0", "", "x" * 20_001)
    with pytest.raises(ConfigError, match="no file can keep"):
        notes.keep(tmp_path, f"{SET}:0", "", "\ud800")
    for subject in ("../../etc/x:0", "AAAA00000001", f"{SET}:-1", f"{SET}:07", "data:x", ""):
        with pytest.raises(StoreError, match="names no vector"):
            notes.keep(tmp_path, subject, "x", "")
    with pytest.raises(ConfigError, match="The tag has 31 signs"):
        notes.keep(tmp_path, SET, tags=["x" * 31])
    with pytest.raises(ConfigError, match="21 tags"):
        notes.keep(tmp_path, SET, tags=map(str, range(21)))
    assert list(tmp_path.iterdir()) == []


def test_of_two_who_write_at_once_one_is_told(tmp_path: Path) -> None:
    told: list[str] = []

    def write(name: str) -> None:
        try:
            notes.keep(tmp_path, f"{SET}:0", name, "", seen="")
        except StoreError as error:
            told.append(str(error))

    threads = [threading.Thread(target=write, args=(f"name {i}",)) for i in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(told) == 7
    assert json.loads((tmp_path / "results/notes" / f"{SET}_0.json").read_text())["name"]
