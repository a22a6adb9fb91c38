"""The deception study, end to end: two families of vectors, their cosines, and what they do.

Layer and scale of every arm are chosen on some held-out questions and reported on others, beside
norm-matched random vectors in the same place.
"""

import time
from collections.abc import Sequence

import numpy as np
import pandas as pd

from engine.configs.finders import RandomConfig
from engine.configs.grids import BlendPart, Configuration, GenerateConfig
from engine.configs.studies import DeceptionConfig
from engine.progress import Progress
from engine.questions import files
from engine.records.records import VectorSet
from engine.runs.engine import Engine
from engine.runs.studies import records
from engine.runs.studies.deception_tables import (
    ARMS,
    Arm,
    Cell,
    Families,
    arm_row,
    column_of,
    converted,
    cosine_rows,
    random_column,
    sweep_rows,
)
from engine.statistics import similarity


def run(engine: Engine, config: DeceptionConfig, digest: str, progress: Progress) -> None:
    """Make both families, compare them, steer with them, and store the tables."""
    began = time.monotonic()
    found = _read(engine, config, progress)
    families = found["steered with"]
    prompts = files.load_prompts(config.held_out)
    choosing = prompts[: config.choosing]
    reporting = prompts[config.choosing : config.choosing + config.reporting]
    swept = engine.run(_grid(config, choosing, _sweep(config, families)), progress)
    sweep = engine.store.load_generation(swept)
    chosen = [_best_cell(arm, sweep.frame, config, families) for arm in ARMS]
    reported, controls = _report(engine, config, families, chosen, reporting, progress)
    frame = engine.store.load_generation(reported).frame
    records.save(
        engine,
        config,
        digest,
        sweep.model,
        began,
        vectors=[one.digest for pair in found.values() for one in pair],
        generations=[swept, reported],
        controls=controls,
        tables={
            "similarity": records.rows(similarity.by_layer(families[0], families[1])),
            "cosines": cosine_rows(found),
            "sweep": [
                row
                for arm in ARMS
                for row in sweep_rows(sweep.frame, arm, _cells(config, families[arm.family]))
            ],
            "arms": [
                arm_row(arm, cell, frame, config.controls)
                for arm, cell in zip(ARMS, chosen, strict=True)
            ],
        },
    )


def _read(engine: Engine, config: DeceptionConfig, progress: Progress) -> dict[str, Families]:
    """Both families by the way of reading them."""
    ways = config.readings()
    # What is steered with is made last: pages begin with the newest set of a method.
    made = {
        way: tuple(engine.store.load_vectors(engine.run(part, progress)) for part in ways[way])
        for way in reversed(ways)
    }
    return {way: made[way] for way in ways}


def _grid(
    config: DeceptionConfig, prompts: Sequence[str], columns: Sequence[Configuration]
) -> GenerateConfig:
    baselines = (
        Configuration(name="base"),
        Configuration(name="fine-tuned", adapter=True),
    )
    return GenerateConfig(
        model=config.model,
        prompts=tuple(prompts),
        system=config.system,
        configurations=(*baselines, *columns),
        max_new_tokens=config.max_new_tokens,
        neutral=0,
        seed=config.seed,
    )


def _column(name: str, arm: Arm, digest: str, index: int, scale: float) -> Configuration:
    return Configuration(
        name=name,
        adapter=arm.adapter,
        blend=(BlendPart(digest=digest, index=index),),
        scale=arm.sign * scale,
    )


def _sweep(config: DeceptionConfig, families: Families) -> list[Configuration]:
    return [
        _column(column_of(arm, cell), arm, families[arm.family].digest, cell.index, cell.scale)
        for arm in ARMS
        for cell in _cells(config, families[arm.family])
    ]


def _cells(config: DeceptionConfig, found: VectorSet) -> list[Cell]:
    # The last block's output reaches nothing but the next token's logits: it is left out.
    last = max(site.block for site in found.sites)
    return [
        Cell(index=index, block=site.block, scale=scale)
        for index, site in enumerate(found.sites)
        if site.block < last
        for scale in config.scales
    ]


def _best_cell(arm: Arm, frame: pd.DataFrame, config: DeceptionConfig, families: Families) -> Cell:
    cells = _cells(config, families[arm.family])
    shares = [np.nan_to_num(converted(frame, arm, column_of(arm, cell)), nan=-1) for cell in cells]
    # Among equals the smallest change of the model is preferred.
    order = sorted(range(len(cells)), key=lambda i: (-shares[i], cells[i].scale, cells[i].block))
    return cells[order[0]]


def _report(
    engine: Engine,
    config: DeceptionConfig,
    families: Families,
    chosen: Sequence[Cell],
    prompts: Sequence[str],
    progress: Progress,
) -> tuple[str, list[str]]:
    columns, controls = [], []
    for arm, cell in zip(ARMS, chosen, strict=True):
        found = families[arm.family]
        columns.append(_column(arm.name, arm, found.digest, cell.index, cell.scale))
        if config.controls == 0:
            continue
        random = RandomConfig(
            model=config.model,
            source_layer=cell.block,
            vectors=config.controls,
            # Rounded: its last bits depend on the threads of the run that found the vector.
            norm=float(f"{np.linalg.norm(found.vectors[cell.index]):.5g}"),
            seed=config.seed,
        )
        controls.append(engine.run(random, progress))
        columns += [
            _column(random_column(arm, i), arm, controls[-1], i, cell.scale)
            for i in range(config.controls)
        ]
    return engine.run(_grid(config, prompts, columns), progress), controls
