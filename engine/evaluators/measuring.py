"""What a measure beside a sweep is given, and what it gives; `records.measures` lists them.

A measure's file has `prepare(setting)`, which renders what every cell is asked: a `Taking`.
"""

import importlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

import numpy as np

from engine.configs.steering.doses import Which
from engine.configs.sweeps import EvaluateConfig
from engine.evaluators import text_figures
from engine.evaluators.rows import SweepRow
from engine.model.edits import Edit
from engine.model.forward import Forward
from engine.records import measures
from engine.records.records import Question


@dataclass(frozen=True, eq=False)
class Setting:
    """A sweep whose cells are to be measured."""

    door: Forward
    questions: Sequence[Question]
    config: EvaluateConfig
    after: int
    """Last block whose output no row changes before."""

    @property
    def orders(self) -> int:
        """In how many orders every question is asked."""
        return self.config.asked_orders


@dataclass(frozen=True, eq=False)
class Cells:
    """A batch of cells that are measured together."""

    rows: Sequence[SweepRow]
    tick: Callable[[int], None]
    """Called with the work that was done; may raise to stop."""
    note: text_figures.Note
    """Told what a reader should know, such as that memory ran out."""
    adapter: Which = True
    """The weights that answer."""

    @property
    def edits(self) -> list[list[Edit]]:
        """What each cell changes; nothing for the baseline."""
        return [list(row.edits) for row in self.rows]


@runtime_checkable
class Taking(Protocol):
    """A measure that is prepared: all it asks is tokens."""

    @property
    def texts(self) -> int:
        """Texts that go through the model for one cell; 0 where nothing is asked."""

    def measure(self, cells: Cells) -> np.ndarray:
        """Raw readings, `[cells, ...]`, which a killed run finds again."""

    def columns(self, found: np.ndarray) -> dict[str, Any]:
        """The columns of one cell from its readings, by name; nothing where nothing was asked.

        A value stands in all of the cell's rows; an array has one for each, question by question
        and order by order.
        """


def prepared(setting: Setting) -> dict[str, Taking]:
    """Every measure of the registry by the name of its arrays, ready to be taken.

    Raises:
        DataError: If a file cannot be read or does not suit this model.
    """
    return {
        one.unit: importlib.import_module(one.module).prepare(setting) for one in measures.MEASURES
    }
