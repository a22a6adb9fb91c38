"""What is written in another tool's layout is read back as it was."""

import dataclasses
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from gguf import GGUFReader

from engine import Engine
from engine.cli.main import main
from engine.configs.core import Site, VectorRef
from engine.errors import ConfigError
from engine.foreign import formats, writing
from engine.foreign.formats import ForeignVectors
from engine.records.records import VectorSet
from engine.store.store import Store
from tests import shipped

STORE = Path(__file__).parents[2]
BLOCKS = (2, 5)


@pytest.fixture(scope="module")
def found() -> VectorSet:
    return Store(STORE).load_vectors("48850fa29ef0")


def read(files: Mapping[str, bytes], folder: Path) -> list[ForeignVectors]:
    told = []
    for name, content in files.items():
        path = folder / name
        path.write_bytes(content)
    # Small JSON files beside torch files are read with them.
    for name in (one for one in files if f"{one.removesuffix('.json')}.pt" not in files):
        told.append(formats.read(folder / name))
    return told


def at(found: VectorSet, block: int) -> Any:
    return found.vectors[[site.block for site in found.sites].index(block)]


@pytest.mark.parametrize("format", ["gguf", "caa", "svec", "safetensors"])
def test_vectors_come_back_with_place_and_operation(
    found: VectorSet, format: str, tmp_path: Path
) -> None:
    back = read(writing.vector_files(found, format, layers=BLOCKS), tmp_path)

    rows = {
        site.block: row for one in back for site, row in zip(one.sites, one.vectors, strict=True)
    }
    assert sorted(rows) == list(BLOCKS)
    assert {site for one in back for site in one.sites} == {Site(block=block) for block in BLOCKS}
    assert {one.operation for one in back} == {"add"}
    for block in BLOCKS:
        np.testing.assert_array_equal(rows[block], at(found, block).astype(np.float32))


def test_the_study_reads_its_own_layout(tmp_path: Path) -> None:
    found = Store(STORE).load_vectors(shipped.digest("melbo"))
    (back,) = read(writing.vector_files(found, "study"), tmp_path)

    np.testing.assert_array_equal(back.vectors, found.vectors.astype(np.float32))
    assert back.operation == "add"
    assert {site.block for site in back.sites if site} == {site.block for site in found.sites}


def test_safetensors_keeps_the_names(found: VectorSet, tmp_path: Path) -> None:
    (back,) = read(writing.vector_files(found, "safetensors", layers=BLOCKS), tmp_path)

    expected = [found.names[i] for i, site in enumerate(found.sites) if site.block in BLOCKS]
    assert sorted(back.names) == sorted(expected)


def test_gguf_has_what_llama_cpp_asks(found: VectorSet, tmp_path: Path) -> None:
    ((name, content),) = writing.vector_files(found, "gguf", layers=BLOCKS).items()
    path = tmp_path / name
    path.write_bytes(content)

    reader = GGUFReader(path)

    assert reader.fields["general.architecture"].contents() == "controlvector"
    assert [one.name for one in reader.tensors] == [f"direction.{block}" for block in BLOCKS]
    assert {one.tensor_type.name for one in reader.tensors} == {"F32"}


@pytest.mark.parametrize(
    ("format", "layers", "said"),
    [
        ("gguf", (0,), "0"),
        ("study", BLOCKS, "is of one block"),
        ("gguf", (99,), "has no vector at block 99"),
        ("docx", None, "cannot be written as 'docx'"),
    ],
)
def test_what_a_format_cannot_say_is_refused(
    found: VectorSet, format: str, layers: tuple[int, ...] | None, said: str
) -> None:
    with pytest.raises(ConfigError, match=said):
        writing.vector_files(found, format, layers=layers)


def test_several_vectors_a_block_are_refused_by_formats_of_one() -> None:
    found = Store(STORE).load_vectors(shipped.digest("melbo"))
    for format in ("gguf", "caa", "svec"):
        with pytest.raises(ConfigError, match=rf"choose one, as {found.digest}:0"):
            writing.vector_files(found, format)


def test_the_command_writes_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    given = ["export", f"{shipped.digest('melbo')}:1", "--store", str(STORE)]
    out = tmp_path / "one.gguf"

    assert main([*given, "--format", "gguf", "--out", str(out)]) == 0
    assert json.loads(capsys.readouterr().out.splitlines()[-1])["path"] == str(out)
    before = out.read_bytes()
    assert main([*given, "--format", "gguf", "--out", str(out)]) == 2
    assert out.read_bytes() == before


def test_a_program_writes_what_the_command_writes(tmp_path: Path) -> None:
    mine, name = Engine(STORE), shipped.digest("melbo")
    ways = (f"{name}:1", VectorRef(digest=name, indices=(1,)))
    paths = [mine.export(way, "svec", tmp_path / f"{i}.svec") for i, way in enumerate(ways)]
    found = Store(STORE).load_vectors(name)

    for path in paths:
        np.testing.assert_array_equal(formats.read(path).vectors, found.vectors[1:2])
    with pytest.raises(ConfigError, match="was left as it is"):
        mine.export(f"{name}:1", "svec", paths[0])
    whole = mine.export(mine.show("48850fa29ef0"), "gguf", tmp_path / "a.gguf", layers=BLOCKS)
    assert [site.block for site in formats.read(whole).sites if site] == list(BLOCKS)


@pytest.mark.parametrize(
    ("format", "layers", "said"),
    [("docx", None, "There is no format 'docx' here"), ("json", (1,), "is for sweeps")],
)
def test_a_program_is_refused_in_a_sentence(
    format: str, layers: tuple[int, ...] | None, said: str, tmp_path: Path
) -> None:
    with pytest.raises(ConfigError, match=said):
        Engine(STORE).export(shipped.digest("melbo"), format, tmp_path / "x", layers=layers)


def test_a_sweep_is_written_by_a_program(tmp_path: Path) -> None:
    mine = Engine(STORE)
    path = mine.export(mine.show("ff95f2a74c69"), "json", tmp_path / "sweep.json")
    assert json.loads(path.read_text())["vectorscope"]["digest"] == "ff95f2a74c69"


ODD = ("joy, 1", "a.b c")


def with_operation(found: VectorSet, operation: str, kind: Any = "block_out") -> VectorSet:
    """The set as an imported one, of two vectors with odd names, the later block first."""
    rows = [[site.block for site in found.sites].index(block) for block in (5, 2)]
    config = {**found.config, "operation": operation, "names": list(ODD), "claimed_method": "pca"}
    return dataclasses.replace(
        found, method="imported", config=config, vectors=found.vectors[rows],
        sites=tuple(Site(block=block, kind=kind) for block in (5, 2)), scores={},
    )  # fmt: skip


@pytest.mark.parametrize(
    ("format", "operation", "kind"),
    [
        ("gguf", "add", "block_out"),
        ("gguf", "add", "block_in"),
        ("gguf", "ablate", "block_out"),
        ("svec", "add", "block_in"),
        ("caa", "add", "block_in"),
        ("safetensors", "ablate", "mlp_out"),
        ("safetensors", "subtract", "block_in"),
    ],
)
def test_names_sites_operation_method_and_model_come_back(
    found: VectorSet, format: str, operation: str, kind: str, tmp_path: Path
) -> None:
    made = with_operation(found, operation, kind)

    back = read(writing.vector_files(made, format), tmp_path)

    rows = {
        name: (site, row)
        for one in back
        for name, site, row in zip(one.names, one.sites, one.vectors, strict=True)
    }
    assert sorted(rows) == sorted(ODD)
    for name, site, row in zip(ODD, made.sites, made.vectors, strict=True):
        assert rows[name][0] == site
        np.testing.assert_allclose(rows[name][1], row, rtol=2e-7 if operation == "ablate" else 0)
    assert {(one.operation, one.method) for one in back} == {(operation, "pca")}
    assert {one.model for one in back} == {found.model["name"]}


def test_one_contrastive_vector_comes_back_from_the_study_layout(
    found: VectorSet, tmp_path: Path
) -> None:
    (back,) = read(writing.vector_files(found, "study", layers=(5,)), tmp_path)

    place = [site.block for site in found.sites].index(5)
    np.testing.assert_array_equal(back.vectors[0], found.vectors[place].astype(np.float32))
    assert (back.operation, back.method) == ("add", found.method)
    assert (back.names, back.sites) == ((found.names[place],), (Site(block=5),))
    assert back.said["operation"] == "file"


def test_keys_of_ours_that_do_not_fit_are_left_aside_and_said(
    found: VectorSet, tmp_path: Path
) -> None:
    ((name, content),) = writing.vector_files(found, "svec", layers=BLOCKS).items()
    values = json.loads(content)
    values["directions"]["7"] = values["directions"].pop("5")

    (back,) = read({name: json.dumps(values).encode()}, tmp_path)

    assert back.names == ("block 2", "block 7")
    assert "do not fit its vectors" in back.remarks[-1]
