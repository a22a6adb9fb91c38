"""What to generate: prompts x configurations x samples, as self-checking values.

Knows nothing of torch, of files' contents or of screens.
"""

import json
import math
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property
from typing import Any, ClassVar, Literal

from engine.configs.core import STUDY_PROMPT, STUDY_SYSTEM, ModelConfig
from engine.errors import ConfigError

MOST_TOKENS = 4096
KEYWORDS = ("all", "prompt", "response")


def _require(condition: bool, message: str) -> None:
    if not condition:
        raise ConfigError(message)


@dataclass(frozen=True, kw_only=True)
class BlendPart:
    """One stored vector and its weight in a blend."""

    digest: str
    """Digest of the vector set."""
    index: int = 0
    weight: float = 1.0

    def __post_init__(self) -> None:
        """Refuse a negative index and a weight that is not finite."""
        _require(self.index >= 0, f"The vector index is {self.index}, but must be at least 0.")
        _require(math.isfinite(self.weight), f"The weight {self.weight} is not a finite number.")


@dataclass(frozen=True, kw_only=True)
class Configuration:
    """One column of the grid: which weights answer, and what is changed in them."""

    name: str
    """Heading of the column; unique in its grid."""
    adapter: bool = False
    """Whether the fine-tuned model answers, or the base model."""
    blend: tuple[BlendPart, ...] = ()
    """The vectors, summed with their weights; empty for a baseline."""
    scale: float = 1.0
    """add: multiple of the blend. ablate: share of its direction that is removed."""
    scale_unit: Literal["absolute", "relative"] = "absolute"
    """"relative": in units of the median residual norm at the site, per unit vector."""
    operation: Literal["add", "ablate"] = "add"
    layers: Literal["own", "all"] | tuple[int, ...] = "own"
    """"own": each vector at its own site. Otherwise the whole blend at the outputs of blocks."""
    positions: str = "all"
    """all, prompt, response or last-K."""
    unit_norm: bool = False
    """Give every vector norm 1 before it is weighted."""
    preserve_norm: bool = False
    """Rescale every changed position to the norm it had."""

    def __post_init__(self) -> None:
        """Refuse a nameless column, unknown positions and scales that mean nothing."""
        _require(bool(self.name.strip()), "A configuration has no name: give each one.")
        _require(math.isfinite(self.scale), f"A scale is {self.scale}: give a finite number.")
        head, _, count = self.positions.partition("-")
        is_last = head == "last" and count.isdigit() and int(count) > 0
        _require(
            self.positions in KEYWORDS or is_last,
            f"Positions {self.positions!r} are not known: use all, prompt, response or last-K, "
            "as last-4.",
        )
        _require(
            self.operation == "add" or self.scale_unit == "absolute",
            "An ablation's scale is the share that is removed: give it as an absolute scale.",
        )
        if isinstance(self.layers, tuple):
            _require(len(self.layers) > 0, "No layer was named: use own, all or blocks, as 7,8.")
            _require(min(self.layers) >= 0, f"Layer {min(self.layers)} does not exist.")
            _require(len(set(self.layers)) == len(self.layers), "A layer is named twice.")

    @property
    def is_baseline(self) -> bool:
        """Whether it leaves the model as it is: scale 0, no vector, or weights of 0."""
        return self.scale == 0 or all(part.weight == 0 for part in self.blend)

    @cached_property
    def effect(self) -> str:
        """What it does, without its name: equal texts are equal columns."""
        if self.is_baseline:
            return json.dumps({"adapter": self.adapter})
        return json.dumps(asdict(replace(self, name="-")), sort_keys=True)


@dataclass(frozen=True, kw_only=True)
class GenerateConfig:
    """A grid of texts: every prompt in every configuration, one or more samples of each."""

    method: ClassVar[str] = "generation"
    files: ClassVar[tuple[str, ...]] = ("neutral_prompts",)
    model: ModelConfig = field(default_factory=ModelConfig)
    prompts: tuple[str, ...] = (STUDY_PROMPT,)
    system: str | None = STUDY_SYSTEM
    configurations: tuple[Configuration, ...] = (Configuration(name="base"),)
    max_new_tokens: int = 64
    temperature: float = 0.0
    """0 takes the likeliest token."""
    samples: int = 1
    """Texts per prompt and configuration."""
    neutral: int = 16
    """Neutral prompts on which side effects are measured; 0 for none."""
    neutral_prompts: str = "data/prompts/neutral.txt"
    """File of neutral prompts; its content, not its name, enters the digest."""
    seed: int = 0

    def __post_init__(self) -> None:
        """Refuse empty grids, repeated columns and counts that mean nothing."""
        _require(len(self.prompts) > 0, "No prompt was given: write at least one.")
        _require(all(p.strip() for p in self.prompts), "A prompt is empty: write or remove it.")
        _require(len(set(self.prompts)) == len(self.prompts), "A prompt is given twice.")
        _require(len(self.configurations) > 0, "No configuration was given: name at least one.")
        names = [c.name for c in self.configurations]
        twice = next((name for name in names if names.count(name) > 1), None)
        _require(twice is None, f"Two configurations are named {twice!r}: name them apart.")
        _require(
            1 <= self.max_new_tokens <= MOST_TOKENS,
            f"{self.max_new_tokens} new tokens were asked for: use 1 to {MOST_TOKENS}.",
        )
        _require(
            math.isfinite(self.temperature) and self.temperature >= 0,
            f"The temperature is {self.temperature}, but must be 0 or above.",
        )
        _require(self.samples >= 1, f"{self.samples} samples were asked for: use at least 1.")
        _require(
            self.samples == 1 or self.temperature > 0,
            "At temperature 0 every sample is the same text: set a temperature, or ask for 1.",
        )
        _require(self.neutral >= 0, f"{self.neutral} neutral prompts: use 0 or more.")
        tuned = [c.name for c in self.configurations if c.adapter]
        _require(
            not tuned or self.model.adapter is not None,
            f"Configuration {tuned[0] if tuned else ''!r} is of the fine-tuned model, but no "
            "adapter was named: give one.",
        )

    @property
    def title(self) -> str:
        """What it does, in a few words."""
        columns, prompts = len(self.configurations), len(self.prompts)
        of_prompts = f"{prompts} prompt{'s' * (prompts != 1)}"
        return f"Generate {columns * prompts * self.samples} texts on {of_prompts}"

    @property
    def digests(self) -> tuple[str, ...]:
        """The vector sets that are used, each once."""
        parts = [part for c in self.configurations for part in c.blend]
        return tuple(dict.fromkeys(part.digest for part in parts))


def generation_from_json(values: dict[str, Any]) -> GenerateConfig:
    """The config that `config.as_json` was given.

    Raises:
        ConfigError: If a field is unknown or missing, or a value cannot work.
    """
    try:
        fields = {
            **values,
            "model": ModelConfig(**values["model"]),
            "prompts": tuple(values["prompts"]),
            "configurations": tuple(_configuration(c) for c in values["configurations"]),
        }
        return GenerateConfig(**fields)
    except (TypeError, KeyError) as error:
        raise ConfigError(
            f"This generation request is incomplete or from another version: {error}."
        ) from error


def _configuration(values: dict[str, Any]) -> Configuration:
    layers = values["layers"]
    return Configuration(
        **{
            **values,
            "blend": tuple(BlendPart(**part) for part in values["blend"]),
            "layers": layers if isinstance(layers, str) else tuple(layers),
        }
    )
