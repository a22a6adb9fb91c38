"""What a finder gives back, and the checks and figures that all finders share."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import torch
from jaxtyping import Float
from torch import Tensor

from engine.configs.core import PromptsConfig, Site
from engine.configs.finders import SourceConfig
from engine.errors import ConfigError
from engine.maths.directions import random_directions
from engine.model.batches import Batches, Kind
from engine.model.edits import EditBatch
from engine.model.forward import Forward, Start

RANDOM, RANDOM_AT_ONCE = 32, 8
"""Random vectors of the finders' null, and how many go through together."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Found:
    """Vectors of one run, before they become a record."""

    vectors: Float[Tensor, "vectors hidden"]
    sites: tuple[Site, ...]
    scores: dict[str, list[float]] = field(default_factory=dict)
    history: dict[str, list[list[float]]] = field(default_factory=dict)
    residual_norms: dict[str, float] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


def check(door: Forward, config: SourceConfig) -> None:
    """Refuse layers and counts this model does not have, before anything runs.

    Raises:
        ConfigError: If a layer is out of range or there are more vectors than dimensions.
    """
    door.check_layer(config.source_layer, "source layer")
    target = getattr(config, "target_layer", None)
    if target is not None:
        door.check_layer(target, "target layer")
    if config.vectors > door.hidden:
        raise ConfigError(
            f"{config.vectors} vectors were asked for, but {door.loaded.config.short_name} has "
            f"hidden size {door.hidden}: ask for at most {door.hidden}."
        )


def prompt_tokens(door: Forward, config: PromptsConfig, last: int) -> list[list[int]]:
    """Token ids of each prompt.

    Raises:
        ConfigError: If a prompt is shorter than the positions to be read.
    """
    prompter = door.loaded.prompter
    tokens = [prompter.tokens(p, config.system) for p in config.prompts]
    shortest = min(len(t) for t in tokens)
    if last > shortest:
        raise ConfigError(
            f"{last} target tokens were asked for, but the shortest prompt has {shortest} "
            "tokens: ask for fewer."
        )
    return tokens


def residual_norm(start: Start, door: Forward) -> float:
    """Median norm of the residual stream at the start's block over the prompt's tokens."""
    if start.hidden.shape[-1] == 0:
        site = Site(block=start.after)
        hidden = door.capture(start.tokens, [site], start.adapter)[site]
    else:
        hidden = start.hidden[0].float()
    return float(hidden.norm(dim=-1).median())


def displacement(
    door: Forward, start: Start, target: int, last: int, vectors: Float[Tensor, "vectors hidden"]
) -> Float[Tensor, " vectors"]:
    """Norm of each vector's change of the target states at the last positions."""
    site = Site(block=start.after)
    with torch.no_grad():
        base = door.states(start, EditBatch.none(1), target, last)
        moved = door.states(start, EditBatch.add(site, vectors), target, last)
        return (moved - base).float().flatten(1).norm(dim=1).cpu()


def random_displacement(
    door: Forward, starts: Sequence[Start], target: int, last: int, norm: float, seed: int
) -> float:
    """Median displacement of 32 random vectors of the same norm: the null of every finder.

    Of several prompts, the root of the mean square over all, as that of the vectors themselves.
    """
    vectors = random_directions(RANDOM, door.hidden, seed + 7919) * norm
    found = torch.zeros(RANDOM)

    def work(part: range) -> None:
        rows = slice(part.start, part.stop)
        each = [displacement(door, one, target, last, vectors[rows]) for one in starts]
        found[rows] = torch.stack(each).square().mean(dim=0).sqrt()

    longest = max(len(start.tokens) for start in starts)
    kind = Kind(job="the random search", unit="vectors", keeps="states", tokens=longest)
    # What becomes of the random vectors does not depend on how many go together.
    Batches(door.loaded, kind, RANDOM_AT_ONCE).over(RANDOM, work, lambda _: None)
    return float(found.median())
