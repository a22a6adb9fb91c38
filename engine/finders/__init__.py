"""All ways of finding vectors, one method a file.

A file has `find(door, config, progress)`, or `find(door, config, progress, steps)` where the search
is stepwise. To add one: a config class, a file here, a line in `configs.registry`, a test.

Knows nothing of the store and screens.

Public: contrastive, extraction, finetune_diff, found, jacobian, melbo, packing, power_iteration,
random_control, texts.
"""

import dataclasses
import importlib

from engine.configs import registry
from engine.configs.finders import FinderConfig
from engine.finders.found import Found
from engine.model.forward import Forward
from engine.progress import Progress
from engine.store.steps import Steps


def find(
    door: Forward, config: FinderConfig, progress: Progress, steps: Steps | None = None
) -> Found:
    """Run the finder this config belongs to; a search goes on from the `steps` that are kept."""
    method = importlib.import_module(registry.of(config).finder)
    more = (steps or Steps(),) if config.is_stepwise else ()
    found: Found = method.find(door, config, progress, *more)
    return dataclasses.replace(found, notes=(*door.loaded.notes, *found.notes))
