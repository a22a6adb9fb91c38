"""A/B questions over vectors and scales, read from the logits of the two answer tokens.

All (vector, scale) rows of a question go through the blocks after the source together; the
prompt's beginning that all questions share, and the stem that a question's two orders share, are
run once per row; scale 0 is run once. Finished units lie on disk until the sweep is whole.
"""

import functools
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
import torch
from jaxtyping import Float, Int

from engine.configs.core import Site
from engine.configs.sweeps import EvaluateConfig
from engine.evaluators import layout
from engine.evaluators.glimpses import Glimpses
from engine.evaluators.layout import QUESTIONS_PER_UNIT, Load, Part, Save
from engine.evaluators.readings.asked import HALF, Asked, Measured, Readings, sharing
from engine.evaluators.rows import SweepRow
from engine.evaluators.steering.gating import SteeredRows
from engine.model.batches import Batches, Kind, tokens_at_once
from engine.model.blocks import RowCache
from engine.model.forward import Forward
from engine.model.prompts import AnswerTokens, shared_prefix
from engine.progress import Progress
from engine.records.records import Question
from engine.store.writer import Stream

NORM_QUESTIONS = 16
LITTLE_MASS = 0.5
"""Probability of the two answers below which a set is flagged."""


@dataclass(kw_only=True, eq=False)
class Sweep(Asked):
    """One sweep's questions with their choices, in each order."""

    answers: AnswerTokens

    @property
    def orders(self) -> int:
        """1 as given, 2 with swapped options."""
        return len(self.tokens[0])

    @property
    def told(self) -> dict[str, Any]:
        """Which tokens are compared, and the rule in words."""
        return asdict(self.answers)

    def prompt(self, question: int) -> list[int]:
        """The question as given, and what is written before the letter."""
        return self.tokens[question][0]

    def begin(self, question: int, text: int) -> int:
        """All of it."""
        return len(self.tokens[question][text])

    def answer(
        self, question: int, edits: SteeredRows, common: RowCache, batch: slice, out: Readings
    ) -> None:
        """The logits of both letters and their probability."""
        answer_question(self, question, edits, common, batch, out)

    @property
    def letters(self) -> np.ndarray:
        """[question, order]: where the behaviour stands."""
        return np.array([[q.letter(o == 1) for o in range(self.orders)] for q in self.questions])

    def differences(
        self, logits: Float[np.ndarray, "rows questions orders two"]
    ) -> Float[np.ndarray, "rows questions orders"]:
        """logit(behaviour letter) - logit(other letter)."""
        signs = np.where(self.letters == "A", 1.0, -1.0).astype(np.float32)
        return signs * (logits[..., 0] - logits[..., 1])

    def columns(self, measured: Measured) -> dict[str, Any]:
        """Both logits, the answers' mass, and where the behaviour stood."""
        return {
            "logit_a": measured.logits[..., 0].ravel(),
            "logit_b": measured.logits[..., 1].ravel(),
            "answer_mass": measured.mass.ravel(),
            "behaviour_letter": np.tile(self.letters.ravel(), len(measured.logits)),
        }

    def notes(self, measured: Measured) -> list[str]:
        """Whether the model would hardly say a letter, and whether one order hides which it is."""
        found = []
        middle = float(np.median(measured.mass[0]))
        if middle < LITTLE_MASS:
            found.append(
                f"The unsteered model gives A and B together a median probability of {middle:.2g}: "
                "their logits compare tokens it would hardly say."
            )
        if self.orders == 1:
            found.append(
                "Asked in the given order only: letter bias and content are not separated."
            )
        return found


def prepare(
    door: Forward, questions: Sequence[Question], config: EvaluateConfig, after: int
) -> Sweep:
    """Render every question in the orders asked for.

    Args:
        door: The model.
        questions: What to ask.
        config: Orders and system prompt.
        after: Last block whose output no row changes before.

    Raises:
        DataError: If this tokenizer has no single tokens that answer A and B.
    """
    prompter = door.loaded.prompter
    answers = prompter.answer_tokens(config.letters)
    swaps = (False, True) if config.orders == "both" else (False,)
    tokens = [
        [prompter.tokens(q.text(swap), config.system, answers.prefix) for swap in swaps]
        for q in questions
    ]
    prompts = [t for orders in tokens for t in orders]
    tie = HALF if config.ties == "half" else 0.0
    return Sweep(
        door=door,
        questions=questions,
        tokens=tokens,
        after=after,
        shared=sharing(prompts, shared_prefix(prompts), config.window),
        adapter=config.which,
        window=config.window,
        tie=tie,
        answers=answers,
    )


def residual_norms(sweep: Asked, sites: Sequence[Site]) -> dict[Site, float]:
    """Median norm of the residual stream over the tokens of the first questions, by site."""
    norms: dict[Site, list[torch.Tensor]] = {site: [] for site in sites}
    for question in range(min(NORM_QUESTIONS, len(sweep.questions))):
        for site, hidden in captured(sweep, question, sites).items():
            norms[site].append(hidden.norm(dim=-1))
    return {site: float(torch.cat(parts).median()) for site, parts in norms.items()}


def captured(
    sweep: Asked, question: int, sites: Sequence[Site]
) -> dict[Site, Float[torch.Tensor, "tokens hidden"]]:
    """The unsteered states of a question's prompt."""
    return sweep.door.capture(sweep.prompt(question), list(sites), sweep.adapter)


Look = Callable[[Measured, Int[np.ndarray, " chosen"]], None]
"""Takes what the chosen rows have answered so far, all of them the same first questions."""


def measure(
    sweep: Asked,
    rows: Sequence[SweepRow],
    progress: Progress,
    load: Load,
    save: Save,
    look: Look | None = None,
) -> Measured:
    """Ask every row every question.

    Args:
        sweep: The prepared questions.
        rows: Baseline, vectors and controls.
        progress: Called after each question of each batch; may raise to stop.
        load: Gives a finished unit's arrays, or None.
        save: Keeps a finished unit's arrays; called from another thread, in order.
        look: Is given what there is, now and then and when the sweep is stopped.

    Raises:
        ModelError: If not even one row fits into memory.
    """
    with Stream(save) as keep:
        return _Measuring(sweep, rows, progress, keep, look).run(load)


class _Measuring:
    """A sweep while its questions are asked."""

    def __init__(
        self,
        sweep: Asked,
        rows: Sequence[SweepRow],
        progress: Progress,
        keep: Stream,
        look: Look | None,
    ) -> None:
        self._sweep, self._rows, self._progress, self._keep = sweep, rows, progress, keep
        shape = (len(rows), len(sweep.questions), sweep.orders)
        self._out = np.zeros((*shape, 2), dtype=np.float32), np.zeros(shape, dtype=np.float32)
        self._sizes = _batches(sweep)
        self._finished: list[Part] = []
        self._done = 0
        give = None if look is None else functools.partial(self._give, look)
        self._glimpses = Glimpses(len(rows), len(sweep.questions), give)

    def run(self, load: Load) -> Measured:
        """Recall what an earlier run finished, then ask the rest."""
        left = self._recall(load)
        try:
            while left:
                self._ask(left)
        except BaseException:
            self._glimpses.look()
            raise
        notes = (self._sizes.note,) if self._sizes.is_halved else ()
        return Measured(*self._out, notes)

    def _recall(self, load: Load) -> list[Part]:
        """Take over finished units; what is left, in parts that should fit."""
        logits, mass = self._out
        left: list[Part] = []
        for part in layout.recalled(load, *mass.shape[:2], self._sizes.most):
            for unit in part.units(QUESTIONS_PER_UNIT):
                found = load(unit.name)
                if found is not None:
                    logits[unit.rows, unit.questions] = found["logits"]
                    mass[unit.rows, unit.questions] = found["mass"]
                    self._count(unit)
                elif left and (left[-1].rows, left[-1].last) == (unit.rows, unit.first):
                    left[-1] = replace(left[-1], last=unit.last)
                else:
                    left.append(unit)
        self._tick(0)
        return self._fitted(left)

    def _ask(self, left: list[Part]) -> None:
        """Ask the first part that is left, or make all of them smaller if it does not fit."""
        part, before = left[0], len(self._finished)
        if self._sizes.attempt(part.stop - part.start, lambda: self._ask_together(part)):
            del left[0]
            return
        # Its units that were finished before memory ran out stay.
        reached = max((unit.last for unit in self._finished[before:]), default=part.first)
        rest = [replace(part, first=reached)] if reached < part.last else []
        left[:] = self._fitted([*rest, *left[1:]])

    def _fitted(self, parts: list[Part]) -> list[Part]:
        small = [one for part in parts for one in part.split(self._sizes.rows)]
        if len(small) > len(parts):
            self._keep(layout.LAYOUT, layout.as_arrays([*self._finished, *small]))
        return small

    def _ask_together(self, part: Part) -> None:
        _measure_batch(self._sweep, self._rows, part, self._out, self._tick, self._finish)

    def _finish(self, unit: Part) -> None:
        here = unit.rows, unit.questions
        logits, mass = (one[here].copy() for one in self._out)
        self._keep(unit.name, {"logits": logits, "mass": mass})
        self._count(unit)
        self._tick(0)
        self._glimpses.look_if_due()

    def _give(self, look: Look, chosen: Int[np.ndarray, " chosen"], count: int) -> None:
        logits, mass = (one[chosen, :count] for one in self._out)
        look(Measured(logits, mass), chosen)

    def _count(self, unit: Part) -> None:
        self._finished.append(unit)
        self._glimpses.note(unit)
        self._done += unit.size

    def _tick(self, more: int) -> None:
        """Report all finished units and so many rows times questions of the one in work."""
        orders, total = self._sweep.orders, self._out[1].size
        done = orders * (self._done + more)
        self._progress(done, total, f"{done:,} of {total:,} answers")


def _batches(sweep: Asked) -> Batches:
    """Rows at once: what the tokens of one pass allow, or less where memory is short."""
    loaded = sweep.door.loaded
    longest = max(len(t) for orders in sweep.tokens for t in orders)
    kind = Kind(
        job="the sweep",
        unit="rows",
        keeps="answers",
        tokens=longest,
        blocks=sweep.door.blocks - 1 - sweep.after,
    )
    return Batches(loaded, kind, tokens_at_once(loaded.device) // max(longest - sweep.shared, 1))


def _measure_batch(
    sweep: Asked,
    rows: Sequence[SweepRow],
    batch: Part,
    out: Readings,
    tick: Callable[[int], None],
    finish: Callable[[Part], None],
) -> None:
    edits = SteeredRows(
        door=sweep.door, rows=[row.edits for row in rows[batch.rows]], adapter=sweep.adapter
    )
    common = RowCache()
    if not edits.gates:
        start = sweep.start(batch.first, 0)
        common = sweep.door.prefill(start, edits.on(sweep.prompt(batch.first)), sweep.shared)
    for unit in batch.units(QUESTIONS_PER_UNIT):
        for question in range(unit.first, unit.last):
            tick((question - unit.first) * (batch.stop - batch.start))
            sweep.answer(question, edits, common, batch.rows, out)
        finish(unit)


def answer_question(
    sweep: Sweep,
    question: int,
    edits: SteeredRows,
    common: RowCache,
    batch: slice,
    out: Readings,
) -> None:
    """All rows' answers to one question in its orders, written into the sweep's arrays."""
    logits, mass = out
    orders = sweep.tokens[question]
    ids = [sweep.answers.a, sweep.answers.b]
    batches = [edits.on(order) for order in orders]
    stem = shared_prefix(orders) if len(orders) > 1 else sweep.shared
    # Orders of which a gate opens for one alone have nothing in common.
    stem = sharing(orders, stem, sweep.window) if len(set(map(id, batches))) == 1 else 0
    starts = [sweep.start(question, order) for order in range(len(orders))]
    past = sweep.door.prefill(starts[0], batches[0], stem, common)
    for order, (start, now) in enumerate(zip(starts, batches, strict=True)):
        found = sweep.door.answers(start, now, ids, past)
        logits[batch, question, order] = found.logits.numpy()
        mass[batch, question, order] = found.mass.numpy()
