"""`suggest VECTORS…` and `blend FIRST SECOND`: the best cell and the best blend under a budget."""

from collections.abc import Callable
from typing import Any

from engine.cli import answering
from engine.cli.from_config import Option, command_for, model_of, options_of, values
from engine.configs.budgets.blends import BlendConfig
from engine.configs.budgets.suggest import USUAL_OPERATIONS, SuggestConfig
from engine.configs.steering.interventions import OPERATIONS, Operation
from engine.configs.sweeps import EvaluateConfig
from engine.errors import ConfigError
from engine.store.references import reference
from engine.store.store import Store

WITHOUT = (
    *("vectors", "scales", "relative", "side_effects", "written", "effect_controls", "knowledge"),
    "target",
)
"""Options of a sweep that a budget decides, or that do not count."""
TRIED = Option("operations", str, ",".join(USUAL_OPERATIONS), "Comma-separated; each is tried.")


def suggest() -> Callable[..., None]:
    """The command that looks for the best cell."""
    told = "Files or digests, FILE:INDEX."
    asked = _asked("operation")
    named = Option("vectors", list[str] | None, None, told, is_argument=True)
    every = [named, TRIED, *options_of(SuggestConfig).values(), *asked]
    return command_for(SuggestConfig, every, _suggest)


def blend() -> Callable[..., None]:
    """The command that blends two vectors."""
    asked = _asked("controls", "control_kind")
    named = Option("vectors", list[str] | None, None, "Two as FILE:INDEX.", is_argument=True)
    every = [named, *options_of(BlendConfig).values(), *asked]
    return command_for(BlendConfig, every, _blend)


def _asked(*left_out: str) -> list[Option]:
    found = options_of(EvaluateConfig)
    return [one for name, one in found.items() if name not in (*WITHOUT, *left_out)]


def _sweep(given: dict[str, Any], **more: Any) -> EvaluateConfig:
    place = Store(given["store"].resolve())
    refs = tuple(reference(place, name) for name in given["vectors"] or ())
    chosen = {name: one for name, one in values(EvaluateConfig, given).items() if name != "vectors"}
    return EvaluateConfig(model=model_of(given), vectors=refs, **{"scales": (1.0,)} | chosen | more)


def _suggest(given: dict[str, Any]) -> None:
    named = operations(given["operations"])
    config = SuggestConfig.of_sweep(_sweep(given), operations=named, **values(SuggestConfig, given))
    answering.run(config, given["store"], _told_of_suggestion)


def operations(text: str) -> tuple[Operation, ...]:
    """The operations that a text names, with commas.

    Raises:
        ConfigError: If one is not known.
    """
    found = []
    for word in (part.strip() for part in text.split(",") if part.strip()):
        known = next((one for one in OPERATIONS if one == word), None)
        if known is None:
            raise ConfigError(
                f"Operation {word!r} is not known: use some of {', '.join(OPERATIONS)}."
            )
        found.append(known)
    return tuple(found)


def _blend(given: dict[str, Any]) -> None:
    config = BlendConfig.of_sweep(_sweep(given, controls=0), **values(BlendConfig, given))
    answering.run(config, given["store"], _told_of_blend)


def _told_of_suggestion(record: dict[str, Any]) -> dict[str, Any]:
    """What was chosen, what held, and the column of a grid that uses it."""
    names = ("best", "held", "use", "sentences", "notes")
    return {name: record[name] for name in names}


def _told_of_blend(record: dict[str, Any]) -> dict[str, Any]:
    """What was chosen, what held, and the column of a grid that uses it."""
    names = ("nested", "band", "use", "sentences", "notes")
    return {name: record[name] for name in names}
