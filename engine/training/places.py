"""Where trained adapters and built datasets lie, by name, and which ones there are.

Knows nothing of torch or screens.
"""

import json
import re
from pathlib import Path
from typing import Any, NamedTuple

from engine.errors import ConfigError, DataError
from engine.store.files import UNREADABLE
from engine.training.dataset import files
from engine.training.lora.records import CHECKPOINT, LIVE, RECORD, Live, read_live, read_record

ADAPTERS = "results/adapters"
DATASETS = "results/datasets"
LONGEST_NAME = 64
_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?")


class Trained(NamedTuple):
    """One adapter, finished or not."""

    name: str
    folder: Path
    changed: float
    """Seconds since 1970."""
    record: dict[str, Any] | None
    """None while it is unfinished."""
    live: Live | None
    """How far an unfinished one is; None before its first report."""


class Built(NamedTuple):
    """One dataset, finished or not."""

    name: str
    path: Path
    changed: float
    """Seconds since 1970."""
    record: dict[str, Any] | None
    """None while it is unfinished."""


def check_name(name: str) -> str:
    """The name of an adapter or a dataset, without blanks around it.

    Raises:
        ConfigError: If it could lead out of the folder, or be hidden in it.
    """
    name = name.strip()
    if len(name) > LONGEST_NAME or not _NAME.fullmatch(name):
        raise ConfigError(
            f"The name {name[:LONGEST_NAME]!r} cannot be a file's: use up to {LONGEST_NAME} "
            "letters, digits, dots, hyphens and underscores, a letter or digit first and last."
        )
    return name


def adapter_folder(root: Path, name: str) -> Path:
    """The folder of the adapter of that name.

    Raises:
        ConfigError: If the name cannot be one.
    """
    return root / ADAPTERS / check_name(name)


def dataset_file(root: Path, name: str) -> Path:
    """The file of the dataset of that name.

    Raises:
        ConfigError: If the name cannot be one.
    """
    return root / DATASETS / f"{check_name(name)}.json"


def adapters(root: Path) -> list[Trained]:
    """Adapters that were trained or begun, newest first."""
    folders = [path for path in (root / ADAPTERS).glob("*") if _NAME.fullmatch(path.name)]
    found = [_trained(folder) for folder in folders]
    return _newest([one for one in found if one is not None])


def datasets(root: Path) -> list[Built]:
    """Datasets that were built or begun, newest first."""
    folder = root / DATASETS
    whole = [_built(path) for path in folder.glob("*.json") if _NAME.fullmatch(path.stem)]
    begun = [
        Built(path.name[1 : -len(".json.partial")], _target(path), path.stat().st_mtime, None)
        for path in folder.glob(".*.json.partial")
        if not _target(path).exists()
    ]
    return _newest([one for one in whole if one is not None] + begun)


def pairs_of(path: Path) -> list[dict[str, str]]:
    """The rows of a built dataset.

    Raises:
        DataError: If the file is damaged.
    """
    try:
        rows = json.loads(path.read_text(encoding="utf-8"))
        return [{k: str(row[k]) for k in ("question", "honest", "deceptive")} for row in rows]
    except UNREADABLE:
        raise DataError(f"{path.name} cannot be read: it was changed since it was built.") from None


def _trained(folder: Path) -> Trained | None:
    record = read_record(folder) if (folder / "adapter_config.json").is_file() else None
    live = None if record else read_live(folder)
    place = folder / (RECORD if record else f"{CHECKPOINT}/{LIVE}")
    if record is None and live is None:
        return None
    return Trained(folder.name, folder, place.stat().st_mtime, record, live)


def _built(path: Path) -> Built | None:
    # The study's second file and every other one here has no record of its own.
    try:
        record = files.read_record(path)
    except DataError:
        return None
    return Built(path.stem, path, path.stat().st_mtime, record)


def _target(partial: Path) -> Path:
    return partial.with_name(partial.name.removeprefix(".").removesuffix(".partial"))


def _newest(found: list[Any]) -> list[Any]:
    return sorted(found, key=lambda one: one.changed, reverse=True)
