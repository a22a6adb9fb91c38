"""Keeps the memory that a pass on the CPU frees for the next pass, where the C library allows it.

glibc gives large blocks back to the system as they are freed, so that every activation is mapped
and zeroed anew: on two cores that took a third of a sweep. Knows nothing of models.
"""

import ctypes
import functools
from typing import Any

TRIM_THRESHOLD, MMAP_THRESHOLD, ARENA_MAX = -1, -3, -8
"""Names of glibc's `mallopt` for its parameters."""
LARGEST = 2**30
"""Bytes; larger blocks are mapped and given back one by one as before."""


@functools.cache
def _glibc() -> Any:
    try:
        library = ctypes.CDLL("libc.so.6")
        return library if hasattr(library, "mallopt") and hasattr(library, "malloc_trim") else None
    except OSError:
        return None


@functools.cache
def keep_freed() -> bool:
    """Let this process keep what it frees; whether the C library can do so."""
    library = _glibc()
    if library is None:
        return False
    # The pages of one arena serve all threads; those of a worker's own are unmapped when empty.
    settings = ((ARENA_MAX, 1), (MMAP_THRESHOLD, LARGEST), (TRIM_THRESHOLD, LARGEST))
    return all(bool(library.mallopt(name, value)) for name, value in settings)


def give_back() -> None:
    """Return what is free now, as after a model was unloaded."""
    library = _glibc()
    if library is not None:
        library.malloc_trim(0)
