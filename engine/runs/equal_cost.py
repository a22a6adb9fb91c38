"""Compares operations at equal cost, and stores every cell with its answers."""

from dataclasses import asdict
from typing import Any

from engine.configs import core as configs
from engine.configs.budgets.equal_cost import EqualCostConfig
from engine.progress import Progress
from engine.runs.engine import Engine
from engine.runs.single import opened
from engine.statistics.budgets import equal_cost_record as records


def run(engine: Engine, config: EqualCostConfig, digest: str, progress: Progress) -> None:
    """Seek every strength, ask every cell, and store it; see `equal_cost_record.parts`.

    A stopped or killed run goes on from the strengths and answers it had.

    Raises:
        EngineError: For everything the user can mend.
        Cancelled: When `progress` raises it.
    """
    questions = engine.questions(config.sweep)
    sets = [engine.store.load_vectors(one) for one in config.sweep.loaded]
    with opened(engine, config, config.model, digest, progress) as work:
        from engine.evaluators.equal_cost import comparing

        asked = questions.questions
        found = comparing.run(work.door, config, sets, asked, progress, work.units)
        beside = found.rival
        tie = 0.0 if config.sweep.ties == "against" else 0.5
        cells = records.answered(
            found.cells, found.frame, None if beside is None else beside.frame, tie
        )
        cost = None if beside is None else {"kl_mean": beside.kl_mean, "kl_p95": beside.kl_p95}
        record: dict[str, Any] = {
            "name": config.method,
            "title": f"{config.title} on {questions.name}",
            "config": config.named(engine.names),
            "sweep": configs.as_json(config.sweep),
            "model": {**work.model, "answers": found.answers},
            "vectors": list(dict.fromkeys(one.digest for one in sets)),
            "evaluations": [],
            "questions": {
                "name": questions.name,
                "sha256": questions.sha256,
                "behaviour": questions.behaviour,
                "polarity": questions.polarity,
            },
            "orders": found.orders,
            "neutral": found.neutral,
            **records.parts(cells, sets, asked, config, cost),
            "notes": [*questions.notes, *found.notes],
            "provenance": asdict(work.shared()["provenance"]),
        }
        engine.store.save_experiment(digest, record)
