"""A checkpoint is loaded whole and rightly, or refused in one sentence that says why."""

import json
from pathlib import Path
from typing import Any

import pytest
import torch
import transformers
from safetensors.torch import load_file, save_file

from engine.configs.core import ModelConfig, Site
from engine.errors import DataError, ModelError
from engine.model import loading
from engine.model.checkpoints.decoders import text_decoder
from engine.model.checks import run_checks
from engine.model.edits import Edit, EditBatch
from engine.model.forward import Forward
from engine.model.prompts import Prompter
from tests import tiny

ROOT = Path(__file__).resolve().parents[2]
VISION = {
    "hidden_size": 32,
    "intermediate_size": 64,
    "num_hidden_layers": tiny.SHAPE["num_hidden_layers"],
    "num_attention_heads": 4,
    "image_size": 56,
    "patch_size": 14,
    "vision_use_head": False,
}
"""As many layers as the text model has."""


def load(folder: Path) -> loading.LoadedModel:
    return loading.load(ModelConfig(model=str(folder)), ROOT)


def saved(folder: Path, model: Any) -> Path:
    model.save_pretrained(folder)
    tiny.tokenizer().save_pretrained(folder)
    return folder


def with_weights(folder: Path, change: Any) -> Path:
    file = tiny.save_folder(folder) / "model.safetensors"
    tensors = load_file(file)
    change(tensors)
    save_file(tensors, file, {"format": "pt"})
    return folder


def with_config(folder: Path, **settings: Any) -> Path:
    file = tiny.save_folder(folder) / "config.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | settings))
    return folder


def seeing() -> torch.nn.Module:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        config = transformers.Gemma3Config(
            text_config={**tiny.SHAPE, "sliding_window": 16, "initializer_range": 0.15},
            vision_config=VISION,
            mm_tokens_per_image=4,
        )
        return transformers.Gemma3ForConditionalGeneration(config).eval()


def test_missing_tensors_are_named_and_not_filled_at_random(tmp_path: Path) -> None:
    name = "model.layers.2.mlp.up_proj.weight"
    with pytest.raises(ModelError, match=f"lacks 1 tensor \\({name}\\) that the model has"):
        load(with_weights(tmp_path, lambda tensors: tensors.pop(name)))


def test_tensors_without_a_place_are_named(tmp_path: Path) -> None:
    def add(tensors: dict[str, torch.Tensor]) -> None:
        tensors["model.layers.0.mlp.up_proj.bias"] = torch.zeros(64)

    with pytest.raises(ModelError, match=r"holds 1 tensor \(model.layers.0.mlp.up_proj.bias\)"):
        load(with_weights(tmp_path, add))


def test_tensors_of_another_shape_are_named(tmp_path: Path) -> None:
    def cut(tensors: dict[str, torch.Tensor]) -> None:
        tensors["model.norm.weight"] = torch.zeros(16)

    with pytest.raises(ModelError, match=r"\(model.norm.weight\) of another shape"):
        load(with_weights(tmp_path, cut))


def test_frequencies_of_old_checkpoints_do_no_harm(tmp_path: Path) -> None:
    def add(tensors: dict[str, torch.Tensor]) -> None:
        tensors["model.layers.0.self_attn.rotary_emb.inv_freq"] = torch.zeros(4)

    assert load(with_weights(tmp_path, add)).blocks == 5


def test_masks_of_old_checkpoints_do_no_harm(tmp_path: Path) -> None:
    file = tiny.save_folder(tmp_path, "gpt2") / "model.safetensors"
    # As the hub's own GPT-2 is stored.
    tensors = {name.removeprefix("transformer."): one for name, one in load_file(file).items()}
    tensors |= {"h.0.attn.bias": torch.ones(1, 1, 8, 8), "h.0.attn.masked_bias": torch.zeros(())}
    save_file(tensors, file, {"format": "pt"})

    assert load(tmp_path).blocks == tiny.SHAPE["num_hidden_layers"]


def test_only_blocks_that_the_config_says_guess_ahead_may_be_left_over(tmp_path: Path) -> None:
    def add(tensors: dict[str, torch.Tensor]) -> None:
        tensors["model.layers.5.eh_proj.weight"] = torch.zeros(4)

    folder = with_weights(tmp_path, add)
    with pytest.raises(ModelError, match=r"holds 1 tensor \(model.layers.5.eh_proj.weight\)"):
        load(folder)

    file = folder / "config.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | {"num_nextn_predict_layers": 1}))
    assert load(folder).blocks == 5


def test_a_lost_weight_file_is_named(tmp_path: Path) -> None:
    tiny.causal("qwen3").save_pretrained(tmp_path, max_shard_size="50KB")
    tiny.tokenizer().save_pretrained(tmp_path)
    lost = sorted(tmp_path.glob("*.safetensors"))[1]
    lost.unlink()

    with pytest.raises(ModelError, match=f"lacks {lost.name}, which"):
        load(tmp_path)


def test_a_truncated_weight_file_is_one_sentence(tmp_path: Path) -> None:
    file = tiny.save_folder(tmp_path) / "model.safetensors"
    file.write_bytes(file.read_bytes()[:5000])

    with pytest.raises(ModelError, match="The model of .* cannot be loaded: .*header"):
        load(tmp_path)


@pytest.mark.parametrize("text", ["null", "[]", "{", '{"model_type": 3}', "\ud800"])
def test_a_config_that_holds_no_settings_is_one_sentence(tmp_path: Path, text: str) -> None:
    file = tiny.save_folder(tmp_path) / "config.json"
    file.write_bytes(text.encode("utf-8", "surrogatepass"))

    with pytest.raises(ModelError, match="onfig"):
        load(tmp_path)


@pytest.mark.parametrize("settings", [{"hidden_size": "wide"}, {"num_hidden_layers": None}])
def test_a_config_of_wrong_types_is_one_sentence(tmp_path: Path, settings: dict) -> None:
    with pytest.raises(ModelError, match="cannot be loaded"):
        load(with_config(tmp_path, **settings))


def test_not_a_number_in_a_config_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"config.json of .* cannot be read as JSON: NaN"):
        load(with_config(tmp_path, rms_norm_eps=float("nan")))


@pytest.mark.parametrize("file", ["generation_config.json", "tokenizer_config.json"])
def test_settings_beside_a_config_that_hold_none_are_one_sentence(tmp_path: Path, file) -> None:
    (tiny.save_folder(tmp_path) / file).write_text("null")

    with pytest.raises(ModelError, match=f"{file} of .* holds no settings"):
        load(tmp_path)


def test_a_folder_without_a_tokenizer_is_one_sentence(tmp_path: Path) -> None:
    for file in tiny.save_folder(tmp_path).glob("*token*"):
        file.unlink()

    with pytest.raises(ModelError, match="has no tokenizer that writes tokens"):
        load(tmp_path)


def test_a_longest_text_of_a_wrong_type_is_one_sentence(tmp_path: Path) -> None:
    file = tiny.save_folder(tmp_path) / "tokenizer_config.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | {"model_max_length": "long"}))

    with pytest.raises(ModelError, match="model_max_length in tokenizer_config.json"):
        load(tmp_path)


def test_a_damaged_tokenizer_is_one_sentence(tmp_path: Path) -> None:
    (tiny.save_folder(tmp_path) / "tokenizer.json").write_text('{"model": 1}')

    with pytest.raises(ModelError, match="The tokenizer of"):
        load(tmp_path)


def test_a_tokenizer_of_more_tokens_than_the_model_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="has 3.. tokens, but the model only 64"):
        load(tiny.save_folder(tmp_path, vocab_size=64))


def test_a_token_that_the_model_does_not_know_is_refused_where_it_is_written() -> None:
    fast = tiny.tokenizer()
    prompter = Prompter(fast, vocabulary=len(fast) - 1)

    assert prompter.tokens("Would you?")
    with pytest.raises(DataError, match="writes '\\(B', which this model of"):
        prompter.tokens("Would you? (B")


def test_code_that_a_checkpoint_brings_is_never_run(tmp_path: Path, monkeypatch) -> None:
    marker = tmp_path / "ran"
    names = {"AutoConfig": "own.Own", "AutoModelForCausalLM": "own.Own"}
    folder = with_config(tmp_path / "model", auto_map=names, model_type="own_kind")
    (folder / "own.py").write_text(
        f"open({str(marker)!r}, 'w').close()\n"
        "from transformers import PretrainedConfig\n"
        "class Own(PretrainedConfig):\n    model_type = 'own_kind'\n"
    )
    monkeypatch.setattr("builtins.input", lambda *_: "y")

    with pytest.raises(ModelError, match="brings code of its own, which is never run here"):
        load(folder)
    assert not marker.exists()


def test_code_for_tokenizing_and_generating_is_never_run(tmp_path: Path) -> None:
    marker = tmp_path / "ran"
    folder = tiny.save_folder(tmp_path / "model")
    (folder / "custom_generate").mkdir()
    for place in ("own.py", "custom_generate/generate.py"):
        (folder / place).write_text(f"open({str(marker)!r}, 'w').close()\nclass Own: pass\n")
    file = folder / "tokenizer_config.json"
    own = {"auto_map": {"AutoTokenizer": ["own.Own", "own.Own"]}, "tokenizer_class": "Own"}
    file.write_text(json.dumps(json.loads(file.read_text()) | own))

    loaded = load(folder)

    assert loaded.prompter.tokens("Would you?")
    assert loading.OWN_CODE in loaded.notes
    assert not marker.exists()


class _Writes:
    """An object whose unpickling writes a file."""

    def __init__(self, marker: Path) -> None:
        self.marker = marker

    def __reduce__(self) -> tuple[Any, ...]:
        return Path.write_text, (self.marker, "ran")


def test_pickled_objects_are_refused_without_advice_to_run_them(tmp_path: Path) -> None:
    marker = tmp_path / "ran"
    folder = tiny.save_folder(tmp_path / "model")
    (folder / "model.safetensors").unlink()
    torch.save({"weight": _Writes(marker)}, folder / "pytorch_model.bin")

    with pytest.raises(ModelError, match="holds pickled objects, which can run code and are not"):
        load(folder)
    assert not marker.exists()


@pytest.mark.parametrize(
    ("kind", "said"), [("t5", "an encoder with a decoder"), ("bert", "an encoder: only")]
)
def test_what_does_not_write_from_left_to_right_is_refused(tmp_path, kind, said) -> None:
    folder = tiny.save_folder(tmp_path)
    transformers.AutoConfig.for_model(kind).save_pretrained(folder)

    with pytest.raises(ModelError, match=f"is of type {kind}, {said}"):
        load(folder)


def test_an_architecture_that_the_library_does_not_know_is_named(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="has model type qwen99, which transformers"):
        load(with_config(tmp_path, model_type="qwen99"))


@pytest.mark.parametrize("device", ["tpu", "mps", "xpu", "meta", "cuda:99", "a b"])
def test_devices_that_are_not_there_are_one_sentence(device: str) -> None:
    with pytest.raises(ModelError, match="evice"):
        loading.chosen_device(device)


def test_attention_is_computed_step_by_step_where_there_is_no_fused_one(tmp_path: Path) -> None:
    config = transformers.Gemma2Config(**tiny.SHAPE, sliding_window=16)
    loaded = load(saved(tmp_path, transformers.Gemma2ForCausalLM(config)))

    assert loaded.identity()["attention"] == "eager"
    assert any("no fused attention" in note for note in loaded.notes)
    assert all(check.passed for check in run_checks(Forward(loaded)))
    assert tiny.wrap(tiny.causal("llama")).identity()["attention"] == "sdpa"


def test_of_a_model_that_sees_the_text_s_blocks_are_steered(tmp_path: Path) -> None:
    door = Forward(load(saved(tmp_path, seeing())))
    causal, tokens = door.loaded.causal, list(range(5, 29))
    vector, site = tiny.seeded(door.hidden), Site(block=2)

    def add(_module: Any, _args: Any, output: Any) -> Any:
        return output[0] + vector if isinstance(output, tuple) else output + vector

    handle = causal.model.language_model.layers[2].register_forward_hook(add)
    with torch.no_grad():
        expected = causal(torch.tensor([tokens]), use_cache=False).logits[0, -1]
    handle.remove()
    edits = EditBatch.stack([[Edit(site=site, vector=vector, scale=1.0)]])
    found = door.next_logits(tokens, edits)[0]

    assert text_decoder(causal).path == "model.language_model"
    torch.testing.assert_close(found, expected.float(), rtol=1e-4, atol=1e-4)
    assert all(check.passed for check in run_checks(door))


def test_what_only_images_pass_through_may_be_missing(tmp_path: Path) -> None:
    folder = saved(tmp_path, seeing())
    tensors = load_file(folder / "model.safetensors")
    kept = {name: one for name, one in tensors.items() if "vision_tower" not in name}
    assert 0 < len(kept) < len(tensors)
    save_file(kept, folder / "model.safetensors", {"format": "pt"})
    assert load(folder).blocks == 5

    lost = next(name for name in kept if ".layers.3." in name)
    del kept[lost]
    save_file(kept, folder / "model.safetensors", {"format": "pt"})
    with pytest.raises(ModelError, match="lacks 1 tensor"):
        load(folder)
