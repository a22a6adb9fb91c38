"""`find METHOD`: vectors by every finder that is registered."""

from collections.abc import Callable
from typing import Any

import typer

from engine.cli import tables
from engine.cli.from_config import SEED, STORE, about, build, command, of_model, options_of
from engine.cli.options import done, one_of, open_engine
from engine.configs import registry
from engine.configs.finders import FinderConfig
from engine.program.bar import bar
from engine.questions.pairs import load_pairs

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
        every = [*asked.values(), *of_model(), STORE, SEED]
        found.command(method)(command(about(config), every, _finding(config)))
    return found


def _finding(config: type[FinderConfig]) -> Callable[[dict[str, Any]], None]:
    fill = {"contrastive": _fill_contrastive, "finetune-diff": _fill_difference}.get(config.method)

    def work(given: dict[str, Any]) -> None:
        if fill is not None:
            fill(given)
        wanted = build(config, given)
        engine = open_engine(given["store"])
        with bar() as progress:
            digest = engine.run(wanted, progress)
        found = engine.store.load_vectors(digest)
        tables.vectors(found)
        done(engine, digest, vectors=len(found.vectors), notes=list(found.notes))

    return work


def _fill_contrastive(given: dict[str, Any]) -> None:
    """What differs between the poles, and where states are read, where nobody said so."""
    if given["contrast"] is None:
        given["contrast"] = "both" if given["study"] else "answers"
    one_of("contrast", given["contrast"], ("answers", "system", "both", "none"))
    if given["position"] is None:
        in_prompt = given["contrast"] == "system" or given["study"]
        given["position"] = "last-prompt" if in_prompt else _natural(given["pairs"], given)


def _fill_difference(given: dict[str, Any]) -> None:
    """Where states are read, and the demo model's own adapter, where nobody said so."""
    if given["position"] is None:
        given["position"] = "last-prompt" if given["study"] else _natural(given["prompts"], given)
    if given["adapter"] is None and given["model"] == "demo":
        given["adapter"] = "demo"


def _natural(path: str, given: dict[str, Any]) -> str:
    return NATURAL[load_pairs(path, given["negative"], given["behaviour"]).kind]
