"""A whole A/B sweep: from stored vectors and questions to one frame."""

import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol, runtime_checkable

import numpy as np
import pandas as pd
import torch
from jaxtyping import Int

from engine.configs.core import PRESETS, Site
from engine.configs.sweeps import EvaluateConfig
from engine.errors import ConfigError
from engine.evaluators import ab, side_effects
from engine.evaluators.readings import likelihood
from engine.evaluators.readings.asked import Asked, Measured, as_frame
from engine.evaluators.rows import (
    CONTROL_SEED,
    SweepRow,
    chosen_vectors,
    control_aims,
    isotropic,
    sites_of,
    sweep_rows,
    told_controls,
    vector_aims,
)
from engine.evaluators.steering import columns, gating
from engine.evaluators.steering.making import Maker
from engine.evaluators.steering.sides import Samples
from engine.evaluators.steering.usual import Usual
from engine.finders.random_control import directions, spread_states
from engine.model.edits import reached_block
from engine.model.forward import Forward
from engine.progress import Progress
from engine.records.records import Question, VectorSet
from engine.statistics import yardsticks
from engine.statistics.yardsticks import Place


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
    named = {found.digest: found for found in sets}
    for found in named.values():
        _check_fits(found, door)
    own = sets[: len(config.vectors)]
    chosen = chosen_vectors(own, config)
    vector_sites = _sites(config, own)
    sites = list(dict.fromkeys(s for v in vector_sites for s in sites_of(v, config, door.blocks)))
    for site in sites:
        door.check_layer(site.block, "layer")
    gate = config.gate
    read_at = [reached_block(site) for site in (*sites, *vector_sites)]
    after = min([*read_at, *([] if gate is None else [gate.block])])
    read = likelihood if config.reading == "likelihood" else ab
    sweep: Asked = read.prepare(door, questions, config, after)
    residuals = ab.residual_norms(sweep, list(dict.fromkeys((*sites, *vector_sites))))
    usual = Usual.of(door, config.usual, config.system, config.which)
    maker = Maker(
        how=config,
        residuals=residuals,
        usual=usual,
        second=columns.named(config.second, named),
        gate=gating.gate_at(gate, named, door, usual),
    )
    aims = vector_aims(chosen, config, door.blocks, Samples(door))
    places = yardsticks.places_of(chosen, config.scale_unit == "relative")
    places = places or [Place(vector_sites[0], 1.0)]
    units = unit_controls(places, config, sweep)
    aims += control_aims(aims, places, config, units, door.blocks)
    rows = sweep_rows(aims, config, maker, door.hidden, vector_sites[0])
    answers = {**sweep.told, "residual_norms": _in_words(residuals)}
    return Opened(sweep, rows, answers)


def notes_of(sweep: Asked, measured: Measured) -> list[str]:
    """Sentences a reader of a sweep should see; the baseline is row 0."""
    return [*sweep.door.loaded.notes, *sweep.notes(measured)]


def unit_controls(
    places: Sequence[Place], config: EvaluateConfig, sweep: Asked
) -> list[torch.Tensor]:
    """Unit directions of every yardstick's controls, uniform or as the residual stream spreads.

    The states are those of the first questions.
    """
    if config.control_kind == "isotropic":
        return isotropic(places, config, sweep.door.hidden)
    count = min(ab.NORM_QUESTIONS, len(sweep.questions))
    prompts = [sweep.prompt(question) for question in range(count)]
    states: dict[Site, torch.Tensor] = {}
    found = []
    for number, (site, _) in enumerate(places):
        if site not in states:
            states[site] = spread_states(sweep.door, prompts, site)
        width, seed = states[site].shape[1], config.seed + CONTROL_SEED + number
        count = config.controls
        found.append(directions(config.control_kind, count, width, seed, states[site]))
    return found


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


def _check_fits(found: VectorSet, door: Forward) -> None:
    width, model = found.vectors.shape[1], door.loaded.config.short_name
    if width != door.hidden:
        raise ConfigError(
            f"The vectors of {found.method} {found.digest} have width {width}, but {model} has "
            f"hidden size {door.hidden}: use vectors found on this model."
        )
    for site in found.sites:
        door.check_layer(site.block, f"block of the vectors of {found.digest}")


def _sites(config: EvaluateConfig, sets: Sequence[VectorSet]) -> list[Site]:
    sites = [site for found in sets for site in found.sites]
    if not sites:
        preset = PRESETS.get(config.model.model)
        sites = [Site(block=preset.source_layer if preset else 0)]
    return list(dict.fromkeys(sites))


def _in_words(residuals: dict[Site, float]) -> dict[str, float]:
    return {site.words: norm for site, norm in residuals.items()}
