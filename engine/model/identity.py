"""Which weights a name stands for, and a fingerprint of them, without loading anything.

Knows nothing of torch, so that a digest can be computed before a model is in memory.
"""

import functools
import hashlib
import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from engine.configs.core import PRESETS, ModelConfig
from engine.errors import ModelError

DEMO_ADAPTER = "data/demo/adapter"
_WHOLE_FILE = 64 * 2**20


@dataclass(frozen=True, kw_only=True)
class ModelSource:
    """Where a model's and an adapter's files are."""

    name: str
    """As the user named it."""
    location: str
    """Absolute folder, or hub id."""
    is_local: bool
    revision: str | None
    fingerprint: str
    """Of the local files; the hub id and revision otherwise."""
    adapter_name: str | None = None
    adapter: str | None = None
    adapter_fingerprint: str | None = None

    def as_dict(self) -> dict[str, Any]:
        """What records and digests hold of it: no path of this machine."""
        return {
            "name": self.name if self.is_local is False or self.name in PRESETS else self._tail,
            "revision": self.revision,
            "fingerprint": self.fingerprint,
            "adapter": self.adapter_name and self.adapter_name.rstrip("/").split("/")[-1],
            "adapter_fingerprint": self.adapter_fingerprint,
        }

    @property
    def _tail(self) -> str:
        return self.location.rstrip("/").split("/")[-1]


def resolve(config: ModelConfig, root: Path) -> ModelSource:
    """Find the files of a model and its adapter, or say what is missing.

    Raises:
        ModelError: If a named folder or its weights do not exist.
    """
    location, is_local = _locate(config.model, root)
    adapter = adapter_print = None
    if config.adapter is not None:
        adapter, adapter_is_local = _locate_adapter(config.adapter, root)
        adapter_print = folder_fingerprint(adapter) if adapter_is_local else adapter
    return ModelSource(
        name=config.model,
        location=location,
        is_local=is_local,
        revision=None if is_local else _cached_revision(location),
        fingerprint=folder_fingerprint(location) if is_local else location,
        adapter_name=config.adapter,
        adapter=adapter,
        adapter_fingerprint=adapter_print,
    )


def _locate(name: str, root: Path) -> tuple[str, bool]:
    if name in PRESETS:
        preset = PRESETS[name]
        if not preset.is_local:
            return preset.location, False
        return str(_checked_folder(root / preset.location, name)), True
    folder = Path(name).expanduser()
    if folder.is_dir():
        return str(_checked_folder(folder.resolve(), name)), True
    looks_like_path = name.startswith((".", "/", "~")) or name.count("/") != 1
    if looks_like_path or folder.exists():
        known = ", ".join(PRESETS)
        raise ModelError(
            f"Model {name!r} was not found: give a preset ({known}), a hub id like "
            "Qwen/Qwen3-14B, or a folder that holds config.json and weights."
        )
    return name, False


def _checked_folder(folder: Path, name: str) -> Path:
    if not (folder / "config.json").is_file():
        raise ModelError(f"Model folder {name} has no config.json: is it a Hugging Face folder?")
    if not _weights(folder):
        raise ModelError(
            f"Model folder {name} has no weights: it needs *.safetensors beside config.json."
        )
    return folder


def _locate_adapter(name: str, root: Path) -> tuple[str, bool]:
    folder = root / DEMO_ADAPTER if name == "demo" else Path(name).expanduser()
    if folder.is_dir():
        if not (folder / "adapter_config.json").is_file():
            raise ModelError(
                f"Adapter folder {name} has no adapter_config.json: it is not a PEFT adapter."
            )
        return str(folder.resolve()), True
    if name.startswith((".", "/", "~")) or name.count("/") != 1:
        raise ModelError(
            f"Adapter {name!r} was not found: give a folder saved by PEFT, or a hub id."
        )
    return name, False


def is_demo(source: ModelSource, root: Path) -> bool:
    """Whether a model's own files, its adapter apart, are the demo model's, whatever their name."""
    demo = root / PRESETS["demo"].location
    return source.is_local and source.fingerprint == folder_fingerprint(str(demo))


def declared_blocks(source: ModelSource) -> int | None:
    """How many blocks a local model's configuration declares; None where it is not at hand."""
    if not source.is_local:
        return None
    declared = json.loads((Path(source.location) / "config.json").read_text(encoding="utf-8"))
    count = declared.get("num_hidden_layers") or declared.get("n_layer")
    return int(count) if count else None


def _weights(folder: Path) -> list[Path]:
    return sorted([*folder.glob("*.safetensors"), *folder.glob("*.bin")])


def _cached_revision(hub_id: str) -> str | None:
    home = Path(os.environ.get("HF_HOME", "~/.cache/huggingface")).expanduser()
    pointer = home / "hub" / f"models--{hub_id.replace('/', '--')}" / "refs" / "main"
    return pointer.read_text().strip() if pointer.is_file() else None


def folder_fingerprint(folder: str) -> str:
    """Sixteen hex digits over configuration, tokenizer and weights of a local folder."""
    names = ("config.json", "adapter_config.json", "tokenizer.json", "tokenizer_config.json")
    files = [Path(folder) / n for n in names if (Path(folder) / n).is_file()]
    files += _weights(Path(folder))
    return _fingerprint(tuple((str(f), f.stat().st_size, f.stat().st_mtime_ns) for f in files))


@functools.lru_cache(maxsize=32)
def _fingerprint(files: tuple[tuple[str, int, int], ...]) -> str:
    total = hashlib.sha256()
    for path, size, _ in files:
        total.update(f"{Path(path).name}:{size};".encode())
        with Path(path).open("rb") as handle:
            # A shard of many gigabytes is known by its header and its first tensors.
            total.update(handle.read(_WHOLE_FILE))
    return total.hexdigest()[:16]
