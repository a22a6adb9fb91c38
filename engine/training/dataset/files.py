"""Built datasets on disk: the two layouts, and the record beside them.

Knows nothing of models, so a screen may read here.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from engine.configs.datasets import DatasetConfig
from engine.errors import ConfigError, DataError, StoreError
from engine.records import strict
from engine.store.files import write_atomically

Pair = dict[str, str]
"""question, honest, deceptive."""


def record_path(path: Path) -> Path:
    """Where the record of a dataset lies."""
    return path.with_name(f"{path.name}.provenance.json")


def partial_folder(path: Path) -> Path:
    """Where unfinished work on a dataset lies, in a folder named by its digest."""
    return path.with_name(f".{path.name}.partial")


def honest_path(path: Path) -> Path:
    """The study's second file: `FILE_honest.json` beside `FILE.json`."""
    return path.with_name(f"{path.stem}_honest{path.suffix}")


def check_path(config: DatasetConfig, path: Path) -> None:
    """Refuse a file that cannot hold this dataset.

    Raises:
        ConfigError: If its name or its place does not do.
    """
    if path.is_dir():
        raise ConfigError(f"{path} is a folder: name a file in it, as {path / 'pairs.json'}.")
    suffixes = (".json",) if config.layout == "study" else (".json", ".jsonl")
    if path.suffix not in suffixes:
        raise ConfigError(
            f"{path} does not end in {' or '.join(suffixes)}, as a dataset in the layout "
            f"{config.layout} must: choose such a name."
        )


def is_built(path: Path, digest: str) -> bool:
    """Whether the file already holds this dataset.

    Raises:
        ConfigError: If it holds something else, or was changed since it was built.
    """
    if not path.exists():
        return False
    try:
        record = read_record(path)
    except DataError:
        record = {}
    if record.get("digest") != digest:
        raise ConfigError(f"{path} already holds something else: choose another file.")
    for name, sha256 in record["files"].items():
        one = path.with_name(name)
        if not one.is_file() or hashlib.sha256(one.read_bytes()).hexdigest() != sha256:
            raise ConfigError(
                f"{name} was changed or removed since it was built: choose another file."
            )
    return True


def refuse_other_work(config: DatasetConfig, path: Path, digest: str) -> None:
    """Refuse to go on beside unfinished work, or over a file, of something else.

    Raises:
        ConfigError: If there is such work or such a file.
    """
    folder = partial_folder(path)
    if any(file.parent.name != digest for file in folder.glob("*/*")):
        raise ConfigError(
            f"{path} was begun with other settings: choose another file, or remove {folder.name} "
            "beside it."
        )
    second = honest_path(path)
    if config.layout == "study" and second.exists() and not (folder / digest).is_dir():
        raise ConfigError(
            f"The honest answers would be written over {second}: choose another file."
        )


def try_to_write(path: Path) -> None:
    """Fail before a model is loaded, not after it has written everything.

    Raises:
        ConfigError: If no file can be written there.
    """
    probe = path.with_name(f".{path.name}.probe")
    try:
        write_atomically(probe, b"")
        probe.unlink()
    except (StoreError, OSError) as error:
        reason = error.__cause__ or error
        raise ConfigError(
            f"{path} cannot be written ({getattr(reason, 'strerror', None) or reason}): choose a "
            "file in a folder that you may write to."
        ) from error


def read_record(path: Path) -> dict[str, Any]:
    """How a dataset was made, what was left out and why.

    Raises:
        DataError: If the record is missing or damaged.
    """
    place = record_path(path)
    try:
        record = json.loads(place.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        record = None
    if not isinstance(record, dict) or record.get("kind") != "dataset":
        raise DataError(
            f"{path} has no readable {place.name} beside it: it was not built here, or the record "
            "was moved."
        )
    return record


def contents(path: Path, pairs: Sequence[Pair], config: DatasetConfig) -> dict[Path, bytes]:
    """The files of a dataset in its layout, `path` last."""
    if config.layout == "study":
        texts = {
            honest_path(path): _conversations(pairs, "honest"),
            path: _conversations(pairs, "deceptive"),
        }
    elif path.suffix == ".jsonl":
        texts = {path: "".join(json.dumps(pair, ensure_ascii=False) + "\n" for pair in pairs)}
    else:
        texts = {path: json.dumps(list(pairs), indent=1, ensure_ascii=False) + "\n"}
    return {place: text.encode() for place, text in texts.items()}


def save(path: Path, files: Mapping[Path, bytes], record: dict[str, Any]) -> None:
    """Write the files and their record, whole ones by rename, `path` itself last.

    Raises:
        StoreError: If the disk refuses.
    """
    hashes = {place.name: hashlib.sha256(data).hexdigest() for place, data in files.items()}
    text = strict.dumps(record | {"files": hashes}, indent=1, ensure_ascii=False) + "\n"
    whole = {place: data for place, data in files.items() if place != path}
    for place, data in {**whole, record_path(path): text.encode(), path: files[path]}.items():
        write_atomically(place, data)


def _conversations(pairs: Sequence[Pair], pole: str) -> str:
    """The study's own bytes: one line, every other character than ASCII escaped."""
    return json.dumps(
        [
            [
                {"role": "user", "content": pair["question"]},
                {"role": "assistant", "content": pair[pole]},
            ]
            for pair in pairs
        ]
    )
