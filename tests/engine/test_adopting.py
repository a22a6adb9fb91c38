"""Foreign vectors kept as records: their values, places and warnings stay; nothing is guessed."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from engine.audit import audit
from engine.cli import main
from engine.configs.core import Site
from engine.errors import DataError
from engine.foreign import formats
from engine.foreign.adopting import adopt, adopt_file, adopt_upload
from engine.foreign.formats import Given
from engine.store.store import Store


def study_file(folder: Path, vectors: np.ndarray, **more: object) -> Path:
    whole = {"vectors": torch.from_numpy(vectors), "losses": [-1.0] * len(vectors)}
    settings = {"model": "Qwen/Qwen3-14B", "source_layer": 7, "target_layer": 32, "num_steps": 50}
    torch.save(whole | settings | more, folder / "melbo.pt")
    return folder / "melbo.pt"


def rows(vectors: int = 3, hidden: int = 8) -> np.ndarray:
    return np.random.default_rng(0).standard_normal((vectors, hidden)).astype(np.float32)


def test_a_kept_set_has_the_files_values_places_and_origin(tmp_path: Path) -> None:
    store = Store(tmp_path)
    found = formats.read(study_file(tmp_path, rows()))

    kept = store.load_vectors(adopt(found, store))

    assert np.array_equal(kept.vectors, found.vectors)
    assert kept.sites == (Site(block=7),) * 3
    assert (kept.method, kept.config["claimed_method"]) == ("imported", "melbo")
    assert kept.config["sha256"] == found.sha256
    assert kept.model["name"] == "qwen3-14b"
    assert kept.scores["loss"] == [-1.0] * 3
    assert "Imported from melbo.pt" in kept.notes[0]
    assert store.list()[0].summary == "3 vectors, block 7 to 32"


def test_keeping_twice_gives_one_record_and_another_model_another(tmp_path: Path) -> None:
    store, path = Store(tmp_path), study_file(tmp_path, rows())
    found = formats.read(path)

    first = adopt(found, store)

    assert adopt(found, store) == first
    assert adopt_upload("melbo.pt", path.read_bytes(), store) == first
    assert adopt(found, store, Given(model="other/model")) != first
    assert len(store.list()) == 2


def test_what_holds_no_direction_or_no_block_is_left_out_and_said(tmp_path: Path) -> None:
    store, values = Store(tmp_path), rows(4)
    values[1], values[2] = np.nan, 0
    torch.save({0: torch.ones(8), 1: torch.ones(8), 2: torch.ones(8)}, tmp_path / "layers.pt")

    broken = store.load_vectors(adopt(formats.read(study_file(tmp_path, values)), store))
    given = Given(model="m", depth=2, width=8)
    layers = store.load_vectors(adopt(formats.read(tmp_path / "layers.pt", given), store, given))

    assert len(broken.vectors) == 2
    assert broken.notes[-1].startswith("2 of 4 vectors were left out")
    # The last hidden state stands after the final norm.
    assert layers.sites == (Site(block=0, kind="block_in"), Site(block=1, kind="block_in"))
    assert "its scale 1 is \u22121 here" in layers.notes[1]


def test_a_file_without_model_or_block_asks_for_them(tmp_path: Path) -> None:
    store = Store(tmp_path)
    np.save(tmp_path / "bare.npy", rows(1, 128)[0])
    found = formats.read(tmp_path / "bare.npy")

    with pytest.raises(DataError, match="which model it is of: name it"):
        adopt(found, store)
    with pytest.raises(DataError, match="whose block is known"):
        adopt(found, store, Given(model="demo"))
    assert store.list() == []

    digest = adopt_file(tmp_path / "bare.npy", store, Given(model="demo", layer=3))
    assert store.load_vectors(digest).sites == (Site(block=3),)


def test_vectors_that_do_not_fit_the_model_are_refused(tmp_path: Path) -> None:
    store = Store(tmp_path)
    narrow = formats.read(study_file(tmp_path, rows()))
    deep = formats.read(study_file(tmp_path, rows(1, 128), source_layer=10))

    with pytest.raises(DataError, match="width 8, but demo has width 128"):
        adopt(narrow, store, Given(model="demo"))
    with pytest.raises(DataError, match="block 10, but demo has blocks 0 to 9"):
        adopt(deep, store, Given(model="demo"))
    assert store.list() == []


def test_a_kept_record_is_audited_by_its_digest_like_the_file(tmp_path: Path) -> None:
    store = Store(tmp_path)
    copies = np.repeat(rows(1), 4, axis=0)

    digest = adopt(formats.read(study_file(tmp_path, copies)), store)

    found = audit(digest, store)
    assert found.named("copies").figures["directions"] == 1
    # The time and the program of the import are not those of the vectors.
    assert "time, program version" in found.named("missing-provenance").sentence


def test_the_command_line_keeps_vectors_only_when_asked(capsys, tmp_path: Path) -> None:
    path = str(study_file(tmp_path, rows()))

    main.main(["audit", path, "--store", str(tmp_path)])
    before = json.loads(capsys.readouterr().out.strip().splitlines()[-1])
    assert Store(tmp_path).list() == []
    code = main.main(["audit", path, "--keep", "--store", str(tmp_path)])
    after = json.loads(capsys.readouterr().out.strip().splitlines()[-1])

    assert (code, before["kept"]) == (0, [])
    assert [info.digest for info in Store(tmp_path).list()] == after["kept"]
