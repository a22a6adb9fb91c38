"""Packs: what goes out comes back byte for byte, and what was touched on the way is refused."""

import dataclasses
import hashlib
import json
import os
import re
from pathlib import Path

import numpy as np
import pytest

from engine.cli import main
from engine.configs.finders import MelboConfig
from engine.errors import ConfigError, DataError, StoreError
from engine.runs.engine import Engine
from engine.sharing import manifest
from engine.sharing.pack import pack
from engine.sharing.unpack import unpack
from engine.store import notes
from engine.store.store import Store
from tests.pages.samples import vector_set
from tests.shipped import ROOT

SET, OTHER = "aaaa00000001", "bbbb00000002"
SHIPPED_SET, SHIPPED_RUN = "9965913e53b2", "ff95f2a74c69"


@pytest.fixture
def store(tmp_path: Path) -> Store:
    found = Store(tmp_path / "mine")
    for digest in (SET, OTHER):
        found.save_vectors(vector_set(MelboConfig(vectors=3), digest))
    notes.keep(found.root, SET, "Kindness", "only at home", tags=["warm"], star=True)
    notes.keep(found.root, f"{SET}:1", "Second")
    notes.keep(found.root, OTHER, "Elsewhere")
    return found


@pytest.fixture
def packed(store: Store, tmp_path: Path) -> Path:
    return pack(store, [SET[:4]], tmp_path / "pack").path


@pytest.fixture
def yours(tmp_path: Path) -> Store:
    return Store(tmp_path / "yours")


def files(store: Store) -> dict[str, bytes]:
    return {
        path.relative_to(store.root).as_posix(): path.read_bytes()
        for path in sorted(store.root.rglob("*"))
        if path.is_file()
    }


def relist(folder: Path, **others: object) -> None:
    """Write a sound list of what now lies in a pack, as its sender could."""
    told = json.loads((folder / manifest.NAME).read_bytes())
    found = []
    for one in told["files"]:
        content = (folder / one["path"]).read_bytes()
        found.append(manifest.listed(one["path"], content)._replace(**others))
    (folder / manifest.NAME).write_bytes(manifest.text(found))


def test_a_pack_comes_back_byte_for_byte_and_is_a_store(store, packed, yours) -> None:
    taken = unpack(yours, packed)

    assert taken.new == (SET,)
    own, theirs = (Path(one.find(SET).path) for one in (store, yours))
    assert own.read_bytes() == theirs.read_bytes()
    assert own.name == theirs.name
    assert [info.digest for info in Store(packed).list()] == [SET]
    assert taken.notes == ()


def test_names_tags_and_words_go_along_and_stars_do_not(store, packed, yours) -> None:
    taken = unpack(yours, packed)

    assert taken.named == (SET, f"{SET}:1")
    note = notes.read(yours.root, SET)
    assert (note.name, note.words, note.tags) == ("Kindness", "only at home", ("warm",))
    assert notes.read(store.root, SET).star
    assert not note.star
    assert not notes.read(packed, SET).star
    assert notes.read(yours.root, OTHER).version == ""


def test_words_stay_where_they_are_asked_to(store, yours, tmp_path) -> None:
    unpack(yours, pack(store, [SET], tmp_path / "pack", words=False).path)

    assert notes.read(yours.root, SET).name == "Kindness"
    assert notes.read(yours.root, SET).words == ""
    assert b"only at home" not in b"".join(files(Store(tmp_path / "pack")).values())


def test_the_reader_s_own_notes_stay(packed, yours) -> None:
    notes.keep(yours.root, SET, "Mine")

    taken = unpack(yours, packed)

    assert notes.read(yours.root, SET).name == "Mine"
    assert taken.named == (f"{SET}:1",)
    assert f"Your own notes of {SET}" in taken.notes[0]


def test_a_second_time_nothing_changes(packed, yours) -> None:
    unpack(yours, packed)
    before = files(yours)

    taken = unpack(yours, packed)

    assert (taken.new, taken.known, taken.named) == ((), (SET,), ())
    assert files(yours) == before


def test_the_same_vectors_found_another_time_are_told_and_left(packed, yours) -> None:
    found = vector_set(MelboConfig(vectors=3), SET)
    made = dataclasses.replace(found.provenance, created="2020-01-01T00:00:00+00:00")
    yours.save_vectors(dataclasses.replace(found, provenance=made))
    before = files(yours)

    taken = unpack(yours, packed)

    assert (taken.new, taken.known, taken.kept_own) == ((), (SET,), ())
    assert taken.notes[0].startswith(f"{SET} is stored with the same vectors")
    assert before.items() <= files(yours).items()


def test_other_vectors_under_the_digest_are_left_and_not_named(packed, yours) -> None:
    found = vector_set(MelboConfig(vectors=3), SET)
    yours.save_vectors(dataclasses.replace(found, vectors=-found.vectors))
    before = files(yours)

    taken = unpack(yours, packed)

    assert (taken.new, taken.known, taken.kept_own, taken.named) == ((), (), (SET,), ())
    assert f"{SET} is stored with other content" in taken.notes[0]
    assert files(yours) == before


def changed(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(bytes(content))


def shorter(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-1])


def longer(path: Path) -> None:
    path.write_bytes(path.read_bytes() + b" ")


def a_link(path: Path) -> None:
    path.rename(path.with_suffix(".moved"))
    path.symlink_to(path.with_suffix(".moved"))


def below_a_link(path: Path) -> None:
    path.parent.rename(path.parent.with_name("moved"))
    path.parent.symlink_to(path.parent.with_name("moved"), target_is_directory=True)


def a_pipe(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


@pytest.mark.parametrize(
    "harm", [Path.unlink, changed, shorter, longer, a_link, below_a_link, a_pipe]
)
def test_a_file_that_was_touched_is_refused_and_nothing_is_taken(harm, packed, yours) -> None:
    harm(next((packed / "vectors").glob("*.safetensors")))

    with pytest.raises(DataError, match="ask for the pack again"):
        unpack(yours, packed)

    assert files(yours) == {}


@pytest.mark.parametrize(
    "name",
    [
        "../outside.json",
        "/etc/passwd",
        "results/../../outside.json",
        "vectors/.hidden.safetensors",
        "vectors/a.py",
        "results/labels/a.json",
        "results/notes/../a.json",
        "vectors/a*.safetensors",
        "vectors/a.safetensors\n",
        "other.md",
    ],
)
def test_a_list_that_names_what_no_pack_holds_is_refused(name, packed, yours) -> None:
    told = json.loads((packed / manifest.NAME).read_bytes())
    found = [manifest.Listed(**one) for one in told["files"]]
    (packed / manifest.NAME).write_bytes(manifest.text([*found, manifest.listed(name, b"{}")]))

    with pytest.raises(DataError, match="which no pack holds"):
        unpack(yours, packed)


def test_a_list_that_was_changed_is_refused(packed, yours) -> None:
    path = packed / manifest.NAME
    told = json.loads(path.read_bytes())
    assert told["checksum"] != hashlib.sha256(b"").hexdigest()
    told["files"] = told["files"][:-1]
    path.write_text(json.dumps(told))

    with pytest.raises(DataError, match="was changed after it was written"):
        unpack(yours, packed)
    for content in (b"", b"[]", b"{}", b"[" * 100_000, b'{"vectorscope_pack": 1, "files": [7]}'):
        path.write_bytes(content)
        with pytest.raises(DataError, match="cannot be read"):
            unpack(yours, packed)
    path.unlink()
    with pytest.raises(DataError, match="it is no pack"):
        unpack(yours, packed)


def test_a_record_that_contradicts_itself_is_refused_behind_a_sound_list(packed, yours) -> None:
    path = next((packed / "vectors").glob("*.safetensors"))
    changed(path)
    relist(packed)

    with pytest.raises(DataError):
        unpack(yours, packed)

    assert files(yours) == {}


def test_a_note_of_another_record_is_refused(packed, yours) -> None:
    path = next((packed / manifest.NOTES).iterdir())
    path.rename(path.with_name(f"{OTHER}.json"))
    text = (packed / manifest.NAME).read_text().replace(path.name, f"{OTHER}.json")
    (packed / manifest.NAME).write_text(text)
    with pytest.raises(DataError, match="was changed"):
        unpack(yours, packed)
    told = json.loads(text)
    found = [manifest.Listed(**one) for one in told["files"]]
    (packed / manifest.NAME).write_bytes(manifest.text(found))

    with pytest.raises(DataError, match="a note of no record in this pack"):
        unpack(yours, packed)

    assert files(yours) == {}


def test_an_edited_card_is_told_and_a_file_beside_is_left(packed, yours) -> None:
    (packed / manifest.CARD).write_text("edited")
    (packed / "vectors" / "beside.txt").write_text("beside")

    taken = unpack(yours, packed)

    assert taken.new == (SET,)
    assert [one.split()[0] for one in taken.notes] == [manifest.CARD, "1"]


def test_a_damaged_record_of_the_reader_stops_all_before_a_thing_is_written(
    store, yours, tmp_path
) -> None:
    packed = pack(store, [SET, OTHER], tmp_path / "pack").path
    own = yours.root / "vectors" / Path(store.find(OTHER).path).name
    own.parent.mkdir(parents=True)
    own.write_bytes(b"damaged")

    with pytest.raises(StoreError, match="in the store cannot be read"):
        unpack(yours, packed)

    assert list(files(yours)) == [f"vectors/{own.name}"]


def test_what_cannot_be_packed_leaves_no_folder(store, tmp_path) -> None:
    path = Path(store.find(SET).path)
    changed(path)
    for digests, error in (([SET], DataError), (["ffff"], StoreError), ([], ConfigError)):
        with pytest.raises(error):
            pack(store, digests, tmp_path / "pack")
    (tmp_path / "there").mkdir()
    with pytest.raises(ConfigError, match="exists and was left"):
        pack(store, [OTHER], tmp_path / "there")
    with pytest.raises(ConfigError, match="no licence identifier"):
        pack(store, [OTHER], tmp_path / "pack", license="my own: yes")

    assert sorted(one.name for one in tmp_path.iterdir()) == ["mine", "there"]


def test_the_same_records_give_the_same_records_and_list(store, tmp_path) -> None:
    notes.change(store.root, SET, name="", words="", tags=())
    notes.change(store.root, f"{SET}:1", name="")

    one, two = (pack(store, [SET, OTHER], tmp_path / name).path for name in "ab")

    assert [f.path for f in manifest.read(one)] == [f.path for f in manifest.read(two)]
    assert (one / manifest.CARD).read_bytes() == (two / manifest.CARD).read_bytes()


def test_figures_of_the_card_are_those_of_the_run(tmp_path) -> None:
    shipped = Store(ROOT)
    packed = pack(shipped, [SHIPPED_SET], tmp_path / "pack").path
    text = (packed / manifest.CARD).read_text()
    row = next(line for line in text.splitlines() if line.startswith(f"| `{SHIPPED_RUN}`"))

    frame = shipped.load_evaluation(SHIPPED_RUN).frame
    at = frame.groupby(["vector_set", "scale"])["difference"].mean()
    change = at[SHIPPED_SET, 1.5] - at["baseline", 0.0]
    assert f"{change:+.3f} nats per token" in row
    assert "64 random" in row
    assert "not measured" in row
    assert f"`vectors/contrastive_smollm2_{SHIPPED_SET}.safetensors`" in text


def test_a_run_of_other_numbers_gives_no_figure(tmp_path) -> None:
    shipped, mine = Store(ROOT), Store(tmp_path / "mine")
    found = shipped.load_vectors(SHIPPED_SET)
    mine.save_vectors(dataclasses.replace(found, vectors=found.vectors * np.float32(2)))
    run = Path(shipped.find(SHIPPED_RUN).path)
    (mine.root / "results").mkdir()
    (mine.root / "results" / run.name).write_bytes(run.read_bytes())

    text = (pack(mine, [SHIPPED_SET], tmp_path / "pack").path / manifest.CARD).read_text()

    assert "no effect is stated" in text
    assert SHIPPED_RUN not in text


def test_what_the_card_says_of_loading_runs(store, packed, monkeypatch) -> None:
    code = re.search(r"```python\n(.*?)```", (packed / manifest.CARD).read_text(), re.DOTALL)
    assert code is not None
    monkeypatch.chdir(packed)
    known: dict[str, object] = {}
    exec(code[1], known)

    own = store.load_vectors(SET)
    assert np.array_equal(known["vectors"], own.vectors)
    assert known["places"] == [(site.block, site.kind) for site in own.sites]


def test_a_name_cannot_write_into_the_card(store, tmp_path) -> None:
    notes.keep(store.root, SET, "<b>x</b> | [go](http://x) `y`")

    text = (pack(store, [SET], tmp_path / "pack").path / manifest.CARD).read_text()

    assert r"\<b\>x\</b\> \| \[go\](http://x) \`y\`" in text


def test_commands_pack_and_unpack(store, yours, tmp_path, capsys) -> None:
    out = tmp_path / "pack"
    asked = ["pack", SET, "--out", str(out), "--license", "mit", "--store", str(store.root)]
    assert main.main(asked) == 0
    told = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert (told["digest"], told["path"], told["noted"]) == (SET, str(out), [SET, f"{SET}:1"])
    assert "\nlicense: mit\n" in (out / manifest.CARD).read_text()

    assert main.main(["unpack", str(out), "--store", str(yours.root)]) == 0
    assert json.loads(capsys.readouterr().out.splitlines()[-1])["new"] == [SET]
    assert main.main(["unpack", str(tmp_path), "--store", str(yours.root)]) == 2
    assert "it is no pack" in json.loads(capsys.readouterr().out.splitlines()[-1])["error"]


def test_a_program_packs_what_it_was_shown(store, yours, tmp_path) -> None:
    mine = Engine(store, keep_jobs=False)

    packed = mine.pack([mine.show(SET), OTHER], tmp_path / "pack", words=False)
    taken = Engine(yours, keep_jobs=False).unpack(packed.path)

    assert packed.digests == taken.new == (SET, OTHER)
    assert notes.read(yours.root, SET).words == ""


def test_a_run_without_its_set_is_packed_and_says_so(tmp_path) -> None:
    packed = pack(Store(ROOT), [SHIPPED_RUN], tmp_path / "pack")

    assert packed.missing == (SHIPPED_SET,)
