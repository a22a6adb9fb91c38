"""Adapters of every kind, on and off, are what PEFT itself gives; others' are refused by name."""

import json
from pathlib import Path
from typing import Any

import peft
import pytest
import torch
from peft import LoraConfig, PeftModel, get_peft_model
from transformers import AutoModelForCausalLM

from engine.configs.core import ModelConfig
from engine.errors import ModelError
from engine.model import adapters, loading
from engine.model.checks import run_checks
from engine.model.edits import EditBatch
from engine.model.forward import Forward
from tests import tiny

ROOT = Path(__file__).resolve().parents[2]
TOKENS = [5, 9, 2, 77, 31]
ALL = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]
SHAPE: dict[str, Any] = {"num_hidden_layers": 3}


def lora(**changes: Any) -> LoraConfig:
    return LoraConfig(**{"task_type": "CAUSAL_LM", "r": 4, "target_modules": ALL, **changes})


KINDS: dict[str, Any] = {
    "plain": lambda: lora(),
    "rslora": lambda: lora(use_rslora=True, lora_alpha=16),
    "dora": lambda: lora(use_dora=True),
    "pissa": lambda: lora(init_lora_weights="pissa"),
    "patterns": lambda: lora(rank_pattern={"q_proj": 2}, alpha_pattern={"k_proj": 1}),
    "some blocks": lambda: lora(layers_to_transform=[1]),
    "saved modules": lambda: lora(modules_to_save=["embed_tokens", "lm_head"]),
    "head": lambda: lora(target_modules=["q_proj", "lm_head"]),
    "norms saved": lambda: lora(modules_to_save=["input_layernorm", "q_norm"]),
    "base's bias": lambda: lora(bias="all"),
    "own bias": lambda: lora(lora_bias=True),
    "parameters": lambda: lora(target_modules=[], target_parameters=["mlp.down_proj.weight"]),
    "tokens": lambda: lora(trainable_token_indices=[2, 9]),
    "ADALORA": lambda: peft.AdaLoraConfig(
        task_type="CAUSAL_LM", target_modules=ALL, total_step=10, init_r=4
    ),
    "IA3": lambda: peft.IA3Config(
        task_type="CAUSAL_LM",
        target_modules=["k_proj", "down_proj"],
        feedforward_modules=["down_proj"],
    ),
    "LOHA": lambda: peft.LoHaConfig(task_type="CAUSAL_LM", r=2, target_modules=ALL),
    "LOKR": lambda: peft.LoKrConfig(task_type="CAUSAL_LM", r=2, target_modules=ALL),
    "OFT": lambda: peft.OFTConfig(
        task_type="CAUSAL_LM", oft_block_size=4, target_modules=["q_proj", "up_proj"]
    ),
    "VERA": lambda: peft.VeraConfig(task_type="CAUSAL_LM", r=4, target_modules=["q_proj"]),
    "LN_TUNING": lambda: peft.LNTuningConfig(
        task_type="CAUSAL_LM", target_modules=["input_layernorm", "norm"]
    ),
    "HRA": lambda: peft.HRAConfig(task_type="CAUSAL_LM", r=4, target_modules=["q_proj", "up_proj"]),
    "FOURIERFT": lambda: peft.FourierFTConfig(
        task_type="CAUSAL_LM", n_frequency=20, target_modules=["q_proj"]
    ),
    "RANDLORA": lambda: peft.RandLoraConfig(task_type="CAUSAL_LM", r=4, target_modules=["q_proj"]),
    "DELORA": lambda: peft.DeloraConfig(task_type="CAUSAL_LM", r=4, target_modules=["q_proj"]),
}


def write(folder: Path, base: Path, settings: Any) -> Path:
    """An adapter as if trained: all that PEFT would train is moved from where it began."""
    with torch.random.fork_rng():
        torch.manual_seed(3)
        wrapped = get_peft_model(AutoModelForCausalLM.from_pretrained(base), settings)
        with torch.no_grad():
            for weight in wrapped.parameters():
                if weight.requires_grad:
                    weight.add_(0.2 * torch.randn_like(weight))
    wrapped.save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def bases(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    root = tmp_path_factory.mktemp("bases")
    return {
        "qwen3": tiny.save_folder(root / "qwen3", "qwen3", **SHAPE),
        "llama": tiny.save_folder(root / "llama", "llama", attention_bias=True, **SHAPE),
    }


def opened(base: Path) -> loading.LoadedModel:
    return loading.load(ModelConfig(model=str(base)), ROOT)


def adapted(loaded: loading.LoadedModel, folder: Path) -> loading.LoadedModel:
    config = ModelConfig(model=loaded.config.model, adapter=str(folder))
    return loading.with_adapter(loaded, config, ROOT)


def logits(door: Forward, adapter: bool) -> torch.Tensor:
    return door.next_logits(TOKENS, EditBatch.none(1), adapter)[0]


@pytest.mark.matrix(keep=6)
@pytest.mark.parametrize("kind", KINDS)
def test_on_is_peft_and_off_is_the_base_bit_for_bit(kind, bases, tmp_path) -> None:
    base = bases["llama" if "bias" in kind else "qwen3"]
    folder = write(tmp_path / "adapter", base, KINDS[kind]())
    ids = torch.tensor([TOKENS])
    with torch.no_grad():
        wrapped = PeftModel.from_pretrained(AutoModelForCausalLM.from_pretrained(base), folder)
        slow_on = wrapped.eval()(ids).logits[0, -1]
        slow_off = AutoModelForCausalLM.from_pretrained(base).eval()(ids).logits[0, -1]
    plain = opened(base)
    before = logits(Forward(plain), False)
    weights = {name: weight.clone() for name, weight in plain.model.named_parameters()}

    tuned = adapted(plain, folder)
    door = Forward(tuned)

    torch.testing.assert_close(logits(door, True), slow_on, atol=1e-4, rtol=1e-4)
    torch.testing.assert_close(logits(door, False), slow_off, atol=1e-4, rtol=1e-4)
    assert torch.equal(logits(door, False), before)
    assert (slow_on - slow_off).abs().max() > 1e-3
    with tuned.using(True):
        assert torch.equal(tuned.adapter(True).peft(ids).logits[0, -1], slow_on)
    now = dict(plain.model.named_parameters())
    assert now.keys() == weights.keys()
    assert all(torch.equal(now[name], weight) for name, weight in weights.items())
    assert all(check.passed for check in run_checks(door) if "library" in check.name)


def test_every_kind_that_is_let_in_was_tried_here() -> None:
    tried = {settings().peft_type.value for settings in KINDS.values()}

    assert tried == adapters.KINDS


def test_two_adapters_on_one_base_are_each_as_alone_and_share_its_tensors(bases, tmp_path) -> None:
    base = bases["llama"]
    folders = [
        write(tmp_path / "a", base, lora()),
        write(tmp_path / "b", base, KINDS["saved modules"]()),
    ]
    alone = [logits(Forward(adapted(opened(base), folder)), True) for folder in folders]
    plain = opened(base)
    first, second = (Forward(adapted(plain, folder)) for folder in folders)

    for _ in range(2):
        assert torch.equal(logits(first, True), alone[0])
        assert torch.equal(logits(second, True), alone[1])
    assert torch.equal(logits(first, False), logits(Forward(plain), True))
    assert first.loaded.model is second.loaded.model is plain.model


def refused(base: Path, folder: Path) -> str:
    loaded = opened(base)
    before = logits(Forward(loaded), False)
    with pytest.raises(ModelError) as error:
        adapted(loaded, folder)
    assert torch.equal(logits(Forward(loaded), False), before)
    return str(error.value)


def test_an_adapter_of_more_blocks_is_refused_by_its_block(bases, tmp_path) -> None:
    deep = tiny.save_folder(tmp_path / "deep", num_hidden_layers=5)
    folder = write(tmp_path / "adapter", deep, lora())

    assert "weights for block 4, but qwen3 has blocks 0 to 2" in refused(bases["qwen3"], folder)


def test_an_adapter_of_fewer_blocks_is_refused_by_what_it_lacks(bases, tmp_path) -> None:
    deep = tiny.save_folder(tmp_path / "deep", num_hidden_layers=5)
    folder = write(tmp_path / "adapter", bases["qwen3"], lora())

    said = refused(deep, folder)

    assert "lacks weights that its settings promise for deep (layers.3." in said


def test_an_adapter_of_another_width_is_refused_with_both_sizes(bases, tmp_path) -> None:
    wide = tiny.save_folder(tmp_path / "wide", hidden_size=48, **SHAPE)
    folder = write(tmp_path / "adapter", wide, lora())

    said = refused(bases["qwen3"], folder)

    assert "adapter does not fit qwen3" in said
    assert "is 4 x 48, but 4 x 32 is needed" in said


def test_an_adapter_of_other_modules_is_refused(bases, tmp_path) -> None:
    other = tmp_path / "gpt2"
    tiny.causal("gpt2").save_pretrained(other)
    folder = write(tmp_path / "adapter", other, lora(target_modules=["c_attn"]))

    assert "adapter cannot be loaded on qwen3" in refused(bases["qwen3"], folder)


def test_an_adapter_of_pickled_objects_is_refused(bases, tmp_path) -> None:
    folder = write(tmp_path / "adapter", bases["qwen3"], lora())
    (folder / "adapter_model.safetensors").unlink()
    torch.save({"weight": Path}, folder / "adapter_model.bin")

    assert "holds pickled objects, which can run code and are not read" in refused(
        bases["qwen3"], folder
    )


def test_a_resized_vocabulary_is_refused_as_such(bases, tmp_path) -> None:
    larger = tiny.save_folder(tmp_path / "larger", vocab_size=520, **SHAPE)
    folder = write(tmp_path / "adapter", larger, KINDS["saved modules"]())

    said = refused(bases["qwen3"], folder)

    assert "resized vocabulary (embed_tokens.weight is 520 x 32, in qwen3 512 x 32)" in said


@pytest.mark.parametrize("lost", ["layers.1.mlp.up_proj.lora_B", "layers.2.self_attn.q_proj"])
def test_weights_that_are_missing_or_of_no_place_are_named(lost, bases, tmp_path) -> None:
    from safetensors.torch import load_file, save_file

    folder = write(tmp_path / "adapter", bases["qwen3"], lora())
    file = folder / "adapter_model.safetensors"
    kept = {name: weight for name, weight in load_file(file).items() if lost not in name}
    save_file(kept, file)
    assert f"lacks weights that its settings promise for qwen3 ({lost}" in refused(
        bases["qwen3"], folder
    )

    save_file({**load_file(file), "base_model.model.score.weight": torch.ones(2, 2)}, file)
    said = refused(bases["qwen3"], folder)
    assert "holds weights that qwen3 has no place for (score.weight)" in said


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        (
            peft.PromptTuningConfig(task_type="CAUSAL_LM", num_virtual_tokens=4),
            "PROMPT_TUNING, which adds tokens",
        ),
        (
            peft.PrefixTuningConfig(task_type="CAUSAL_LM", num_virtual_tokens=4),
            "PREFIX_TUNING, which adds tokens",
        ),
        (
            peft.PromptEncoderConfig(task_type="CAUSAL_LM", num_virtual_tokens=4),
            "P_TUNING, which adds tokens",
        ),
        (lora(layer_replication=[[0, 2], [1, 3]]), "uses layer_replication"),
        (lora(alora_invocation_tokens=[3]), "uses alora_invocation_tokens"),
        (peft.C3AConfig(block_size=8, target_modules=["q_proj"]), "C3A, which is not known here"),
    ],
    ids=lambda value: str(value)[:12],
)
def test_kinds_that_do_more_than_change_modules_are_refused(
    settings, said, bases, tmp_path
) -> None:
    folder = write(tmp_path / "adapter", bases["qwen3"], settings)

    assert said in refused(bases["qwen3"], folder)


def test_another_base_s_name_is_said_in_every_record_and_refuses_nothing(bases, tmp_path) -> None:
    folder = write(tmp_path / "adapter", bases["llama"], lora(target_modules=["q_proj"]))
    config = folder / "adapter_config.json"
    settings = json.loads(config.read_text())

    assert adapted(opened(bases["llama"]), folder).notes == ()
    notes = []
    for name in ("someone/Other-Base", "/elsewhere/llama"):
        config.write_text(json.dumps({**settings, "base_model_name_or_path": name}))
        notes.append(adapted(opened(bases["llama"]), folder).notes)

    assert notes == [
        ("The adapter adapter names Other-Base as its base, and is used on llama here.",),
        (),
    ]


def test_its_own_tokenizer_and_template_are_named_and_not_used(bases, tmp_path) -> None:
    folder = write(tmp_path / "adapter", bases["qwen3"], lora())
    same = tiny.tokenizer()
    same.save_pretrained(folder)
    assert adapted(opened(bases["qwen3"]), folder).notes == ()

    other = tiny.tokenizer(letters_with_bracket=False)
    other.chat_template = tiny.TEMPLATE.replace("assistant\n", "bot\n")
    other.save_pretrained(folder)

    notes = adapted(opened(bases["qwen3"]), folder).notes
    assert [note.split(":")[0] for note in notes] == [
        "The adapter adapter comes with another chat template",
        "The adapter adapter comes with another tokenizer",
    ]


def test_a_damaged_file_is_refused_in_a_sentence(bases, tmp_path) -> None:
    folder = write(tmp_path / "adapter", bases["qwen3"], lora())
    (folder / "adapter_model.safetensors").write_bytes(b"\x05" * 40)
    assert "cannot be loaded on qwen3" in refused(bases["qwen3"], folder)

    (folder / "adapter_model.safetensors").unlink()
    assert "cannot be loaded on qwen3" in refused(bases["qwen3"], folder)

    (folder / "adapter_config.json").write_text("[1]")
    assert "cannot be loaded on qwen3" in refused(bases["qwen3"], folder)
