"""The models that are measured: a loaded one, or random weights of a known shape.

A random model needs no hub: it takes the demo model's tokenizer and a LoRA of its own.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from torch import nn
from transformers import AutoModelForCausalLM, AutoTokenizer, LlamaConfig, Qwen3Config

from engine.configs.core import PRESETS, ModelConfig, depth_matched
from engine.configs.training import PROJECTIONS
from engine.errors import ConfigError, ModelError
from engine.model import loading, memory
from engine.model.identity import ModelSource
from engine.model.loading import DTYPES, LoadedModel
from engine.model.prompts import Prompter

RANK = 32
ALPHA = 16
SHAPES: dict[str, Any] = {
    "bench": lambda: Qwen3Config(
        vocab_size=4096,
        hidden_size=512,
        intermediate_size=1728,
        num_hidden_layers=16,
        num_attention_heads=8,
        num_key_value_heads=4,
        head_dim=64,
        max_position_embeddings=1024,
        tie_word_embeddings=True,
        initializer_range=0.05,
    ),
    "qwen3-14b": lambda: Qwen3Config(
        vocab_size=151936,
        hidden_size=5120,
        intermediate_size=17408,
        num_hidden_layers=40,
        num_attention_heads=40,
        num_key_value_heads=8,
        head_dim=128,
        max_position_embeddings=40960,
        rope_parameters={"rope_type": "default", "rope_theta": 1000000.0},
        rms_norm_eps=1e-6,
        tie_word_embeddings=False,
    ),
    "llama-3.2-3b": lambda: LlamaConfig(
        vocab_size=128256,
        hidden_size=3072,
        intermediate_size=8192,
        num_hidden_layers=28,
        num_attention_heads=24,
        num_key_value_heads=8,
        head_dim=128,
        max_position_embeddings=131072,
        rope_parameters={"rope_type": "default", "rope_theta": 500000.0},
        rms_norm_eps=1e-5,
        tie_word_embeddings=True,
    ),
}
"""Configurations of random models by name; "bench" is small enough for any machine."""
SMALL = ("bench",)
"""In float32 everywhere; the others are bfloat16, as they are used."""
GIB = 2**30
SPARE = 1.15
"""What activations and the rest of the process need, as a multiple of the weights."""


def layers_of(name: str, blocks: int) -> tuple[int, int]:
    """Source and target block of a preset, a shape or any other model."""
    if name == "bench":
        return 3, 13
    preset = PRESETS.get(name)
    if preset is not None and preset.blocks == blocks:
        return preset.source_layer, preset.target_layer
    return depth_matched(blocks)


def random_model(
    name: str, device: str, copies: int, root: Path, dtype: str = "auto", seed: int = 0
) -> LoadedModel:
    """Random weights of a named shape.

    Args:
        name: One of `SHAPES`.
        device: As in `ModelConfig`.
        copies: How many times the weights' memory the run will need.
        root: Repository root, where the tokenizer lies.
        dtype: As in `ModelConfig`; "auto" is float32 for small shapes, else bfloat16.
        seed: Of the weights.

    Raises:
        ConfigError: If there is no such shape.
        ModelError: If the weights would not fit in memory.
    """
    if name not in SHAPES:
        raise ConfigError(f"Shape {name!r} is not known: use {', '.join(SHAPES)}.")
    place = loading.chosen_device(device)
    chosen = dtype if dtype != "auto" else "float32" if name in SMALL else "bfloat16"
    config = SHAPES[name]()
    check_memory(name, config, DTYPES[chosen], place, copies)
    return of_config(name, config, place, DTYPES[chosen], root, seed)


def check_memory(
    name: str, config: Any, dtype: torch.dtype, device: torch.device, copies: int
) -> None:
    """Refuse weights that the machine has no room for, before any are made.

    Raises:
        ModelError: With what is needed and what there is.
    """
    with torch.device("meta"):
        empty = AutoModelForCausalLM.from_config(config, dtype=dtype)
    size = sum(weight.numel() * weight.element_size() for weight in empty.parameters())
    free, need = free_bytes(device), SPARE * copies * size
    if need > free:
        raise ModelError(
            f"{name} with these jobs needs {need / GIB:.1f} GiB (its weights {size / GIB:.1f}), "
            f"but {free / GIB:.1f} GiB are free on {device.type}: choose a smaller shape, fewer "
            "jobs or a larger machine."
        )


def free_bytes(device: torch.device) -> int:
    """Memory that could be taken now."""
    if device.type == "cuda":
        used, total = loading.memory(device)
        return total - used
    import psutil

    return psutil.virtual_memory().available


def of_config(
    name: str, config: Any, device: torch.device, dtype: torch.dtype, root: Path, seed: int = 0
) -> LoadedModel:
    """A random model of any configuration, with the demo model's tokenizer."""
    if device.type == "cpu":
        memory.keep_freed()
    tokenizer = AutoTokenizer.from_pretrained(root / PRESETS["demo"].location)
    with torch.random.fork_rng(), torch.device(device):
        torch.manual_seed(seed)
        model = AutoModelForCausalLM.from_config(config, dtype=dtype, attn_implementation="sdpa")
    model.generation_config.eos_token_id = tokenizer.eos_token_id
    model.requires_grad_(False)
    model.eval()
    return LoadedModel(
        config=ModelConfig(model=name),
        source=ModelSource(
            name=name, location=name, is_local=True, revision=None, fingerprint="random"
        ),
        model=model,
        prompter=Prompter(tokenizer),
        device=device,
        dtype=dtype,
    )


def with_lora(model: nn.Module, seed: int, is_trained: bool) -> Any:
    """The model wrapped by a LoRA, of random weights as if trained, or fresh."""
    from peft import LoraConfig, get_peft_model

    settings = LoraConfig(
        r=RANK,
        lora_alpha=ALPHA,
        target_modules=list(PROJECTIONS),
        task_type="CAUSAL_LM",
        init_lora_weights=not is_trained,
    )
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return get_peft_model(model, settings)


def copies_needed(jobs: Sequence[str]) -> int:
    """How many times the weights' memory these jobs take at most."""
    # The study's MELBO fills a gradient of every weight; a fine-tune difference loads two models.
    return 2 if {"melbo", "finetune-diff", "lora"} & set(jobs) else 1
