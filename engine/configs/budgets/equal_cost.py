"""What a comparison at equal cost asks: every operation at the strength that costs one budget.

Knows nothing of torch, files' contents or screens.
"""

import dataclasses
import math
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

from engine.configs.budgets import costs
from engine.configs.core import Known, ModelConfig, RunConfig, require, whole
from engine.configs.fields import setting
from engine.configs.steering.interventions import OPERATIONS, TARGETED, Operation
from engine.configs.sweeps import EvaluateConfig
from engine.configs.values import built as values_of
from engine.errors import ConfigError


@dataclass(frozen=True, kw_only=True)
class EqualCostConfig(RunConfig):
    """Measure every operation at the strength that costs the same KL on neutral prompts."""

    method: ClassVar[str] = "equal-cost"
    title: ClassVar[str] = "Equal cost"
    about: ClassVar[str] = "Measures every operation at the strength that costs the same."
    sweep: EvaluateConfig = field(default_factory=EvaluateConfig)
    """Vectors, questions, controls and neutral prompts; its operation and scales do not count."""
    operations: tuple[Operation, ...] = ()
    """Empty: all that apply to the vectors."""
    budget: float = costs.budget("KL per token, in nats, that steering is to cost.")
    of: costs.Of = costs.of()
    prompt: str | None = setting(
        None,
        "System prompt that asks for the behaviour, beside steering.",
        label="Rival system prompt",
        about="Unsteered, the same questions under this system prompt: just asking the model.",
    )
    """None has no such arm."""

    def __post_init__(self) -> None:
        """Refuse what compares nothing."""
        require(
            len(self.sweep.vectors) > 0,
            "There is nothing to steer with: name at least one vector file.",
        )
        require(
            math.isfinite(self.budget) and self.budget > 0,
            f"The budget is {self.budget:g}, but must be above 0 nats per token.",
        )
        require(self.of in ("mean", "p95"), f"of is {self.of!r}, but must be mean or p95.")
        whole("The number of neutral prompts", self.sweep.neutral, 1)
        for one in self.operations:
            require(
                one in OPERATIONS,
                f"Operation {one!r} is not known: use some of {', '.join(OPERATIONS)}.",
            )
        require(len(set(self.operations)) == len(self.operations), "An operation is named twice.")
        require(
            self.sweep.target is None or any(one in TARGETED for one in self.tried),
            f"A target was given, but none of the operations has one: name one of "
            f"{', '.join(TARGETED)}, or leave it out.",
        )
        require(
            self.sweep.second is None or "angular" in self.tried,
            "A second direction was given, but only angular has a plane: name it, or leave it out.",
        )
        require(
            self.prompt is None or bool(self.prompt.strip()),
            "The rival system prompt is empty: write one, or leave it out.",
        )
        require(
            self.prompt is None or self.prompt != self.sweep.system,
            "The rival system prompt is the sweep's own: write another one.",
        )

    @classmethod
    def of_sweep(cls, asked: EvaluateConfig, **settings: Any) -> "EqualCostConfig":
        """The comparison that asks a sweep's questions of its vectors and controls."""
        usual = EvaluateConfig()
        beside = ("side_effects", "written", "effect_controls", "knowledge")
        plain: dict[str, Any] = {name: getattr(usual, name) for name in beside}
        plain |= {
            "operation": taking(asked.target, asked.second),
            "scales": (1.0,),
            "scale_unit": "absolute",
        }
        return cls(sweep=dataclasses.replace(asked, **plain), **settings)

    @property
    def model(self) -> ModelConfig:
        """The model that is steered."""
        return self.sweep.model

    @property
    def tried(self) -> tuple[Operation, ...]:
        """The operations that are named, or else all."""
        return self.operations or OPERATIONS

    def task(self, place: Path | None = None) -> str:
        """A job of it in a few words."""
        count = len(self.sweep.vectors)
        return f"{self.title} of {count} set{'s' * (count != 1)}"

    def named(self, known: Known) -> dict[str, Any]:
        """The sweep's own digest without what does not count, the neutral prompts, the rest."""
        plain = EqualCostConfig.of_sweep(self.sweep).sweep
        usual = EvaluateConfig().neutral_prompts
        asked = dataclasses.replace(plain, neutral_prompts=usual)
        return {
            "grid": known.digest(asked),
            "neutral": known.file(plain.neutral_prompts),
            "usual": known.file(plain.usual),
            "operations": list(self.operations),
            "budget": self.budget,
            "of": self.of,
            "prompt": self.prompt,
        }


def taking(target: float | None, second: str | None) -> Operation:
    """An operation that a sweep can name beside this target and second direction."""
    if second is not None:
        return "angular"
    return "add" if target is None else "set"


def config_of(record: dict[str, Any]) -> EqualCostConfig:
    """What a stored record was asked.

    Raises:
        ConfigError: If it is of another version.
    """
    names = ("operations", "budget", "of", "prompt")
    try:
        chosen = {name: record["config"][name] for name in names}
        return values_of(EqualCostConfig, {**chosen, "sweep": record["sweep"]})
    except (TypeError, KeyError, ValueError) as error:
        raise ConfigError(
            f"This comparison's request is incomplete or from another version: {error}."
        ) from error
