"""`equal-cost`: every operation at the strength that costs one budget, and its table."""

from collections.abc import Callable
from typing import Any

from engine.cli import answering
from engine.cli.from_config import Option, command_for, model_of, options_of, values
from engine.cli.options import one_of
from engine.configs.budgets.equal_cost import EqualCostConfig, taking
from engine.configs.core import require
from engine.configs.steering import interventions
from engine.configs.sweeps import EvaluateConfig

WITHOUT = (
    *("scales", "relative", "operation", "side_effects", "written", "knowledge"),
    *("neutral",),
)
"""Options of a sweep that the budget decides, or that do not count."""
OPERATIONS = Option("operations", str | None, None, "Comma-separated; all that apply if left out.")
NEUTRAL = Option(
    "neutral", int, EvaluateConfig().neutral, "Neutral prompts on which KL is measured."
)


def command() -> Callable[..., None]:
    """The command, made from the configs of the comparison and of a sweep."""
    asked = options_of(EvaluateConfig)
    system = asked.pop("system")
    kept = [one for name, one in asked.items() if name not in WITHOUT]
    own = [OPERATIONS, *options_of(EqualCostConfig).values()]
    return command_for(EqualCostConfig, [*kept, NEUTRAL, *own, system], _compare)


def _compare(given: dict[str, Any]) -> None:
    chosen = values(EvaluateConfig, given)
    operation = taking(chosen["target"], chosen["second"])
    sweep = EvaluateConfig(model=model_of(given), operation=operation, scales=(1.0,), **chosen)
    text = given["operations"]
    named = () if text is None else tuple(one.strip() for one in text.split(",") if one.strip())
    require(text is None or bool(named), "No operation was named: name at least one, as add.")
    for one in named:
        one_of("operation", one, interventions.OPERATIONS)
    own = values(EqualCostConfig, given)
    config = EqualCostConfig.of_sweep(sweep, operations=named, **own)
    answering.run(config, given["store"], _told)


def _told(record: dict[str, Any]) -> dict[str, Any]:
    """How many cells met the budget, and where each vector moves answers most."""
    cells = record["tables"]["cells"]
    return {
        "cells": len(cells),
        "reached": sum(row["reached"] for row in cells),
        "best": record["tables"]["best"],
        "notes": record["notes"],
    }
