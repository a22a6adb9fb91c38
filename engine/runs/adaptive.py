"""Finds the best vector and scale of a sweep without asking all of it, and stores what it saw."""

from engine.configs.adaptive import AdaptiveConfig
from engine.progress import Progress
from engine.runs import searches
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
    questions, sets = searches.asked_of(engine, config)
    with opened(engine, config, config.sweep.model, digest, progress) as run:
        from engine.evaluators import adaptive

        asked = questions.questions
        found = adaptive.run(run.door, config, sets, asked, progress, run.units)
        parts = records.parts(found, sets, config)
        record = searches.shared(engine, config, run, questions, sets, found.notes) | {
            "model": {**run.model, "answers": found.answers},
            "vectors": [one.digest for one in sets],
            "orders": found.orders,
            "order_seed": [config.sweep.seed, adaptive.ORDER_SEED],
            **parts,
        }
        engine.store.save_experiment(digest, record)
