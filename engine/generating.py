"""One generation grid from its config to the stored record; the engine's part that knows both."""

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from engine import config as configs
from engine import provenance
from engine.generation_configs import GenerateConfig
from engine.generation_records import Generation
from engine.progress import Progress
from engine.store import Store

if TYPE_CHECKING:
    from engine.forward import Forward


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
