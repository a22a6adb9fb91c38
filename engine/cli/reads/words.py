"""`words VECTORS…`: the words that stored vectors promote and suppress."""

from collections.abc import Callable
from typing import Any

from engine.cli import answering
from engine.cli.from_config import Option, build, command_for, options_of
from engine.configs.reads.words import WordsConfig


def command() -> Callable[..., None]:
    """The command, which reads all vectors that it is given in one record."""
    told = "Files or digests, FILE:INDEX."
    asked = options_of(WordsConfig) | {
        "vectors": Option("vectors", list[str] | None, None, told, is_argument=True)
    }
    return command_for(WordsConfig, asked.values(), _read)


def _read(given: dict[str, Any]) -> None:
    answering.run(build(WordsConfig, given), given["store"], _told)


def _told(record: dict[str, Any]) -> dict[str, Any]:
    return {"sentences": record["sentences"], "notes": record["notes"]}
