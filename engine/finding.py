"""One search from its config to the stored record; the engine's part that knows both."""

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from engine import config as configs
from engine import provenance
from engine.config import FinderConfig
from engine.progress import Progress
from engine.records import VectorSet
from engine.store import Store

if TYPE_CHECKING:
    from engine.forward import Forward


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
    from engine.steps import Steps

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
