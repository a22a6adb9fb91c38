"""One self-test's verdict, which jobs it speaks of, and what a red one does to them.

Knows nothing of models: jobs say what they use, and get a refusal or notes.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

import torch

from engine.errors import ModelError

Use = Literal["all", "answers", "generation", "adapter", "template"]
"""What a job uses of a model: every job all, and some of them more."""
SHARE = {torch.float32: 1e-4, torch.bfloat16: 0.025, torch.float16: 0.005}
"""Of the largest value: differences that rounding explains in each precision."""


@dataclass(frozen=True, kw_only=True)
class Check:
    """One self-test."""

    name: str
    passed: bool
    figure: str
    reason: str
    """What it shows when it passes, or what a failure means."""
    speaks_of: Use = "all"
    """Jobs whose figures it vouches for."""
    binds: bool = True
    """Whether a failure refuses those jobs; else their records note it."""

    @property
    def sentence(self) -> str:
        """What a failure means for a reader of a record."""
        return self.reason if self.speaks_of == "template" else f"{self._failure}."

    @property
    def _failure(self) -> str:
        return f"The self-test '{self.name}' failed ({self.figure})"

    def refusal(self, model: str) -> str:
        """Why a job on this model is not run."""
        what = "nothing" if self.speaks_of == "all" else f"nothing that uses its {self.speaks_of}"
        return (
            f"{self._failure}: {what} is run on {model}; `check` shows all, and float32 or "
            "another checkpoint may mend it."
        )


def refuse(checks: Iterable[Check], uses: Sequence[Use], model: str) -> None:
    """Refuse a job that a red self-test speaks of.

    Raises:
        ModelError: Names the first one.
    """
    for check in _red(checks, uses):
        if check.binds:
            raise ModelError(check.refusal(model))


def notes(checks: Iterable[Check], uses: Sequence[Use]) -> tuple[str, ...]:
    """What the records of a job say of red self-tests that do not refuse it."""
    return tuple(check.sentence for check in _red(checks, uses) if not check.binds)


def _red(checks: Iterable[Check], uses: Sequence[Use]) -> list[Check]:
    spoken = {"all", "template", *uses}
    return [one for one in checks if not one.passed and one.speaks_of in spoken]
