"""`find METHOD`: vectors by every finder that is registered."""

from functools import partial
from typing import Any

import typer

from engine.cli import answering
from engine.cli.from_config import build, command_for, options_of
from engine.cli.options import one_of
from engine.configs import registry
from engine.configs.finders import FinderConfig
from engine.model.identity import OWN_ADAPTERS
from engine.questions.pairs import load_pairs
from engine.records.records import VectorSet

NATURAL = {"answers": "answer-mean", "letters": "letter", "questions": "last-prompt"}
"""Where states are read when nobody says so, by what the file holds."""
NOT_SAID = {"contrastive": ("contrast", "position"), "finetune-diff": ("position",)}
"""Options whose default depends on others."""


def app() -> typer.Typer:
    """A command for every finder."""
    found = typer.Typer(no_args_is_help=True, help="Find vectors.")
    for method, config in registry.finders().items():
        asked = options_of(config)
        for name in NOT_SAID.get(method, ()):
            asked[name] = asked[name]._replace(hint=str | None, default=None)
        found.command(method)(command_for(config, asked.values(), partial(_find, config)))
    return found


def _find(config: type[FinderConfig], given: dict[str, Any]) -> None:
    if config.method == "contrastive":
        _fill_contrastive(given)
    if config.method == "finetune-diff":
        _fill_difference(given)
    answering.run(build(config, given), given["store"], _told)


def _told(found: VectorSet) -> dict[str, Any]:
    return {"vectors": len(found.vectors), "notes": list(found.notes)}


def _fill_contrastive(given: dict[str, Any]) -> None:
    """What differs between the poles, and where states are read, where nobody said so."""
    if given["contrast"] is None:
        given["contrast"] = "both" if given["study"] else "answers"
    one_of("contrast", given["contrast"], ("answers", "system", "both", "none"))
    if given["position"] is None:
        in_prompt = given["contrast"] == "system" or given["study"]
        given["position"] = "last-prompt" if in_prompt else _natural(given["pairs"], given)


def _fill_difference(given: dict[str, Any]) -> None:
    """Where states are read, and the adapter that comes with a preset, where nobody said so."""
    if given["position"] is None:
        given["position"] = "last-prompt" if given["study"] else _natural(given["prompts"], given)
    if given["adapter"] is None and given["model"] in OWN_ADAPTERS:
        given["adapter"] = given["model"]


def _natural(path: str, given: dict[str, Any]) -> str:
    return NATURAL[load_pairs(path, given["negative"], given["behaviour"]).kind]
