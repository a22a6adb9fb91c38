"""Finds the best vector and scale of a sweep without asking all of it, and stores what it saw."""

from dataclasses import asdict
from typing import Any

from engine.configs import core as configs
from engine.configs.adaptive import AdaptiveConfig
from engine.progress import Progress
from engine.runs.engine import Engine
from engine.runs.single import opened
from engine.statistics import adaptive as records


def run(engine: Engine, config: AdaptiveConfig, digest: str, progress: Progress) -> None:
    """Ask until the best cell is known, and store it; see `statistics.adaptive.parts`.

    A stopped or killed run goes on from the answers it had.

    Raises:
        EngineError: For everything the user can mend.
        Cancelled: When `progress` raises it.
    """
    questions = engine.questions(config.sweep)
    sets = [engine.store.load_vectors(digest) for digest in config.sweep.loaded]
    with opened(engine, config, config.sweep.model, digest, progress) as run:
        from engine.evaluators import adaptive

        asked = questions.questions
        found = adaptive.run(run.door, config, sets, asked, progress, run.units)
        parts = records.parts(found, sets, config)
        record: dict[str, Any] = {
            "name": config.method,
            "title": f"{config.title} on {questions.name}",
            "config": config.named(engine.names),
            "sweep": configs.as_json(config.sweep),
            "model": {**run.model, "answers": found.answers},
            "vectors": [one.digest for one in sets],
            "evaluations": [],
            "questions": {
                "name": questions.name,
                "sha256": questions.sha256,
                "behaviour": questions.behaviour,
                "polarity": questions.polarity,
            },
            "orders": found.orders,
            "order_seed": [config.sweep.seed, adaptive.ORDER_SEED],
            **parts,
            "notes": [*questions.notes, *found.notes],
            "provenance": asdict(run.shared()["provenance"]),
        }
        engine.store.save_experiment(digest, record)
