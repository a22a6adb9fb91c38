"""What records of runs hold that ask a sweep's questions to find or to compare cells.

Knows nothing of what is sought and of how it is told.
"""

from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from engine.configs import core as configs
from engine.configs.adaptive import AdaptiveConfig
from engine.configs.budgets.equal_cost import EqualCostConfig
from engine.configs.budgets.under import UnderBudget
from engine.progress import Progress
from engine.records.records import QuestionSet, VectorSet
from engine.runs.engine import Engine
from engine.runs.single import Opened, opened
from engine.statistics.budgets import choosing

Searching = AdaptiveConfig | EqualCostConfig | UnderBudget
"""A config with the sweep whose questions it asks."""
Search = Callable[[], Callable[..., Any]]
"""Imports what asks the cells, for which torch is needed."""


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


def chosen_by_halves(
    engine: Engine,
    config: UnderBudget,
    digest: str,
    progress: Progress,
    search: Search,
    parts: Callable[[Any, list[VectorSet], Any], dict[str, Any]],
    told: Callable[[dict[str, Any]], list[str]],
) -> None:
    """Search on one half of the questions, and store what was chosen and what it did on the other.

    A stopped or killed run goes on from the strengths and answers it had.

    Args:
        engine: Loads the model and stores the record.
        config: What is sought.
        digest: Of the record.
        progress: Told how far it is; may raise to stop.
        search: Gives what asks all cells; called when a model is there.
        parts: The record's own tables and figures.
        told: Its sentences, the first a summary.

    Raises:
        EngineError: For everything the user can mend.
        Cancelled: When `progress` raises it.
    """
    questions, sets = asked_of(engine, config)
    with opened(engine, config, config.model, digest, progress) as work:
        found = search()(work.door, config, sets, questions.questions, progress, work.units)
        record = shared(engine, config, work, questions, sets, found.notes)
        record |= {"split_seed": [config.sweep.seed, choosing.SPLIT_SEED]}
        record |= parts(found, sets, config)
        sentences = told(record)
        engine.store.save_experiment(
            digest, record | {"sentences": sentences, "summary": sentences[0]}
        )
