"""`experiment corrigibility | deception | sentiment | operators`: whole studies, end to end."""

from pathlib import Path
from typing import Any

import typer

from engine import ROOT
from engine.cli import answering
from engine.cli.budgets.equal_cost import OPERATIONS
from engine.cli.from_config import Option, build, command_for, model_of, options_of
from engine.cli.own import named
from engine.configs.behaviours import BehaviourConfig
from engine.configs.budgets.operators import OperatorsConfig
from engine.configs.core import PRESETS, RunConfig
from engine.configs.studies import (
    PUBLIC_QUESTIONS,
    SHIPPED_QUESTIONS,
    CorrigibilityConfig,
    DeceptionConfig,
)
from engine.configs.sweeps import usual_scales
from engine.configs.training import FinetuneConfig
from engine.model.identity import OWN_ADAPTERS
from engine.model.naming import Names
from engine.program.bar import bar
from engine.store.references import reference
from engine.store.store import Store
from engine.training import places

STUDY = Option("study", bool, False, "Everything by the study's own definitions.")
TRAIN = Option(
    "train", bool, False, "Train the adapter first, on the deceptive answers.", ("--train",)
)
EPOCHS = Option("epochs", int, 10, "Of that training.")


def app() -> typer.Typer:
    """A command for each study."""
    found = typer.Typer(no_args_is_help=True, help="Run a whole study.")
    asked = options_of(CorrigibilityConfig)
    settings = (("scales", str), ("relative", bool), ("questions", list[str]), ("controls", int))
    for name, kind in settings:
        # Nobody having said anything is another thing than the config's own default.
        asked[name] = asked[name]._replace(hint=kind | None, default=None)
    corrigibility = command_for(CorrigibilityConfig, [STUDY, *asked.values()], _corrigibility)
    found.command("corrigibility")(corrigibility)
    steps = [*options_of(DeceptionConfig).values(), TRAIN, EPOCHS]
    found.command("deception")(command_for(DeceptionConfig, steps, _deception))
    asked = options_of(BehaviourConfig)
    found.command("sentiment")(command_for(BehaviourConfig, asked.values(), _behaviour))
    asked = options_of(OperatorsConfig)
    steps = [*asked.values(), OPERATIONS]
    found.command("operators")(command_for(OperatorsConfig, steps, _operators))
    return found


def _corrigibility(given: dict[str, Any]) -> None:
    model, is_study = given["model"], given["study"]
    if given["relative"] is None:
        # The study's scales fit Qwen3-14B's residual norm; elsewhere they are rescaled to it,
        # unless all is to be as the study did it.
        given["relative"] = model != "qwen3-14b" and not is_study
    if given["scales"] is None:
        given["scales"] = ",".join(map(str, usual_scales("add", given["relative"])))
    if given["controls"] is None:
        given["controls"] = 0 if is_study else CorrigibilityConfig.controls
    config = build(
        CorrigibilityConfig,
        given,
        questions=_question_sets(given["questions"], model, given["store"]),
        orders="as-given" if is_study else "both",
        variant="study" if is_study else "default",
    )
    _run(config, given, "evaluations")


def _question_sets(given: list[str] | None, model: str, store: Path) -> tuple[tuple[str, str], ...]:
    if not given:
        # What comes with the project needs no network, and neither do its questions.
        is_shipped = model in PRESETS and PRESETS[model].is_local
        return SHIPPED_QUESTIONS if is_shipped else PUBLIC_QUESTIONS
    pairs = [text.rpartition(":") for text in given]
    sets = [(file, name) if file else (name, "survival") for file, _, name in pairs]
    return tuple((named.path_of(file, store, "questions"), name) for file, name in sets)


def _deception(given: dict[str, Any]) -> None:
    if given["train"]:
        given["adapter"] = _trained(given)
    if given["adapter"] is None and given["model"] in OWN_ADAPTERS:
        given["adapter"] = given["model"]
    _run(build(DeceptionConfig, given), given, "generations")


def _behaviour(given: dict[str, Any]) -> None:
    _run(build(BehaviourConfig, given), given, "generations")


def _operators(given: dict[str, Any]) -> None:
    if given["adapter"] is None and given["model"] in OWN_ADAPTERS:
        given["adapter"] = given["model"]
    place = Store(given["store"].resolve())
    refs = tuple(reference(place, name) for name in given["vectors"] or ())
    named = tuple(one.strip() for one in (given["operations"] or "").split(",") if one.strip())
    _run(build(OperatorsConfig, given, vectors=refs, operations=named), given, "comparisons")


def _run(config: RunConfig, given: dict[str, Any], made: str) -> None:
    names = ("vectors", made)
    answering.run(config, given["store"], lambda record: {name: record[name] for name in names})


def _trained(given: dict[str, Any]) -> str:
    """The folder of the adapter, trained unless it is there."""
    from engine.training.lora import train

    base = model_of({**given, "adapter": None})
    lessons = {name: given[name] for name in ("pairs", "epochs", "seed")}
    config = FinetuneConfig(model=base, **lessons)
    digest = Names(ROOT).digest(config)
    folder = given["store"] / places.ADAPTERS / f"deception-{digest}"
    with bar() as progress:
        train.run(config, folder, ROOT, progress)
    return str(folder)
