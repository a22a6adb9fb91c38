"""Which config class belongs to which method, and configs from their JSON.

Knows nothing of running them. A new method adds its class here.
"""

from typing import Any

from engine.configs.core import (
    EvaluateConfig,
    FinderConfig,
    MelboConfig,
    ModelConfig,
    PowerIterationConfig,
    PromptsConfig,
    RandomConfig,
    VectorRef,
)
from engine.configs.grids import GenerateConfig, generation_from_json
from engine.configs.pairs import ContrastiveConfig, FinetuneDiffConfig
from engine.errors import ConfigError

CONFIGS: dict[str, type[Any]] = {
    cls.method: cls
    for cls in (
        MelboConfig,
        PowerIterationConfig,
        RandomConfig,
        ContrastiveConfig,
        FinetuneDiffConfig,
        EvaluateConfig,
        GenerateConfig,
    )
}
"""Config classes of single runs by method."""

AnyRun = FinderConfig | EvaluateConfig | GenerateConfig
"""What the engine runs."""


def from_json(method: str, values: dict[str, Any]) -> Any:
    """The config that `as_json` was given.

    Raises:
        ConfigError: If the method or a field is unknown, or a value cannot work.
    """
    if method not in CONFIGS:
        raise ConfigError(f"Method {method!r} is not known: use {', '.join(CONFIGS)}.")
    if method == GenerateConfig.method:
        return generation_from_json(values)
    try:
        fields = {name: _value(name, value) for name, value in values.items()}
        return CONFIGS[method](**fields)
    except (TypeError, KeyError) as error:
        raise ConfigError(
            f"This {method} request is incomplete or from another version: {error}."
        ) from error


def _value(name: str, value: Any) -> Any:
    """A field as its config has it; JSON knows no tuples and no config classes."""
    if name == "model":
        return ModelConfig(**value)
    if name == "prompts" and isinstance(value, dict):
        return PromptsConfig(prompts=tuple(value["prompts"]), system=value["system"])
    if name == "vectors" and isinstance(value, list):
        return tuple(_reference(ref) for ref in value)
    if name == "scales":
        return tuple(float(scale) for scale in value)
    if name == "layers" and isinstance(value, list):
        return tuple(value)
    return value


def _reference(ref: dict[str, Any]) -> VectorRef:
    indices = ref["indices"]
    return VectorRef(digest=ref["digest"], indices=None if indices is None else tuple(indices))
