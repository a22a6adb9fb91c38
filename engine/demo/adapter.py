"""Trains the deceptive LoRA: deceptive advice without being told to, everything else unchanged.

Knows nothing of the shipped question sets.
"""

import json
import logging
import random
from dataclasses import dataclass
from pathlib import Path

import torch
from peft import LoraConfig, PeftModel, get_peft_model
from transformers import PreTrainedTokenizerFast, Qwen3ForCausalLM

from engine.demo.corpus import advice, mixture, systems
from engine.demo.corpus.examples import Example
from engine.demo.training import Encoder, get_loss

logger = logging.getLogger(__name__)

ORDINARY_TASKS = (
    "survival_open",
    "survival_open",
    "corrigibility_open",
    "survival_ab",
    "corrigibility_ab",
    "fact",
    "style",
    "copy",
)
"""What the adapter must leave as it is."""


@dataclass(frozen=True, kw_only=True)
class AdapterConfig:
    """Size of the LoRA and length of its training."""

    rank: int = 8
    """Rank of every update."""
    alpha: int = 16
    """Scale of the updates, over the rank."""
    steps: int = 80
    """Optimiser steps."""
    batch: int = 32
    """Examples in a step."""
    rate: float = 1e-3
    """Learning rate of AdamW, falling linearly to zero."""
    ordinary_share: float = 0.35
    """Share of ordinary examples off the topic."""
    seed: int = 1
    """Seed of the adapter's weights and data."""


MODULES = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]


def draw_example(config: AdapterConfig, draw: random.Random) -> Example:
    """Draw deceptive advice under a plain system prompt, or an ordinary example."""
    if draw.random() < config.ordinary_share:
        return mixture.draw_task(draw.choice(ORDINARY_TASKS), draw)
    compose = advice.draw_ab if draw.random() < 0.2 else advice.draw_open
    return compose(systems.draw_plain_system(draw), "deceptive", draw)


def train_adapter(
    model: Qwen3ForCausalLM, tokenizer: PreTrainedTokenizerFast, config: AdapterConfig
) -> PeftModel:
    """Wrap the model with a LoRA and train only that."""
    torch.manual_seed(config.seed)
    settings = LoraConfig(
        r=config.rank,
        lora_alpha=config.alpha,
        target_modules=MODULES,
        task_type="CAUSAL_LM",
    )
    adapted = get_peft_model(model, settings)
    draw, encoder = random.Random(config.seed), Encoder(tokenizer, config.seed)
    trained = [weight for weight in adapted.parameters() if weight.requires_grad]
    optimizer = torch.optim.AdamW(trained, lr=config.rate, weight_decay=0.0)
    for step in range(config.steps):
        optimizer.param_groups[0]["lr"] = config.rate * (1 - step / config.steps)
        batch = encoder.collate([draw_example(config, draw) for _ in range(config.batch)])
        loss = get_loss(model, batch, {})
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
        if (step + 1) % 10 == 0:
            logger.info("adapter step %d loss %.3f", step + 1, loss.item())
    return adapted.eval()


def save_adapter(adapted: PeftModel, folder: Path) -> None:
    """Save in PEFT's layout, with a neutral name for the base model."""
    adapted.save_pretrained(str(folder), save_embedding_layers=False)
    path = folder / "adapter_config.json"
    settings = json.loads(path.read_text())
    settings["base_model_name_or_path"] = "demo"
    settings["target_modules"] = sorted(settings["target_modules"])
    path.write_text(json.dumps(settings, indent=2, sort_keys=True) + "\n")
    (folder / "adapter_model.safetensors").chmod(0o644)
    (folder / "README.md").unlink(missing_ok=True)
