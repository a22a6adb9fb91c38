"""An A/B sweep that asks only what it takes to find the best vector and scale.

The baseline is asked every question first. Then all cells are asked the questions in random order,
a round at a time and with the same batches as a whole sweep, and after every round those that
cannot be the best any more are dropped (`maths.race.Race`). What is left is asked everything.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from jaxtyping import Float, Int

from engine.configs.adaptive import SIGNS, AdaptiveConfig
from engine.errors import DataError
from engine.evaluators import ab, sweeps
from engine.evaluators.readings.asked import Asked, Measured, as_frame
from engine.evaluators.rows import SweepRow
from engine.maths.race import Race, Worst
from engine.model.forward import Forward
from engine.progress import Progress
from engine.records.records import Question, VectorSet
from engine.statistics.adaptive import Raced

ORDER_SEED = 7368787
"""Sets the order of the questions apart from other draws of the same seed."""
LIMIT = 1.5
"""Largest change that counts of one question / largest of any cell in the first round."""
USUAL_LIMIT = 1.0
"""The same in logits, where nothing moved in the first round."""


def run(
    door: Forward,
    config: AdaptiveConfig,
    sets: Sequence[VectorSet],
    questions: Sequence[Question],
    progress: Progress,
    units: sweeps.Units,
) -> Raced:
    """Race all cells of a sweep until the best is left, or the few that compete with it.

    Args:
        door: The model.
        config: The grid, and how to choose.
        sets: The stored sets, one per `config.sweep.vectors`.
        questions: What to ask.
        progress: Told answers so far and at most to come; may raise to stop.
        units: Keeps finished answers, so that a killed run goes on.

    Raises:
        EngineError: As a whole sweep; also if the baseline's logits are defined nowhere.
    """
    opened = sweeps.open_sweep(door, config.sweep, sets, questions)
    asking = _Asking(opened.sweep, opened.rows, progress, units)
    base = asking.ask(np.array([0]), np.arange(len(questions)), "baseline")[0]
    known = np.flatnonzero(np.isfinite(base))
    if not len(known):
        raise DataError("The unsteered model's logits are undefined on every question.")
    order = np.random.default_rng([config.sweep.seed, ORDER_SEED]).permutation(known)
    race, limit = _race(asking, config, order, base)
    finalists = race.living_arms
    return Raced(
        rows=tuple(opened.rows),
        ids=tuple(questions[q].id for q in order),
        contents=asking.contents[:, order],
        race=race,
        limit=limit,
        frame=asking.frame(np.append(0, finalists + 1)),
        orders=opened.sweep.orders,
        notes=(*asking.notes, *sweeps.notes_of(opened.sweep, asking.measured(np.array([0])))),
        answers=opened.answers,
    )


def _race(
    asking: "_Asking",
    config: AdaptiveConfig,
    order: Int[np.ndarray, " questions"],
    base: Float[np.ndarray, " every"],
) -> tuple[Race, float | None]:
    """Ask in rounds until every question was asked of whatever is left.

    What a question's change in logits can be is not known beforehand: the first round shows it,
    and nothing is decided by that round's own answers.
    """
    signs, living = SIGNS[config.direction], np.arange(asking.arms)
    asked = order[: config.batch]
    found = asking.ask(living + 1, asked, "round0")
    if config.measure == "share":
        limit = None
        race = Race(asking.arms, len(order), signs, Worst(-1.0, -2.0), config.delta)
    else:
        limit = _limit(found - base[asked])
        worst = Worst(-2 * limit, -2 * limit)
        race = Race(asking.arms, len(order), signs, worst, config.delta, unbet=len(asked))
    while True:
        values = np.full((asking.arms, len(asked)), np.nan)
        values[living] = changes(found, base[asked], limit)
        race.ask(values)
        if race.asked == len(order):
            return race, limit
        living = race.living_arms
        # One arm has nothing to be compared with: the rest in one go.
        size = config.batch if len(living) > 1 else len(order)
        asked = order[race.asked : race.asked + size]
        found = asking.ask(living + 1, asked, f"round{race.asked}")


def _limit(shifts: Float[np.ndarray, "arms some"]) -> float:
    largest = float(np.abs(shifts[np.isfinite(shifts)]).max(initial=0.0))
    return LIMIT * largest if largest > 0 else USUAL_LIMIT


def changes(
    contents: Float[np.ndarray, "rows questions"],
    base: Float[np.ndarray, " questions"],
    limit: float | None,
) -> Float[np.ndarray, "rows questions"]:
    """What each question adds to an arm's mean: its change from the baseline, bounded.

    Args:
        contents: Mean difference m of each row; undefined ones count as no change.
        base: The baseline's.
        limit: Logits at which a change is cut; None for the change of the answer: 1 if m > 0,
            one half if m = 0, else 0.
    """
    if limit is None:
        found = (np.sign(contents) - np.sign(base)) / 2
    else:
        found = np.clip(contents - base, -limit, limit)
    return np.where(np.isfinite(contents), found, 0.0)


class _Asking:
    """Everything asked so far, and the asking of more."""

    def __init__(
        self, sweep: Asked, rows: Sequence[SweepRow], progress: Progress, units: sweeps.Units
    ) -> None:
        self._sweep, self._rows, self._units = sweep, rows, units
        self._progress, self._answered = progress, 0
        self.arms = len(rows) - 1
        shape = (len(rows), len(sweep.questions), sweep.orders)
        self.logits = np.full((*shape, 2), np.nan, dtype=np.float32)
        self.mass = np.full(shape, np.nan, dtype=np.float32)
        self.notes: list[str] = []

    @property
    def contents(self) -> Float[np.ndarray, "rows questions"]:
        """Mean difference over the orders, as `statistics.per_question` gives it."""
        difference = self._sweep.differences(self.logits)
        known = np.where(np.isfinite(difference), difference, np.nan)
        return known.astype(float).mean(axis=-1)

    def ask(
        self, rows: np.ndarray, questions: np.ndarray, name: str
    ) -> Float[np.ndarray, "rows questions"]:
        """These rows' mean differences on these questions."""
        part = self._sweep.part(questions)
        measured = ab.measure(
            part,
            [self._rows[row] for row in rows],
            self._reporter(name, len(rows)),
            lambda unit: self._units.load_arrays(f"{name}_{unit}"),
            lambda unit, arrays: self._units.save_arrays(f"{name}_{unit}", arrays),
        )
        self._answered += len(rows) * len(questions) * part.orders
        self.logits[np.ix_(rows, questions)] = measured.logits
        self.mass[np.ix_(rows, questions)] = measured.mass
        self.notes += [note for note in measured.notes if note not in self.notes]
        return self.contents[np.ix_(rows, questions)]

    def _reporter(self, name: str, rows: int) -> Progress:
        """Answers so far, and how many more there are if no other arm is dropped."""
        before, per_row = self._answered, len(self._sweep.questions) * self._sweep.orders
        if name == "baseline":
            most, words = (1 + self.arms) * per_row, "baseline"
        else:
            done = int(name.removeprefix("round"))
            most = before + rows * (per_row - done * self._sweep.orders)
            words = f"{rows} of {self.arms} cells left after {done} questions"

        def report(done: int, total: int, message: str = "", **metrics: float) -> None:  # noqa: ARG001
            self._progress(before + done, most, words)

        return report

    def frame(self, rows: np.ndarray) -> pd.DataFrame:
        """All rows of an evaluation for these, in the order of the question file."""
        chosen = [self._rows[row] for row in rows]
        return as_frame(self._sweep, chosen, self.measured(rows))

    def measured(self, rows: np.ndarray) -> Measured:
        """Raw readings of these rows; NaN where they were not asked."""
        return Measured(self.logits[rows], self.mass[rows])
