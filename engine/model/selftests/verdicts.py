"""One self-test's verdict, which jobs it speaks of, and what a red one does to them.

Knows nothing of models: jobs say what they use, and get a refusal or notes.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from engine.configs.registry import Use
from engine.errors import ModelError

ALWAYS = ("every job", "adapter")
"""What every job uses, where the model has it."""


@dataclass(frozen=True, kw_only=True)
class Check:
    """One self-test."""

    name: str
    passed: bool
    figure: str
    reason: str
    """What it shows when it passes, or what a failure means."""
    speaks_of: Use | Literal["every job", "adapter", "itself"] = "every job"
    """Jobs whose figures it vouches for; "itself" where what needs it refuses or notes by itself.
    """
    binds: bool = True
    """Whether a failure refuses those jobs; else all records note it."""

    @property
    def consequence(self) -> str:
        """What a failure does; empty where there is none."""
        if self.passed:
            return ""
        if self.speaks_of == "itself":
            return "What needs it is refused, or notes it."
        if not self.binds:
            return "Every record notes it."
        if self.speaks_of == "every job":
            return "Every job is refused."
        return f"Jobs that use the {self.speaks_of} are refused."

    @property
    def note(self) -> str:
        """What a record says of a failure that does not refuse its job."""
        return f"The self-test '{self.name}' failed: {self.figure}."


def refuse(checks: Iterable[Check], uses: Sequence[Use], model: str) -> None:
    """Refuse a job that a red self-test speaks of.

    Raises:
        ModelError: Names the first one.
    """
    spoken = {*ALWAYS, *uses}
    for check in checks:
        if not check.passed and check.binds and check.speaks_of in spoken:
            raise ModelError(
                f"The self-test '{check.name}' failed on {model} ({check.figure}), so this job is "
                "not run: try float32 or another checkpoint; `check` shows all self-tests."
            )


def notes(checks: Iterable[Check]) -> tuple[str, ...]:
    """What records say of red self-tests that do not refuse their jobs."""
    red = [one for one in checks if not one.passed and not one.binds]
    return tuple(one.note for one in red if one.speaks_of != "itself")
