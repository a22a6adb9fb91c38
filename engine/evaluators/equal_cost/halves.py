"""The ground of a search under a budget: questions in two halves, asked apart, and neutral answers.

Everything but answers comes from the first half, so that nothing of the second is seen before its
turn. Knows nothing of what is searched and of how the best is chosen.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd
from jaxtyping import Float

from engine.configs.budgets.under import UnderBudget
from engine.configs.steering.interventions import Operation
from engine.configs.sweeps import EvaluateConfig
from engine.evaluators import ab, aiming, sweeps
from engine.evaluators.aiming import Aimed, Ground
from engine.evaluators.equal_cost import divergence
from engine.evaluators.equal_cost.cells import AtBudget, Turn, kept_at_budget
from engine.evaluators.equal_cost.divergence import NeutralAnswers
from engine.evaluators.readings.asked import Asked
from engine.evaluators.rows import SweepRow, baseline
from engine.model.forward import Forward
from engine.progress import Progress
from engine.questions import repeats
from engine.records.records import Question, VectorSet
from engine.statistics.budgets import choosing
from engine.statistics.cells import labels_of

USUAL_TRIES = 4
"""Strengths tried for one cell, as far as progress goes."""


@dataclass(kw_only=True, eq=False)
class Halves:
    """A search in the middle of its work."""

    config: UnderBudget
    ground: Ground
    """Laid on the first half."""
    neutral: NeutralAnswers
    questions: tuple[list[Question], list[Question]]
    labels: tuple[np.ndarray, np.ndarray]
    """What repeats one another, by half."""
    units: sweeps.Units
    progress: Progress
    notes: list[str] = field(default_factory=list)
    whole: int = 0
    """Texts that will have gone through the model, as far as can be said."""
    done: int = 0

    @property
    def door(self) -> Forward:
        """The model."""
        return self.ground.sweep.door

    @property
    def asked(self) -> EvaluateConfig:
        """The sweep whose questions are asked."""
        return self.config.sweep

    def aimed(
        self, operation: Operation, vectors: Sequence[tuple[VectorSet, int]], controls: int
    ) -> Aimed:
        """An operator along some of the vectors, and so many random directions for each place."""
        chosen = list(vectors)
        sites = list(dict.fromkeys(found.sites[index] for found, index in chosen))
        ground = replace(self.ground, chosen=chosen, vector_sites=sites)
        return aiming.aimed(ground, replace(self.asked, controls=controls), operation)

    def solve(self, name: str, turns: Sequence[Turn], budget: float) -> AtBudget:
        """The strengths at which turns cost a budget; an earlier try's, where it came so far."""
        report = self._stretch(len(turns) * self.neutral.texts * USUAL_TRIES)
        found = kept_at_budget(
            self.units, name, self.neutral, turns, budget, self.config.of, report, self._note
        )
        self.done += len(turns) * self.neutral.texts * USUAL_TRIES
        return found

    def changes(
        self, half: int, name: str, rows: Sequence[SweepRow]
    ) -> Float[np.ndarray, "rows questions"]:
        """How rows change every question of a half from the unsteered model."""
        asked = self.ground.sweep if half == 0 else self._second()
        base = baseline(rows[0].site, self.door.hidden)
        size = (len(rows) + 1) * len(asked.questions) * asked.orders
        measured = ab.measure(
            asked,
            [base, *rows],
            self._stretch(size),
            lambda unit: self.units.load_arrays(f"{name}_{unit}"),
            lambda unit, arrays: self.units.save_arrays(f"{name}_{unit}", arrays),
        )
        self.done += size
        told = [*sweeps.notes_of(asked, measured), *measured.notes]
        self.notes += [note for note in told if note not in self.notes]
        difference = asked.differences(measured.logits)
        known = np.where(np.isfinite(difference), difference, np.nan).astype(float)
        contents = known.mean(axis=-1)
        return contents[1:] - contents[0]

    def ids(self, half: int) -> list[str]:
        """The questions of a half."""
        return [question.id for question in self.questions[half]]

    def _second(self) -> Asked:
        return aiming.asked(self.door, self.questions[1], self.asked, self.ground.sweep.after)

    def _stretch(self, size: int) -> Progress:
        def report(done: int, total: int, message: str = "", **metrics: float) -> None:
            so_far = self.done + size * done // max(total, 1)
            self.progress(so_far, max(self.whole, so_far), message, **metrics)

        return report

    def _note(self, note: str) -> None:
        if note not in self.notes:
            self.notes.append(note)


def opened(
    door: Forward,
    config: UnderBudget,
    sets: Sequence[VectorSet],
    questions: Sequence[Question],
    progress: Progress,
    units: sweeps.Units,
) -> Halves:
    """Part the questions, lay the ground on the first half, and let the model answer neutrally.

    Args:
        door: The model.
        config: What is searched.
        sets: The stored sets, one per vector that the sweep names.
        questions: All of them.
        progress: May raise to stop.
        units: Keeps what is finished.

    Raises:
        EngineError: As a sweep.
    """
    asked = config.sweep
    groups = repeats.question_groups(questions)
    parts = choosing.split(groups, asked.seed)
    first, second = ([questions[i] for i in part] for part in parts)
    labels = labels_of(pd.Index([question.id for question in questions]), groups)
    progress(0, 1, "reading questions and neutral prompts")
    ground = aiming.ground(door, asked, sets, first)
    return Halves(
        config=config,
        ground=ground,
        neutral=divergence.of_sweep(door, asked),
        questions=(first, second),
        labels=(labels[parts[0]], labels[parts[1]]),
        units=units,
        progress=progress,
    )
