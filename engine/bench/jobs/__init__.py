"""The measured jobs, each in the study's way and in ours, by name.

Knows nothing of clocks and of how the figures are shown.
"""

from collections.abc import Callable

from engine.bench.jobs.extraction import contrastive, finetune_diff
from engine.bench.jobs.finders import iteration, melbo, to_displacement, to_residual
from engine.bench.jobs.generation import grid
from engine.bench.jobs.sweep import both_orders, one_order
from engine.bench.jobs.training import lora
from engine.bench.setting import Job, Setting

JOBS: dict[str, Callable[[Setting], Job]] = {
    "melbo": melbo,
    "power-iteration": iteration,
    "to-displacement": to_displacement,
    "to-residual": to_residual,
    "contrastive": contrastive,
    "finetune-diff": finetune_diff,
    "ab-one": one_order,
    "ab-both": both_orders,
    "generation": grid,
    "lora": lora,
}
"""In the order in which they are run and shown."""
