"""A sweep's questions as tokens, and the unsteered states that all rows set out from.

Knows nothing of how an answer is read: its kinds do.
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pandas as pd
from jaxtyping import Float, Int

from engine.configs.steering.doses import Which
from engine.configs.steering.windows import Window, window
from engine.evaluators.rows import SweepRow
from engine.evaluators.steering.gating import SteeredRows
from engine.model.blocks import RowCache
from engine.model.forward import Forward, Start
from engine.records.records import Question

KEPT_BYTES = 256 * 2**20
"""Unsteered states of questions kept for the next batch of rows."""
HALF = 0.5

Readings = tuple[np.ndarray, np.ndarray]
"""[rows, questions, orders, two] figures of both answers, and [rows, questions, orders] the
probability of both together, where a reading has one."""


@dataclass(frozen=True, eq=False)
class Measured:
    """Raw readings of a sweep."""

    logits: Float[np.ndarray, "rows questions orders two"]
    """Of the letters A and B; or log p of the behaviour's answer and of the other one."""
    mass: Float[np.ndarray, "rows questions orders"]
    """P(A) + P(B); 0 where no letters are read."""
    notes: tuple[str, ...] = ()


@dataclass(kw_only=True, eq=False)
class Asked(ABC):
    """The questions of one sweep, ready to be asked."""

    door: Forward
    questions: Sequence[Question]
    tokens: list[list[list[int]]]
    """[question][text][token]: its orders, or its two answers."""
    after: int
    """Last block whose output no row changes before."""
    shared: int
    """Leading tokens that all texts share."""
    adapter: Which = True
    """The weights that answer."""
    window: Window = window("all")
    """Which positions rows change."""
    tie: float = HALF
    """What a question with equal figures counts as."""
    _starts: dict[tuple[int, int], Start] = field(default_factory=dict, init=False)
    _bytes: int = field(default=0, init=False)

    @property
    @abstractmethod
    def orders(self) -> int:
        """In how many orders every question is asked."""

    @property
    @abstractmethod
    def told(self) -> dict[str, Any]:
        """What a record says of how answers were read."""

    @abstractmethod
    def prompt(self, question: int) -> list[int]:
        """Tokens of a question in its first order, without an answer."""

    @abstractmethod
    def begin(self, question: int, text: int) -> int:
        """Tokens of a text that are its prompt, without a written answer."""

    @abstractmethod
    def answer(
        self, question: int, edits: SteeredRows, common: RowCache, batch: slice, out: Readings
    ) -> None:
        """All rows' answers to one question, written into the sweep's arrays."""

    @abstractmethod
    def differences(
        self, logits: Float[np.ndarray, "rows questions orders two"]
    ) -> Float[np.ndarray, "rows questions orders"]:
        """The figure of the behaviour's answer less the other's."""

    @abstractmethod
    def columns(self, measured: Measured) -> dict[str, Any]:
        """The columns that this reading has of its own, row by row, question by question."""

    @abstractmethod
    def notes(self, measured: Measured) -> list[str]:
        """What a reader should see of the unsteered model, which is row 0."""

    def part(self, questions: Int[np.ndarray, " chosen"]) -> "Asked":
        """The same over some of its questions, with states of its own."""
        return replace(
            self,
            questions=[self.questions[q] for q in questions],
            tokens=[self.tokens[q] for q in questions],
        )

    def start(self, question: int, text: int) -> Start:
        """A text's unsteered states at the source, from memory where they fit."""
        key = (question, text)
        if key not in self._starts:
            start = self.door.start(
                self.tokens[question][text], self.after, self.adapter, self.begin(question, text)
            )
            size = start.hidden.numel() * start.hidden.element_size()
            if self._bytes + size > KEPT_BYTES:
                return start
            self._bytes += size
            self._starts[key] = start
        return self._starts[key]


def sharing(prompts: Sequence[list[int]], length: int, reach: Window) -> int:
    """How many of the first tokens may be run once, of so many that some prompts share.

    Where a prompt's own length decides what is changed, only what no prompt has changed.
    """
    if not reach.depends_on_length:
        return length
    return min([length, *(reach.begin(len(prompt)) for prompt in prompts)])


def as_frame(asked: Asked, rows: Sequence[SweepRow], measured: Measured) -> pd.DataFrame:
    """One row per (vector, scale, question, order); see `records.columns_of` for a reading's own.

    It says what a tie counts as only where that is not one half.
    """
    questions, orders = len(asked.questions), asked.orders
    per_row = questions * orders
    ties = {} if asked.tie == HALF else {"tie": asked.tie}
    return pd.DataFrame(
        {
            "vector_set": np.repeat([r.vector_set for r in rows], per_row),
            "vector": np.repeat([r.vector for r in rows], per_row),
            "method": np.repeat([r.method for r in rows], per_row),
            "scale": np.repeat([r.scale for r in rows], per_row),
            "relative": np.repeat([r.relative for r in rows], per_row),
            "question": np.tile(np.repeat([q.id for q in asked.questions], orders), len(rows)),
            "order": np.tile(["given", "swapped"][:orders], len(rows) * questions),
            **asked.columns(measured),
            "difference": asked.differences(measured.logits).ravel(),
            **ties,
        }
    )
