"""Seconds, peaks of memory and the machine's rate of matrix products.

Knows nothing of jobs.
"""

import gc
import statistics
import time
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field
from itertools import cycle
from pathlib import Path
from typing import Any, Literal

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional

from engine.model import memory

Clock = Literal["wall", "processor"]
"""Seconds that pass, or those that a CPU works for this process."""
RATE_SECONDS = 0.15
"""How long products are repeated for one reading of the rate."""
MOST_ROWS = 4096
"""Rows of a product beyond which no machine here gets faster."""


_clock = time.perf_counter
"""Reads seconds; `processor_time` exchanges it."""


def now(device: torch.device) -> float:
    """Seconds on a clock that waits for the device."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    return _clock()


@contextmanager
def processor_time(device: torch.device) -> Iterator[None]:
    """Within this context a CPU's seconds are those this process works, on one thread.

    What other processes do then moves a ratio little, so that two runs can be compared. Of no
    effect on a GPU.
    """
    global _clock  # noqa: PLW0603  One process has one clock and one number of threads.
    if device.type != "cpu":
        yield
        return
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    _clock = time.process_time
    try:
        yield
    finally:
        _clock = time.perf_counter
        torch.set_num_threads(threads)


def timed(clock: Clock, device: torch.device) -> AbstractContextManager[None]:
    """A context in which seconds are those of a clock."""
    return processor_time(device) if clock == "processor" else nullcontext()


@dataclass(eq=False)
class Laps:
    """Times between the steps of one run."""

    device: torch.device
    marks: list[float] = field(default_factory=list)

    def mark(self, *_: object, **__: object) -> None:
        """A step is over; takes whatever a progress call brings."""
        self.marks.append(now(self.device))

    @property
    def typical(self) -> float:
        """Median seconds between two marks; what lies before the first is set-up."""
        pairs = zip(self.marks[:-1], self.marks[1:], strict=True)
        return statistics.median(end - begin for begin, end in pairs)


@dataclass(eq=False)
class Peak:
    """Most memory that was held at once, beyond what was held before; None where unknown."""

    bytes: int | None = None


@contextmanager
def peak(device: torch.device) -> Iterator[Peak]:
    """Measure what is run within."""
    found = Peak()
    gc.collect()
    if device.type == "cuda":
        torch.cuda.empty_cache()
        torch.cuda.reset_peak_memory_stats(device)
        before = torch.cuda.memory_allocated(device)
        yield found
        found.bytes = torch.cuda.max_memory_allocated(device) - before
        return
    held = _reset_peak()
    yield found
    found.bytes = None if held is None else max(_status("VmHWM") - held, 0)


def _reset_peak() -> int | None:
    """Give free memory back and start the process's peak anew; what it holds now."""
    try:
        memory.give_back()
        Path("/proc/self/clear_refs").write_text("5")
        return _status("VmRSS")
    except OSError:
        # Only Linux keeps a peak that can be started anew.
        return None


def _status(name: str) -> int:
    lines = Path("/proc/self/status").read_text(encoding="utf-8").splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(name + ":"))


Matrices = Sequence[Float[Tensor, "_ _"]]


def matrices(causal: Any, is_head: bool) -> list[Matrices]:
    """The matrices of every block, one after the other, or the head alone."""
    if is_head:
        return [[causal.get_output_embeddings().weight]]
    return [
        [part.weight for part in layer.modules() if isinstance(part, nn.Linear)]
        for layer in causal.model.layers
    ]


def product_rate(groups: Sequence[Matrices], rows: int) -> float:
    """Operations per second in products of a batch of rows with each group's matrices.

    Groups take turns, as they do in a pass: one that is used again at once lies in a cache still.

    Args:
        groups: Of matrices that are timed together.
        rows: Of the batch; at most `MOST_ROWS`.
    """
    rows, first = max(1, min(rows, MOST_ROWS)), groups[0][0]
    widths = {weight.shape[1] for group in groups for weight in group}
    inputs = {w: torch.randn(rows, w, device=first.device).to(first.dtype) for w in widths}
    best, begun = 0.0, now(first.device)
    with torch.inference_mode():
        for group in cycle(groups):
            start = now(first.device)
            for weight in group:
                functional.linear(inputs[weight.shape[1]], weight)
            flops = sum(2.0 * rows * weight.numel() for weight in group)
            best = max(best, flops / max(now(first.device) - start, 1e-9))
            if now(first.device) - begun >= RATE_SECONDS:
                return best
    raise ValueError("There is no matrix to multiply with.")
