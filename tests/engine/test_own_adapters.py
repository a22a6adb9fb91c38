"""Adapters from elsewhere: what is read of them, what is refused, and how they are kept."""

import io
import json
import zipfile
from pathlib import Path

import pytest

from engine.configs.core import ModelConfig
from engine.errors import ConfigError, DataError, EngineError
from engine.foreign import adapters
from engine.foreign.adapters import SETTINGS, WEIGHTS

DEMO = Path(__file__).resolve().parents[2] / "data/demo/adapter"
BASE = ModelConfig(model="demo")


def own(**changed: bytes) -> list[tuple[str, bytes]]:
    found = {one.name: one.read_bytes() for one in DEMO.iterdir()}
    return list((found | changed).items())


def zipped(*entries: tuple[str, bytes]) -> list[tuple[str, bytes]]:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in entries:
            archive.writestr(name, content)
    return [("one.zip", file.getvalue())]


def renamed(*changes: tuple[str, str]) -> bytes:
    """The demo's weights with other words in their header."""
    content = (DEMO / WEIGHTS).read_bytes()
    length = int.from_bytes(content[:8], "little")
    header = content[8 : 8 + length].decode()
    for old, new in changes:
        assert old in header
        header = header.replace(old, new)
    told = header.encode()
    return len(told).to_bytes(8, "little") + told + content[8 + length :]


def test_files_a_folder_and_a_zip_are_the_same_adapter(tmp_path: Path) -> None:
    by_files = adapters.opened(own())
    in_folder = adapters.opened([(f"mine/checkpoint/{name}", data) for name, data in own()])
    files = [(f"mine/{name}", data) for name, data in own()]
    deeper = [(f"mine/checkpoint-9/{name}", b"not read") for name, _ in own()]
    in_zip = adapters.opened(zipped(*files, *deeper, ("mine/notes.md", b"x")))

    assert by_files.sha256 == in_folder.sha256 == in_zip.sha256
    assert (by_files.kind, by_files.rank, by_files.blocks) == ("LORA", 8, tuple(range(10)))
    assert "mine/notes.md" in in_zip.left_out
    assert "All 70 modules" in adapters.check(in_zip, BASE)
    kept = adapters.keep(tmp_path, in_zip, "mine", BASE, "one.zip")
    assert {one.name for one in kept.folder.iterdir()} == {SETTINGS, WEIGHTS, adapters.BESIDE}
    assert (kept.folder / WEIGHTS).read_bytes() == (DEMO / WEIGHTS).read_bytes()
    # The same one is kept once; another of its name is refused, and nothing half stays behind.
    assert adapters.keep(tmp_path, by_files, "again", BASE, "x") == kept
    assert adapters.every(tmp_path) == [kept]
    other = adapters.opened(own(**{WEIGHTS: renamed(("lora_A", "lora_a"))}))
    with pytest.raises(DataError, match="choose another name"):
        adapters.keep(tmp_path, other, "mine", BASE, "x")
    with pytest.raises(ConfigError, match="cannot be a file's"):
        adapters.keep(tmp_path, other, "../mine", BASE, "x")
    assert [one.name for one in kept.folder.parent.iterdir()] == ["mine"]


@pytest.mark.parametrize(
    ("files", "words"),
    [
        ([(SETTINGS, b"{}"), (WEIGHTS, b"")], "names no peft_type"),
        ([(SETTINGS, b'{"peft_type": "LORA"}')], f"no {WEIGHTS}"),
        ([(SETTINGS, b'{"peft_type": "LORA"}'), ("adapter_model.bin", b"x")], "is a pickle"),
        ([("x.txt", b"x")], f"no {SETTINGS}"),
        (own(**{WEIGHTS: (DEMO / WEIGHTS).read_bytes()[:-9]}), "damaged"),
        (own(**{WEIGHTS: b"\x80\x02pickled"}), "damaged"),
        (zipped(("../" + SETTINGS, b"{}")), "leads out"),
        (zipped(("/etc/" + SETTINGS, b"{}")), "leads out"),
        (zipped(("..\\" + SETTINGS, b"{}")), "leads out"),
        ([("one.zip", b"PK\x03\x04 cut off")], "damaged"),
        (zipped((f"a/{SETTINGS}", b"{}"), (f"b/{SETTINGS}", b"{}")), "2 adapters"),
        (zipped(*((f"{i}.txt", b"") for i in range(1001))), "1,001 files"),
    ],
)
def test_what_is_no_safe_adapter_is_refused(files: list[tuple[str, bytes]], words: str) -> None:
    with pytest.raises(EngineError, match=words):
        adapters.opened(files)


def test_a_zip_that_swells_is_not_unpacked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(adapters, "MOST_BYTES", 2**20)

    with pytest.raises(DataError, match="unpacks to 4 MB"):
        adapters.opened(zipped((WEIGHTS, bytes(4 * 2**20)), (SETTINGS, b"{}")))


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ([("layers.9.", "layers.10.")], "block 10, but demo has blocks 0 to 9"),
        ([("q_proj", "w_proj")], "w_proj, which demo does not have"),
        ([("[8,320]", "[320,8]")], "has width 8, but that of demo is"),
    ],
)
def test_another_model_s_adapter_is_refused(changes: list[tuple[str, str]], words: str) -> None:
    found = adapters.opened(own(**{WEIGHTS: renamed(*changes)}))

    with pytest.raises(DataError, match=words):
        adapters.check(found, BASE)


def test_damaged_notes_beside_an_adapter_hide_it_alone(tmp_path: Path) -> None:
    found = adapters.opened(own())
    kept = adapters.keep(tmp_path, found, "mine", BASE, "one.zip")
    (kept.folder / adapters.BESIDE).write_text(json.dumps(["x"]))

    assert adapters.every(tmp_path) == []
