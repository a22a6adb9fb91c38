"""A whole A/B sweep: from stored vectors and questions to one frame."""

import functools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol, runtime_checkable

import numpy as np
import pandas as pd
from jaxtyping import Int

from engine.configs.core import Site
from engine.configs.sweeps import EvaluateConfig
from engine.evaluators import ab, aiming, side_effects
from engine.evaluators.readings.asked import Asked, Measured, as_frame
from engine.evaluators.rows import (
    SweepRow,
    sweep_rows,
    told_controls,
)
from engine.evaluators.steering import made_for
from engine.model.forward import Forward
from engine.progress import Progress
from engine.records.records import Question, VectorSet


@runtime_checkable
class Units(Protocol):
    """Where finished units of a sweep lie until it is whole."""

    def load_arrays(self, name: str) -> dict[str, np.ndarray] | None:
        """A finished unit, or None."""

    def save_arrays(self, name: str, arrays: dict[str, np.ndarray]) -> object:
        """Keep a finished unit."""


@dataclass(frozen=True, kw_only=True, eq=False)
class SweepResult:
    """What a sweep gave."""

    frame: pd.DataFrame
    """Columns: `records.EVALUATION_COLUMNS`."""
    answers: dict[str, Any]
    """How answers were read, and the rule in words."""
    controls: dict[str, Any]
    """Sites and norms of the controls: `rows.told_controls`."""
    notes: tuple[str, ...]


Show = Callable[[SweepResult, int], None]
"""Takes a part of a sweep, and how many of the first questions it holds."""


def run(
    door: Forward,
    config: EvaluateConfig,
    sets: Sequence[VectorSet],
    questions: Sequence[Question],
    progress: Progress,
    units: Units,
    show: Show | None = None,
) -> SweepResult:
    """Ask the baseline, every vector at every scale, and the controls, every question.

    Args:
        door: The model.
        config: The sweep.
        sets: The stored sets, one per `config.vectors`.
        questions: What to ask.
        progress: Called after each question; may raise to stop.
        units: Keep what is finished.
        show: Is given what there is, now and then and when the sweep is stopped.

    Raises:
        EngineError: If a site does not exist in the model or A and B are not single tokens.
    """
    opened = open_sweep(door, config, sets, questions)
    sweep, rows = opened.sweep, opened.rows
    asked = (
        side_effects.prepare(door, questions, config, sweep.after) if config.side_effects else None
    )
    places = side_effects.measured_rows(rows, config)
    ahead = len(places) * asked.texts if asked else 0
    answers = len(rows) * len(questions) * sweep.orders
    first, second = _stretches(progress, answers, ahead)
    look = None if show is None else functools.partial(_show, opened, rows, config, show)
    measured = ab.measure(sweep, rows, first, units.load_arrays, units.save_arrays, look)
    frame, notes = as_frame(sweep, rows, measured), list(measured.notes)
    if asked is not None:
        effects = side_effects.measure(
            asked, rows, places, second, units.load_arrays, units.save_arrays
        )
        frame = side_effects.add_columns(frame, asked, effects)
        notes += effects.notes
    notes += notes_of(sweep, measured)
    notes += _foreign(door, config, sets)
    return SweepResult(
        frame=frame,
        answers=opened.answers,
        controls=told_controls(rows, config),
        notes=tuple(notes),
    )


def _show(
    opened: "Opened",
    rows: Sequence[SweepRow],
    config: EvaluateConfig,
    show: Show,
    measured: Measured,
    chosen: Int[np.ndarray, " chosen"],
) -> None:
    """Give what the chosen rows have answered, with a note that says how much it is."""
    count, whole = measured.mass.shape[1], len(opened.sweep.questions)
    asked = f"all {whole}" if count == whole else f"the first {count} of {whole}"
    note = f"Unfinished: so far {len(chosen):,} of {len(rows):,} cells answered {asked} questions"
    note += "; random vectors come last." if config.controls else "."
    sweep = opened.sweep.part(np.arange(count))
    frame = as_frame(sweep, [rows[row] for row in chosen], measured)
    notes = (note, *notes_of(sweep, measured))
    told = told_controls(opened.rows, config)
    show(SweepResult(frame=frame, answers=opened.answers, controls=told, notes=notes), count)


class Opened(NamedTuple):
    """A sweep before its first question."""

    sweep: Asked
    rows: list[SweepRow]
    """The baseline first."""
    answers: dict[str, Any]
    """How answers are read, the rule in words, and residual norms by site."""


def open_sweep(
    door: Forward,
    config: EvaluateConfig,
    sets: Sequence[VectorSet],
    questions: Sequence[Question],
) -> Opened:
    """Render the questions and lay out the rows of a sweep.

    Raises:
        EngineError: If a site does not exist in the model or A and B are not single tokens.
    """
    ground = aiming.ground(door, config, sets, questions)
    aimed = aiming.aimed(ground, config)
    rows = sweep_rows(aimed.aims, config, aimed.maker, door.hidden, ground.vector_sites[0])
    answers = {**ground.sweep.told, "residual_norms": _in_words(ground.residuals)}
    return Opened(ground.sweep, rows, answers)


def _foreign(door: Forward, config: EvaluateConfig, sets: Sequence[VectorSet]) -> list[str]:
    """Imported vectors of another model, or made for something else than is done with them."""
    found = {one.digest: one for one in sets}
    name = door.loaded.config.short_name
    done = [(digest, config.operation) for digest in found]
    return [*made_for.other_model(found, name), *made_for.mismatches(found, done)]


def notes_of(sweep: Asked, measured: Measured) -> list[str]:
    """Sentences a reader of a sweep should see; the baseline is row 0."""
    return [*sweep.door.loaded.notes, *sweep.notes(measured)]


def _stretches(progress: Progress, before: int, ahead: int) -> tuple[Progress, Progress]:
    """One bar for the sweep and for what is measured beside it."""
    if ahead == 0:
        return progress, progress
    whole = before + ahead

    def first(done: int, total: int, message: str = "", **metrics: float) -> None:  # noqa: ARG001
        progress(done, whole, message, **metrics)

    def second(done: int, total: int, message: str = "", **metrics: float) -> None:
        progress(before + ahead * done // max(total, 1), whole, message, **metrics)

    return first, second


def _in_words(residuals: Mapping[Site, float]) -> dict[str, float]:
    return {site.words: norm for site, norm in residuals.items()}
