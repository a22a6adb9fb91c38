"""Random directions of a given norm: the control that every found vector must beat.

"isotropic" is uniform on the sphere. "covariance" draws as the residual stream itself spreads at
the site: most of such a direction lies where states differ, so it moves answers more.
"""

import torch
from jaxtyping import Float
from torch import Tensor

from engine.configs.core import STUDY_PROMPT, STUDY_SYSTEM, RandomKind, Site
from engine.configs.finders import RandomConfig
from engine.finders.found import Found, check, residual_norm
from engine.maths.directions import covariance_directions, random_directions
from engine.model.forward import Forward
from engine.progress import Progress


def find(door: Forward, config: RandomConfig, progress: Progress) -> Found:
    """Draw vectors of the given norm.

    Raises:
        ConfigError: If the layer or count does not fit the model.
    """
    check(door, config)
    site = Site(block=config.source_layer)
    tokens = door.loaded.prompter.tokens(STUDY_PROMPT, STUDY_SYSTEM)
    start = door.start(tokens, config.source_layer)
    notes: tuple[str, ...] = ()
    states = None
    if config.kind == "covariance":
        states = spread_states(door, [tokens], site)
        notes = (
            f"The directions are mixtures of {len(states)} token states of the shutdown prompt, so "
            f"they span at most {len(states) - 1} dimensions.",
        )
    drawn = directions(config.kind, config.vectors, door.hidden, config.seed, states)
    progress(1, 1, "drawn")
    return Found(
        vectors=drawn * config.norm,
        sites=(site,) * config.vectors,
        residual_norms={site.words: residual_norm(start, door)},
        notes=notes,
    )


def directions(
    kind: RandomKind,
    vectors: int,
    hidden: int,
    seed: int,
    states: Float[Tensor, "states hidden"] | None = None,
) -> Float[Tensor, "vectors hidden"]:
    """Unit vectors of a kind; "covariance" needs the states whose spread they have."""
    if kind == "isotropic" or states is None:
        return random_directions(vectors, hidden, seed)
    return covariance_directions(states, vectors, seed)


def spread_states(
    door: Forward, prompts: list[list[int]], site: Site
) -> Float[Tensor, "states hidden"]:
    """States of all tokens of some prompts at a site, but each prompt's first.

    The first token's state is an outlier of many times the usual norm in most models, whatever the
    prompt: with it, nearly all covariance would lie in one direction.
    """
    return torch.cat([door.capture(tokens, [site])[site][1:] for tokens in prompts])
