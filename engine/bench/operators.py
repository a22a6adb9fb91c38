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
VECTORS = 8
QUESTIONS = 1
SAMPLES = 32


@dataclass(frozen=True, kw_only=True)
class Cost:
    """One operator's sweep and adding's."""

    operation: str
    seconds: float
    """The least of all rounds, as the next."""
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
    """Time one sweep by every operator, in turn.

    Args:
        setting: The model; of its sizes only scales and lengths are used.
        rounds: How often each is timed, after one run that is not.
        progress: Called before every round; may raise to stop.
        operations: Of which; "add" is timed in any case.
    """
    device = setting.door.loaded.device
    runs = _runs(setting, list(dict.fromkeys(("add", *operations))))
    seconds: dict[Operation, list[float]] = {operation: [] for operation in runs}
    for index in range(rounds + 1):
        progress(index, rounds + 1, f"operators, round {index} of {rounds}")
        # The first round is warm-up; the others go there and back again.
        for operation in list(runs)[:: 1 if index % 2 else -1]:
            begun = now(device)
            runs[operation]()
            if index:
                seconds[operation].append(now(device) - begun)
    least = {operation: min(times) for operation, times in seconds.items()}
    rows = 1 + VECTORS * sum(scale != 0 for scale in setting.sizes.scales)
    return tuple(
        Cost(operation=name, seconds=own, add_seconds=least["add"], rows=rows)
        for name, own in least.items()
    )


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
