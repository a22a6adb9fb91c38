"""Quantised checkpoints are loaded as what they are, and the method by which they are is said."""

import json
import sys
from pathlib import Path

import pytest
import torch
import transformers
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from engine.configs.core import ModelConfig
from engine.errors import ModelError
from engine.model import loading
from engine.model.checkpoints import reading
from engine.model.checks import run_checks
from engine.model.forward import Forward
from tests import tiny

ROOT = Path(__file__).resolve().parents[2]
BLOCK = 16
E4M3_LARGEST = 448.0
FP4 = torch.tensor([0.0, 0.5, 1, 1.5, 2, 3, 4, 6, -0.0, -0.5, -1, -1.5, -2, -3, -4, -6])
"""The sixteen numbers of E2M1, by code (Open Compute Project, Microscaling Formats v1.0)."""
TOKENS = list(range(5, 29))


def load(folder: Path) -> loading.LoadedModel:
    return loading.load(ModelConfig(model=str(folder)), ROOT)


def said(folder: Path, **settings: object) -> None:
    file = folder / "config.json"
    config = json.loads(file.read_text())
    file.write_text(json.dumps(config | {"quantization_config": settings}))


def logits(model: nn.Module) -> Tensor:
    with torch.no_grad():
        return model(torch.tensor([TOKENS]), use_cache=False).logits


def packed_fp8(weight: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Codes, the scale of each block, and the numbers that both stand for."""
    out, into = (size // BLOCK for size in weight.shape)
    blocks = weight.view(out, BLOCK, into, BLOCK).permute(0, 2, 1, 3)
    scales = blocks.abs().amax((-1, -2)) / E4M3_LARGEST
    codes = (blocks / scales[..., None, None]).to(torch.float8_e4m3fn)
    numbers = codes.float() * scales[..., None, None]
    codes, numbers = (
        one.permute(0, 2, 1, 3).reshape(weight.shape).contiguous() for one in (codes, numbers)
    )
    return codes, scales, numbers


def test_fp8_weights_are_unpacked_as_their_scales_say(tmp_path: Path) -> None:
    plain = tiny.causal("qwen3")
    tiny.save_folder(tmp_path, "qwen3")
    file = tmp_path / "model.safetensors"
    tensors = load_file(file)
    for name in [one for one in tensors if one.endswith("_proj.weight")]:
        codes, scales, numbers = packed_fp8(tensors[name])
        tensors |= {name: codes, f"{name}_scale_inv": scales}
        plain.get_parameter(name).data.copy_(numbers)
    save_file(tensors, file, {"format": "pt"})
    said(
        tmp_path, quant_method="fp8", activation_scheme="dynamic", weight_block_size=[BLOCK, BLOCK]
    )

    loaded = load(tmp_path)

    torch.testing.assert_close(logits(loaded.causal), logits(plain), rtol=1e-5, atol=1e-5)
    assert loaded.identity()["quantised"] == "fp8"
    assert any("quantised (fp8)" in note for note in loaded.notes)
    door = Forward(loaded)
    assert door.is_segmented
    assert all(check.passed for check in run_checks(door))


def test_mxfp4_experts_are_unpacked_as_the_format_says(tmp_path: Path) -> None:
    config = transformers.GptOssConfig(
        **{**tiny.SHAPE, "num_hidden_layers": 2},
        num_local_experts=4, num_experts_per_tok=2, sliding_window=16,
    )  # fmt: skip
    with torch.random.fork_rng():
        torch.manual_seed(0)
        plain = transformers.GptOssForCausalLM(config).eval()
    plain.save_pretrained(tmp_path)
    tiny.tokenizer().save_pretrained(tmp_path)
    file, draws = tmp_path / "model.safetensors", torch.Generator().manual_seed(1)
    tensors = load_file(file)
    for name in [one for one in tensors if one.endswith(("gate_up_proj", "experts.down_proj"))]:
        experts, into, out = tensors.pop(name).shape
        shape = (experts, out, into // 32)
        codes = torch.randint(0, 256, (*shape, 16), generator=draws, dtype=torch.uint8)
        scales = torch.randint(121, 126, shape, generator=draws, dtype=torch.uint8)
        tensors |= {f"{name}_blocks": codes, f"{name}_scales": scales}
        pairs = torch.stack((FP4[(codes & 15).long()], FP4[(codes >> 4).long()]), -1)
        numbers = pairs.reshape(*shape, 32) * torch.exp2(scales.float() - 127)[..., None]
        plain.get_parameter(name).data.copy_(numbers.reshape(experts, out, into).transpose(1, 2))
    save_file(tensors, file, {"format": "pt"})
    said(tmp_path, quant_method="mxfp4")

    loaded = load(tmp_path)

    torch.testing.assert_close(logits(loaded.causal), logits(plain), rtol=1e-5, atol=1e-5)
    assert (loaded.quantised, loaded.attention) == ("mxfp4", "eager")


def test_a_lost_package_is_named(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, "gptqmodel", None)
    said(tiny.save_folder(tmp_path), quant_method="gptq", bits=4, group_size=32)

    with pytest.raises(ModelError, match="quantised with gptq, .* install optimum and gptqmodel"):
        load(tmp_path)


@pytest.mark.parametrize("method", ["modelopt", "odd", 3, None])
def test_weights_packed_by_an_unknown_method_are_not_taken_for_plain_ones(
    tmp_path: Path, method: object
) -> None:
    said(tiny.save_folder(tmp_path), quant_method=method)

    with pytest.raises(ModelError, match=f"quantised with {method or 'an unnamed method'}, which"):
        load(tmp_path)


def test_a_4_bit_base_is_the_same_beside_an_adapter(tmp_path: Path) -> None:
    pytest.importorskip("bitsandbytes", reason="bitsandbytes is not installed")
    from peft import LoraConfig, PeftModel, get_peft_model

    sizes = {"hidden_size": 128, "intermediate_size": 256, "head_dim": 32}
    plain = transformers.Qwen3ForCausalLM(transformers.Qwen3Config(**{**tiny.SHAPE, **sizes}))
    plain.save_pretrained(tmp_path / "plain")
    lora = LoraConfig(r=4, target_modules=["q_proj", "up_proj"], init_lora_weights=False)
    get_peft_model(plain, lora).save_pretrained(tmp_path / "adapter")
    packing = transformers.BitsAndBytesConfig(
        load_in_4bit=True, bnb_4bit_quant_type="nf4", bnb_4bit_compute_dtype=torch.float32
    )
    base = transformers.AutoModelForCausalLM.from_pretrained(
        tmp_path / "plain", quantization_config=packing, device_map="cpu", dtype=torch.float32
    )
    base.save_pretrained(tmp_path / "base")
    tiny.tokenizer().save_pretrained(tmp_path / "base")
    for module in base.modules():
        if hasattr(module, reading.PACKS):
            setattr(module, reading.PACKS, False)
    expected = logits(base)
    adapted = logits(PeftModel.from_pretrained(base, tmp_path / "adapter"))

    config = ModelConfig(model=str(tmp_path / "base"), adapter=str(tmp_path / "adapter"))
    loaded = loading.load(config, ROOT)

    for is_on, wanted in ((False, expected), (True, adapted), (False, expected)):
        with loaded.using(is_on):
            found = logits(loaded.causal)
        torch.testing.assert_close(found, wanted, rtol=1e-4, atol=1e-4)
