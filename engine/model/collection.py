"""Keeps Python's garbage collection short while a model is in memory. Knows nothing of models.

A page of the dashboard collects all garbage after every run. That stops every thread while it walks
each object of torch, transformers and the model, none of which is garbage.
"""

import functools
import gc
import threading
import time

EVERY = 0.2
"""Seconds between two times that new objects are set aside."""
WHOLE = 30.0
"""Seconds between two walks over everything: what is set aside may become garbage later."""
GROWN = 20_000
"""New objects without which such a walk is left out: a machine that rests is let rest."""
_walking = threading.Lock()
_is_kept_short = threading.Event()


def set_aside() -> None:
    """What is there now is not walked any more; `walk` finds what of it has become garbage."""
    with _walking:
        gc.freeze()


@functools.cache
def keep_short() -> None:
    """From now on set aside, time and again, what this process makes; for one that serves pages."""
    _is_kept_short.set()
    threading.Thread(target=_keep_short, name="collection", daemon=True).start()


def _keep_short() -> None:
    walked, left = time.monotonic(), 0
    while True:
        time.sleep(EVERY)
        set_aside()
        if time.monotonic() - walked < WHOLE:
            continue
        if abs(gc.get_freeze_count() - left) > GROWN:
            walk()
            left = gc.get_freeze_count()
        walked = time.monotonic()


def walk() -> None:
    """Collect all garbage, also what was set aside."""
    with _walking:
        gc.unfreeze()
        gc.collect()
        if _is_kept_short.is_set():
            gc.freeze()


def collect() -> None:
    """Collect what has just become garbage, even if it was set aside a moment ago."""
    if _is_kept_short.is_set():
        walk()
    else:
        gc.collect()
