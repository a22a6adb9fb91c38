"""The best vector, operation and sign under a budget: chosen on one half, reported on the other.

Random directions take the chosen cell's place: the same operator and sign, at what the cell
itself costs. Knows nothing of records and of what is said of the choice.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from jaxtyping import Float

from engine.configs.budgets.suggest import SuggestConfig
from engine.configs.steering.interventions import Operation
from engine.evaluators import sweeps
from engine.evaluators.equal_cost import halves
from engine.evaluators.equal_cost.cells import AtBudget, Turn, turns
from engine.evaluators.equal_cost.halves import USUAL_TRIES, Halves
from engine.maths.secant import PROMISED
from engine.model.forward import Forward
from engine.progress import Progress
from engine.records.records import Question, VectorSet
from engine.statistics.budgets import choosing


@dataclass(frozen=True, kw_only=True, eq=False)
class Suggested:
    """What was tried and what was chosen."""

    cells: pd.DataFrame
    """`AtBudget.table` with block, change (mean over the choosing half) and allowed (whether it
    costs no more than the budget)."""
    chosen: int | None
    """Row of `cells`; None where nothing keeps to the budget."""
    changes: Float[np.ndarray, " reporting"]
    """The chosen cell's change of every question of the other half."""
    controls: pd.DataFrame
    """`AtBudget.table` of the random directions."""
    random: Float[np.ndarray, "controls reporting"]
    """Their changes; those that cannot cost as much are left out."""
    labels: np.ndarray
    """What repeats one another among the reporting questions."""
    choosing: list[str]
    """Questions by id."""
    reporting: list[str]
    notes: tuple[str, ...]


def run(
    door: Forward,
    config: SuggestConfig,
    sets: Sequence[VectorSet],
    questions: Sequence[Question],
    progress: Progress,
    units: sweeps.Units,
) -> Suggested:
    """Try every vector under every operation both ways, and ask the best of them elsewhere.

    Args:
        door: The model.
        config: What is tried, and which way is wanted.
        sets: The stored sets, one per vector that the sweep names.
        questions: All of them; their halves are drawn here.
        progress: May raise to stop.
        units: Keeps what is finished.

    Raises:
        EngineError: As a sweep; also if an operation needs what a vector does not have.
    """
    search = halves.opened(door, config, sets, questions, progress, units)
    wanted = [turn for name in config.operations for turn in _turns(search, name)]
    search.whole = _whole(search, len(wanted))
    found = search.solve("cells", wanted, config.budget)
    changes = search.changes(0, "choosing", found.rows(door.hidden))
    cells = found.table
    cells["block"] = [turn.aim.site.block for turn in wanted]
    cells["change"] = choosing.means(changes)
    cost = cells["kl_mean" if config.of == "mean" else "kl_p95"]
    cells["allowed"] = cost <= config.budget * (1 + PROMISED)
    allowed = cells["allowed"].to_numpy(bool)
    chosen = choosing.best(cells["change"].to_numpy(float), config.direction, allowed)
    own, random, others = _elsewhere(search, found, chosen, float(cost[chosen or 0]))
    return Suggested(
        cells=cells,
        chosen=chosen,
        changes=own,
        controls=others,
        random=random,
        labels=search.labels[1],
        choosing=search.ids(0),
        reporting=search.ids(1),
        notes=tuple(search.notes),
    )


def _turns(search: Halves, operation: Operation) -> list[Turn]:
    return turns(search.aimed(operation, search.ground.chosen, controls=0))


def _elsewhere(
    search: Halves, found: AtBudget, chosen: int | None, cost: float
) -> tuple[np.ndarray, np.ndarray, pd.DataFrame]:
    """The chosen cell and its controls on the other half: changes of both, and the controls."""
    if chosen is None:
        return np.zeros(0), np.zeros((0, 0)), pd.DataFrame()
    turn, hidden = found.turns[chosen], search.door.hidden
    aimed = search.aimed(turn.operation, _members(search, turn), search.asked.controls)
    own = len(aimed.aims) - search.asked.controls
    drawn = [Turn(maker=aimed.maker, aim=aim, sign=turn.sign) for aim in aimed.aims[own:]]
    random = search.solve("controls", drawn, cost)
    rows = [turn.row(found.strengths[chosen].strength, hidden), *random.rows(hidden)]
    changes = search.changes(1, "reporting", rows)
    table = random.table
    table["change"] = choosing.means(changes[1:])
    is_equal = table["reached"].to_numpy(bool) if len(table) else np.zeros(0, dtype=bool)
    return changes[0], changes[1:][is_equal], table


def _members(search: Halves, turn: Turn) -> list[tuple[VectorSet, int]]:
    """The vectors that a turn stands for: where a span is removed, all of its set and site."""
    aim = turn.aim
    own = [one for one in search.ground.chosen if one[0].digest == aim.vector_set]
    if turn.operation == "low-rank":
        return [(found, i) for found, i in own if found.sites[i] == aim.site]
    return [(found, i) for found, i in own if i == aim.vector]


def _whole(search: Halves, cells: int) -> int:
    """Texts that will go through the model, as far as can be said."""
    controls, asked = search.asked.controls, search.ground.sweep.orders
    solving = (cells + controls) * search.neutral.texts * USUAL_TRIES
    first, second = (len(half) * asked for half in search.questions)
    return solving + (cells + 1) * first + (controls + 2) * second
