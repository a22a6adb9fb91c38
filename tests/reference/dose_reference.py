"""Adapters at strengths from the formula: W + the sum of s (alpha / r) B A, written into the
weights from the adapters' own files. Slow and obviously right."""

import json
import math
from pathlib import Path

import torch
from safetensors.torch import load_file
from transformers import AutoModelForCausalLM


def merged(base: Path, doses: list[tuple[Path, float]]) -> torch.nn.Module:
    """The base model with each adapter's products, times its strength, added to its weights."""
    model = AutoModelForCausalLM.from_pretrained(base)
    with torch.no_grad():
        for folder, strength in doses:
            for name, change in changes(folder):
                place, _, kind = name.rpartition(".")
                module = model.get_submodule(place)
                if getattr(module, kind) is None:
                    setattr(module, kind, torch.nn.Parameter(torch.zeros_like(change)))
                getattr(module, kind).add_(strength * change)
    return model.eval()


def changes(folder: Path):
    """Every weight's name, and what the adapter adds to it at strength 1."""
    settings = json.loads((folder / "adapter_config.json").read_text())
    tensors = load_file(folder / "adapter_model.safetensors")
    for key in tensors:
        name = key.removeprefix("base_model.model.")
        if ".lora_A" in key:
            module = name.partition(".lora_A")[0]
            down, up = tensors[key], tensors[key.replace(".lora_A", ".lora_B")]
            change = up @ down
        elif ".lora_embedding_A" in key:
            module = name.partition(".lora_embedding_A")[0]
            down, up = tensors[key], tensors[key.replace("_embedding_A", "_embedding_B")]
            change = (up @ down).T
        else:
            continue
        rank = settings["r"]
        alpha = settings["lora_alpha"]
        for pattern, own in settings["rank_pattern"].items():
            rank = own if module.endswith(pattern) else rank
        for pattern, own in settings["alpha_pattern"].items():
            alpha = own if module.endswith(pattern) else alpha
        scale = alpha / (math.sqrt(rank) if settings["use_rslora"] else rank)
        yield f"{module}.weight", scale * change.T if settings["fan_in_fan_out"] else scale * change
        if f"{key.partition('.lora_A')[0]}.lora_B.bias" in tensors:
            yield f"{module}.bias", scale * tensors[f"{key.partition('.lora_A')[0]}.lora_B.bias"]
