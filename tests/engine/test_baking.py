"""A vector baked into a bias is the steered model to the library alone; else nothing is written."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from transformers import (
    AutoModelForCausalLM,
    AutoTokenizer,
    Gemma3ForCausalLM,
    Gemma3TextConfig,
    GPTNeoXConfig,
    GPTNeoXForCausalLM,
    MixtralConfig,
    MixtralForCausalLM,
)

from engine.cli import library
from engine.configs.core import ModelConfig, Site
from engine.errors import ConfigError, ModelError
from engine.model import loading
from engine.model.baking import writing
from engine.model.baking.places import place
from engine.model.baking.writing import Baked, bake
from engine.model.forward import Forward
from tests import gguf_files, tiny
from tests.engine.test_adapters import ROOT, lora, write
from tests.engine.test_cli import run
from tests.reference import steering

KINDS: dict[str, tuple[str, dict[str, Any]]] = {
    "llama": ("llama", {}),
    "llama with biases": ("llama", {"mlp_bias": True}),
    "gpt2": ("gpt2", {}),
}
TOKENS = list(range(3, 15))
GPT_NEOX: dict[str, Any] = {
    "vocab_size": 512, "hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2,
    "num_attention_heads": 4, "max_position_embeddings": 64,
}  # fmt: skip
FEW: dict[str, Any] = {**tiny.SHAPE, "num_hidden_layers": 2}


@pytest.fixture(scope="module")
def bases(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    root = tmp_path_factory.mktemp("bases")
    found = {}
    for name, (kind, changes) in KINDS.items():
        found[name] = tiny.save_folder(root / name, kind, num_hidden_layers=3, **changes)
        # The library begins biases at zero, which a wrong sum would not show.
        model = AutoModelForCausalLM.from_pretrained(found[name])
        for number, (weight_name, weight) in enumerate(model.named_parameters()):
            if weight_name.endswith("bias"):
                weight.data = 0.1 * tiny.seeded(*weight.shape, seed=number)
        model.save_pretrained(found[name])
    return found


def opened(folder: Path, adapter: Path | None = None, dtype: Any = "float32") -> Forward:
    config = ModelConfig(model=str(folder), adapter=adapter and str(adapter), dtype=dtype)
    return Forward(loading.load(config, ROOT))


def asked(site: Site, scale: float = -2.0) -> Baked:
    return Baked(site=site, vector=tiny.seeded(32, seed=5), scale=scale, origin={"digest": "x"})


@pytest.mark.parametrize(
    ("name", "site"),
    [
        ("llama", Site(block=1, kind="block_in")),
        ("llama with biases", Site(block=1)),
        ("gpt2", Site(block=2, kind="mlp_out")),
    ],
)
def test_others_load_a_model_that_is_steered_at_every_position(
    bases: dict[str, Path], name: str, site: Site, tmp_path: Path
) -> None:
    door, ids = opened(bases[name]), torch.tensor([TOKENS])
    before = {n: w.clone() for n, w in door.loaded.causal.named_parameters()}

    told = bake(door, asked(site), tmp_path / "baked")

    baked = AutoModelForCausalLM.from_pretrained(tmp_path / "baked").eval()
    plain = AutoModelForCausalLM.from_pretrained(bases[name]).eval()
    block = site.block - (site.kind == "block_in")
    with torch.no_grad():
        unsteered = plain(ids).logits
        with steering.added(plain, block, -2.0 * tiny.seeded(32, seed=5)):
            steered = plain(ids).logits
        torch.testing.assert_close(baked(ids).logits, steered, atol=2e-5, rtol=2e-5)
    assert (steered - unsteered).abs().max() > 0.1
    assert told["effect"] > 1e-2 > 1e-4 > told["difference"]
    own = dict(plain.named_parameters())
    for key, weight in baked.named_parameters():
        if key != told["parameter"]:
            assert torch.equal(weight, own[key] if key in own else torch.zeros_like(weight))
    assert all(torch.equal(w, before[n]) for n, w in door.loaded.causal.named_parameters())
    assert told == json.loads((tmp_path / "baked" / writing.TOLD).read_text())
    chat = [{"role": "user", "content": "Well?"}]
    words, theirs = tiny.tokenizer(), AutoTokenizer.from_pretrained(tmp_path / "baked")
    assert theirs.apply_chat_template(chat) == words.apply_chat_template(chat)


def test_a_model_born_as_gguf_is_baked_as_a_folder_that_all_may_read(tmp_path: Path) -> None:
    path = gguf_files.write(tmp_path / "m.gguf", "llama", gguf_files.causal("llama"))
    door = Forward(loading.load(ModelConfig(model=str(path)), tmp_path))
    vector = tiny.seeded(64, seed=5)
    one = Baked(site=Site(block=2), vector=vector, scale=0.5, origin={})

    told = bake(door, one, tmp_path / "baked")

    baked = AutoModelForCausalLM.from_pretrained(tmp_path / "baked")
    bias = baked.model.layers[2].mlp.down_proj.bias
    assert torch.equal(bias, 0.5 * vector)
    assert told["model"]["name"] == "m.gguf"
    assert told["difference"] < 1e-4 < told["effect"]
    names = ("model.safetensors", "config.json")
    modes = {(tmp_path / "baked" / name).stat().st_mode for name in names}
    assert len(modes) == 1


def test_a_checkpoint_in_bfloat16_is_measured_by_what_rounding_explains(
    bases: dict[str, Path], tmp_path: Path
) -> None:
    door = opened(bases["llama"], dtype="bfloat16")

    told = bake(door, asked(Site(block=1)), tmp_path / "baked")

    baked = AutoModelForCausalLM.from_pretrained(tmp_path / "baked")
    assert baked.dtype == torch.bfloat16
    bias = baked.model.layers[1].mlp.down_proj.bias
    assert torch.equal(bias, (-2.0 * tiny.seeded(32, seed=5)).bfloat16())
    assert told["effect"] > 10 * told["difference"]


def refused(kind: str, folder: Path) -> Path:
    if kind == "qwen3":
        return tiny.save_folder(folder, kind, num_hidden_layers=2)
    torch.manual_seed(0)
    if kind == "gemma3":
        model: Any = Gemma3ForCausalLM(Gemma3TextConfig(**FEW))
    else:
        few = {key: value for key, value in FEW.items() if key != "head_dim"}
        model = MixtralForCausalLM(MixtralConfig(**few, num_local_experts=2))
    model.save_pretrained(folder)
    tiny.tokenizer().save_pretrained(folder)
    return folder


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("qwen3", "can have no bias at mlp.down_proj, where a block ends"),
        ("gemma3", "change what their last matrix gives"),
        ("mixtral", "end in experts"),
    ],
)
def test_architectures_without_a_place_are_refused(kind: str, words: str, tmp_path: Path) -> None:
    door = opened(refused(kind, tmp_path / "base"))

    with pytest.raises(ModelError, match=words):
        bake(door, asked(Site(block=1)), tmp_path / "baked")
    assert [one.name for one in tmp_path.iterdir()] == ["base"]


def test_a_checkpoint_that_is_not_the_steered_model_is_not_kept(
    bases: dict[str, Path], tmp_path: Path, monkeypatch
) -> None:
    door = opened(bases["llama"])
    right = writing._write
    wrong = asked(Site(block=1), scale=-2.01)
    monkeypatch.setattr(writing, "_write", lambda one, _asked, *rest: right(one, wrong, *rest))

    with pytest.raises(ModelError, match="is not the steered model: its logits differ by"):
        bake(door, asked(Site(block=1)), tmp_path / "baked")
    monkeypatch.setattr(writing, "_write", _with_other_words(right))
    with pytest.raises(ModelError, match="its tokens differ"):
        bake(door, asked(Site(block=1)), tmp_path / "baked")
    assert list(tmp_path.iterdir()) == []


def _with_other_words(right: Any) -> Any:
    def write_other(door: Any, one: Any, where: Any, folder: Path) -> None:
        right(door, one, where, folder)
        tiny.tokenizer(letters_with_bracket=False).save_pretrained(folder)
        told = json.loads((folder / "tokenizer.json").read_text())
        told["model"]["merges"] = []
        (folder / "tokenizer.json").write_text(json.dumps(told))

    return write_other


def test_what_cannot_be_baked_is_refused(bases: dict[str, Path], tmp_path: Path) -> None:
    door, out = opened(bases["llama"]), tmp_path / "baked"
    short = Baked(site=Site(block=1), vector=torch.ones(8), scale=1.0, origin={})

    for one, words in [
        (asked(Site(block=0, kind="block_in")), "embedding, which has no bias"),
        (asked(Site(block=3)), "blocks 0 to 2"),
        (asked(Site(block=1), float("nan")), "Scale nan times the vector is no finite change"),
        (asked(Site(block=1), 0.0), "and not 0"),
        (short, "has 8 numbers, but .* has 32"),
    ]:
        with pytest.raises(ConfigError, match=words):
            bake(door, one, out)
    with pytest.raises(ConfigError, match=r"cannot be written to .*: name another place"):
        bake(door, asked(Site(block=1)), bases["llama"] / "config.json" / "baked")
    out.mkdir()
    with pytest.raises(ConfigError, match="was left as it is"):
        bake(door, asked(Site(block=1)), out)
    assert list(out.iterdir()) == []


def test_the_base_s_weights_alone_are_written(bases: dict[str, Path], tmp_path: Path) -> None:
    adapter = write(tmp_path / "adapter", bases["llama"], lora())
    door = opened(bases["llama"], adapter)

    told = bake(door, asked(Site(block=1)), tmp_path / "baked")

    assert told["model"]["adapter"] is None
    baked = AutoModelForCausalLM.from_pretrained(tmp_path / "baked")
    for name, weight in AutoModelForCausalLM.from_pretrained(bases["llama"]).named_parameters():
        assert torch.equal(weight, baked.get_parameter(name))


def test_a_matrix_counts_only_if_the_block_moves_by_all_that_it_gives(
    bases: dict[str, Path],
) -> None:
    assert place(opened(bases["llama"]), Site(block=2)).flag == "mlp_bias"
    side_by_side = GPTNeoXForCausalLM(GPTNeoXConfig(**GPT_NEOX))
    parameter = place(Forward(tiny.wrap(side_by_side)), Site(block=1)).parameter
    assert parameter == "gpt_neox.layers.1.mlp.dense_4h_to_h.bias"
    door = opened(bases["llama with biases"])
    layer = door.loaded.causal.model.layers[2]
    layer.register_forward_hook(lambda _module, _args, out: 0.5 * out)

    with pytest.raises(ModelError, match="change what their last matrix gives"):
        place(door, Site(block=2))


def test_the_command_bakes_one_stored_vector(
    bases: dict[str, Path], tmp_path: Path, capsys
) -> None:
    base, out, store = bases["llama"], tmp_path / "baked", ["--store", tmp_path]
    _, made = run(
        capsys, "find", "random", "--model", base, "--source-layer", "1", "--vectors", "2", *store
    )
    name, baking = made["digest"], ["--bake", "--scale", "3", "--out", out]
    code, answer = run(capsys, "export", f"{name}:1", *baking, *store)

    assert code == 0, answer
    assert answer["parameter"] == "model.layers.1.mlp.down_proj.bias"
    told = json.loads((out / writing.TOLD).read_text())
    assert told["vector"]["digest"] == name
    assert told["vector"]["index"] == 1
    from engine.store.store import Store

    vector = Store(tmp_path).load_vectors(name).vectors[1]
    bias = AutoModelForCausalLM.from_pretrained(out).model.layers[1].mlp.down_proj.bias
    np.testing.assert_allclose(bias.detach().numpy(), 3 * vector, rtol=1e-6)

    new = ["--bake", "--scale", "3", "--out", tmp_path / "new"]
    for arguments, words in [
        ([f"{name}:1", *baking], "was left as it is"),
        ([name, *new], "is 2 vectors: choose one"),
        ([f"{name}:2", *new], "has 0 to 1"),
        ([f"{name}:1", "--bake", "--scale", "3"], "give --out and --scale"),
        ([f"{name}:1", *new, "--format", "csv"], "leave --format out"),
        ([name, "--scale", "3"], "add --bake"),
        ([f"{name}:1", *new, "--dtype", "odd"], "odd"),
    ]:
        code, answer = run(capsys, "export", *arguments, *store)
        assert code == 2
        assert words in answer["error"]
    assert not (tmp_path / "new").exists()


def test_a_reader_is_told_of_another_model_and_of_an_adapter_that_is_not_written() -> None:
    found = {"fingerprint": "17f", "short_name": "other", "adapter": "liar"}

    assert library._notes({"fingerprint": "17f", "adapter": None}, {"fingerprint": "17f"}) == []
    notes = library._notes(found, {"fingerprint": "0c2"})
    assert "another model (other)" in notes[0]
    assert "adapter liar: the base model's weights alone" in notes[1]
