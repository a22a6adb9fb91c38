"""One search, sweep or grid from its config to the stored record."""

import dataclasses
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from engine.configs import core as configs
from engine.configs.core import EvaluateConfig, FinderConfig
from engine.configs.grids import GenerateConfig
from engine.errors import StoreError
from engine.progress import Progress
from engine.records import provenance
from engine.records.grids import Generation
from engine.records.records import Evaluation, QuestionSet, VectorSet
from engine.store import unfinished
from engine.store.store import Store

if TYPE_CHECKING:
    from engine.evaluators.sweeps import SweepResult
    from engine.model.forward import Forward


def find(
    store: Store,
    load: Callable[[], "Forward"],
    config: FinderConfig,
    digest: str,
    progress: Progress,
) -> None:
    """Find vectors and store them; a search that was stopped goes on where it was.

    Args:
        store: Takes the vectors.
        load: Gives the door to the model.
        config: The search.
        digest: Name of the record.
        progress: Called after every step; may raise to stop.

    Raises:
        EngineError: For everything the user can mend.
    """
    door = load()
    from engine import finders
    from engine.store.steps import Steps

    began, identity = time.monotonic(), door.loaded.identity()
    partial = store.partial(digest)
    with Steps(partial) as steps:
        found = finders.find(door, config, progress, steps)
    store.save_vectors(
        VectorSet(
            digest=digest,
            method=config.method,
            vectors=found.vectors.float().numpy(),
            sites=found.sites,
            scores=found.scores,
            history=found.history,
            config=configs.as_json(config),
            model=identity,
            residual_norms=found.residual_norms,
            provenance=provenance.since(began, identity),
            notes=found.notes,
        )
    )
    partial.discard()


def evaluate(
    store: Store,
    load: Callable[[], "Forward"],
    questions: QuestionSet,
    config: EvaluateConfig,
    digest: str,
    progress: Progress,
) -> None:
    """Ask all questions and store the answers; a stopped sweep goes on where it was.

    Args:
        store: Holds the vectors, takes the answers, and meanwhile what there is of them.
        load: Gives the door to the model.
        questions: What to ask.
        config: The sweep.
        digest: Name of the record.
        progress: Called after every question; may raise to stop.

    Raises:
        EngineError: For everything the user can mend.
    """
    sets = [store.load_vectors(ref.digest) for ref in config.vectors]
    door = load()
    from engine.evaluators import sweeps

    maker = _Maker(digest, questions, config, sets, door.loaded.identity())

    def show(result: "SweepResult", count: int) -> None:
        # Where the disk refuses, the sweep itself will say so.
        with suppress(StoreError):
            unfinished.save(store, maker.so_far(result, count))

    partial = store.partial(digest)
    result = sweeps.run(door, config, sets, questions.questions, progress, partial, show)
    store.save_evaluation(maker.whole(result))
    partial.discard()


@dataclass(frozen=True)
class _Maker:
    """Makes the record of a sweep from what it gave."""

    digest: str
    questions: QuestionSet
    config: EvaluateConfig
    sets: list[VectorSet]
    identity: dict[str, Any]
    began: float = field(default_factory=time.monotonic)

    def whole(self, result: "SweepResult") -> Evaluation:
        return Evaluation(
            digest=self.digest,
            frame=result.frame,
            questions=self.questions,
            config=configs.as_json(self.config),
            model={**self.identity, "answers": result.answers},
            vector_names={found.digest: found.described() for found in self.sets},
            provenance=provenance.since(self.began, self.identity),
            notes=(*self.questions.notes, *result.notes),
        )

    def so_far(self, result: "SweepResult", count: int) -> Evaluation:
        """Of a part that holds the first `count` questions."""
        asked = dataclasses.replace(self.questions, questions=self.questions.questions[:count])
        return dataclasses.replace(self.whole(result), questions=asked, unfinished=True)


def generate(
    store: Store,
    load: Callable[[], "Forward"],
    config: GenerateConfig,
    digest: str,
    progress: Progress,
) -> None:
    """Write all texts of a grid and store them; a stopped grid goes on where it was.

    Args:
        store: Holds the vectors, takes the texts.
        load: Gives the door to the model.
        config: The grid.
        digest: Name of the record.
        progress: Called after every token; may raise to stop.

    Raises:
        EngineError: For everything the user can mend.
    """
    sets = {name: store.load_vectors(name) for name in config.digests}
    door = load()
    from engine.evaluators import generation

    began, identity = time.monotonic(), door.loaded.identity()
    partial = store.partial(digest)
    result = generation.run(door, config, sets, progress, partial)
    store.save_generation(
        Generation(
            digest=digest,
            frame=result.frame,
            config=configs.as_json(config),
            model=identity,
            side_effects=result.side_effects,
            vector_names={name: found.described() for name, found in sets.items()},
            provenance=provenance.since(began, identity),
            notes=result.notes,
        )
    )
    partial.discard()
