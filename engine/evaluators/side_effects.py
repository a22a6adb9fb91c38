"""What the cells of an A/B sweep do beside its questions, measured on the same rows.

Takes every measure of `records.measures` whose count or file is not empty, batch of cells by batch.
Finished batches lie on disk until the sweep is whole.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from engine.configs.core import Site
from engine.configs.sweeps import EvaluateConfig
from engine.evaluators import measuring
from engine.evaluators.layout import Load, Save
from engine.evaluators.measuring import Cells, Setting, Taking
from engine.evaluators.rows import SweepRow
from engine.model.forward import Forward
from engine.progress import Progress
from engine.records import measures
from engine.records.records import Question
from engine.statistics.cells import CONTROL
from engine.store.writer import Stream

CELLS_AT_ONCE = {"cpu": 16, "cuda": 64}
"""Cells of one batch, which is also what a stopped run keeps."""


@dataclass(frozen=True, eq=False)
class Beside:
    """What every measured cell is asked, as tokens."""

    setting: Setting
    takings: dict[str, Taking]
    """Every measure by the name of its arrays."""

    @property
    def texts(self) -> int:
        """Texts that go through the model for one cell."""
        return sum(taking.texts for taking in self.takings.values())


def prepare(
    door: Forward, questions: Sequence[Question], config: EvaluateConfig, after: int
) -> Beside:
    """Render all that is asked beside a sweep, before anything long runs.

    Raises:
        DataError: If a file cannot be read, or the knowledge questions' letters are no single
            tokens of this tokenizer.
    """
    setting = Setting(door, questions, config, after)
    return Beside(setting, measuring.prepared(setting))


def measured_rows(rows: Sequence[SweepRow], config: EvaluateConfig) -> list[int]:
    """Places of the rows whose side effects are measured: all but most of the controls."""
    sampled: dict[tuple[Site, float], dict[int, None]] = {}
    for row in rows:
        if row.vector_set == CONTROL:
            sampled.setdefault((row.site, row.norm), {})[row.vector] = None
    kept = {v for vectors in sampled.values() for v in list(vectors)[: config.effect_controls]}
    return [i for i, row in enumerate(rows) if row.vector_set != CONTROL or row.vector in kept]


@dataclass(frozen=True, eq=False)
class Effects:
    """Raw readings of the measured cells."""

    places: list[int]
    """Of the cells among the sweep's rows."""
    readings: dict[str, np.ndarray]
    """By the name of a measure's arrays, what it gave: `[cells, ...]`."""
    notes: tuple[str, ...]


def measure(
    beside: Beside,
    rows: Sequence[SweepRow],
    places: list[int],
    progress: Progress,
    load: Load,
    save: Save,
) -> Effects:
    """Measure the named rows, batch by batch.

    Args:
        beside: What is asked.
        rows: All rows of the sweep.
        places: Which of them.
        progress: Called after each part of a batch; may raise to stop.
        load: Gives a finished batch's arrays, or None.
        save: Keeps a finished batch's arrays; called from another thread, in order.
    """
    size = CELLS_AT_ONCE.get(beside.setting.door.loaded.device.type, 16)
    units: list[dict[str, np.ndarray]] = []
    notes: list[str] = []
    with Stream(save) as keep:
        for first in range(0, len(places), size):
            part = places[first : first + size]

            def tick(_count: int, first: int = first) -> None:
                progress(first, len(places), f"side effects: {first} of {len(places)} cells")

            tick(0)
            name = f"beside{part[0]}-{part[-1]}"
            unit = load(name) or {}
            if not beside.takings.keys() <= unit.keys():
                unit = _measure_cells(beside, [rows[i] for i in part], unit, tick, notes.append)
                keep(name, unit)
            units.append(unit)
    progress(len(places), len(places), "side effects are measured")
    joined = {key: np.concatenate([unit[key] for unit in units]) for key in beside.takings}
    return Effects(places, joined, tuple(dict.fromkeys(notes)))


def _measure_cells(
    beside: Beside,
    rows: list[SweepRow],
    known: dict[str, np.ndarray],
    tick: Callable[[int], None],
    note: Callable[[str], None],
) -> dict[str, np.ndarray]:
    """The batch's readings: what an earlier run knew of them, and every measure that it lacks."""
    cells = Cells(rows, tick, note, beside.setting.config.which)
    lacking = {key: one for key, one in beside.takings.items() if key not in known}
    return known | {key: one.measure(cells) for key, one in lacking.items()}


def add_columns(frame: pd.DataFrame, beside: Beside, effects: Effects) -> pd.DataFrame:
    """The sweep's frame with the columns of every measure.

    Rows of cells that were not measured, and questions that were not written out, hold NaN, or
    None in columns of text.
    """
    per_cell = len(beside.setting.questions) * beside.setting.orders
    filled = {column.name: column.unknown(len(frame)) for column in measures.added()}
    for cell, place in enumerate(effects.places):
        rows = slice(place * per_cell, (place + 1) * per_cell)
        for key, taking in beside.takings.items():
            for name, value in taking.columns(effects.readings[key][cell]).items():
                filled[name][rows] = value
    return frame.assign(**filled)
