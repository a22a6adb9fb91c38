"""What records of runs hold that ask a sweep's questions to find or to compare cells.

Knows nothing of what is sought and of how it is told.
"""

from dataclasses import asdict
from typing import Any

from engine.configs import core as configs
from engine.configs.adaptive import AdaptiveConfig
from engine.configs.budgets.equal_cost import EqualCostConfig
from engine.configs.budgets.under import UnderBudget
from engine.records.records import QuestionSet, VectorSet
from engine.runs.engine import Engine
from engine.runs.single import Opened

Searching = AdaptiveConfig | EqualCostConfig | UnderBudget
"""A config with the sweep whose questions it asks."""


def asked_of(engine: Engine, config: Searching) -> tuple[QuestionSet, list[VectorSet]]:
    """The questions of its sweep, and the sets that this names, in its order.

    Raises:
        EngineError: If one of them cannot be read.
    """
    sets = [engine.store.load_vectors(digest) for digest in config.sweep.loaded]
    return engine.questions(config.sweep), sets


def shared(
    engine: Engine,
    config: Searching,
    work: Opened,
    questions: QuestionSet,
    sets: list[VectorSet],
    notes: tuple[str, ...],
) -> dict[str, Any]:
    """What every such record holds: who asked what of which model and vectors, and when.

    Args:
        engine: Knows names.
        config: What was asked.
        work: The run.
        questions: Of its sweep.
        sets: All that the sweep names.
        notes: What the run has to say beside the questions' own notes.
    """
    return {
        "name": config.method,
        "title": f"{config.title} on {questions.name}",
        "config": config.named(engine.names),
        "sweep": configs.as_json(config.sweep),
        "model": work.model,
        "vectors": list(dict.fromkeys(one.digest for one in sets)),
        "evaluations": [],
        "questions": {
            "name": questions.name,
            "sha256": questions.sha256,
            "behaviour": questions.behaviour,
            "polarity": questions.polarity,
        },
        "notes": [*questions.notes, *notes],
        "provenance": asdict(work.shared()["provenance"]),
    }
