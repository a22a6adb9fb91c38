"""How many bytes of tensors are alive at once while something runs."""

import gc
from collections.abc import Callable

import numpy as np
import torch


def peak(work: Callable[[], object]) -> int:
    """The largest sum of what torch's CPU allocator gave and did not get back meanwhile.

    Also what operations take and free within themselves; not numpy's arrays. The collector rests:
    what only it would free counts, and what was left from before does not.
    """
    cpu = torch.profiler.ProfilerActivity.CPU
    gc.collect()
    gc.disable()
    try:
        with torch.profiler.profile(activities=[cpu], profile_memory=True) as profiler:
            work()
    finally:
        gc.enable()
    found = profiler.profiler.kineto_results.events()
    events = sorted((e.start_ns(), e.nbytes()) for e in found if e.name() == "[memory]")
    return int(np.cumsum([size for _, size in events]).max(initial=0))
