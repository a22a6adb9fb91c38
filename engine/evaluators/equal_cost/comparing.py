"""Every operation on every vector at the strength that costs one budget, asked the questions.

First the strengths are sought, operation by operation, then all cells that meet the budget are
asked, the random controls among them. Knows nothing of records.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from engine.configs.budgets.equal_cost import EqualCostConfig
from engine.configs.steering.interventions import Operation
from engine.errors import ConfigError
from engine.evaluators import ab, aiming
from engine.evaluators.aiming import Ground
from engine.evaluators.equal_cost import cells, divergence, rival
from engine.evaluators.equal_cost.cells import AtBudget, Turn
from engine.evaluators.equal_cost.divergence import NeutralAnswers
from engine.evaluators.equal_cost.rival import Rival
from engine.evaluators.readings.asked import as_frame
from engine.evaluators.rows import SweepRow, baseline
from engine.evaluators.sweeps import Units, notes_of
from engine.maths import secant
from engine.model.forward import Forward
from engine.progress import Progress
from engine.records.records import Question, VectorSet
from engine.statistics import yardsticks
from engine.statistics.budgets.equal_cost import cell_code
from engine.statistics.cells import CONTROL
from engine.statistics.yardsticks import YARDSTICK, Place

SPANNING: Operation = "low-rank"


@dataclass(frozen=True, kw_only=True, eq=False)
class Compared:
    """What a comparison gave."""

    cells: pd.DataFrame
    """`AtBudget.table`, vectors and controls of every operation, each with its yardstick."""
    frame: pd.DataFrame
    """Answers of the baseline and of every cell that meets the budget; its scale is
    `cell_code`."""
    rival: Rival | None
    neutral: dict[str, int]
    """Prompts and tokens on which cost was measured."""
    orders: int
    answers: dict[str, object]
    notes: tuple[str, ...]


def run(
    door: Forward,
    config: EqualCostConfig,
    sets: Sequence[VectorSet],
    questions: Sequence[Question],
    progress: Progress,
    units: Units,
) -> Compared:
    """Find every cell's strength, and ask all that meet the budget every question.

    Args:
        door: The model.
        config: What is compared.
        sets: The stored sets, one per vector of the config, then those that it names else.
        questions: What to ask.
        progress: Told how far the search is, then the answers; may raise to stop.
        units: Keep strengths and answers that are finished.

    Raises:
        EngineError: If a named operation cannot be used on a vector, or as a sweep.
    """
    asked = config.sweep
    ground = aiming.ground(door, asked, sets, questions)
    plan, notes = planned(ground, config)
    neutral = divergence.of_sweep(door, asked)
    heard: list[str] = []
    stretches = _Stretches(progress, plan, neutral, ground)
    found = _joined(
        _solved(neutral, turns, config, stretches.seeking(name, len(turns)), units, heard)
        for name, turns in plan.items()
    )
    rows = [baseline(ground.vector_sites[0], door.hidden), *_rows(found, door.hidden)]
    measured = ab.measure(
        ground.sweep, rows, stretches.asking, units.load_arrays, units.save_arrays
    )
    beside = None if config.prompt is None else rival.run(ground, neutral, config, questions, units)
    return Compared(
        cells=found.table.assign(**{YARDSTICK: _yardsticks(found, ground, asked.controls)}),
        frame=as_frame(ground.sweep, rows, measured),
        rival=beside,
        neutral={"prompts": neutral.texts, "tokens": neutral.tokens},
        orders=ground.sweep.orders,
        answers=_told(ground),
        notes=(*notes, *dict.fromkeys(heard), *measured.notes, *notes_of(ground.sweep, measured)),
    )


def planned(
    ground: Ground, config: EqualCostConfig
) -> tuple[dict[Operation, list[Turn]], list[str]]:
    """The turns of every operation that applies, and why others do not.

    Raises:
        ConfigError: If one that is named does not apply, or none does.
    """
    found: dict[Operation, list[Turn]] = {}
    notes: list[str] = []
    for name in config.tried:
        try:
            found[name] = _turns(ground, config, name)
        except ConfigError as error:
            if config.operations:
                raise
            notes.append(f"{name} is left out. {error}")
    if not found:
        raise ConfigError(f"No operation applies to these vectors. {' '.join(notes)}")
    return found, notes


def _turns(ground: Ground, config: EqualCostConfig, name: Operation) -> list[Turn]:
    """The turns of one operation, each tried once."""
    spans = [(found.digest, found.sites[index]) for found, index in ground.chosen]
    if name == SPANNING and not config.operations and len(set(spans)) == len(spans):
        raise ConfigError("Of a single vector at a site it is ablate.")
    turns = cells.turns(aiming.aimed(ground, config.sweep, name))
    for turn in turns:
        turn.edits(turn.sign * turn.start)
    return turns


def _solved(
    neutral: NeutralAnswers,
    turns: list[Turn],
    config: EqualCostConfig,
    progress: Progress,
    units: Units,
    heard: list[str],
) -> AtBudget:
    """The strengths of one operation."""
    name, note = f"strengths_{turns[0].operation}", heard.append
    return cells.kept_at_budget(
        units, name, neutral, turns, config.budget, config.of, progress, note
    )


def _joined(parts: Iterable[AtBudget]) -> AtBudget:
    """All operations as one."""
    every = list(parts)
    return AtBudget(
        turns=[turn for part in every for turn in part.turns],
        strengths=[one for part in every for one in part.strengths],
    )


def _told(ground: Ground) -> dict[str, object]:
    """How answers were read, the rule in words, and residual norms by site."""
    norms = {site.words: norm for site, norm in ground.residuals.items()}
    return {**ground.sweep.told, "residual_norms": norms}


def _rows(found: AtBudget, hidden: int) -> list[SweepRow]:
    """Rows of the cells that meet the budget, told apart by operation and sign."""
    pairs = zip(found.turns, found.strengths, strict=True)
    return [
        replace(turn.row(one.strength, hidden), scale=cell_code(turn.operation, turn.sign))
        for turn, one in pairs
        if one.reached
    ]


def _yardsticks(found: AtBudget, ground: Ground, controls: int) -> list[int]:
    """The yardstick of every cell: its site and the length of its vector."""
    places = [
        Place(one.sites[index], float(np.linalg.norm(one.vectors[index])))
        for one, index in ground.chosen
    ]
    keys = [(one.digest, index) for one, index in ground.chosen]
    numbers = dict(zip(keys, yardsticks.grouped(places), strict=True))
    aims = [turn.aim for turn in found.turns]
    return [
        aim.vector // controls if aim.vector_set == CONTROL else numbers[aim.vector_set, aim.vector]
        for aim in aims
    ]


class _Stretches:
    """One bar for all searches and for the questions that follow, in texts that are run."""

    def __init__(
        self,
        progress: Progress,
        plan: dict[Operation, list[Turn]],
        neutral: NeutralAnswers,
        ground: Ground,
    ) -> None:
        self._progress = progress
        self._per_turn = secant.EVALUATIONS * neutral.texts
        self._before: dict[str, int] = {}
        self._sought = 0
        for name, turns in plan.items():
            self._before[name] = self._sought
            self._sought += len(turns) * self._per_turn
        rows = 1 + sum(map(len, plan.values()))
        self._total = self._sought + rows * len(ground.sweep.questions) * len(
            ground.sweep.tokens[0]
        )

    def seeking(self, name: str, turns: int) -> Progress:
        """Of one operation's search."""
        before, size = self._before[name], turns * self._per_turn

        def report(done: int, total: int, message: str = "", **metrics: float) -> None:
            share = size * done // max(total, 1)
            self._progress(before + share, self._total, f"{name}: {message}", **metrics)

        return report

    def asking(self, done: int, total: int, message: str = "", **metrics: float) -> None:
        """Of the questions."""
        left = self._total - self._sought
        self._progress(self._sought + left * done // max(total, 1), self._total, message, **metrics)
