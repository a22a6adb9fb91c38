"""What a model and its records are known by: whole files, whatever their size and times."""

import json
import os
import random
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from dashboard.cards import recipes
from engine import ROOT, Engine
from engine.configs.core import TEMPLATE_DATE, ModelConfig, VectorRef
from engine.configs.datasets import DatasetConfig
from engine.configs.evidence import EvidenceConfig
from engine.configs.finders import MelboConfig
from engine.configs.grids import BlendPart, Configuration, GenerateConfig
from engine.configs.pairs import ContrastiveConfig, FinetuneDiffConfig
from engine.configs.studies import CorrigibilityConfig, DeceptionConfig
from engine.configs.sweeps import EvaluateConfig
from engine.configs.training import FinetuneConfig
from engine.errors import Cancelled, ModelError, StoreError
from engine.model import hashing, identity
from engine.model.identity import resolve
from engine.model.naming import Names
from engine.store.store import Store
from tests import tiny
from tests.pages.samples import vector_set

CHANGES = {
    "config.json": "}",
    "generation_config.json": "}",
    "tokenizer.json": "}",
    "tokenizer_config.json": "}",
    "chat_template.jinja": "{",
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tiny.save_folder(tmp_path_factory.mktemp("models") / "random")
    (place / "chat_template.jinja").write_text(tiny.TEMPLATE)
    (place / "generation_config.json").write_text('{"eos_token_id": 2}')
    return place


def known(folder: Path, root: Path, adapter: Path | None = None) -> identity.ModelSource:
    config = ModelConfig(model=str(folder), adapter=None if adapter is None else str(adapter))
    return resolve(config, root)


@pytest.mark.parametrize("name", CHANGES)
def test_one_byte_of_any_file_that_is_read_is_another_model(folder, tmp_path, name) -> None:
    other = Path(shutil.copytree(folder, tmp_path / "copy"))
    assert known(other, tmp_path).fingerprint == known(folder, tmp_path).fingerprint

    text = (other / name).read_text()
    (other / name).write_text(text + " ")

    assert known(other, tmp_path).fingerprint != known(folder, tmp_path).fingerprint


@pytest.mark.parametrize(
    "name", ["README.md", ".gitattributes", "trainer_state.json", "LICENSE.txt"]
)
def test_what_no_loader_reads_changes_nothing(folder, tmp_path, name) -> None:
    other = Path(shutil.copytree(folder, tmp_path / "copy"))
    (other / name).write_text("{}")

    assert known(other, tmp_path).fingerprint == known(folder, tmp_path).fingerprint


@pytest.mark.parametrize(
    "name",
    ["chat_template.jinja", "additional_chat_templates/tool_use.jinja", "added_tokens.json"],
)
def test_a_file_that_came_is_another_model(folder, tmp_path, name) -> None:
    other = Path(shutil.copytree(folder, tmp_path / "copy"))
    (other / name).unlink(missing_ok=True)
    before = known(other, tmp_path)
    (other / name).parent.mkdir(exist_ok=True)
    (other / name).write_text("{}")

    assert before.changed() == (name,)
    assert known(other, tmp_path).fingerprint != before.fingerprint


def test_a_byte_behind_the_first_chunk_counts_whatever_the_times_say(tmp_path: Path) -> None:
    path, size = tmp_path / "model.safetensors", hashing.CHUNK + 4096
    with path.open("wb") as file:
        file.truncate(size)
    times = (1_000_000_000, 1_000_000_000)
    os.utime(path, ns=times)
    cache = tmp_path / "cache"
    hashing.SETTLED_NS, usual = 0, hashing.SETTLED_NS
    try:
        before = hashing.hashes([hashing.stamp(path)], cache)
        with path.open("r+b") as file:
            file.seek(size - 1)
            file.write(b"\1")
        os.utime(path, ns=times)
        after = hashing.hashes([hashing.stamp(path)], cache)
    finally:
        hashing.SETTLED_NS = usual

    assert path.stat().st_size == size
    assert path.stat().st_mtime_ns == times[1]
    assert before != after


def test_a_large_file_is_read_once_also_by_another_process(tmp_path: Path, monkeypatch) -> None:
    path = tmp_path / "model.safetensors"
    path.write_bytes(os.urandom(hashing.KEPT_FROM + 1))
    monkeypatch.setattr(hashing, "SETTLED_NS", 0)
    stamps = [hashing.stamp(path)]
    first = hashing.hashes(stamps, tmp_path / "cache")
    monkeypatch.setattr(hashing, "_known", {})
    monkeypatch.setattr(hashing, "_leaf", None)

    assert hashing.hashes(stamps, tmp_path / "cache") == first


def test_a_kept_hash_that_is_damaged_is_not_believed(tmp_path: Path, monkeypatch) -> None:
    path, cache = tmp_path / "model.safetensors", tmp_path / "cache"
    path.write_bytes(os.urandom(hashing.KEPT_FROM + 1))
    monkeypatch.setattr(hashing, "SETTLED_NS", 0)
    stamps = [hashing.stamp(path)]
    first = hashing.hashes(stamps, cache)
    for text in ("", "[]", "{}", '{"stamp": 1, "sha256_tree": 2}', "[" * 5000):
        next(cache.iterdir()).write_text(text)
        monkeypatch.setattr(hashing, "_known", {})
        assert hashing.hashes(stamps, cache) == first


def test_a_file_that_changed_a_moment_ago_is_read_again(tmp_path: Path) -> None:
    path, cache = tmp_path / "model.safetensors", tmp_path / "cache"
    path.write_bytes(os.urandom(hashing.KEPT_FROM + 1))
    hashing.hashes([hashing.stamp(path)], cache)

    assert hashing._recall(hashing.stamp(path), cache) is None


def test_a_cache_that_cannot_be_written_costs_a_reading_only(tmp_path: Path, monkeypatch) -> None:
    path = tmp_path / "model.safetensors"
    path.write_bytes(os.urandom(hashing.KEPT_FROM + 1))
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    monkeypatch.setattr(hashing, "SETTLED_NS", 0)
    stamps = [hashing.stamp(path)]

    assert hashing.hashes(stamps, tmp_path / "file") == hashing.hashes(stamps, tmp_path / "file")


def test_reading_tells_how_far_it_is_and_can_be_stopped(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(hashing, "CHUNK", 2**20)
    path = tmp_path / "model.safetensors"
    path.write_bytes(bytes(5 * 2**20))
    told: list[tuple[int, int]] = []
    hashing.hashes(
        [hashing.stamp(path)], tmp_path, lambda done, total, *_: told.append((done, total))
    )

    def stop(*_: object) -> None:
        raise Cancelled

    assert told == [(n, 5) for n in range(1, 6)]
    os.utime(path, ns=(1, 1))
    with pytest.raises(Cancelled):
        hashing.hashes([hashing.stamp(path)], tmp_path, stop)
    assert hashing.hashes([hashing.stamp(path)], tmp_path)


def test_the_weights_are_those_that_would_be_loaded(folder, tmp_path: Path) -> None:
    other = Path(shutil.copytree(folder, tmp_path / "copy"))
    plain = known(other, tmp_path).fingerprint
    (other / "pytorch_model.bin").write_bytes(b"not read beside safetensors")
    assert known(other, tmp_path).fingerprint == plain

    (other / "model.safetensors").rename(other / "model-00001-of-00001.safetensors")
    index = other / "model.safetensors.index.json"
    index.write_text(json.dumps({"weight_map": {"a": "model-00001-of-00001.safetensors"}}))
    sharded = known(other, tmp_path)
    assert "pytorch_model.bin" not in [Path(one.path).name for one in sharded.contents[0].stamps]
    index.write_text(json.dumps({"weight_map": {"a": "gone.safetensors"}}))
    with pytest.raises(ModelError, match="gone.safetensors"):
        known(other, tmp_path)


def test_what_is_in_memory_can_be_held_against_the_disk(folder, tmp_path: Path) -> None:
    other = Path(shutil.copytree(folder, tmp_path / "copy"))
    source = known(other, tmp_path)
    assert source.changed() == ()

    weights = other / "model.safetensors"
    content = bytearray(weights.read_bytes())
    content[-1] ^= 1
    status = weights.stat()
    weights.write_bytes(content)
    os.utime(weights, ns=(status.st_atime_ns, status.st_mtime_ns))

    assert source.changed() == ("model.safetensors",)
    shutil.rmtree(other)
    assert "config.json" in source.changed()


def test_an_adapter_is_known_by_its_weights(folder, tmp_path: Path) -> None:
    adapter = Path(shutil.copytree(ROOT / "data/demo/adapter", tmp_path / "adapter"))
    before = known(folder, tmp_path, adapter)
    (adapter / "training.json").write_text("{}")
    assert known(folder, tmp_path, adapter).adapter_fingerprint == before.adapter_fingerprint

    weights = adapter / "adapter_model.safetensors"
    content = bytearray(weights.read_bytes())
    content[-1] ^= 1
    weights.write_bytes(content)
    after = known(folder, tmp_path, adapter)

    assert after.adapter_fingerprint != before.adapter_fingerprint
    assert after.fingerprint == before.fingerprint
    assert before.changed() == ("adapter_model.safetensors",)


def test_a_hub_model_is_known_by_its_cached_files(folder, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "hub"))
    config = ModelConfig(model="some/model")
    names = Names(tmp_path)
    assert names.model(config)["fingerprint"] == "some/model"

    place = tmp_path / "hub" / "models--some--model"
    shutil.copytree(folder, place / "snapshots" / "abc")
    (place / "refs").mkdir()
    (place / "refs" / "main").write_text("abc")

    found = resolve(config, tmp_path)
    assert (found.revision, found.location) == ("abc", "some/model")
    assert found.is_here
    assert names.model(config) == names.model(ModelConfig(model=str(folder)))
    (place / "snapshots" / "abc" / "model.safetensors").unlink()
    gone = names.model(config)
    assert (gone["fingerprint"], gone["revision"]) == ("some/model", "abc")


def test_names_cover_the_content_of_the_vectors_they_use(tmp_path: Path) -> None:
    store = Store(tmp_path)
    names = Names(ROOT, store.content)
    found = vector_set(MelboConfig(vectors=2), "aaaa00000001")
    configs = (
        EvaluateConfig(vectors=(VectorRef(digest=found.digest),)),
        EvidenceConfig(vectors=found.digest),
        GenerateConfig(
            configurations=(Configuration(name="a", blend=(BlendPart(digest=found.digest),)),)
        ),
    )
    with pytest.raises(StoreError, match="no record"):
        names.digest(configs[0])
    digests = []
    for sign in (1, -1):
        path = store.save_vectors(replace(found, vectors=found.vectors * np.float32(sign)))
        digests.append([names.digest(config) for config in configs])
        path.unlink()
    assert all(first != second for first, second in zip(*digests, strict=True))


def test_a_study_has_one_name_before_and_after_its_parts_are_made(tmp_path: Path) -> None:
    store, config = Store(tmp_path), CorrigibilityConfig(source_layer=1, target_layer=7)
    names = Names(ROOT, store.content)
    before = names.digest(config)
    melbo = config.parts()[0]
    store.save_vectors(vector_set(melbo, names.digest(melbo)))

    assert names.digest(config) == before


DATED = "Today Date: {{ strftime_now('%d %b %Y') }}\n"


def test_the_date_told_to_a_template_is_asked_named_and_kept(folder, tmp_path: Path) -> None:
    place = Path(shutil.copytree(folder, tmp_path / "dated"))
    (place / "chat_template.jinja").write_text(DATED + tiny.TEMPLATE)
    engine = Engine(Store(tmp_path / "store"), keep_jobs=False)
    found, asked, weights = [], [], set()
    for model in (ModelConfig(model=str(place)), ModelConfig(model=str(place), date="2021-02-03")):
        config = GenerateConfig(
            model=model, prompts=("Why?",), configurations=(Configuration(name="base"),),
            neutral=0, max_new_tokens=2,
        )  # fmt: skip
        found.append(engine.store.load_generation(engine.run(config)))
        door = engine.load(model)
        weights.add(id(door.loaded.causal))
        asked.append(door.loaded.prompter.render("Why?").splitlines()[0])

    assert [one.model["date"] for one in found] == [TEMPLATE_DATE, "2021-02-03"]
    assert asked == ["Today Date: 26 Jul 2024", "Today Date: 03 Feb 2021"]
    assert len(weights) == 1
    assert found[0].digest != found[1].digest
    assert any("told 2021-02-03" in note for note in found[1].notes)
    assert "told the date 2021-02-03" in recipes.of_texts(found[1], ["base"])["template"]


def test_models_that_differ_in_one_bit_anywhere_never_share_a_name(folder, tmp_path: Path) -> None:
    place = Path(shutil.copytree(folder, tmp_path / "copy"))
    adapter = Path(shutil.copytree(ROOT / "data/demo/adapter", tmp_path / "adapter"))
    draw, names = random.Random(0), Names(ROOT)
    files = [place / name for name in ("model.safetensors", *CHANGES)]
    files.append(adapter / "adapter_model.safetensors")
    config = MelboConfig(model=ModelConfig(model=str(place), adapter=str(adapter)))
    before, seen = names.digest(config), set()
    for path in files:
        content = path.read_bytes()
        for at in [0, len(content) - 1, *(draw.randrange(len(content)) for _ in range(6))]:
            changed = bytearray(content)
            changed[at] ^= 1 << draw.randrange(8)
            path.write_bytes(changed)
            seen.add((path.name, at, names.digest(config)))
            path.write_bytes(content)
    digests = {digest for _, _, digest in seen}

    assert names.digest(config) == before
    assert before not in digests
    assert len(digests) == len(seen) >= 50


DATA_FILES = {
    "questions": lambda f: EvaluateConfig(questions=f),
    "knowledge": lambda f: EvaluateConfig(knowledge=f, side_effects=True),
    "neutral prompts of a sweep": lambda f: EvaluateConfig(neutral_prompts=f, side_effects=True),
    "neutral prompts of a grid": lambda f: GenerateConfig(neutral_prompts=f),
    "pairs": lambda f: ContrastiveConfig(pairs=f),
    "prompts": lambda f: FinetuneDiffConfig(prompts=f),
    "pairs to learn": lambda f: FinetuneConfig(pairs=f),
    "seeds": lambda f: DatasetConfig(seeds=f),
    "questions to avoid": lambda f: DatasetConfig(avoid=f),
    "questions of a study": lambda f: CorrigibilityConfig(questions=((f, "survival"),)),
    "pairs of a study": lambda f: DeceptionConfig(pairs=f, judge="none"),
    "held-out questions": lambda f: DeceptionConfig(held_out=f, judge="none"),
}
SHIPPED = {
    "knowledge": "data/knowledge/general.jsonl",
    "neutral prompts of a sweep": "data/prompts/neutral.txt",
    "neutral prompts of a grid": "data/prompts/neutral.txt",
}


@pytest.mark.parametrize("kind", DATA_FILES)
def test_one_letter_of_any_data_file_is_another_record(kind: str, tmp_path: Path) -> None:
    is_asked = "questions" in kind and kind not in ("questions to avoid", "held-out questions")
    usual = "data/questions/survival.jsonl" if is_asked else "data/pairs/advice.json"
    shipped = ROOT / SHIPPED.get(kind, usual)
    names, config = Names(ROOT, Store(tmp_path).content), DATA_FILES[kind]
    moved = tmp_path / f"mine{shipped.suffix}"
    moved.write_bytes(shipped.read_bytes())
    times = (moved.stat().st_atime_ns, moved.stat().st_mtime_ns)
    before = names.digest(config(str(moved)))
    moved.rename(tmp_path / f"other{shipped.suffix}")
    assert names.digest(config(str(tmp_path / f"other{shipped.suffix}"))) == before

    content = bytearray(shipped.read_bytes())
    # Of a study's held-out file only the questions are asked, so the letter is one of theirs.
    at = content.rindex(b"?" if b"?" in content else b".") - 1
    content[at] ^= 4
    moved.write_bytes(content)
    os.utime(moved, ns=times)

    assert names.digest(config(str(moved))) != before


def test_a_hub_s_snapshot_is_known_by_what_its_links_lead_to(folder, tmp_path, monkeypatch) -> None:
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "hub"))
    config, place = ModelConfig(model="some/model"), tmp_path / "hub" / "models--some--model"
    snapshot, blobs = place / "snapshots" / "abc", place / "blobs"
    for one in (snapshot, blobs, place / "refs"):
        one.mkdir(parents=True)
    (place / "refs" / "main").write_text("abc")
    for number, path in enumerate(sorted(one for one in folder.iterdir() if one.is_file())):
        shutil.copy(path, blobs / f"{number:064x}")
        (snapshot / path.name).symlink_to(Path("../../blobs") / f"{number:064x}")
    names = Names(tmp_path)
    before = resolve(config, tmp_path)
    assert before.fingerprint == known(folder, tmp_path).fingerprint

    blob = (snapshot / "model.safetensors").resolve()
    content = bytearray(blob.read_bytes())
    content[-1] ^= 1
    blob.write_bytes(content)
    assert before.changed() == ("model.safetensors",)
    changed = resolve(config, tmp_path).fingerprint
    assert changed != before.fingerprint
    # The link leads elsewhere, to a file of the same size.
    other = blobs / "f"
    other.write_bytes(bytes([content[0] ^ 1, *content[1:]]))
    (snapshot / "model.safetensors").unlink()
    (snapshot / "model.safetensors").symlink_to("../../blobs/f")
    assert resolve(config, tmp_path).fingerprint not in (changed, before.fingerprint)
    (snapshot / "model.safetensors").unlink()
    (snapshot / "model.safetensors").symlink_to("../../blobs/gone")
    assert names.model(config)["fingerprint"] == "some/model"
