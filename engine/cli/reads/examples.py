"""`examples VECTORS…`: texts of a corpus furthest along vectors."""

from collections.abc import Callable
from typing import Any

from engine.cli import answering
from engine.cli.from_config import Option, build, command_for, options_of
from engine.configs.reads.examples import ExamplesConfig

VECTORS = Option("vectors", list[str] | None, None, "Files or digests, FILE:INDEX.", (), True)


def command() -> Callable[..., None]:
    """The command, made from the config."""
    asked = options_of(ExamplesConfig)
    asked.pop("vectors")
    # `--field text=COLUMN` says it.
    asked.pop("column")
    return command_for(ExamplesConfig, [VECTORS, *asked.values()], _find)


def _find(given: dict[str, Any]) -> None:
    answering.run(build(ExamplesConfig, given), given["store"], _told)


def _told(record: dict[str, Any]) -> dict[str, Any]:
    return {"sentences": record["sentences"], "notes": record["notes"]}
