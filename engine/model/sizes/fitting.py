"""What loading a model takes, beside what is free: an estimate from headers, made in no time.

Knows nothing of torch and of screens.
"""

from dataclasses import dataclass
from pathlib import Path

from engine.configs.core import ModelConfig
from engine.model.identity import locate
from engine.model.sizes import tensors
from engine.model.sizes.free import Memory

NUMBER = {"float32": 4, "bfloat16": 2, "float16": 2}
"""Bytes of a parameter by precision."""
WORK = 1.2
"""Peak of loading, finding, evaluating and generating over the weights alone, where batches begin
as large as memory allows: 1.19 with random weights of Llama-3.2-3B's shape, as
`tests.engine.bench_memory` measures. Files that are mapped meanwhile are given back on demand."""


@dataclass(frozen=True, kw_only=True)
class Size:
    """Of one model in one precision."""

    parameters: int | None
    """None where the weights are packed, so that nothing but their bytes is known."""
    is_counted: bool
    """False where it was guessed from the size of files that have no header."""
    precision: str
    weights: int
    """Bytes in memory; of packed ones their files', which is the least."""
    packed: str | None
    """The method by which the checkpoint is quantised."""
    blocks: int | None
    width: int | None

    @property
    def needed(self) -> int:
        """Bytes that must be free to load it and work with it."""
        return int(WORK * self.weights)


def precision(dtype: str, is_gpu: bool) -> str:
    """The precision that a config's word stands for."""
    return {True: "bfloat16", False: "float32"}[is_gpu] if dtype == "auto" else dtype


def size(config: ModelConfig, root: Path, memory: Memory) -> Size | None:
    """What a model takes; None where its files are not on this machine.

    Args:
        config: Which model, in which precision; adapters take little and are not counted.
        root: Repository root, where presets lie.
        memory: Where it would go, which decides the precision "auto".

    Raises:
        ModelError: If it cannot be found, or a file of it is missing, damaged or cut off.
    """
    found = locate(config, root)
    if found.folder is None:
        return None
    folder = Path(found.folder)
    held = tensors.in_folder(folder)
    asked = precision(config.dtype, memory.is_gpu)
    blocks, width = tensors.shape(folder)
    return Size(
        parameters=None if held.packed else held.numbers,
        is_counted=held.is_counted,
        precision=asked,
        weights=held.files if held.packed else NUMBER[asked] * held.numbers + held.others,
        packed=held.packed,
        blocks=blocks,
        width=width,
    )
