"""What loading a model takes, beside what is free: an estimate from headers, made in no time.

Knows nothing of torch and of screens.
"""

from dataclasses import dataclass
from pathlib import Path

from engine.configs.core import PRESETS, ModelConfig
from engine.model import hashing
from engine.model.identity import Located, locate
from engine.model.sizes import gguf_table, tensors
from engine.model.sizes.free import Memory

NUMBER = {"float32": 4, "bfloat16": 2, "float16": 2}
"""Bytes of a parameter by precision."""
WORK = 1.2
"""Peak of loading, finding, evaluating and generating over the weights alone, where batches begin
as large as memory allows: 1.19 with random weights of Llama-3.2-3B's shape, as
`tests.engine.bench_memory` measures. Files that are mapped meanwhile are given back on demand."""


PARAMETERS = {"smollm2": 134_515_008, "qwen3-14b": 14_768_307_200, "llama-3.2-3b": 3_212_749_824}
"""Of presets, before their files are here: as their published configurations make them."""


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
    """The method by which the checkpoint is quantised, where it is not unpacked beforehand."""
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
    """What a model takes; None where its files are not on this machine and it is no preset.

    Args:
        config: Which model, in which precision; adapters take little and are not counted.
        root: Repository root, where presets lie.
        memory: Where it would go, which decides the precision "auto".

    Raises:
        ModelError: If it cannot be found, or a file of it is missing, damaged or cut off.
    """
    asked = precision(config.dtype, memory.is_gpu)
    found = locate(config, root)
    if found.folder is None:
        return _plain(config.model, found, asked)
    held = tensors.in_folder(Path(found.folder))
    blocks, width = tensors.shape(Path(found.folder))
    return Size(
        parameters=None if held.packed else held.numbers,
        is_counted=held.is_counted,
        precision=asked,
        weights=held.files if held.packed else NUMBER[asked] * held.numbers + held.others,
        packed=held.packed,
        blocks=blocks,
        width=width,
    )


def _plain(name: str, found: Located, asked: str) -> Size | None:
    """A GGUF that is to be unpacked, or a preset that is not here."""
    blocks: int | None
    if name in PARAMETERS:
        numbers, blocks, width = PARAMETERS[name], PRESETS[name].blocks, None
    elif found.gguf is not None:
        numbers, blocks, width = gguf_table.read(hashing.stamp(Path(found.gguf)))
    else:
        return None
    return Size(
        parameters=numbers,
        is_counted=True,
        precision=asked,
        weights=NUMBER[asked] * numbers,
        packed=None,
        blocks=blocks,
        width=width,
    )
