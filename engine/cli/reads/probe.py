"""`probe VECTORS…`: how well vectors tell two classes of states apart."""

from collections.abc import Callable
from typing import Any

from engine.cli import answering
from engine.cli.from_config import Option, build, command_for, options_of
from engine.configs.reads.probes import ProbeConfig
from engine.statistics.reads import probe_words as words
from engine.store.references import reference
from engine.store.store import Store


def command() -> Callable[..., None]:
    """The command."""
    named = Option("vectors", list[str] | None, None, "Files or digests, FILE:INDEX.", (), True)
    asked = [one for name, one in options_of(ProbeConfig).items() if name != "vectors"]
    return command_for(ProbeConfig, [named, *asked], _probe)


def _probe(given: dict[str, Any]) -> None:
    place = Store(given["store"].resolve())
    refs = tuple(reference(place, name) for name in given["vectors"] or ())
    config = build(ProbeConfig, given, vectors=refs)
    answering.run(config, given["store"], _told)


def _told(record: dict[str, Any]) -> dict[str, Any]:
    """What was read in words, and how many places are beyond random directions."""
    rows = record["tables"]["rows"]
    own = [row for row in rows if row["vector_set"] != words.FIT]
    beyond = sum(row["beyond"] for row in own)
    names = ("sentences", "notes")
    return {"places": len(own), "beyond": beyond} | {name: record[name] for name in names}
