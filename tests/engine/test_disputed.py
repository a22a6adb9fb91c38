"""Where a file, its path and the file beside it say different things, the reader asks."""

import json
from pathlib import Path

import pytest
import torch

from engine.audit import audit
from engine.configs.core import Site
from engine.errors import DataError
from engine.foreign import formats
from engine.foreign.adopting import adopt_file
from engine.foreign.formats import ForeignVectors, Given, MissingFactsError
from engine.foreign.formats.values import Operation
from engine.store.store import Store


def saved(folder: Path, name: str, **whole: object) -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    torch.save({"direction": torch.arange(1.0, 9.0), "model": "m", **whole}, path)
    return path


def read(path: Path, given: Given | None = None) -> ForeignVectors:
    found = formats.read(path, given or Given())
    assert isinstance(found, ForeignVectors)
    return found


def beside(path: Path, **values: object) -> Path:
    path.with_suffix(".json").write_text(json.dumps(values))
    return path


def test_a_key_and_the_path_that_disagree_are_both_named(tmp_path: Path) -> None:
    found = read(saved(tmp_path, "layer_7/joy.pt", layer=5))

    assert (found.asks, found.sites, found.said["layer"]) == (("layer",), (None,), "disputed")
    assert found.layers == (
        "The file says layer 5, but the file's path says layer 7: state the layer."
    )


def test_a_key_and_the_file_beside_it_that_disagree_are_both_named(tmp_path: Path) -> None:
    found = read(beside(saved(tmp_path, "joy.pt", layer=5), layer=9))

    assert found.asks == ("layer",)
    assert "The file says layer 5, but the file beside it says layer 9" in found.layers


@pytest.mark.parametrize("layer", [5, 7])
def test_whichever_is_stated_counts_and_the_record_says_who(tmp_path: Path, layer: int) -> None:
    path, store = saved(tmp_path, "joy_layer7.pt", layer=5), Store(tmp_path / "store")

    with pytest.raises(MissingFactsError, match="says layer 5, but .* says layer 7") as told:
        adopt_file(path, store, Given())
    kept = store.load_vectors(adopt_file(path, store, Given(layer=layer)))

    assert told.value.asks == ("layer",)
    assert kept.sites == (Site(block=layer),)
    assert kept.config["said"]["layer"] == "user"
    assert "says layer 5" in kept.config["layers"]
    assert "says layer 7" in kept.config["layers"]


def test_a_third_layer_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"Layer 6 is neither"):
        read(saved(tmp_path, "joy_layer7.pt", layer=5), Given(layer=6))


@pytest.mark.parametrize("name", ["joy_l2.pt", "layer_5/joy.pt", "direction_3.pt", "layers/joy.pt"])
def test_what_is_no_other_layer_is_no_dispute(tmp_path: Path, name: str) -> None:
    assert read(saved(tmp_path, name, layer=5)).sites == (Site(block=5),)


def made(folder: Path, **whole: object) -> Path:
    return saved(folder, "joy.pt", layer=5, **whole)


def test_an_operation_that_the_file_beside_it_contradicts_is_asked(tmp_path: Path) -> None:
    path, store = beside(made(tmp_path, operation="ablate"), operation="add"), Store(tmp_path / "s")
    found = read(path)

    assert (found.asks, found.operation, found.said["operation"]) == (
        *(("operation",), "not stated"),
        "disputed",
    )
    with pytest.raises(
        MissingFactsError, match="says to ablate, but .* says to add: state"
    ) as told:
        adopt_file(path, store, Given())
    assert told.value.asks == ("operation",)
    (site,) = [one for one in audit(path, store).findings if one.name == "site"]
    assert (site.severity, "beside it says to add" in site.sentence) == ("note", True)
    with pytest.raises(DataError, match="To subtract is neither"):
        read(path, Given(operation="subtract"))


@pytest.mark.parametrize("operation", ["add", "ablate"])
def test_the_operation_that_is_stated_counts_and_both_are_kept(
    tmp_path: Path, operation: Operation
) -> None:
    path = beside(made(tmp_path, operation="ablate"), operation="add")
    store = Store(tmp_path / "s")
    kept = store.load_vectors(adopt_file(path, store, Given(operation=operation)))

    assert kept.config["operation"] == operation
    assert kept.config["said"]["operation"] == "user"
    assert any("says to ablate, but the file beside it says to add" in n for n in kept.notes)


def test_a_model_that_the_file_beside_it_contradicts_is_asked(tmp_path: Path) -> None:
    path, store = beside(made(tmp_path), model="someone/other"), Store(tmp_path / "s")
    words = "says model m, but the file beside it says someone/other: state the model"
    with pytest.raises(MissingFactsError, match=words) as told:
        adopt_file(path, store, Given())
    assert told.value.asks == ("model",)
    kept = store.load_vectors(adopt_file(path, store, Given(model="someone/other")))
    assert any("you stated someone/other" in note for note in kept.notes)


def test_a_file_beside_it_that_agrees_or_alone_speaks_is_no_dispute(tmp_path: Path) -> None:
    path = beside(made(tmp_path, operation="ablate"), operation="project", model="Someone/M")
    assert (read(path).asks, read(path).operation) == ((), "ablate")
    other = beside(made(tmp_path / "b"), operation="subtract")
    found = read(other)
    assert (found.operation, found.said["operation"]) == ("subtract", "sidecar")
