"""A/B questions over vectors and scales, read from the logits of the two answer tokens.

All (vector, scale) rows of a question go through the blocks after the source together; the
prompt's beginning that all questions share, and the stem that a question's two orders share, are
run once per row; scale 0 is run once. Finished units lie on disk until the sweep is whole.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
import torch
from jaxtyping import Float

from engine.blocks import RowCache
from engine.config import EvaluateConfig, Site
from engine.edits import EditBatch
from engine.evaluators.rows import SweepRow, edits_of
from engine.forward import Forward, Start
from engine.progress import Progress
from engine.prompts import AnswerTokens, shared_prefix
from engine.records import Question

QUESTIONS_PER_UNIT = 25
TOKENS_PER_BATCH = {"cpu": 4096, "cuda": 65536}
"""Tokens of all rows in one pass: on a CPU more is slower, on a GPU fewer leaves it idle."""
KEPT_BYTES = 256 * 2**20
"""Unsteered states of questions kept for the next batch of rows."""
NORM_QUESTIONS = 16


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
    answers = prompter.answer_tokens()
    swaps = (False, True) if config.orders == "both" else (False,)
    tokens = [
        [prompter.tokens(q.text(swap), config.system, answers.prefix) for swap in swaps]
        for q in questions
    ]
    shared = shared_prefix([t for orders in tokens for t in orders])
    return Sweep(door, questions, tokens, answers, after, shared)


def residual_norms(sweep: Sweep, sites: Sequence[Site]) -> dict[Site, float]:
    """Median norm of the residual stream over the tokens of the first questions, by site."""
    norms: dict[Site, list[torch.Tensor]] = {site: [] for site in sites}
    for orders in sweep.tokens[:NORM_QUESTIONS]:
        for site, hidden in sweep.door.capture(orders[0], list(sites)).items():
            norms[site].append(hidden.norm(dim=-1))
    return {site: float(torch.cat(parts).median()) for site, parts in norms.items()}


Unit = tuple[slice, slice]
Load = Callable[[str], dict[str, np.ndarray] | None]
Save = Callable[[str, dict[str, np.ndarray]], None]


@dataclass(frozen=True, eq=False)
class Measured:
    """Raw readings of a sweep."""

    logits: Float[np.ndarray, "rows questions orders two"]
    mass: Float[np.ndarray, "rows questions orders"]
    notes: tuple[str, ...] = ()


def measure(
    sweep: Sweep, rows: Sequence[SweepRow], progress: Progress, load: Load, save: Save
) -> Measured:
    """Ask every row every question.

    Args:
        sweep: The prepared questions.
        rows: Baseline, vectors and controls.
        progress: Called after each question of each batch; may raise to stop.
        load: Gives a finished unit's arrays, or None.
        save: Keeps a finished unit's arrays.
    """
    count, total = len(sweep.questions), len(rows) * len(sweep.questions) * sweep.orders
    logits = np.zeros((len(rows), count, sweep.orders, 2), dtype=np.float32)
    mass = np.zeros((len(rows), count, sweep.orders), dtype=np.float32)
    size, notes, done, begin = _batch_rows(sweep), [], 0, 0
    while begin < len(rows):
        batch = slice(begin, min(begin + size, len(rows)))
        try:
            _measure_batch(
                sweep,
                rows,
                batch,
                (logits, mass),
                (load, save),
                _Counter(progress, done, total, sweep.orders * (batch.stop - batch.start)),
            )
        except torch.OutOfMemoryError:
            if size == 1:
                raise
            torch.cuda.empty_cache()
            size = -(-size // 2)
            notes.append(f"Memory ran out: the sweep went on with {size} rows at a time.")
            continue
        done += (batch.stop - batch.start) * count * sweep.orders
        begin = batch.stop
    return Measured(logits, mass, tuple(notes))


@dataclass(eq=False)
class _Counter:
    progress: Progress
    before: int
    total: int
    cells: int
    """Answers per question of this batch."""

    def tick(self, questions: int) -> None:
        done = self.before + questions * self.cells
        self.progress(done, self.total, f"{done:,} of {self.total:,} answers")


def _batch_rows(sweep: Sweep) -> int:
    longest = max(len(t) for orders in sweep.tokens for t in orders) - sweep.shared
    budget = TOKENS_PER_BATCH.get(sweep.door.loaded.device.type, 4096)
    return max(1, budget // max(longest, 1))


def _measure_batch(
    sweep: Sweep,
    rows: Sequence[SweepRow],
    batch: slice,
    out: tuple[np.ndarray, np.ndarray],
    disk: tuple[Load, Save],
    counter: _Counter,
) -> None:
    logits, mass = out
    load, save = disk
    edits = edits_of(rows[batch])
    common: RowCache | None = None
    for first in range(0, len(sweep.questions), QUESTIONS_PER_UNIT):
        asked = slice(first, min(first + QUESTIONS_PER_UNIT, len(sweep.questions)))
        name = f"rows{batch.start}-{batch.stop}_questions{asked.start}-{asked.stop}"
        unit = load(name)
        if unit is None:
            if common is None:
                common = sweep.door.prefill(sweep.start(first, 0), edits, sweep.shared)
            for question in range(asked.start, asked.stop):
                counter.tick(question)
                answer_question(sweep, question, edits, common, batch, out)
            save(name, {"logits": logits[batch, asked], "mass": mass[batch, asked]})
        else:
            logits[batch, asked], mass[batch, asked] = unit["logits"], unit["mass"]
        counter.tick(asked.stop)


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
    past = sweep.door.prefill(sweep.start(question, 0), edits, stem, common)
    for order in range(len(orders)):
        found = sweep.door.answers(sweep.start(question, order), edits, ids, past)
        logits[batch, question, order] = found.logits.numpy()
        mass[batch, question, order] = found.mass.numpy()


def as_frame(sweep: Sweep, rows: Sequence[SweepRow], measured: Measured) -> pd.DataFrame:
    """One row per (vector, scale, question, order); see `records.EVALUATION_COLUMNS`."""
    questions, orders = len(sweep.questions), sweep.orders
    per_row = questions * orders
    letters = np.array([[q.letter(o == 1) for o in range(orders)] for q in sweep.questions])
    a, b = measured.logits[..., 0].ravel(), measured.logits[..., 1].ravel()
    letter = np.tile(letters.ravel(), len(rows))
    sign = np.where(letter == "A", 1.0, -1.0).astype(np.float32)
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
        }
    )
