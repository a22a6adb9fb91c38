"""What a suggestion seeks: the best vector, operation and sign under a budget of KL per token.

Knows nothing of torch, files' contents or screens.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from engine.configs.budgets.under import UnderBudget
from engine.configs.core import require
from engine.configs.steering.interventions import REMOVING, Operation

USUAL_OPERATIONS: tuple[Operation, ...] = ("add", "set", "angular")
"""Tried where none are named: a fixed step, a fixed target, and a turn."""


@dataclass(frozen=True, kw_only=True)
class SuggestConfig(UnderBudget):
    """Find the block, operation and strength that move answers most under a budget of KL."""

    method: ClassVar[str] = "suggest"
    title: ClassVar[str] = "Suggestion"
    about: ClassVar[str] = "Finds the block, operation and strength that move answers most."
    operations: tuple[Operation, ...] = USUAL_OPERATIONS
    """Each is tried with every vector."""

    def __post_init__(self) -> None:
        """Refuse no vectors and operations that are not known."""
        super().__post_init__()
        require(
            len(self.sweep.vectors) > 0,
            "There is nothing to choose from: name at least one vector file.",
        )
        require(len(self.operations) > 0, "No operation was named: name at least one, as add.")
        require(len(set(self.operations)) == len(self.operations), "An operation is named twice.")
        require(
            self.sweep.operation == "add" and self.sweep.target is None,
            "A suggestion tries several operations, each at its usual target: name them as "
            "operations, without a target.",
        )

    def task(self, place: Path | None = None) -> str:
        """A job of it in a few words."""
        count = len(self.sweep.vectors)
        return f"Suggest from {count} set{'s' * (count != 1)}"

    def amount(self, vectors: int) -> float:
        """Cells whose strength is sought, as they are read and controls among them."""
        cells = vectors * sum(1 if one in REMOVING else 2 for one in self.operations)
        return float(cells + self.sweep.controls) * self.sweep.max_questions
