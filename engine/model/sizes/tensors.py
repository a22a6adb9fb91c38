"""How many numbers the weights of a model's folder hold, from the headers of its files alone.

Knows nothing of torch, of memory and of what the numbers are.
"""

import functools
import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open

from engine.errors import ModelError
from engine.model import hashing, model_files
from engine.model.hashing import Stamp

BYTES = {"F64": 8, "F32": 4, "F16": 2, "BF16": 2, "I64": 8, "I32": 4, "I16": 2, "I8": 1, "U8": 1}
"""Of one number, by its type in a header; others take one byte each, as far as they are known."""
FLOATS = ("F64", "F32", "F16", "BF16")
"""Types that loading turns into the precision that is asked for."""
DECLARED = {"float64": 8, "float32": 4, "float16": 2, "bfloat16": 2}
"""Bytes of one number, by the type that a configuration declares."""
HEAD, WORDS = "lm_head.weight", "embed_tokens.weight"


@dataclass(frozen=True, kw_only=True)
class Tensors:
    """What a checkpoint holds."""

    numbers: int
    """Parameters that loading turns into the precision that is asked for."""
    others: int
    """Bytes of all that keeps its type."""
    files: int
    """Bytes of weights on disk."""
    is_counted: bool
    """False where the files have no header, so that their size alone tells."""
    packed: str | None
    """The method by which they are quantised, which `numbers` cannot tell; None where not."""


def in_folder(folder: Path) -> Tensors:
    """The tensors of a Hugging Face folder.

    Raises:
        ModelError: If a file that an index names is missing, or a header cannot be read.
    """
    config = _settings(folder)
    files = [one for one in model_files.weights(folder) if one.suffix != ".json"]
    size = sum(hashing.stamp(one).size for one in files)
    packed = _method(config)
    if any(one.suffix != ".safetensors" for one in files):
        each = DECLARED.get(str(_declared(config, "dtype", "torch_dtype")), 4)
        return Tensors(numbers=size // each, others=0, files=size, is_counted=False, packed=packed)
    found = {name: entry for one in files for name, entry in _header(hashing.stamp(one)).items()}
    kept = [entry for name, entry in found.items() if not _is_copy(name, found, config)]
    return Tensors(
        numbers=sum(count for kind, count in kept if kind in FLOATS),
        others=sum(count * BYTES.get(kind, 1) for kind, count in kept if kind not in FLOATS),
        files=size,
        is_counted=True,
        packed=packed,
    )


@functools.lru_cache(maxsize=512)
def _header(one: Stamp) -> Mapping[str, tuple[str, int]]:
    """Type and count of numbers of every tensor in a file, by name."""
    try:
        with safe_open(one.path, framework="numpy") as file:
            return {name: _entry(file.get_slice(name)) for name in file.keys()}  # noqa: SIM118
    except (OSError, SafetensorError) as error:
        name = Path(one.path).name
        raise ModelError(f"{name} is damaged or cut off: copy it anew.") from error


def _entry(tensor: Any) -> tuple[str, int]:
    return str(tensor.get_dtype()), math.prod(tensor.get_shape())


def _is_copy(name: str, found: Mapping[str, Any], config: dict[str, Any]) -> bool:
    """Whether a head was stored although it is the table of words, of which memory has one."""
    is_tied = config.get("tie_word_embeddings") is True
    return is_tied and name.endswith(HEAD) and any(one.endswith(WORDS) for one in found)


def _settings(folder: Path) -> dict[str, Any]:
    try:
        found = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _method(config: dict[str, Any]) -> str | None:
    for place in _places(config):
        found = place.get("quantization_config")
        if isinstance(found, dict):
            return str(found.get("quant_method") or "an unnamed method")
    return None


def _declared(config: dict[str, Any], *names: str) -> Any:
    return next((p[name] for p in _places(config) for name in names if p.get(name)), None)


def _places(config: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The configuration, and that of the text model within it."""
    yield config
    inner = config.get("text_config")
    if isinstance(inner, dict):
        yield inner


def shape(folder: Path) -> tuple[int | None, int | None]:
    """Blocks and width as a folder declares them, None where it does not."""
    config = _settings(folder)
    blocks = _declared(config, "num_hidden_layers", "n_layer")
    width = _declared(config, "hidden_size", "n_embd")
    return (
        blocks if isinstance(blocks, int) else None,
        width if isinstance(width, int) else None,
    )
