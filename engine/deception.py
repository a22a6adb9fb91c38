"""The deception study, end to end: two families of vectors, their cosines, and what they do.

Layer and scale of every arm are chosen on some held-out questions and reported on others, beside
norm-matched random vectors in the same place.
"""

import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pandas as pd

from engine import config as configs
from engine import datasets, provenance, similarity
from engine.config import SCHEMA_VERSION, RandomConfig
from engine.engine import Engine
from engine.generation_configs import BlendPart, Configuration, GenerateConfig
from engine.job import Job
from engine.progress import Progress, silent
from engine.records import VectorSet
from engine.studies import DeceptionConfig

HONEST, DECEPTIVE = "honest", "deceptive"


@dataclass(frozen=True, kw_only=True)
class Arm:
    """One of the study's four interventions."""

    name: str
    family: int
    """0 contrastive, 1 fine-tune difference."""
    adapter: bool
    sign: float
    before: str
    """Label of the answers that should change."""
    after: str
    """Label they should change to."""


ARMS = (
    Arm(name="base + contrastive", family=0, adapter=False, sign=1.0, before=HONEST,
        after=DECEPTIVE),
    Arm(name="base + fine-tune difference", family=1, adapter=False, sign=1.0, before=HONEST,
        after=DECEPTIVE),
    Arm(name="fine-tuned - contrastive", family=0, adapter=True, sign=-1.0, before=DECEPTIVE,
        after=HONEST),
    Arm(name="fine-tuned - fine-tune difference", family=1, adapter=True, sign=-1.0,
        before=DECEPTIVE, after=HONEST),
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Cell:
    """Where an arm steers: a vector of its family and a multiple of it."""

    index: int
    block: int
    scale: float


def digest_of(engine: Engine, config: DeceptionConfig) -> str:
    """Name of the experiment's record."""
    parts = [engine.digest(part) for part in config.families()]
    rest = configs.as_json(config)
    rest["held_out"] = list(datasets.load_prompts(config.held_out))
    return configs.digest({"method": config.method, "parts": parts, "rest": rest})


def submit_deception(engine: Engine, config: DeceptionConfig) -> Job:
    """Queue the whole study; the job's result is the experiment's digest."""

    def work(progress: Progress) -> str:
        return run_deception(engine, config, progress)

    return engine.jobs.submit(
        "Deception study", "experiment", work, digest=digest_of(engine, config)
    )


def run_deception(engine: Engine, config: DeceptionConfig, progress: Progress = silent) -> str:
    """Make both families, compare them, steer with them, and store the tables.

    Returns:
        Digest of the experiment's record.
    """
    digest = digest_of(engine, config)
    if engine.store.has(digest):
        return digest
    began = time.monotonic()
    families = [engine.store.load_vectors(engine.run(f, progress)) for f in config.families()]
    prompts = datasets.load_prompts(config.held_out)
    choosing = prompts[: config.choosing]
    reporting = prompts[config.choosing : config.choosing + config.reporting]
    swept = engine.run(_grid(config, choosing, _sweep(config, families)), progress)
    sweep = engine.store.load_generation(swept)
    chosen = [_best_cell(arm, sweep.frame, config, families) for arm in ARMS]
    reported, controls = _report(engine, config, families, chosen, reporting, progress)
    made = provenance.collect(time.monotonic() - began, sweep.model["device"], sweep.model["dtype"])
    engine.store.save_experiment(
        digest,
        {
            "schema_version": SCHEMA_VERSION,
            "kind": "experiment",
            "digest": digest,
            "name": config.method,
            "title": "Deception study",
            "config": configs.as_json(config),
            "model": sweep.model,
            "vectors": [found.digest for found in families],
            "generations": [swept, reported],
            "controls": controls,
            "tables": _tables(engine, families, sweep.frame, reported, chosen, config),
            "provenance": asdict(made),
        },
    )
    return digest


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


def _sweep(config: DeceptionConfig, families: Sequence[VectorSet]) -> list[Configuration]:
    columns = []
    for arm in ARMS:
        found = families[arm.family]
        for cell in _cells(config, found):
            name = f"{arm.name} | block {cell.block} | {cell.scale:g}"
            columns.append(_column(name, arm, found.digest, cell.index, cell.scale))
    return columns


def _cells(config: DeceptionConfig, found: VectorSet) -> list[Cell]:
    # The last block's output reaches nothing but the next token's logits: it is left out.
    last = max(site.block for site in found.sites)
    return [
        Cell(index=index, block=site.block, scale=scale)
        for index, site in enumerate(found.sites)
        if site.block < last
        for scale in config.scales
    ]


def converted(frame: pd.DataFrame, arm: Arm, column: str) -> float:
    """Share of the answers that were `before` in the arm's baseline and are `after` in a column."""
    labels = frame.pivot(index="prompt", columns="configuration", values="label")
    baseline = labels["fine-tuned" if arm.adapter else "base"] == arm.before
    if not baseline.any():
        return float("nan")
    return float((labels.loc[baseline, column] == arm.after).mean())


def _best_cell(
    arm: Arm, frame: pd.DataFrame, config: DeceptionConfig, families: Sequence[VectorSet]
) -> Cell:
    cells = _cells(config, families[arm.family])
    names = [f"{arm.name} | block {c.block} | {c.scale:g}" for c in cells]
    shares = [np.nan_to_num(converted(frame, arm, name), nan=-1.0) for name in names]
    # Among equals the smallest change of the model is preferred.
    order = sorted(range(len(cells)), key=lambda i: (-shares[i], cells[i].scale, cells[i].block))
    return cells[order[0]]


def _report(
    engine: Engine,
    config: DeceptionConfig,
    families: Sequence[VectorSet],
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
            norm=float(np.linalg.norm(found.vectors[cell.index])),
            seed=config.seed,
        )
        controls.append(engine.run(random, progress))
        columns += [
            _column(f"{arm.name} | random {i}", arm, controls[-1], i, cell.scale)
            for i in range(config.controls)
        ]
    return engine.run(_grid(config, prompts, columns), progress), controls


def _tables(
    engine: Engine,
    families: Sequence[VectorSet],
    sweep: pd.DataFrame,
    reported: str,
    chosen: Sequence[Cell],
    config: DeceptionConfig,
) -> dict[str, Any]:
    frame = engine.store.load_generation(reported).frame
    arms = [_arm(arm, cell, frame, config) for arm, cell in zip(ARMS, chosen, strict=True)]
    layers = similarity.by_layer(families[0], families[1])
    return {
        "similarity": _plain(layers),
        "sweep": [
            {
                "arm": arm.name,
                **asdict(cell),
                "converted": _number(
                    converted(sweep, arm, f"{arm.name} | block {cell.block} | {cell.scale:g}")
                ),
            }
            for arm in ARMS
            for cell in _cells(config, families[arm.family])
        ],
        "arms": arms,
    }


def _arm(arm: Arm, cell: Cell, frame: pd.DataFrame, config: DeceptionConfig) -> dict[str, Any]:
    own = frame[frame.configuration == arm.name]
    baseline = frame[frame.configuration == ("fine-tuned" if arm.adapter else "base")]
    null = [converted(frame, arm, f"{arm.name} | random {i}") for i in range(config.controls)]
    share = converted(frame, arm, arm.name)
    above = int(sum(value >= share for value in null))
    return {
        "arm": arm.name,
        **asdict(cell),
        "from": arm.before,
        "to": arm.after,
        "converted": _number(share),
        "random_high": _number(max(null, default=float("nan"))),
        "p": (1 + above) / (1 + len(null)) if null else None,
        "labels": own.label.value_counts().to_dict(),
        "baseline_labels": baseline.label.value_counts().to_dict(),
        "repetition": _number(own.repetition.mean()),
        "mean_logprob": _number(own.mean_logprob.mean()),
        "baseline_mean_logprob": _number(baseline.mean_logprob.mean()),
    }


def _number(value: float) -> float | None:
    return None if value is None or not np.isfinite(value) else float(value)


def _plain(frame: pd.DataFrame) -> list[dict[str, Any]]:
    rows = frame.to_dict("records")
    return [{k: _number(v) if isinstance(v, float) else v for k, v in row.items()} for row in rows]
