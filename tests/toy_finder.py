"""A finder of a newcomer: a config, a function, and a line for the registry."""

from dataclasses import dataclass
from typing import ClassVar, Literal

import torch

from engine.configs import registry
from engine.configs.core import Site
from engine.configs.fields import setting
from engine.configs.finders import SourceConfig
from engine.finders.found import Found, check
from engine.model.forward import Forward
from engine.progress import Progress


@dataclass(frozen=True, kw_only=True)
class ToyConfig(SourceConfig):
    """Unit vectors along the axes of the residual stream."""

    method: ClassVar[str] = "toy-axes"
    title: ClassVar[str] = "Toy axes"
    about: ClassVar[str] = "Unit vectors along the axes of the residual stream."
    evidence: ClassVar[Literal["repeats", "scores"] | None] = "repeats"
    shift: int = setting(3, "First axis.")
    is_reversed: bool = setting(False, "Whether they point the other way.")
    order: Literal["up", "down"] = setting("up", "up or down.")


def find(door: Forward, config: ToyConfig, progress: Progress) -> Found:
    """The axes from the seed and `shift` on."""
    check(door, config)
    first = config.shift + config.seed
    axes = torch.eye(door.hidden)[first : first + config.vectors]
    progress(1, 1, "made")
    return Found(
        vectors=axes * config.norm * (-1 if config.is_reversed else 1),
        sites=(Site(block=config.source_layer),) * config.vectors,
        scores={"axis": [float(first + i) for i in range(config.vectors)]},
    )


LINE = registry.finder(ToyConfig, "tests.toy_finder")
