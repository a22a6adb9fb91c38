"""Opens the model that is measured, and a second one with a LoRA when a job needs it."""

import copy
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from engine.bench import shapes
from engine.bench.setting import Setting, Sizes
from engine.configs.core import ModelConfig
from engine.errors import ConfigError
from engine.model import loading
from engine.model.forward import Forward
from engine.model.loading import LoadedModel


def open_setting(
    config: ModelConfig,
    shape: str | None,
    jobs: Sequence[str],
    sizes: Sizes,
    root: Path,
    seed: int = 0,
) -> Setting:
    """A setting over a loaded model, or over random weights of a shape.

    Args:
        config: The model; of a shape only device and precision.
        shape: Name of random weights, or None.
        jobs: What will be run, for the memory it takes.
        sizes: How much of each.
        root: Repository root.
        seed: Of weights and vectors.

    Raises:
        EngineError: If the model cannot be loaded or made.
    """
    if shape is None:
        base = loading.load(replace(config, adapter=None), root)
    else:
        if config.adapter is not None:
            raise ConfigError("Random weights of a shape take a random LoRA: leave --adapter out.")
        copies = shapes.copies_needed(jobs)
        base = shapes.random_model(shape, config.device, copies, root, config.dtype, seed)
    source, target = shapes.layers_of(shape or config.model, base.blocks)
    return Setting(
        door=Forward(base),
        make_tuned=lambda: Forward(_tuned(base, config, root, seed, is_random=shape is not None)),
        sizes=sizes,
        source=source,
        target=target,
        seed=seed,
    )


def _tuned(
    base: LoadedModel, config: ModelConfig, root: Path, seed: int, is_random: bool
) -> LoadedModel:
    adapter = config.adapter or ("demo" if config.model == "demo" and not is_random else None)
    if adapter is not None:
        return loading.load(replace(config, adapter=adapter), root)
    model = shapes.with_lora(copy.deepcopy(base.causal), seed, is_trained=True)
    model.requires_grad_(False)
    model.eval()
    return replace(base, model=model, config=replace(base.config, adapter="random"))
