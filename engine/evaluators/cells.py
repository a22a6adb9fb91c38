"""One cell of the generation grid: its name, its random numbers, its tokens and its text's label.

What a cell becomes depends on the model and on the cell, never on the batch it is in.
"""

import hashlib
import json
from dataclasses import dataclass, field

import torch

from engine.configs.grids import Configuration, GenerateConfig
from engine.configs.steering.doses import Which
from engine.model.edits import Edit
from engine.model.forward import Forward


@dataclass(eq=False)
class Cell:
    """One text, from nothing to finished."""

    key: str
    """Twenty hex digits of all that the text depends on but the model."""
    prompt: int
    sample: int
    tokens: list[int]
    """Of the prompt."""
    column: Configuration
    edits: list[Edit]
    which: Which = False
    """The weights that answer."""
    written: list[int] = field(default_factory=list)
    """Generated tokens, with the one that ended the text."""
    finished: bool = False
    """Whether the model ended the text itself."""
    is_over: bool = False
    text: str | None = None
    """What was written, once it is over."""
    mean_logprob: float | None = None


def key_of(config: GenerateConfig, prompt: str, effect: str, sample: int) -> str:
    """The name of a cell: all that its text depends on but the model."""
    whole = [config.seed, config.system, prompt, json.loads(effect), sample]
    return hashlib.sha256(json.dumps(whole, sort_keys=True).encode()).hexdigest()[:20]


def draws_of(key: str, config: GenerateConfig) -> list[float]:
    """One uniform number per token of a cell."""
    if config.temperature == 0:
        return [0.0] * config.max_new_tokens
    source = torch.Generator().manual_seed(int(key[:15], 16))
    return torch.rand(config.max_new_tokens, generator=source, dtype=torch.float64).tolist()


def end_tokens(door: Forward) -> set[int]:
    """Every token after which this model has nothing to say."""
    return set(door.loaded.stop_tokens)
