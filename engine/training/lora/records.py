"""What lies in the folder of a training: the adapter's record, and how far an unfinished one is.

Knows nothing of torch, so that a screen can follow a training.
"""

import dataclasses
import json
import time
from pathlib import Path
from typing import Any

from engine.errors import ConfigError
from engine.records import strict
from engine.store.files import UNREADABLE, write_atomically

RECORD = "vectorscope.json"
"""Provenance, beside the adapter's own files."""
CHECKPOINT = ".checkpoint"
LIVE = "live.json"
"""Below `CHECKPOINT`: how far the training is. Gone when it is done."""
LIVE_SECONDS = 0.5
"""Between two writes of it, at least."""


def is_trained(folder: Path, digest: str) -> bool:
    """Whether the folder already holds this training.

    Raises:
        ConfigError: If it holds something else.
    """
    if not (folder / "adapter_config.json").exists():
        return False
    record = read_record(folder)
    if record is None or record.get("digest") != digest:
        raise ConfigError(f"{folder} already holds another adapter: choose another folder.")
    return True


def refuse_another(folder: Path, digest: str) -> None:
    """Refuse a folder in which another training was stopped.

    Raises:
        ConfigError: If its checkpoint is not of `digest`.
    """
    live = read_live(folder)
    if live is not None and live.digest != digest:
        raise ConfigError(
            f"{folder} holds a checkpoint of another training: choose another folder, or remove "
            f"{CHECKPOINT} in it."
        )


def read_record(folder: Path) -> dict[str, Any] | None:
    """The record of a finished training; None where there is none."""
    return _read(folder / RECORD)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Live:
    """How far an unfinished training is."""

    digest: str
    config: dict[str, Any]
    steps: int
    """How many there will be."""
    losses: list[float]
    """One per step so far."""
    looks: list[dict[str, Any]]
    """Sample answers, each with the step at which it was taken."""
    notes: list[str]


def read_live(folder: Path) -> Live | None:
    """How far the training in this folder is; None if none is unfinished."""
    found = _read(folder / CHECKPOINT / LIVE)
    names = {field.name for field in dataclasses.fields(Live)}
    if found is None or not names <= found.keys():
        return None
    return Live(**{name: found[name] for name in names})


class LiveFile:
    """Writes where a training is, so that a screen in any process can follow it."""

    def __init__(self, folder: Path) -> None:
        """Write into the checkpoint of this folder."""
        self._path = folder / CHECKPOINT / LIVE
        self._written = 0.0

    def write(self, live: Live, at_once: bool = False) -> None:
        """Write by rename, unless the last time was less than half a second ago."""
        now = time.monotonic()
        if at_once or now - self._written >= LIVE_SECONDS:
            write_atomically(self._path, strict.dumps(dataclasses.asdict(live)).encode())
            self._written = now


def _read(path: Path) -> dict[str, Any] | None:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except UNREADABLE:
        return None
    return found if isinstance(found, dict) else None
