"""GGUF control vectors for projection and of block inputs, and what other readers make of them."""

import json
import os
import subprocess
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from gguf import GGUFReader

from engine.configs.core import Site
from engine.errors import ConfigError
from engine.foreign import formats, writing
from engine.records.records import VectorSet
from engine.store.store import Store
from tests import shipped

DIGEST = "48850fa29ef0"
BLOCKS = (2, 5)
PEERS = os.environ.get("VECTORSCOPE_PEERS")
"""Folder of an environment with requirements-bench.txt."""
SCRIPT = """
import json, sys
from repeng import ControlVector
found = ControlVector.import_gguf(sys.argv[1])
rows = {int(block): row.astype(float).tolist() for block, row in found.directions.items()}
print(json.dumps({"type": found.model_type, "rows": rows}))
"""


@pytest.fixture(scope="module")
def found() -> VectorSet:
    return Store(shipped.ROOT).load_vectors(DIGEST)


def written(found: VectorSet, folder: Path, layers: tuple[int, ...] = BLOCKS) -> Path:
    ((name, content),) = writing.vector_files(found, "gguf", layers=layers).items()
    path = folder / name
    path.write_bytes(content)
    return path


def rows_at(found: VectorSet, blocks: tuple[int, ...]) -> np.ndarray:
    places = [site.block for site in found.sites]
    return np.stack([found.vectors[places.index(block)] for block in blocks]).astype(np.float32)


def projecting(found: VectorSet) -> VectorSet:
    return replace(found, method="imported", config={"operation": "ablate", "seed": 3})


def test_vectors_for_projection_are_marked_as_glp_and_of_length_one(
    found: VectorSet, tmp_path: Path
) -> None:
    path = written(projecting(found), tmp_path)

    reader, back = GGUFReader(path), formats.read(path)

    told = {name: field.contents() for name, field in reader.fields.items()}
    assert told["glp.mode"] == "project"
    assert told["glp.rank"] == 1
    assert told["glp.layer_ids_zero_based"] == "2,5"
    lengths = np.linalg.norm(rows_at(found, BLOCKS).astype(float), axis=1, keepdims=True)
    np.testing.assert_allclose(
        [float(one) for one in told["vectorscope.norms"].split(",")], lengths[:, 0], rtol=1e-8
    )
    tensors = np.stack([np.array(one.data) for one in reader.tensors])
    np.testing.assert_allclose(tensors, rows_at(found, BLOCKS) / lengths, rtol=1e-6)
    assert back.operation == "ablate"
    assert back.sites == tuple(Site(block=block) for block in BLOCKS)


def test_glp_names_the_sha256_of_its_tensors(found: VectorSet, tmp_path: Path) -> None:
    import hashlib

    reader = GGUFReader(written(projecting(found), tmp_path))

    content = b"".join(np.array(one.data, dtype="<f4").tobytes() for one in reader.tensors)
    told = reader.fields["glp.content_sha256"].contents()
    assert told == hashlib.sha256(content).hexdigest()


def test_a_vector_without_length_cannot_be_projected_away(found: VectorSet) -> None:
    nothing = replace(projecting(found), vectors=np.zeros_like(found.vectors))
    with pytest.raises(ConfigError, match="no direction to project away"):
        writing.vector_files(nothing, "gguf", layers=BLOCKS)


@pytest.mark.parametrize("format", ["gguf", "caa", "svec"])
def test_the_input_of_a_block_is_the_output_of_the_one_before(
    found: VectorSet, format: str, tmp_path: Path
) -> None:
    sites = tuple(Site(block=site.block, kind="block_in") for site in found.sites)
    files = writing.vector_files(replace(found, sites=sites), format, layers=BLOCKS)

    rows = {}
    for name, content in files.items():
        (tmp_path / name).write_bytes(content)
    for name in files:
        if not name.endswith(".json"):
            back = formats.read(tmp_path / name)
            rows |= {site: row for site, row in zip(back.sites, back.vectors, strict=True)}
    # Ours come back as they were; other tools go by the numbers.
    inputs = [Site(block=block, kind="block_in") for block in BLOCKS]
    assert set(rows) == set(inputs)
    np.testing.assert_array_equal([rows[one] for one in inputs], rows_at(found, BLOCKS))
    assert numbers(format, tmp_path, files) == [1, 4]


def numbers(format: str, folder: Path, files: Iterable[str]) -> list[int]:
    """The blocks that a file's own layout names, the output of which is meant."""
    path = folder / next(iter(files))
    if format == "gguf":
        return sorted(int(one.name.partition(".")[2]) for one in GGUFReader(path).tensors)
    if format == "svec":
        return sorted(map(int, json.loads(path.read_text())["directions"]))
    return sorted(int(name.split("_")[2]) for name in files if name.endswith(".pt"))


@pytest.mark.parametrize("format", ["gguf", "study", "caa", "svec"])
def test_the_input_of_block_0_is_refused_with_its_reason(found: VectorSet, format: str) -> None:
    sites = tuple(Site(block=0, kind="block_in") for _ in found.sites)
    with pytest.raises(ConfigError, match="the input of block 0 is none"):
        writing.vector_files(replace(found, sites=sites), format, indices=[0])


def test_the_input_of_a_block_keeps_its_own_place_in_safetensors(
    found: VectorSet, tmp_path: Path
) -> None:
    sites = tuple(Site(block=site.block, kind="block_in") for site in found.sites)
    files = writing.vector_files(replace(found, sites=sites), "safetensors", layers=BLOCKS)
    ((name, content),) = files.items()
    (tmp_path / name).write_bytes(content)

    back = formats.read(tmp_path / name)

    assert set(back.sites) == {Site(block=block, kind="block_in") for block in BLOCKS}


def test_block_0_is_refused_because_llama_cpp_does(found: VectorSet) -> None:
    at_0 = replace(found, sites=tuple(Site(block=0) for _ in found.sites))
    with pytest.raises(ConfigError, match=r"llama\.cpp refuses a direction for block 0"):
        writing.vector_files(at_0, "gguf", indices=[0])


def test_gguf_tells_where_its_vectors_come_from(found: VectorSet, tmp_path: Path) -> None:
    reader = GGUFReader(written(found, tmp_path))

    told = {name: field.contents() for name, field in reader.fields.items()}

    assert told["controlvector.model_hint"] == "qwen3"
    assert told["controlvector.layer_count"] == len(BLOCKS)
    assert told["controlvector.method"] == found.method
    assert told["vectorscope.digest"] == DIGEST
    assert told["vectorscope.model_fingerprint"] == found.model["fingerprint"]
    assert told["vectorscope.operation"] == "add"
    assert json.loads(told["vectorscope.sites"]) == ["block_out 2", "block_out 5"]
    assert json.loads(told["vectorscope.config"]) == json.loads(json.dumps(found.config))


@pytest.mark.skipif(not PEERS, reason="VECTORSCOPE_PEERS names no environment with repeng")
def test_repeng_reads_the_same_numbers(found: VectorSet, tmp_path: Path) -> None:
    path = written(found, tmp_path)
    python = Path(str(PEERS)) / "bin" / "python"

    done = subprocess.run(
        [python, "-W", "ignore", "-c", SCRIPT, path], capture_output=True, text=True, check=True
    )

    told = json.loads(done.stdout.splitlines()[-1])
    assert told["type"] == "qwen3"
    rows = np.array([told["rows"][str(block)] for block in BLOCKS], dtype=np.float32)
    np.testing.assert_array_equal(rows, rows_at(found, BLOCKS))
