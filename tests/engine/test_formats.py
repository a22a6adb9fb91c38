"""Foreign files: every layout gives its values, and no hostile one runs, hangs or grows."""

import io
import json
import pickle
import struct
import zipfile
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
import safetensors.numpy
import safetensors.torch
import torch

from engine.configs.core import Site
from engine.errors import DataError
from engine.foreign import formats
from engine.foreign.formats import Given, limits
from tests.engine import fuzz_foreign

ROOT = Path(__file__).resolve().parents[2]
SHARED = ROOT.parent / "shared" / "data"
FOREIGN = SHARED / "foreign_vectors"
needs_shared = pytest.mark.skipif(not FOREIGN.exists(), reason="the shared test files are absent")


def rows(vectors: int = 3, hidden: int = 8, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal((vectors, hidden)).astype(np.float32)


def saved(tmp_path: Path, whole: object, name: str = "vectors.pt") -> Path:
    torch.save(whole, tmp_path / name)
    return tmp_path / name


def gguf_bytes(
    directions: dict[str, np.ndarray], values: dict[str, str], version: int = 3
) -> bytes:
    """A control vector as FORMATS 2.1 has it, written field by field."""

    def text(value: str) -> bytes:
        return struct.pack("<Q", len(value.encode())) + value.encode()

    head = b"GGUF" + struct.pack("<IQQ", version, len(directions), len(values))
    for key, value in values.items():
        head += text(key) + struct.pack("<I", 8) + text(value)
    data = b""
    for name, vector in directions.items():
        data += b"\0" * (-len(data) % 32)
        head += text(name) + struct.pack("<IQIQ", 1, len(vector), 0, len(data))
        data += vector.astype("<f4").tobytes()
    return head + b"\0" * (-len(head) % 32) + data


CONTROL = {"general.architecture": "controlvector", "controlvector.model_hint": "qwen3"}


def test_a_study_file_gives_its_rows_its_place_and_its_claims(tmp_path: Path) -> None:
    values = torch.from_numpy(rows(2)).bfloat16()
    path = saved(
        tmp_path,
        {"vectors": values, "sigmas": [9.0, 4.0], "model": "Qwen/Qwen3-14B", "source_layer": 7,
         "target_layer": 32, "num_vectors": 2, "num_iters": 5},
    )  # fmt: skip

    found = formats.read(path)

    assert np.array_equal(found.vectors, values.float().numpy())
    assert found.vectors.dtype == np.float32
    assert found.dtype == "bfloat16"
    assert found.sites == (Site(block=7), Site(block=7))
    assert (found.method, found.program, found.operation) == (
        "power-iteration", "power-steering", "add",
    )  # fmt: skip
    assert found.scores == {"sigma": [9.0, 4.0]}
    assert found.claims["num_iters"] == 5
    assert found.model == "Qwen/Qwen3-14B"


def test_the_config_of_the_later_melbo_files_is_part_of_their_claims(tmp_path: Path) -> None:
    settings = {"model": "m", "source_layer": 3, "target_layer": 9, "num_steps": 400}

    found = formats.read(saved(tmp_path, {"vectors": torch.ones(2, 4), "config": settings}))

    assert (found.method, found.sites[0]) == ("melbo", Site(block=3))
    assert found.claims["num_steps"] == 400


def test_vectors_by_pair_of_layers_keep_each_source(tmp_path: Path) -> None:
    inner = {
        "src7_tgt32": {"vectors": torch.ones(2, 4), "losses": [-1.0, -2.0]},
        "src9_tgt32": {"vectors": torch.zeros(1, 4), "losses": [-3.0]},
    }

    found = formats.read(saved(tmp_path, {"vectors": inner, "model_name": "m"}))

    assert found.sites == (Site(block=7), Site(block=7), Site(block=9))
    assert found.scores["loss"] == [-1.0, -2.0, -3.0]
    assert found.model == "m"


def test_a_contrastive_file_keeps_the_differences(tmp_path: Path) -> None:
    pairs = torch.from_numpy(rows(5))
    whole = {"vector": pairs.mean(0), "differences": pairs, "layer": 7, "model": "m"}

    found = formats.read(saved(tmp_path, whole))

    assert found.differences.shape == (5, 8)
    assert found.vectors.shape == (1, 8)
    assert found.sites == (Site(block=7),)


def test_the_deception_studys_keys_are_block_inputs_that_are_subtracted(tmp_path: Path) -> None:
    path = saved(tmp_path, {i: torch.ones(4) * i for i in range(5)})
    unproven, found = formats.read(path), formats.read(path, Given(depth=4, width=4))

    assert (unproven.sites, unproven.operation) == ((None,) * 5, "not stated")
    assert (unproven.blocks, unproven.asks) == ((0, 1, 2, 3, 4), ("site",))
    assert found.sites[1] == Site(block=1, kind="block_in")
    assert found.sites[-1] is None
    assert found.operation == "subtract"
    assert np.array_equal(found.vectors[3], np.full(4, 3, np.float32))


def test_persona_rows_are_shifted_by_one_and_the_ends_belong_nowhere(tmp_path: Path) -> None:
    found = formats.read(saved(tmp_path, torch.ones(5, 4), "evil_response_avg_diff.pt"))

    assert found.sites == (None, Site(block=0), Site(block=1), Site(block=2), None)


def test_a_class_of_a_package_that_is_not_installed_is_read_as_its_fields(tmp_path: Path) -> None:
    code = (
        b"\x80\x02csteering_vectors.steering_vector\nSteeringVector\n)\x81}X\x0a\x00\x00\x00layer_type"
        b"X\x0d\x00\x00\x00decoder_blocksb."
    )
    plain = {"layer_activations": {3: torch.ones(4), 5: torch.ones(4)}, "layer_type": "mlp"}
    path = tmp_path / "sv.pt"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("sv/data.pkl", code)
        archive.writestr("sv/version", "3\n")
        archive.writestr("sv/byteorder", "little")

    with pytest.raises(DataError, match="in none of the known layouts"):
        formats.read(path)
    assert formats.read(saved(tmp_path, plain)).sites == (
        Site(block=3, kind="mlp_out"), Site(block=5, kind="mlp_out"),
    )  # fmt: skip
    plain["layer_type"] = "decoder_block"
    assert formats.read(saved(tmp_path, plain)).sites == (Site(block=3), Site(block=5))


def test_a_gguf_vector_gives_its_blocks_in_order_and_its_keys(tmp_path: Path) -> None:
    one, two = rows(2)
    path = tmp_path / "v.gguf"
    path.write_bytes(gguf_bytes({"direction.10": one, "direction.2": two}, CONTROL))

    found = formats.read(path)

    assert found.names == ("direction.2", "direction.10")
    assert np.array_equal(found.vectors, np.stack([two, one]))
    assert found.sites == (Site(block=2), Site(block=10))
    assert (found.model, found.hint, found.operation) == (None, "qwen3", "add")


def test_a_projecting_gguf_vector_says_so(tmp_path: Path) -> None:
    path = tmp_path / "v.gguf"
    path.write_bytes(gguf_bytes({"direction.2": rows(1)[0]}, CONTROL | {"glp.mode": "project"}))

    assert formats.read(path).operation == "ablate"


@pytest.mark.parametrize(
    ("values", "tensor", "version", "sentence"),
    [
        ({"general.architecture": "llama"}, "direction.1", 3, "of a 'llama' model"),
        (CONTROL, "blk.0.weight", 3, "direction.N was expected"),
        (CONTROL | {"glp.mode": "rotate"}, "direction.1", 3, "only add and project"),
        (CONTROL, "direction.1", 1, "GGUF version 1"),
    ],
)
def test_other_gguf_files_are_refused(tmp_path, values, tensor, version, sentence) -> None:
    path = tmp_path / "v.gguf"
    path.write_bytes(gguf_bytes({tensor: rows(1)[0]}, values, version))

    with pytest.raises(DataError, match=sentence):
        formats.read(path)


def test_plain_arrays_take_their_layer_from_the_name(tmp_path: Path) -> None:
    values = rows(1)[0]
    np.save(tmp_path / "vec_layer-10.npy", values)
    np.savez(tmp_path / "two.npz", layer_3=values, layer_5=values)
    safetensors.numpy.save_file({"layer_4": values}, tmp_path / "s.safetensors", {"model": "m"})
    bf16 = {"direction.6": torch.from_numpy(values).bfloat16()}
    safetensors.torch.save_file(bf16, tmp_path / "b.safetensors")
    svec = {"model_type": "llama", "directions": {"8": values.tolist()}}
    (tmp_path / "v.svec").write_text(json.dumps(svec))

    found = {path.suffix + path.stem[0]: formats.read(path) for path in tmp_path.iterdir()}

    assert found[".npyv"].sites == (Site(block=10),)
    assert found[".npzt"].sites == (Site(block=3), Site(block=5))
    assert found[".safetensorss"].model == "m"
    assert found[".svecv"].sites == (Site(block=8),)
    assert np.array_equal(found[".safetensorsb"].vectors[0], bf16["direction.6"].float().numpy())
    assert np.allclose(found[".svecv"].vectors[0], values)


class Evil:
    """Writes a file when it is unpickled."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> tuple:
        return (Path.write_text, (self.mark, "executed"))


@pytest.mark.parametrize("form", ["torch", "pickle", "npy", "npz", "deep.npy"])
def test_a_hostile_pickle_is_not_executed(tmp_path: Path, form: str) -> None:
    mark, path = tmp_path / "mark", tmp_path / f"evil.{'pt' if form == 'torch' else form}"
    if form == "torch":
        torch.save({"vectors": torch.ones(2, 4), "model": Evil(mark)}, path)
    elif form == "pickle":
        path.write_bytes(pickle.dumps(Evil(mark)))
    else:
        array = np.array([Evil(mark)], dtype=object)
        if form == "deep.npy":
            # The object's type stands far behind the beginning of the header.
            array = np.array([(1.0, Evil(mark))], dtype=[("x" * 400, "f4"), ("o", object)])
        with path.open("wb") as file:
            (np.savez if form == "npz" else np.save)(file, array, allow_pickle=True)

    with pytest.raises(DataError):
        formats.read(path)

    assert not mark.exists()


def test_what_a_refused_torch_file_needs_is_named(tmp_path: Path) -> None:
    path = saved(tmp_path, {"vectors": Evil(tmp_path / "mark")})

    with pytest.raises(DataError, match=r"needs the Python object [\w.]+.*would run code"):
        formats.read(path)


def sample_files(folder: Path) -> dict[str, bytes]:
    """One good file of every binary kind."""
    buffer = io.BytesIO()
    torch.save({"vectors": torch.ones(4, 64), "model": "m"}, buffer)
    legacy = io.BytesIO()
    torch.save({"vectors": torch.ones(4, 64)}, legacy, _use_new_zipfile_serialization=False)
    array, archive = io.BytesIO(), io.BytesIO()
    np.save(array, rows(4, 64))
    np.savez(archive, layer_1=rows(4, 64))
    return {
        "a.pt": buffer.getvalue(),
        "old.pt": legacy.getvalue(),
        "a.npy": array.getvalue(),
        "a.npz": archive.getvalue(),
        "a.gguf": gguf_bytes({"direction.1": rows(1, 64)[0]}, CONTROL),
        "a.safetensors": safetensors.numpy.save({"layer_1": rows(4, 64)}),
        "a.svec": json.dumps({"directions": {"1": rows(1, 64)[0].tolist()}}).encode(),
        "a.json": json.dumps({"results": [{"scale": 0.0, "logit_A": 1, "logit_B": 2,
                                           "question_idx": 0}]}).encode(),
    }  # fmt: skip


def test_a_file_that_is_cut_off_gives_one_sentence(tmp_path: Path) -> None:
    for name, content in sample_files(tmp_path).items():
        (tmp_path / name).write_bytes(content)
        formats.read(tmp_path / name)
        for share in (0.1, 0.5, 0.9):
            (tmp_path / name).write_bytes(content[: int(len(content) * share)])
            with pytest.raises(DataError, match=name.replace(".", r"\.")):
                formats.read(tmp_path / name)


def test_a_file_with_changed_bytes_gives_values_or_one_sentence(tmp_path: Path) -> None:
    generator = np.random.default_rng(0)
    for name, content in sample_files(tmp_path).items():
        for _ in range(12):
            changed = bytearray(content)
            for place in generator.integers(0, min(len(content), 400), 6):
                changed[place] = int(generator.integers(0, 256))
            (tmp_path / name).write_bytes(bytes(changed))
            # Any other error than this one would fail the test.
            with suppress(DataError):
                formats.read(tmp_path / name)


def test_numbers_that_a_small_file_only_declares_are_not_made(tmp_path: Path) -> None:
    wide = torch.ones(1).expand(2**20, 2**20)
    path = saved(tmp_path, {"vectors": wide})

    with pytest.raises(DataError, match="declares 1,099,511,627,776 numbers"):
        formats.read(path)


def test_an_archive_that_unpacks_to_too_much_is_refused(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(limits, "MOST_BYTES", 10_000)
    path = tmp_path / "bomb.npz"
    np.savez_compressed(path, layer_1=np.zeros((100, 100), np.float32))

    with pytest.raises(DataError, match="unpacks to"):
        formats.read(path)


def test_a_file_above_the_limit_is_not_opened(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(limits, "MOST_BYTES", 10)
    np.save(tmp_path / "a.npy", rows())

    with pytest.raises(DataError, match="at most 0 MB are read"):
        formats.read(tmp_path / "a.npy")


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("a.gguf", b"version https://git-lfs.github.com/spec/v1\noid x", "git-lfs pointer"),
        ("a.pt", b"<!DOCTYPE html><html></html>", "is a web page"),
        ("a.pt", b"", "is empty"),
        ("a.json", b'{"results": [{"scale": 1.0', "not whole JSON"),
        ("a.json", b"[[1, 2]]", "in no known layout"),
        ("a.json", b"[" * 100_000, "damaged|whole JSON"),
        ("a.txt", b"\xff\xfe\x00\x01", "in no known layout"),
        ("a.json", b'{"results": [{"scale": 0, "logit_A": "x", "logit_B": 1, "question_idx": 0}]}',
         "the logit_a 'x', not a number"),
    ],
)  # fmt: skip
def test_what_is_no_such_file_is_refused_in_one_sentence(tmp_path, name, content, sentence) -> None:
    (tmp_path / name).write_bytes(content)

    with pytest.raises(DataError, match=sentence):
        formats.read(tmp_path / name)


@needs_shared
def test_files_of_other_tools_are_read() -> None:
    gguf = formats.read(FOREIGN / "gguf" / "happy_diffmean.gguf")
    assert gguf.vectors.shape == (28, 1536)
    assert gguf.claims["controlvector.method"] == "diffmean"
    for name in ("lfs-pointer.gguf", "vocabulary-not-a-vector.gguf"):
        with pytest.raises(DataError):
            formats.read(FOREIGN / "gguf" / name)
    assert formats.read(FOREIGN / "plain" / "james.pt").vectors.shape == (1, 3584)

    direction = formats.read(next((FOREIGN / "refusal_direction").rglob("direction.pt")))
    every = formats.read(next((FOREIGN / "refusal_direction").rglob("mean_diffs.pt")))

    assert direction.sites == (Site(block=10, kind="block_in"),)
    assert direction.operation == "ablate"
    # The chosen candidate is the one that the sidecar names: position -2, layer 10.
    chosen = every.vectors[every.names.index("position -2, layer 10")]
    assert np.allclose(chosen, direction.vectors[0])


def test_damaged_files_of_every_layout_give_vectors_or_one_sentence() -> None:
    assert fuzz_foreign.tried(40, seed=1) == []
