"""Configs from the keywords of a program: checked, and of the types that their fields have.

A command line gives texts and a form gives widgets' values; a program may give anything, and a
count of `8.0` or an unknown word would lead to a record of another name. Knows nothing of models
or stored vectors.
"""

import dataclasses
import os
from collections.abc import Iterable
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from engine.configs.core import ModelConfig, PromptsConfig
from engine.configs.values import KINDS, built
from engine.errors import ConfigError

MODEL = tuple(field.name for field in dataclasses.fields(ModelConfig))
"""Keywords that name a model: `model` itself, and what goes with it."""
PROMPTS = ("prompt", "system")
"""Keywords that stand for parts of `prompts`, where a config has them together."""


def refuse_others(what: str, given: Iterable[str], known: Iterable[str]) -> None:
    """Refuse keywords that mean nothing.

    Raises:
        ConfigError: If one of them is not known; names those that are.
    """
    names = sorted(known)
    for name in given:
        if name not in names:
            raise ConfigError(f"{what} has no setting {name!r}: use {', '.join(names)}.")


def names_of(config: type[Any]) -> set[str]:
    """The keywords of a config: its fields, with those of its model and prompts spelt out."""
    hints = get_type_hints(config)
    found = {field.name for field in dataclasses.fields(config)}
    found |= set(MODEL) if "model" in found else set()
    return found | (set(PROMPTS) if hints.get("prompts") is PromptsConfig else set())


def usual_model(config: type[Any]) -> ModelConfig:
    """The model of a config where nobody names one: a finder may bring an adapter."""
    for field in dataclasses.fields(config):
        if field.name == "model" and field.default_factory is not dataclasses.MISSING:
            return field.default_factory()
    return ModelConfig()


def model_of(given: dict[str, Any], usual: ModelConfig) -> ModelConfig:
    """The model that keywords name; what they leave out is as in `usual`, if that is its model.

    Raises:
        ConfigError: If a value cannot work.
    """
    named = given.get("model")
    if isinstance(named, ModelConfig):
        usual, named = named, None
    is_other = named is not None and named != usual.model
    values = {} if is_other else dataclasses.asdict(usual)
    values |= {name: given[name] for name in MODEL if name in given}
    return config_from(ModelConfig, values | {"model": named or usual.model})


def model_told(told: Any) -> ModelConfig:
    """The model that a set of vectors tells it was found in, without its adapter.

    Args:
        told: As its config holds it. Vectors of other tools tell no model that could be loaded:
            for them it is the demo model.
    """
    if not isinstance(told, dict) or "model" not in told:
        return ModelConfig()
    return model_of({"adapter": None}, config_from(ModelConfig, told))


def prompts_of(given: dict[str, Any]) -> PromptsConfig:
    """The prompts that `prompt` or `prompts`, and `system`, stand for.

    Raises:
        ConfigError: If both are given, or a value cannot work.
    """
    if "prompt" in given and "prompts" in given:
        raise ConfigError("Give prompt or prompts, not both.")
    asked = given.get("prompt", given.get("prompts"))
    if isinstance(asked, PromptsConfig):
        given = {"system": asked.system, **given}
        asked = asked.prompts
    values = {} if asked is None else {"prompts": asked}
    if "system" in given:
        values["system"] = given["system"] or None
    return config_from(PromptsConfig, values)


def config_from(config: type[Any], given: dict[str, Any]) -> Any:
    """A config of values that a program gave.

    Args:
        config: Its class.
        given: Values by field: numbers, texts, lists, arrays, or parts that are configs.

    Raises:
        ConfigError: If a field is unknown or a value cannot work.
    """
    hints = get_type_hints(config)
    refuse_others(config.__name__, given, [field.name for field in dataclasses.fields(config)])
    return built(config, {name: fit(name, hints[name], value) for name, value in given.items()})


def fit(name: str, hint: Any, value: Any) -> Any:
    """A value as plain JSON has it, if it fits a field's type; one alone stands for a tuple of it.

    Raises:
        ConfigError: If it does not.
    """
    value = value.tolist() if hasattr(value, "tolist") else value
    either = get_args(hint) if get_origin(hint) in (Union, UnionType) else (hint,)
    if value is None and NoneType in either:
        return None
    kinds = [kind for kind in either if kind is not NoneType]
    words = tuple(word for kind in kinds if get_origin(kind) is Literal for word in get_args(kind))
    if isinstance(value, str) and value in words:
        return value
    tuples = [kind for kind in kinds if get_origin(kind) is tuple]
    if tuples and not (words and isinstance(value, str)):
        each = get_args(tuples[0])[0]
        is_many = isinstance(value, Iterable) and not isinstance(value, str | dict)
        many = value if is_many else [value]
        return [fit(name, each, one) for one in many]
    if words:
        raise ConfigError(f"{name} {value!r} is not known: use {' or '.join(words)}.")
    return _fit_one(name, kinds[0], value)


def _fit_one(name: str, kind: Any, value: Any) -> Any:
    if isinstance(kind, type) and dataclasses.is_dataclass(kind):
        value = dataclasses.asdict(value) if isinstance(value, kind) else value
        if isinstance(value, dict):
            return value
        raise ConfigError(f"{name} is {value!r}, but must be a {kind.__name__}.")
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if kind is float and is_number:
        return float(value)
    if kind is int and is_number and float(value).is_integer():
        return int(value)
    if kind is str and isinstance(value, str | os.PathLike):
        return os.fspath(value)
    if kind is bool and isinstance(value, bool):
        return value
    raise ConfigError(f"{name} is {value!r}, but must be {KINDS.get(kind, 'something else')}.")
