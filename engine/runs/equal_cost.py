"""Compares operations at equal cost, and stores every cell with its answers."""

from engine.configs.budgets.equal_cost import EqualCostConfig
from engine.progress import Progress
from engine.runs import searches
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
    questions, sets = searches.asked_of(engine, config)
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
        record = searches.shared(engine, config, work, questions, sets, found.notes) | {
            "model": {**work.model, "answers": found.answers},
            "orders": found.orders,
            "neutral": found.neutral,
            **records.parts(cells, sets, asked, config, cost),
        }
        engine.store.save_experiment(digest, record)
