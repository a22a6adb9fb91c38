"""One A/B sweep from its config to the stored record; the engine's part that knows both."""

import dataclasses
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from engine import config as configs
from engine import provenance, unfinished
from engine.config import EvaluateConfig
from engine.errors import StoreError
from engine.progress import Progress
from engine.records import Evaluation, QuestionSet, VectorSet
from engine.store import Store

if TYPE_CHECKING:
    from engine.evaluators.sweeps import SweepResult
    from engine.forward import Forward


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
