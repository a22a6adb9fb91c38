"""All ways of finding vectors, one method a file.

To add one: a config class, a file here, a line in the registry. Knows nothing of the
store and screens.
"""

from collections.abc import Callable
from typing import Any

from engine.configs.core import STEPWISE, FinderConfig
from engine.finders import (
    contrastive,
    finetune_diff,
    melbo,
    power_iteration,
    random_control,
)
from engine.finders.found import Found
from engine.model.forward import Forward
from engine.progress import Progress
from engine.store.steps import Steps

Search = Callable[[Forward, Any, Progress, Steps], Found]
Finder = Callable[[Forward, Any, Progress], Found]

SEARCHES: dict[str, Search] = {"melbo": melbo.find, "power-iteration": power_iteration.find}
"""By `STEPWISE`'s methods."""
FINDERS: dict[str, Finder] = {
    "random": random_control.find,
    "contrastive": contrastive.find,
    "finetune-diff": finetune_diff.find,
}


def find(
    door: Forward, config: FinderConfig, progress: Progress, steps: Steps | None = None
) -> Found:
    """Run the finder this config belongs to; a search goes on from the `steps` that are kept."""
    if config.method in STEPWISE:
        return SEARCHES[config.method](door, config, progress, steps or Steps())
    return FINDERS[config.method](door, config, progress)
