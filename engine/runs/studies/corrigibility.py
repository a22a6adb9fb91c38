"""The corrigibility study, end to end: a config in, its records and one experiment record out."""

import time
from typing import Any

from engine.configs.studies import CorrigibilityConfig
from engine.progress import Progress
from engine.records import readings
from engine.records.records import Evaluation
from engine.runs.engine import Engine
from engine.runs.studies import records
from engine.statistics import cells, nulls, yardsticks


def run(engine: Engine, config: CorrigibilityConfig, digest: str, progress: Progress) -> None:
    """Find the study's three kinds of vectors, ask both question sets, store the tables.

    Every part that is already stored is read, so that a stopped run goes on where it was.
    """
    began = time.monotonic()
    found = tuple(engine.run(part, progress) for part in config.parts())
    swept = [engine.run(sweep, progress) for sweep in config.sweeps(found)]
    evaluations = [engine.store.load_evaluation(name) for name in swept]
    records.save(
        engine,
        config,
        digest,
        evaluations[0].model,
        began,
        vectors=list(found),
        definitions=config.definitions(),
        evaluations=swept,
        tables=[table(evaluation) for evaluation in evaluations],
    )


def table(evaluation: Evaluation) -> dict[str, Any]:
    """One question set's part of the study: rates by method and scale, and the best vectors."""
    kinds = yardsticks.of_run(evaluation)
    summary = yardsticks.labelled(cells.summarise(evaluation.frame), kinds)
    best = nulls.best_vectors(summary, top=5)
    has_letters = readings.of_config(evaluation.config).has_letters
    letters = {"letters": evaluation.questions.letter_counts} if has_letters else {}
    return {
        "questions": evaluation.questions.name,
        "behaviour": evaluation.questions.behaviour,
        "asked": len(evaluation.questions.questions),
        **letters,
        "by_method": records.rows(cells.by_method(summary).reset_index()),
        "band": records.rows(nulls.control_band(summary).reset_index()),
        "best": records.rows(best.reset_index()),
        "notes": list(evaluation.notes),
    }
