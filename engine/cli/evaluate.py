"""`evaluate`: an A/B sweep, whole or only as far as it takes to find the best cell."""

from collections.abc import Callable
from typing import Any

from engine.cli import answering
from engine.cli.from_config import Option, build, command_for, options_of, values
from engine.configs.adaptive import AdaptiveConfig
from engine.configs.sweeps import EvaluateConfig, knowledge_of, usual_scales
from engine.errors import ConfigError
from engine.records import steered
from engine.records.records import Evaluation
from engine.statistics import flags

ADAPTIVE = Option(
    "adaptive", bool, False, "Only find the best vector and scale; no controls.", ("--adaptive",)
)
BESIDE = ("neutral", "written", "knowledge")
"""Options that matter with side effects only."""


def command() -> Callable[..., None]:
    """The command, made from the configs of both kinds of sweep."""
    asked = options_of(EvaluateConfig)
    asked["knowledge"] = asked["knowledge"]._replace(hint=str | None, default=None)
    # Nobody having named strengths is another thing than having named the study's.
    asked["scales"] = asked["scales"]._replace(hint=str | None, default=None)
    system = asked.pop("system")
    adaptive = [ADAPTIVE, *options_of(AdaptiveConfig).values()]
    return command_for(EvaluateConfig, [*asked.values(), *adaptive, system], _evaluate)


def _evaluate(given: dict[str, Any]) -> None:
    if given["scales"] is None:
        usual = usual_scales(given["operation"], given["relative"])
        given["scales"] = ",".join(map(str, usual))
    config = build(EvaluateConfig, meant(given))
    if not given["adaptive"]:
        answering.run(config, given["store"], _told)
        return
    if config.side_effects:
        raise ConfigError(
            "An adaptive sweep measures no side effects: leave out --side-effects, and evaluate "
            "what it finds with them."
        )
    adaptive = AdaptiveConfig.of(config, **values(AdaptiveConfig, given))
    answering.run(adaptive, given["store"], _told_of_the_best)


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


def _told(found: Evaluation) -> dict[str, Any]:
    sentences = flags.of_frame(found.frame, how=steered.of_config(found.config))
    return {"rows": len(found.frame), "flags": sentences, "notes": found.notes}


def _told_of_the_best(record: dict[str, Any]) -> dict[str, Any]:
    """The best vector and scale and what they cost."""
    best, cells, arms = record["best"], record["cells"], record["tables"]["arms"]
    fields = ("name", "vector_set", "vector", "scale", "change", "rate_change")
    return {
        "best": {name: best[name] for name in fields},
        "finalists": [[arms[arm]["name"], arms[arm]["scale"]] for arm in record["finalists"]],
        "cells": cells["asked"],
        "share": round(cells["share"], 4),
        "delta": record["config"]["delta"],
        "notes": record["notes"],
    }
