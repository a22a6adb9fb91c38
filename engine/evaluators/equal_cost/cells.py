"""From operators pointed along vectors to cells whose strength is sought, and to rows at it.

A vector under an operator is turned both ways, but where a direction is removed: there the sign
of a strength does not turn it. Knows nothing of questions and of how a strength is found.
"""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Literal

import numpy as np
import pandas as pd

from engine.configs.budgets.costs import Of
from engine.configs.steering.interventions import REMOVING, Operation
from engine.configs.sweeps import EvaluateConfig
from engine.evaluators.aiming import Aimed
from engine.evaluators.equal_cost import solving
from engine.evaluators.equal_cost.divergence import NeutralAnswers
from engine.evaluators.equal_cost.solving import CostedCell, CostedStrength
from engine.evaluators.rows import Aim, SweepRow, row_of
from engine.evaluators.steering.making import Maker
from engine.evaluators.sweeps import Units
from engine.evaluators.text_figures import Note
from engine.model.edits import Edit
from engine.progress import Progress

MOST_RELATIVE = 64.0
"""Norm of what is added, in median residual norms, beyond which nobody looks."""
MOST_SHARE = 32.0
"""The same for shares of the way to a target."""
WHOLE_TURN = 1.0
"""Largest share of operators that turn a state: beyond it they would turn past their target."""
STARTS: dict[Operation, float] = {
    "ablate": 4.0,
    "set": 1.0,
    "cap": 6.0,
    "floor": 1.0,
    "angular": 0.8,
    "transport": 1.0,
    "low-rank": 4.0,
}
"""Shares to try first: near where the demo and SmolLM2-135M cost .02 to .1 nats per token."""
TURNING: tuple[Operation, ...] = ("angular", "spherical")
Sign = Literal[1, -1]
_AS_STORED = EvaluateConfig()
"""Its scales are multiples of the stored vector, as strengths are here."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Turn:
    """One vector or control under one operator, turned one way, its strength still open."""

    maker: Maker
    aim: Aim
    sign: Sign

    @property
    def operation(self) -> Operation:
        """What is done with it."""
        return self.maker.how.operation

    def edits(self, strength: float) -> list[Edit]:
        """What is changed at a strength, which has the sign; of adding a multiple of the vector."""
        return self.maker.edits(self.aim.directions, strength)

    @property
    def start(self) -> float:
        """Strength to try first, above 0."""
        if self._is_added:
            return solving.RELATIVE_START * self._unit
        return STARTS.get(self.operation, solving.SHARE_START)

    @property
    def limit(self) -> float:
        """Largest strength tried."""
        if self._is_added:
            return MOST_RELATIVE * self._unit
        return WHOLE_TURN if self.operation in TURNING else MOST_SHARE

    def row(self, strength: float, hidden: int) -> SweepRow:
        """The row of a sweep at a strength."""
        return row_of(self.aim, strength, _AS_STORED, self.maker, hidden)

    @property
    def _is_added(self) -> bool:
        return self.operation == "add"

    @property
    def _unit(self) -> float:
        """Multiple of the vector that is as long as the median state, at the least of its sites."""
        pairs = self.aim.directions.items()
        return min(self.maker.residuals[site] / max(one.norm, 1e-30) for site, one in pairs)


@dataclass(frozen=True, kw_only=True, eq=False)
class AtBudget:
    """Turns with the strengths that were found, all in one order."""

    turns: Sequence[Turn]
    strengths: list[CostedStrength]

    def rows(self, hidden: int) -> list[SweepRow]:
        """Rows of a sweep at these strengths, those that miss the budget among them."""
        pairs = zip(self.turns, self.strengths, strict=True)
        return [turn.row(found.strength, hidden) for turn, found in pairs]

    @property
    def table(self) -> pd.DataFrame:
        """One row per turn.

        Columns: operation, vector_set, vector, method, site (in words), norm, sign, strength
        (signed), kl_mean, kl_p95 (nats per token), evaluations, reached, reason.
        """
        pairs = zip(self.turns, self.strengths, strict=True)
        return pd.DataFrame([_told(turn) | asdict(found) for turn, found in pairs])


def _told(turn: Turn) -> dict[str, object]:
    aim = turn.aim
    return {
        "operation": turn.operation,
        "vector_set": aim.vector_set,
        "vector": aim.vector,
        "method": aim.method,
        "site": aim.site.words,
        "norm": aim.norm,
        "sign": turn.sign,
    }


def turns(aimed: Aimed) -> list[Turn]:
    """Every aim turned both ways, one after the other; only as it is where it is removed."""
    signs: tuple[Sign, ...] = (1,) if aimed.maker.how.operation in REMOVING else (1, -1)
    return [Turn(maker=aimed.maker, aim=aim, sign=sign) for aim in aimed.aims for sign in signs]


def kept_at_budget(
    units: Units,
    name: str,
    neutral: NeutralAnswers,
    wanted: Sequence[Turn],
    budget: float,
    of: Of,
    progress: Progress,
    note: Note,
) -> AtBudget:
    """The same as `at_budget`, from an earlier run where it found them.

    Args:
        units: Keep what is finished.
        name: Of the unit; of every search of a run its own.
        neutral: As there, and all others.
        wanted: Their number is that of an earlier run's strengths, or these are sought anew.
        budget: KL per token.
        of: Which figure meets it.
        progress: May raise to stop.
        note: Told when memory ran out.
    """
    kept = units.load_arrays(name)
    if kept is not None and "strengths" in kept:
        known = [CostedStrength(**one) for one in json.loads(kept["strengths"].tobytes())]
        if len(known) == len(wanted):
            progress(1, 1, "strengths as found before")
            return AtBudget(turns=wanted, strengths=known)
    found = at_budget(neutral, wanted, budget, of, progress, note)
    told = json.dumps([asdict(one) for one in found.strengths]).encode()
    units.save_arrays(name, {"strengths": np.frombuffer(told, dtype=np.uint8)})
    return found


def at_budget(
    neutral: NeutralAnswers,
    wanted: Sequence[Turn],
    budget: float,
    of: Of,
    progress: Progress,
    note: Note,
) -> AtBudget:
    """Find the strength of every turn that costs a budget.

    Args:
        neutral: Texts on which it is measured, with the adapter that is steered.
        wanted: Of one or more operators; all are measured together, round by round.
        budget: KL per token, in nats, above 0.
        of: Which figure over the tokens meets it.
        progress: Called after each text of a batch; may raise to stop.
        note: Told when memory ran out.

    Raises:
        ModelError: If not even one row fits into memory.
    """
    cells = [
        CostedCell(
            edits_at=turn.edits,
            budget=budget,
            start=turn.start,
            of=of,
            adapter=neutral.adapter,
            sign=turn.sign,
            limit=turn.limit,
        )
        for turn in wanted
    ]
    found = solving.solve({neutral.adapter: neutral}, cells, progress, note)
    return AtBudget(turns=wanted, strengths=found)
