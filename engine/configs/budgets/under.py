"""What every search under a budget shares: a sweep's questions, the budget, which way is wanted.

Knows nothing of what is searched.
"""

import dataclasses
from dataclasses import dataclass, field
from typing import Any, ClassVar

from engine.configs.adaptive import Direction
from engine.configs.budgets import costs
from engine.configs.core import Known, ModelConfig, RunConfig, VectorRef, require, whole
from engine.configs.fields import setting
from engine.configs.sweeps import EvaluateConfig

LEAST_QUESTIONS = 4
"""Of which one half chooses and the other reports."""


@dataclass(frozen=True, kw_only=True)
class UnderBudget(RunConfig):
    """A choice under a budget, made on one half of the questions and reported on the other."""

    fixed: ClassVar[dict[str, Any]] = {}
    """Settings of the sweep that do not count here."""
    sweep: EvaluateConfig = field(default_factory=EvaluateConfig)
    """Vectors, questions, controls and the neutral prompts on which cost is measured."""
    direction: Direction = setting(
        "either",
        "Which way the behaviour is to move.",
        lists_choices=True,
        label="Behaviour moves",
        about="",
        is_segmented=True,
        words={"either": "Either way", "toward": "Toward it", "away": "Away from it"},
    )
    budget: float = costs.budget("KL per token, in nats, that steering may cost.")
    of: costs.Of = costs.of()

    def __post_init__(self) -> None:
        """Refuse what leaves nothing to choose, and what a budget does not go with."""
        asked = self.sweep
        require(self.budget > 0, f"The budget is {self.budget:g}, but must be above 0.")
        require(
            asked.max_questions >= LEAST_QUESTIONS,
            f"{asked.max_questions} questions were asked for, of which one half chooses and the "
            f"other reports: ask at least {LEAST_QUESTIONS}.",
        )
        whole("The number of neutral prompts", asked.neutral, 1)
        require(
            not asked.side_effects and asked.scale_unit == "absolute",
            "Strengths come from the budget here, and cost is measured anyway: leave out relative "
            "scales and side effects.",
        )

    @classmethod
    def of_sweep(cls, asked: EvaluateConfig, **settings: Any) -> Any:
        """The search that asks a sweep's questions, whose scales and side effects do not count."""
        plain: dict[str, Any] = {"scales": (1.0,), "scale_unit": "absolute", "side_effects": False}
        usual = EvaluateConfig()
        plain |= {name: getattr(usual, name) for name in ("written", "knowledge")}
        return cls(sweep=dataclasses.replace(asked, **plain | cls.fixed), **settings)

    @property
    def vectors(self) -> tuple[VectorRef, ...]:
        """The vectors that are tried."""
        return self.sweep.vectors

    @property
    def model(self) -> ModelConfig:
        """The model that is asked."""
        return self.sweep.model

    def named(self, known: Known) -> dict[str, Any]:
        """The sweep's own digest, the neutral prompts, and how is chosen."""
        fields = {one.name: getattr(self, one.name) for one in dataclasses.fields(self)}
        asked = fields.pop("sweep")
        plain = {
            name: list(value) if isinstance(value, tuple) else value
            for name, value in fields.items()
        }
        read = {"neutral": asked.neutral_prompts, "usual": asked.usual}
        files = {name: known.file(path) for name, path in read.items()}
        return {"grid": known.digest(asked), **files, **plain}
