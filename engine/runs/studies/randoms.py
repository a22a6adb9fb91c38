"""The random vectors beside a study's own: drawn alike, and p of a figure among theirs."""

from collections.abc import Sequence
from typing import Any

from engine.configs.core import ModelConfig
from engine.configs.finders import RandomConfig
from engine.progress import Progress
from engine.runs.engine import Engine
from engine.statistics.nulls import MIN_CONTROLS


def drawn(
    engine: Engine,
    model: ModelConfig,
    block: int,
    norm: float,
    count: int,
    seed: int,
    progress: Progress,
) -> str:
    """Digest of so many random vectors of one norm at the output of a block."""
    config = RandomConfig(
        model=model,
        source_layer=block,
        vectors=count,
        # Rounded: its last bits depend on the threads of the run that found the vector.
        norm=float(f"{norm:.5g}"),
        seed=seed,
    )
    return engine.run(config, progress)


def p_value(share: float, null: Sequence[float]) -> dict[str, Any]:
    """One-sided p of a share among those of its random vectors, with their count.

    None below `MIN_CONTROLS` of them: a p of so few could not fall below one in twenty.
    """
    above = sum(value >= share for value in null)
    is_enough = len(null) >= MIN_CONTROLS
    return {"p": (1 + above) / (1 + len(null)) if is_enough else None, "controls": len(null)}
