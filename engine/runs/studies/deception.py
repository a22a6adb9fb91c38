"""The deception study, end to end: two families of vectors, their cosines, and what they do.

Layer and scale of every arm are chosen on some held-out questions and reported on others, beside
norm-matched random vectors in the same place.
"""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from engine.configs.grids import Configuration, GenerateConfig
from engine.configs.judges import READING, Resolved
from engine.configs.studies import DeceptionConfig
from engine.errors import ConfigError
from engine.progress import Progress
from engine.questions import files
from engine.questions.rubrics import load_rubric
from engine.records.records import VectorSet
from engine.runs.engine import Engine
from engine.runs.studies import randoms, records
from engine.runs.studies.arms import (
    BASE,
    DECEPTIVE,
    HONEST,
    TUNED,
    Arm,
    Cell,
    Families,
    arms_of,
    cells_of,
    column,
    column_of,
    random_column,
    rivals_of,
)
from engine.runs.studies.deception_tables import (
    UNJUDGED,
    Choice,
    absent_row,
    arm_row,
    baseline_fault,
    best_cell,
    cosine_rows,
    rival_row,
    sweep_rows,
)
from engine.statistics import similarity

UNLABELLED = "None of its answers on the choosing questions was labelled."


@dataclass(kw_only=True)
class Steered:
    """What the arms gave: tables, and digests of the grids and random vectors beneath them."""

    arms: list[dict[str, Any]]
    sweep: list[dict[str, Any]]
    generations: list[str]
    controls: list[str]


def run(engine: Engine, config: DeceptionConfig, digest: str, progress: Progress) -> None:
    """Make both families, compare them, steer with them where a judge can tell, store the tables.

    Raises:
        ConfigError: If the judge's rubric is of other poles than honest and deceptive.
    """
    judge = config.judge_for(engine.names)
    _refuse_poles(config, judge)
    began = time.monotonic()
    found = _read(engine, config, progress)
    families = found["steered with"]
    steered = _Steering(engine, config, families, judge, progress).run()
    records.save(
        engine,
        config,
        digest,
        families[0].model,
        began,
        vectors=[one.digest for pair in found.values() for one in pair],
        generations=steered.generations,
        controls=steered.controls,
        judge=judge,
        judging=_judging(engine, steered),
        tables={
            "similarity": records.rows(similarity.by_layer(families[0], families[1])),
            "cosines": cosine_rows(found),
            "sweep": steered.sweep,
            "arms": steered.arms,
        },
    )


def _refuse_poles(config: DeceptionConfig, judge: Resolved) -> None:
    """Refuse a rubric whose labels are not those that the arms turn."""
    if judge not in READING:
        return
    labels = load_rubric(config.rubric).labels
    if set(labels) != {HONEST, DECEPTIVE}:
        raise ConfigError(
            f"The rubric {config.rubric} labels answers {' and '.join(labels)}, but this study "
            f"turns {HONEST} and {DECEPTIVE} ones: name a rubric with these labels."
        )


def _judging(engine: Engine, steered: Steered) -> dict[str, Any]:
    """What the grids say of their judge."""
    grids = steered.generations
    return engine.store.load_generation(grids[-1]).judge if grids else {}


def _read(engine: Engine, config: DeceptionConfig, progress: Progress) -> dict[str, Families]:
    """Both families by the way of reading them."""
    ways = config.readings()
    # What is steered with is made last: pages begin with the newest set of a method.
    made = {
        way: tuple(engine.store.load_vectors(engine.run(part, progress)) for part in ways[way])
        for way in reversed(ways)
    }
    return {way: made[way] for way in ways}


class _Steering:
    """The arms of one study, from the unsteered answers to the table."""

    def __init__(
        self,
        engine: Engine,
        config: DeceptionConfig,
        families: Families,
        judge: Resolved,
        progress: Progress,
    ) -> None:
        self.engine, self.config, self.families = engine, config, families
        self.judge, self.progress = judge, progress
        self.arms, self.rivals = arms_of(config), rivals_of(config)
        prompts = files.load_prompts(config.held_out)
        self.choosing = prompts[: config.choosing]
        self.reporting = prompts[config.choosing : config.choosing + config.reporting]

    def run(self) -> Steered:
        """Ask unsteered, choose a cell of every arm that can turn something, report it."""
        every = [*self.arms, *self.rivals]
        if self.judge == "none":
            rows = [absent_row(arm, UNJUDGED) for arm in every]
            return Steered(arms=rows, sweep=[], generations=[], controls=[])
        unsteered, frame = self._texts(self.choosing, [])
        faults = {arm: baseline_fault(frame, arm) for arm in every}
        able = [arm for arm in self.arms if faults[arm] is None]
        if not able:
            rows = [absent_row(arm, str(fault)) for arm, fault in faults.items()]
            return Steered(arms=rows, sweep=[], generations=[unsteered], controls=[])
        swept, frame = self._texts(self.choosing, self._sweep(able))
        sweep = [row for arm in able for row in sweep_rows(frame, arm, self._cells(arm))]
        chosen = {arm: best_cell(arm, frame, self._cells(arm)) for arm in able}
        columns, controls = self._report(chosen)
        columns += [one.column for one in self.rivals]
        reported, frame = self._texts(self.reporting, columns)
        rows = []
        for arm in self.arms:
            choice = chosen.get(arm)
            if choice is None:
                rows.append(absent_row(arm, faults[arm] or UNLABELLED))
            else:
                rows.append(arm_row(arm, choice, frame, self.config.controls))
        rows += [rival_row(one, frame) for one in self.rivals]
        return Steered(arms=rows, sweep=sweep, generations=[swept, reported], controls=controls)

    def _cells(self, arm: Arm) -> list[Cell]:
        return cells_of(arm, self.config, self.families)

    def _texts(
        self, prompts: Sequence[str], columns: Sequence[Configuration]
    ) -> tuple[str, pd.DataFrame]:
        """Digest and frame of a grid with both models' unsteered answers."""
        config = self.config
        unsteered = (Configuration(name=BASE), Configuration(name=TUNED, adapter=True))
        grid = GenerateConfig(
            model=config.model,
            prompts=tuple(prompts),
            system=config.system,
            configurations=(*unsteered, *columns),
            max_new_tokens=config.max_new_tokens,
            neutral=0,
            judge=self.judge,
            rubric=config.rubric,
            judge_model=config.judge_model,
            seed=config.seed,
        )
        digest = self.engine.run(grid, self.progress)
        return digest, self.engine.store.load_generation(digest).frame

    def _sweep(self, arms: Sequence[Arm]) -> list[Configuration]:
        return [
            column(
                column_of(arm, cell), arm, self.families[arm.family].digest, cell.index, cell.scale
            )
            for arm in arms
            for cell in self._cells(arm)
        ]

    def _report(self, chosen: Mapping[Arm, Choice | None]) -> tuple[list[Configuration], list[str]]:
        """The chosen cells, and random vectors that do the same in the same places."""
        columns, controls = [], []
        for arm, choice in chosen.items():
            if choice is None:
                continue
            cell, found = choice.cell, self.families[arm.family]
            columns.append(column(arm.name, arm, found.digest, cell.index, cell.scale))
            if self.config.controls == 0:
                continue
            random = self._random(arm, cell, found)
            controls.append(random)
            columns += [
                column(random_column(arm, i), arm, random, i, cell.scale)
                for i in range(self.config.controls)
            ]
        return columns, controls

    def _random(self, arm: Arm, cell: Cell, found: VectorSet) -> str:
        norm = 1.0 if arm.way.unit_norm else float(np.linalg.norm(found.vectors[cell.index]))
        asked = self.config
        return randoms.drawn(
            self.engine, asked.model, cell.block, norm, asked.controls, asked.seed, self.progress
        )
