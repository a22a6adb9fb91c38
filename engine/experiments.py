"""Whole studies, end to end: configs in, records and one experiment record out."""

import time
from dataclasses import asdict
from typing import Any

import pandas as pd

from engine import config as configs
from engine import nulls, provenance, statistics
from engine.config import SCHEMA_VERSION
from engine.engine import Engine
from engine.job import Job
from engine.progress import Progress, silent
from engine.records import Evaluation
from engine.studies import CorrigibilityConfig


def digest_of(engine: Engine, config: CorrigibilityConfig) -> str:
    """Name of the experiment's record: that of its parts and question files."""
    parts = [engine.digest(part) for part in config.parts()]
    sweeps = [engine.digest(sweep) for sweep in config.sweeps(tuple(parts))]
    return configs.digest({"method": config.method, "parts": parts, "sweeps": sweeps})


def submit_corrigibility(engine: Engine, config: CorrigibilityConfig) -> Job:
    """Queue the whole study; the job's result is the experiment's digest."""

    def work(progress: Progress) -> str:
        return run_corrigibility(engine, config, progress)

    digest = digest_of(engine, config)
    return engine.jobs.submit("Corrigibility study", "experiment", work, digest=digest)


def run_corrigibility(
    engine: Engine, config: CorrigibilityConfig, progress: Progress = silent
) -> str:
    """Find the study's three kinds of vectors, ask both question sets, store the tables.

    Every part that is already stored is read, so that a stopped run goes on where it was.

    Returns:
        Digest of the experiment's record.
    """
    digest = digest_of(engine, config)
    if engine.store.has(digest):
        return digest
    began = time.monotonic()
    found = tuple(engine.run(part, progress) for part in config.parts())
    swept = [engine.run(sweep, progress) for sweep in config.sweeps(found)]
    evaluations = [engine.store.load_evaluation(name) for name in swept]
    model = evaluations[0].model
    made = provenance.collect(time.monotonic() - began, model["device"], model["dtype"])
    engine.store.save_experiment(
        digest,
        {
            "schema_version": SCHEMA_VERSION,
            "kind": "experiment",
            "digest": digest,
            "name": config.method,
            "title": "Corrigibility study",
            "config": configs.as_json(config),
            "model": model,
            "vectors": list(found),
            "evaluations": swept,
            "tables": [table(evaluation) for evaluation in evaluations],
            "provenance": asdict(made),
        },
    )
    return digest


def table(evaluation: Evaluation) -> dict[str, Any]:
    """One question set's part of the study: rates by method and scale, and the best vectors."""
    summary = statistics.summarise(evaluation.frame)
    best = nulls.best_vectors(summary, top=5)
    return {
        "questions": evaluation.questions.name,
        "behaviour": evaluation.questions.behaviour,
        "asked": len(evaluation.questions.questions),
        "letters": evaluation.questions.letter_counts,
        "by_method": _records(statistics.by_method(summary)),
        "band": _records(nulls.control_band(summary)),
        "best": _records(best),
        "notes": list(evaluation.notes),
    }


def _records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    rows = frame.reset_index().to_dict("records")
    return [{str(k): _plain(v) for k, v in row.items()} for row in rows]


def _plain(value: Any) -> Any:
    if isinstance(value, float) and not pd.notna(value):
        return None
    return value.item() if hasattr(value, "item") else value
