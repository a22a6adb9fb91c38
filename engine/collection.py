"""Keeps Python's garbage collection short while a model is in memory. Knows nothing of models.

A page of the dashboard collects all garbage after every run. That stops every thread while it walks
each object of torch, transformers and the model, none of which is garbage.
"""

import gc
import threading
from collections.abc import Iterator
from contextlib import contextmanager

EVERY = 0.2
"""Seconds between two times that new objects are set aside."""


@contextmanager
def set_aside() -> Iterator[None]:
    """What is made within this context, and all that was there before, is not walked any more.

    It is given back by `gc.unfreeze()`, when the model is unloaded.
    """
    is_over = threading.Event()

    def freeze() -> None:
        while not is_over.wait(EVERY):
            gc.freeze()

    # Importing the libraries takes longest, and it is then that pages are most often drawn.
    helper = threading.Thread(target=freeze, name="set aside", daemon=True)
    helper.start()
    try:
        yield
    finally:
        is_over.set()
        helper.join()
        gc.freeze()
