"""What each operator costs in an A/B sweep, over adding in the same sweep.

Every operator has the same rows at the same site; making the edits is not counted. Knows nothing
of the studies' way: none of them measured operators.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch

from engine.bench.jobs.sweep import measured, rows_of
from engine.bench.setting import Setting
from engine.bench.timing import now
from engine.configs.core import Site
from engine.configs.steering.interventions import OPERATIONS, Operation
from engine.configs.sweeps import EvaluateConfig
from engine.evaluators.rows import SweepRow
from engine.evaluators.steering.directions import Direction, Sides
from engine.evaluators.steering.making import Maker
from engine.evaluators.steering.usual import Usual
from engine.model.edits import Edit
from engine.model.operators.low_rank import span_of
from engine.progress import Progress

JOB = "operators"
"""What it is called beside the other jobs."""
MOST = 1.15
"""Times the seconds of adding that an operator may take."""
PAIRS = 5
"""Least number of times that an operator is timed beside adding."""
VECTORS = 8
QUESTIONS = 1
SAMPLES = 32


@dataclass(frozen=True, kw_only=True)
class Cost:
    """One operator's sweep and adding's."""

    operation: str
    seconds: float
    """In the pair of runs whose ratio lies in the middle, as the next."""
    add_seconds: float
    rows: int

    @property
    def ratio(self) -> float:
        """Times the seconds of adding."""
        return self.seconds / self.add_seconds

    def as_json(self) -> dict[str, Any]:
        """Plain values, with the ratio."""
        return {**vars(self), "ratio": self.ratio}


def costs(
    setting: Setting,
    rounds: int,
    progress: Progress,
    operations: Sequence[Operation] = OPERATIONS,
) -> tuple[Cost, ...]:
    """Time one sweep by every operator, each time beside a sweep by adding.

    A machine's pace drifts by a third within seconds, so that only neighbours in time compare.

    Args:
        setting: The model; of its sizes only scales and lengths are used.
        rounds: How often each is timed, at least `PAIRS` times, after one run that is not.
        progress: Called before every round; may raise to stop.
        operations: Of which; "add" is timed in any case.
    """
    device = setting.door.loaded.device
    runs = _runs(setting, list(dict.fromkeys(("add", *operations))))
    rounds = max(rounds, PAIRS)
    pairs: dict[Operation, list[tuple[float, float]]] = {operation: [] for operation in runs}

    def seconds(operation: Operation) -> float:
        begun = now(device)
        runs[operation]()
        return now(device) - begun

    for index in range(rounds + 1):
        progress(index, rounds + 1, f"operators, round {index} of {rounds}")
        for operation in runs:
            # Half of the rounds time adding first, since the second of a pair finds warmer caches.
            turns = dict.fromkeys((operation, "add") if index % 2 else ("add", operation))
            took = {turn: seconds(turn) for turn in turns}
            # The first round is warm-up.
            if index:
                pairs[operation].append((took[operation], took["add"]))
    rows = 1 + VECTORS * sum(scale != 0 for scale in setting.sizes.scales)
    return tuple(_cost(operation, timed, rows) for operation, timed in pairs.items())


def _cost(operation: Operation, pairs: Sequence[tuple[float, float]], rows: int) -> Cost:
    own, add = sorted(pairs, key=lambda pair: pair[0] / pair[1])[len(pairs) // 2]
    return Cost(operation=operation, seconds=own, add_seconds=add, rows=rows)


def _runs(setting: Setting, operations: Sequence[Operation]) -> dict[Operation, Callable[[], Any]]:
    """A sweep of the same vectors by each operator."""
    site, questions = Site(block=setting.source), setting.questions(QUESTIONS)
    prompts = [setting.prompter.tokens(one.text()) for one in questions]
    usual = Usual(setting.door, prompts, adapter=True)
    states = usual.tokens(site)[:SAMPLES]
    plain = rows_of(setting, VECTORS, setting.sizes.scales)

    def by(operation: Operation) -> Callable[[], Any]:
        how = EvaluateConfig(operation=operation, scales=(1.0,), controls=1)
        maker = Maker(how=how, residuals={site: 1.0}, usual=usual)
        rows = [replace(row, edits=_edits(row, maker, states)) for row in plain]
        return lambda: measured(setting, questions, rows, "both")

    return {operation: by(operation) for operation in operations}


def _edits(row: SweepRow, maker: Maker, states: torch.Tensor) -> tuple[Edit, ...]:
    """The change of a row by the maker's operator, along the vector that is added there."""
    if not row.edits:
        return ()
    vector = row.delta
    other = torch.roll(vector, 1)
    direction = Direction(
        vector=vector,
        span=span_of(torch.stack([vector, other])),
        sides=Sides(source=states, destination=states.flip(0) + vector),
    )
    return tuple(maker.edits({row.site: direction}, 1.0))
