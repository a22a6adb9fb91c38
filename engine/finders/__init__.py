"""All ways of finding vectors. To add one: a config class, a file here, a line in the registry."""

from collections.abc import Callable
from typing import Any

from engine.config import FinderConfig
from engine.finders import (
    contrastive,
    finetune_diff,
    melbo,
    power_iteration,
    random_control,
)
from engine.finders.found import Found
from engine.forward import Forward
from engine.progress import Progress

Finder = Callable[[Forward, Any, Progress], Found]

REGISTRY: dict[str, Finder] = {
    "melbo": melbo.find,
    "power-iteration": power_iteration.find,
    "random": random_control.find,
    "contrastive": contrastive.find,
    "finetune-diff": finetune_diff.find,
}


def find(door: Forward, config: FinderConfig, progress: Progress) -> Found:
    """Run the finder this config belongs to."""
    return REGISTRY[config.method](door, config, progress)
