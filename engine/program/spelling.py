"""A finder's config as the command and the call that ask for it again.

Settings at their defaults are left out where the command and the call fill them in alike. Knows
nothing of models, stored vectors or screens.
"""

import dataclasses
import shlex
from typing import Any

from engine.configs.core import ModelConfig, PromptsConfig
from engine.configs.fields import Offered, offered
from engine.configs.finders import FinderConfig

ALWAYS = ("seed", "source_layer", "target_layer", "contrast", "position")
"""Settings whose default depends on the model or on others, and the seed, which is looked for."""
ELSEWHERE = ("device",)
"""Settings of a model that make no other vectors."""


def command(config: FinderConfig) -> str | None:
    """The line that finds the same vectors; None where a command cannot say it.

    A command names one prompt, or a file of several, and several prompts are no file.
    """
    words = ["python", "-m", "engine", "find", config.method]
    for field, value in _told(config):
        if isinstance(value, PromptsConfig):
            if len(value.prompts) > 1:
                return None
            words += _option("prompt", value.prompts[0])
            words += _option("system", value.system or "")
        else:
            words += _words(field, value)
    return " ".join(map(shlex.quote, words))


def call(config: FinderConfig) -> str:
    """The same in Python, with the import and the engine."""
    given = []
    for field, value in _told(config):
        if isinstance(value, PromptsConfig):
            several = len(value.prompts) > 1
            asked: Any = list(value.prompts) if several else value.prompts[0]
            given += [("prompts" if several else "prompt", asked), ("system", value.system or "")]
        else:
            given.append((field.name, list(value) if isinstance(value, tuple) else value))
    lines = "".join(f"    {name}={value!r},\n" for name, value in given)
    return (
        "from engine import Engine\n\nengine = Engine()\n"
        f"found = engine.find(\n    {config.method!r},\n{lines})\n"
    )


def _told(config: FinderConfig) -> list[tuple[Offered, Any]]:
    """The settings that must be said, with their values: the model's first."""
    usual = {one.name: one.default for one in offered(ModelConfig)}
    found = [
        (field, getattr(config.model, field.name))
        for field in offered(ModelConfig)
        if field.name == "model"
        or (field.name not in ELSEWHERE and getattr(config.model, field.name) != usual[field.name])
    ]
    for field in offered(type(config)):
        value = getattr(config, field.name)
        if field.name in ALWAYS or value != field.default:
            found.append((field, value))
    return found


def _words(field: Offered, value: Any) -> list[str]:
    """One setting as a command has it."""
    told = field.setting
    name = (told.option or field.name).removeprefix("--").replace("_", "-")
    if told.flag is not None:
        return [f"--{name}" if value == told.flag[1] else f"--no-{name}"]
    if isinstance(value, bool):
        return [f"--{name}" if value else f"--no-{name}"]
    if isinstance(value, tuple):
        return _option(name, ",".join(map(str, value)))
    return _option(name, "" if value is None else str(value))


def _option(name: str, value: object) -> list[str]:
    # Nobody checks the types of a record's settings.
    value = str(value)
    # What begins with a dash would be taken for another option.
    return [f"--{name}={value}"] if value.startswith("-") else [f"--{name}", value]


def prompts_of(config: FinderConfig) -> tuple[str, ...]:
    """The prompts that a finder starts from; none where it reads a file, or nothing."""
    values = [getattr(config, one.name) for one in dataclasses.fields(config)]
    found = next((value for value in values if isinstance(value, PromptsConfig)), None)
    return () if found is None else found.prompts
