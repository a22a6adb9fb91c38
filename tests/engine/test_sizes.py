"""What a model takes, against what it really takes; all without loading it."""

import json
import stat
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from transformers import AutoModelForCausalLM

from engine import ROOT
from engine.bench import shapes
from engine.configs.core import PRESETS, ModelConfig
from engine.errors import ModelError
from engine.model import hashing, identity, loading
from engine.model.gguf import header as headers
from engine.model.sizes import fitting, free, gguf_table, tensors
from engine.model.sizes.free import Memory
from tests import gguf_files, tiny

MACHINE = Memory(is_gpu=False, free=2**34, total=2**35)
GPU = Memory(is_gpu=True, free=2**34, total=2**35)


def in_memory(model: torch.nn.Module) -> tuple[int, int]:
    """Numbers and bytes of all parameters, each once."""
    every = list(model.parameters())
    return sum(p.numel() for p in every), sum(p.numel() * p.element_size() for p in every)


def test_the_demo_takes_what_its_header_says() -> None:
    config = ModelConfig(model="demo")

    found = fitting.size(config, ROOT, MACHINE)

    assert found is not None
    loaded = loading.load(config, ROOT)
    assert (found.parameters, found.weights) == in_memory(loaded.causal)
    assert (found.blocks, found.width) == (loaded.blocks, loaded.hidden)
    assert (found.precision, found.is_counted) == ("float32", True)


@pytest.mark.parametrize("stored", [torch.float16, torch.bfloat16, torch.float32])
@pytest.mark.parametrize("kind", ["llama", "qwen3", "gpt2"])
def test_shards_in_any_precision_count_alike(tmp_path: Path, stored, kind) -> None:
    model = tiny.causal(kind)
    numbers, bytes_of_32 = in_memory(model)
    model.to(stored).save_pretrained(tmp_path, max_shard_size="60KB")
    assert len(list(tmp_path.glob("*.safetensors"))) > 1

    for dtype, expected in (("auto", bytes_of_32), ("bfloat16", numbers * 2)):
        found = fitting.size(ModelConfig(model=str(tmp_path), dtype=dtype), ROOT, MACHINE)

        assert found is not None
        assert (found.parameters, found.weights) == (numbers, expected)
    on_gpu = fitting.size(ModelConfig(model=str(tmp_path)), ROOT, GPU)
    assert on_gpu is not None
    assert (on_gpu.precision, on_gpu.weights) == ("bfloat16", numbers * 2)


def test_a_head_that_was_stored_beside_its_twin_counts_once(tmp_path: Path) -> None:
    words, other = torch.ones(8, 4), torch.ones(3)
    held = {"model.embed_tokens.weight": words, "lm_head.weight": words.clone(), "x": other}
    save_file(held, tmp_path / "model.safetensors")

    for is_tied, expected in ((True, 35), (False, 67)):
        (tmp_path / "config.json").write_text(json.dumps({"tie_word_embeddings": is_tied}))
        assert tensors.in_folder(tmp_path).numbers == expected


def test_what_is_no_number_keeps_its_bytes_and_packed_weights_are_not_counted(
    tmp_path: Path,
) -> None:
    save_file(
        {"w": torch.ones(10, dtype=torch.bfloat16), "ids": torch.ones(3, dtype=torch.int64)},
        tmp_path / "model.safetensors",
    )
    (tmp_path / "config.json").write_text("{}")
    config = ModelConfig(model=str(tmp_path))

    found = fitting.size(config, ROOT, MACHINE)
    assert found is not None
    assert (found.parameters, found.weights) == (10, 10 * 4 + 3 * 8)
    inner = {"quantization_config": {"quant_method": "awq"}}
    (tmp_path / "config.json").write_text(json.dumps({"text_config": inner}))
    packed = fitting.size(config, ROOT, MACHINE)
    assert packed is not None
    size = (tmp_path / "model.safetensors").stat().st_size
    assert (packed.parameters, packed.packed, packed.weights) == (None, "awq", size)


def test_files_without_a_header_tell_by_their_size(tmp_path: Path) -> None:
    torch.save({"w": torch.ones(50_000, dtype=torch.float16)}, tmp_path / "pytorch_model.bin")
    (tmp_path / "config.json").write_text(json.dumps({"torch_dtype": "float16"}))

    found = fitting.size(ModelConfig(model=str(tmp_path)), ROOT, MACHINE)

    assert found is not None
    assert not found.is_counted
    assert found.parameters == pytest.approx(50_000, rel=0.02)


def test_a_gguf_counts_the_same_before_and_after_it_is_unpacked(tmp_path: Path) -> None:
    path = tmp_path / "m.gguf"
    model = gguf_files.causal("llama")
    gguf_files.write(path, "llama", model)
    config = ModelConfig(model=str(path))
    before = fitting.size(config, tmp_path, MACHINE)
    assert before is not None
    assert before.parameters == headers.read(path).parameters

    identity.bring(config, tmp_path)

    assert fitting.size(config, tmp_path, MACHINE) == before
    assert (before.parameters, before.weights) == in_memory(model)


def test_every_cut_of_a_gguf_s_table_is_one_sentence(tmp_path: Path) -> None:
    whole = tmp_path / "m.gguf"
    gguf_files.write(whole, "llama", gguf_files.causal("llama"))
    content = whole.read_bytes()
    # Where the table begins to name its last tensor.
    end = content.rindex(b"weight")
    for length in (*range(0, end, 997), end):
        cut = tmp_path / f"{length}.gguf"
        cut.write_bytes(content[:length])
        with pytest.raises(ModelError, match="damaged or cut off"):
            gguf_table.read(hashing.stamp(cut))


@pytest.mark.parametrize("name", ["qwen3-14b", "llama-3.2-3b"])
def test_presets_that_are_not_here_are_known_by_their_shape(name) -> None:
    with torch.device("meta"):
        model = AutoModelForCausalLM.from_config(shapes.SHAPES[name]())

    assert fitting.PARAMETERS[name] == in_memory(model)[0]


def test_the_packaged_preset_is_as_large_as_said() -> None:
    found = identity.locate(ModelConfig(model="smollm2"), ROOT)
    if found.gguf is None:
        pytest.skip("the package with smollm2 is not installed")

    table = gguf_table.read(hashing.stamp(Path(found.gguf)))

    assert table.numbers == fitting.PARAMETERS["smollm2"]
    assert (table.blocks, table.width) == (PRESETS["smollm2"].blocks, 576)


def test_what_is_damaged_or_missing_is_named(tmp_path: Path) -> None:
    folder = tiny.save_folder(tmp_path / "m")
    whole = folder / "model.safetensors"
    config = ModelConfig(model=str(folder))
    whole.write_bytes(whole.read_bytes()[:-1])
    with pytest.raises(ModelError, match="model.safetensors is damaged or cut off"):
        fitting.size(config, ROOT, MACHINE)
    whole.write_bytes(b"")
    with pytest.raises(ModelError, match="damaged or cut off"):
        fitting.size(config, ROOT, MACHINE)
    assert fitting.size(ModelConfig(model="nobody/nothing"), ROOT, MACHINE) is None


def gpus(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, told: str) -> None:
    """A driver's tool that says this, and a torch that could use the GPU."""
    tool = tmp_path / free.TOOL
    tool.write_text(f"#!/bin/sh\ncat <<'END'\n{told}\nEND\n")
    tool.chmod(tool.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    monkeypatch.setattr(free, "_is_for_cpu", lambda: False)


def test_free_memory_is_that_of_the_gpus_that_are_seen(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gpus(tmp_path, monkeypatch, "0, GPU-aa, 100, 1000\n1, GPU-bb, 70, 2000")
    asked = {None: (170, 3000), "1": (70, 2000), "GPU-a": (100, 1000), "1,0": (170, 3000)}

    for shown, expected in asked.items():
        if shown is not None:
            monkeypatch.setenv("CUDA_VISIBLE_DEVICES", shown)
        found = free.memory()
        assert found.is_gpu
        assert (found.free, found.total) == tuple(one * 2**20 for one in expected), shown
    assert free.memory("cuda:1").free == 100 * 2**20  # the second of those shown as 1,0
    for hidden in ("", "-1", "7"):
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", hidden)
        assert not free.memory().is_gpu
    assert not free.memory("cpu").is_gpu


def test_a_tool_that_says_nonsense_leaves_the_machine_s_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gpus(tmp_path, monkeypatch, "0, GPU-aa, [N/A], [N/A]")

    found = free.memory()

    assert not found.is_gpu
    assert 0 < found.free <= found.total
