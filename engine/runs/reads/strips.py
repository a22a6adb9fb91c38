"""Strips of one text, from what is asked to the work that the model's thread does.

Knows nothing of who waits for them. Importing it does not import torch.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING

from engine.configs.reads.strips import StripAsk
from engine.records.strips import Strip
from engine.runs.engine import Engine

if TYPE_CHECKING:
    from engine.model.forward import Forward


def work(engine: Engine, asked: StripAsk) -> Callable[["Forward", Callable[[], None]], list[Strip]]:
    """What reads the strips, given the door and what is called between passes to stop.

    Raises:
        StoreError: If a vector's set is not there.
    """
    sets = {digest: engine.store.load_vectors(digest) for digest in asked.digests}

    def read(door: "Forward", check: Callable[[], None]) -> list[Strip]:
        from engine.evaluators.tokens import asked as answering

        return answering.strips(door, asked, sets, check)

    return read
