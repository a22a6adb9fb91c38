"""Strips of one text, from what is asked to the request that answers it live.

Knows nothing of screens. Importing it does not import torch.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from engine.configs import core as configs
from engine.configs.reads.strips import StripAsk
from engine.records.strips import Strip
from engine.runs.engine import Engine
from engine.runs.live import Asked, Stop

if TYPE_CHECKING:
    from engine.model.forward import Forward

_turn = threading.Lock()
"""Readings take turns, so that a page's first ones do not all read the neutral prompts. Only live
requests take it, which go before all jobs: none waits for another's turn inside the model."""
LOOK_SECONDS = 0.05


def ask(engine: Engine, asked: StripAsk, is_again: bool = False) -> Asked[list[Strip]]:
    """The request that reads them, one strip a vector; the same for equal asks.

    Args:
        engine: Whose model is asked.
        asked: What is read, with what.
        is_again: Whether one that failed or was stopped is tried again; else it is handed back.

    Raises:
        StoreError: If a vector's set is not there.
    """
    key = f"strips {configs.digest(configs.as_json(asked))}"
    known = engine.live.get(key)
    if known is not None and not is_again:
        return known
    sets = {digest: engine.store.load_vectors(digest) for digest in asked.digests}

    def work(door: "Forward", stop: Stop) -> list[Strip]:
        from engine.evaluators.tokens import asked as answering

        with in_turn(stop):
            return answering.strips(door, asked, sets, stop)

    return engine.live.ask(key, asked.model, work)


@contextmanager
def in_turn(stop: Stop) -> Iterator[None]:
    """Wait for the readings before this one.

    Raises:
        Cancelled: When `stop` raises it.
    """
    while not _turn.acquire(timeout=LOOK_SECONDS):
        stop()
    try:
        yield
    finally:
        _turn.release()
