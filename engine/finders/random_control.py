"""Random directions of a given norm: the control that every found vector must beat."""

from engine.config import STUDY_PROMPT, STUDY_SYSTEM, RandomConfig, Site
from engine.finders.found import Found, check, residual_norm
from engine.forward import Forward
from engine.linalg import random_directions
from engine.progress import Progress


def find(door: Forward, config: RandomConfig, progress: Progress) -> Found:
    """Draw vectors uniform on the sphere of the given norm.

    Raises:
        ConfigError: If the layer or count does not fit the model.
    """
    check(door, config)
    site = Site(block=config.source_layer)
    tokens = door.loaded.prompter.tokens(STUDY_PROMPT, STUDY_SYSTEM)
    start = door.start(tokens, config.source_layer)
    progress(1, 1, "drawn")
    return Found(
        vectors=random_directions(config.vectors, door.hidden, config.seed) * config.norm,
        sites=(site,) * config.vectors,
        residual_norms={site.words: residual_norm(start, door)},
    )
