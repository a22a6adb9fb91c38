"""A/B questions over vectors and scales, read from the logits of the two answer tokens.

All (vector, scale) rows of a question go through the blocks after the source together; the
prompt's beginning that all questions share, and the stem that a question's two orders share, are
run once per row; scale 0 is run once. Finished units lie on disk until the sweep is whole.
"""

import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd
import torch
from jaxtyping import Float, Int

from engine.configs.core import Site
from engine.configs.sweeps import EvaluateConfig
from engine.evaluators import layout
from engine.evaluators.glimpses import Glimpses
from engine.evaluators.layout import QUESTIONS_PER_UNIT, Load, Part, Save
from engine.evaluators.rows import SweepRow, edits_of
from engine.model.batches import Batches, Kind, tokens_at_once
from engine.model.blocks import RowCache
from engine.model.edits import EditBatch
from engine.model.forward import Forward, Start
from engine.model.prompts import AnswerTokens, shared_prefix
from engine.progress import Progress
from engine.records.records import Question
from engine.store.writer import Stream

KEPT_BYTES = 256 * 2**20
"""Unsteered states of questions kept for the next batch of rows."""
NORM_QUESTIONS = 16
HALF = 0.5


@dataclass(eq=False)
class Sweep:
    """One sweep's questions as tokens, and the states they set out from."""

    door: Forward
    questions: Sequence[Question]
    tokens: list[list[list[int]]]
    """[question][order][token]."""
    answers: AnswerTokens
    after: int
    shared: int
    """Leading tokens that all prompts share."""
    tie: float = HALF
    """What a question with equal logits counts as."""
    _starts: dict[tuple[int, int], Start] = field(default_factory=dict)
    _bytes: int = 0

    @property
    def orders(self) -> int:
        """1 as given, 2 with swapped options."""
        return len(self.tokens[0])

    def start(self, question: int, order: int) -> Start:
        """The prompt's unsteered states at the source, from memory where they fit."""
        key = (question, order)
        if key not in self._starts:
            start = self.door.start(self.tokens[question][order], self.after)
            size = start.hidden.numel() * start.hidden.element_size()
            if self._bytes + size > KEPT_BYTES:
                return start
            self._bytes += size
            self._starts[key] = start
        return self._starts[key]


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
    shared = shared_prefix([t for orders in tokens for t in orders])
    tie = HALF if config.ties == "half" else 0.0
    return Sweep(door, questions, tokens, answers, after, shared, tie)


def residual_norms(sweep: Sweep, sites: Sequence[Site]) -> dict[Site, float]:
    """Median norm of the residual stream over the tokens of the first questions, by site."""
    norms: dict[Site, list[torch.Tensor]] = {site: [] for site in sites}
    for orders in sweep.tokens[:NORM_QUESTIONS]:
        for site, hidden in sweep.door.capture(orders[0], list(sites)).items():
            norms[site].append(hidden.norm(dim=-1))
    return {site: float(torch.cat(parts).median()) for site, parts in norms.items()}


@dataclass(frozen=True, eq=False)
class Measured:
    """Raw readings of a sweep."""

    logits: Float[np.ndarray, "rows questions orders two"]
    mass: Float[np.ndarray, "rows questions orders"]
    notes: tuple[str, ...] = ()


Look = Callable[[Measured, Int[np.ndarray, " chosen"]], None]
"""Takes what the chosen rows have answered so far, all of them the same first questions."""


def measure(
    sweep: Sweep,
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
        sweep: Sweep,
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


def _batches(sweep: Sweep) -> Batches:
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
    sweep: Sweep,
    rows: Sequence[SweepRow],
    batch: Part,
    out: tuple[np.ndarray, np.ndarray],
    tick: Callable[[int], None],
    finish: Callable[[Part], None],
) -> None:
    edits = edits_of(rows[batch.rows])
    common = sweep.door.prefill(sweep.start(batch.first, 0), edits, sweep.shared)
    for unit in batch.units(QUESTIONS_PER_UNIT):
        for question in range(unit.first, unit.last):
            tick((question - unit.first) * (batch.stop - batch.start))
            answer_question(sweep, question, edits, common, batch.rows, out)
        finish(unit)


def answer_question(
    sweep: Sweep,
    question: int,
    edits: EditBatch,
    common: RowCache,
    batch: slice,
    out: tuple[np.ndarray, np.ndarray],
) -> None:
    """All rows' answers to one question in its orders, written into the sweep's arrays."""
    logits, mass = out
    orders = sweep.tokens[question]
    ids = [sweep.answers.a, sweep.answers.b]
    stem = shared_prefix(orders) if len(orders) > 1 else sweep.shared
    starts = [sweep.start(question, order) for order in range(len(orders))]
    past = sweep.door.prefill(starts[0], edits, stem, common)
    for order, start in enumerate(starts):
        found = sweep.door.answers(start, edits, ids, past)
        logits[batch, question, order] = found.logits.numpy()
        mass[batch, question, order] = found.mass.numpy()


def as_frame(sweep: Sweep, rows: Sequence[SweepRow], measured: Measured) -> pd.DataFrame:
    """One row per (vector, scale, question, order); see `records.EVALUATION_COLUMNS`.

    It says what a tie counts as only where that is not one half.
    """
    questions, orders = len(sweep.questions), sweep.orders
    per_row = questions * orders
    letters = np.array([[q.letter(o == 1) for o in range(orders)] for q in sweep.questions])
    a, b = measured.logits[..., 0].ravel(), measured.logits[..., 1].ravel()
    letter = np.tile(letters.ravel(), len(rows))
    sign = np.where(letter == "A", 1.0, -1.0).astype(np.float32)
    ties = {} if sweep.tie == HALF else {"tie": sweep.tie}
    return pd.DataFrame(
        {
            "vector_set": np.repeat([r.vector_set for r in rows], per_row),
            "vector": np.repeat([r.vector for r in rows], per_row),
            "method": np.repeat([r.method for r in rows], per_row),
            "scale": np.repeat([r.scale for r in rows], per_row),
            "relative": np.repeat([r.relative for r in rows], per_row),
            "question": np.tile(np.repeat([q.id for q in sweep.questions], orders), len(rows)),
            "order": np.tile(["given", "swapped"][:orders], len(rows) * questions),
            "logit_a": a,
            "logit_b": b,
            "answer_mass": measured.mass.ravel(),
            "behaviour_letter": letter,
            "difference": sign * (a - b),
            **ties,
        }
    )
