"""One search, sweep or grid from its config to the stored record.

What they share is written once: open the door, take what an earlier try has finished, run, save,
and then let go of the finished parts.
"""

import dataclasses
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from engine.configs.core import ModelConfig, RunConfig, as_json
from engine.configs.finders import FinderConfig
from engine.configs.grids import GenerateConfig
from engine.configs.judges import judge_of
from engine.configs.sweeps import EvaluateConfig
from engine.errors import StoreError
from engine.progress import Progress
from engine.records import provenance
from engine.records.grids import Generation
from engine.records.records import Evaluation, QuestionSet, VectorSet
from engine.runs import judging
from engine.runs.engine import Engine
from engine.store import unfinished
from engine.store.units import Partial

if TYPE_CHECKING:
    from engine.evaluators.sweeps import SweepResult
    from engine.model.forward import Forward


@dataclass(frozen=True)
class Opened:
    """A run in the middle of its work."""

    door: "Forward"
    units: Partial
    """What is finished of it."""
    model: dict[str, Any]
    """Identity of the model."""
    shared: Callable[[], dict[str, Any]]
    """What every record holds, as of now: digest, config, model, provenance."""


@contextmanager
def opened(
    engine: Engine, config: RunConfig, model: ModelConfig, digest: str, progress: Progress
) -> Iterator[Opened]:
    """The door and the finished parts of a run, which are let go of when it ends well."""
    door = engine.load(model, progress)
    began, identity = time.monotonic(), door.loaded.identity()

    def shared() -> dict[str, Any]:
        return {
            "digest": digest,
            "config": as_json(config),
            "model": identity,
            "provenance": provenance.since(began, identity),
        }

    units = engine.store.partial(digest)
    yield Opened(door, units, identity, shared)
    units.discard()


def find(engine: Engine, config: FinderConfig, digest: str, progress: Progress) -> None:
    """Find vectors and store them; a stepwise search that was stopped goes on where it was.

    Raises:
        EngineError: For everything the user can mend.
    """
    with opened(engine, config, config.model, digest, progress) as run:
        from engine import finders
        from engine.store.steps import Steps

        with Steps(run.units) as steps:
            found = finders.find(run.door, config, progress, steps)
        engine.store.save_vectors(
            VectorSet(
                method=config.method,
                vectors=found.vectors.float().numpy(),
                sites=found.sites,
                scores=found.scores,
                history=found.history,
                residual_norms=found.residual_norms,
                notes=found.notes,
                **run.shared(),
            )
        )


def evaluate(engine: Engine, config: EvaluateConfig, digest: str, progress: Progress) -> None:
    """Ask all questions and store the answers; a stopped sweep goes on where it was.

    Meanwhile what there is of the answers is stored too, to be looked at.

    Raises:
        EngineError: For everything the user can mend.
    """
    questions = engine.questions(config)
    sets = [engine.store.load_vectors(digest) for digest in config.loaded]
    with opened(engine, config, config.model, digest, progress) as run:
        from engine.evaluators import sweeps

        def show(result: "SweepResult", count: int) -> None:
            asked = dataclasses.replace(questions, questions=questions.questions[:count])
            so_far = dataclasses.replace(_evaluation(run, asked, sets, result), unfinished=True)
            # Where the disk refuses, the sweep itself will say so.
            with suppress(StoreError):
                unfinished.save(engine.store, so_far)

        asked = questions.questions
        result = sweeps.run(run.door, config, sets, asked, progress, run.units, show)
        engine.store.save_evaluation(_evaluation(run, questions, sets, result))


def _evaluation(
    run: Opened, questions: QuestionSet, sets: list[VectorSet], result: "SweepResult"
) -> Evaluation:
    shared = run.shared()
    return Evaluation(
        frame=result.frame,
        questions=questions,
        vector_names={found.digest: found.described() for found in sets},
        controls=result.controls,
        notes=(*questions.notes, *result.notes),
        **shared | {"model": {**run.model, "answers": result.answers}},
    )


def generate(engine: Engine, config: GenerateConfig, digest: str, progress: Progress) -> None:
    """Write all texts of a grid and store them; a stopped grid goes on where it was.

    Raises:
        EngineError: For everything the user can mend.
    """
    sets = {name: engine.store.load_vectors(name) for name in config.digests}
    with opened(engine, config, config.model, digest, progress) as run:
        from engine.evaluators import generation

        judge = judge_of(config.judge, config.model, engine.names)
        with judging.sitting(engine, config, judge, run.door, progress) as sitting:
            result = generation.run(run.door, config, sets, progress, run.units, sitting.judge)
        engine.store.save_generation(
            Generation(
                frame=result.frame,
                side_effects=result.side_effects,
                vector_names={name: found.described() for name, found in sets.items()},
                notes=result.notes,
                judge=sitting.told,
                **run.shared(),
            )
        )
