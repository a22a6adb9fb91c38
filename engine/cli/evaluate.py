"""`evaluate`: an A/B sweep, whole or only as far as it takes to find the best cell."""

from typing import Any

from engine.cli import tables, tables_of_vectors
from engine.cli.from_config import SEED, STORE, Option, about, build, of_model, options_of, values
from engine.cli.from_config import command as made
from engine.cli.options import done, open_engine
from engine.configs.adaptive import AdaptiveConfig
from engine.configs.sweeps import EvaluateConfig, knowledge_of
from engine.errors import ConfigError
from engine.program.bar import bar
from engine.runs.engine import Engine
from engine.statistics import flags

ADAPTIVE = Option(
    "adaptive", bool, False, "Only find the best vector and scale; no controls.", ("--adaptive",)
)
BESIDE = ("neutral", "written", "knowledge")
"""Options that matter with side effects only."""


def command() -> Any:
    """The command, made from the configs of both kinds of sweep."""
    asked = options_of(EvaluateConfig)
    asked["knowledge"] = asked["knowledge"]._replace(hint=str | None, default=None)
    system = asked.pop("system")
    adaptive = [ADAPTIVE, *options_of(AdaptiveConfig).values()]
    every = [*asked.values(), *adaptive, system, *of_model(), STORE, SEED]
    return made(about(EvaluateConfig), every, _evaluate)


def _evaluate(given: dict[str, Any]) -> None:
    config, engine = build(EvaluateConfig, meant(given)), open_engine(given["store"])
    if given["adaptive"]:
        _adaptive(engine, config, given)
    else:
        _sweep(engine, config)


def meant(given: dict[str, Any]) -> dict[str, Any]:
    """What was given, less what matters with side effects only where none are asked for.

    Raises:
        ConfigError: If knowledge questions are named but no side effects are asked for.
    """
    if given["knowledge"] and not given["side_effects"]:
        raise ConfigError("Knowledge questions are a side effect: add --side-effects.")
    if not given["side_effects"]:
        return {name: value for name, value in given.items() if name not in BESIDE}
    if given["knowledge"] is None:
        return given | {"knowledge": knowledge_of(given["model"])}
    return given


def _sweep(engine: Engine, config: EvaluateConfig) -> None:
    with bar() as progress:
        digest = engine.run(config, progress)
    evaluation = engine.store.load_evaluation(digest)
    tables.evaluation(evaluation)
    told = {"flags": flags.of_frame(evaluation.frame), "notes": evaluation.notes}
    done(engine, digest, rows=len(evaluation.frame), **told)


def _adaptive(engine: Engine, grid: EvaluateConfig, given: dict[str, Any]) -> None:
    if grid.side_effects:
        raise ConfigError(
            "An adaptive sweep measures no side effects: leave out --side-effects, and evaluate "
            "what it finds with them."
        )
    config = AdaptiveConfig.of(grid, **values(AdaptiveConfig, given))
    with bar() as progress:
        digest = engine.run(config, progress)
    record = engine.store.load_experiment(digest)
    tables.experiment(record)
    done(engine, digest, **tables_of_vectors.answer(record))
