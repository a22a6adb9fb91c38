"""The files that loading a model or an adapter reads, and a fingerprint of their whole content.

Knows nothing of names, hubs or torch.
"""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from engine.errors import ModelError
from engine.model import hashing
from engine.model.hashing import Stamp
from engine.progress import Progress, silent

SETTINGS = frozenset(
    (".json", ".jinja", ".model", ".txt", ".tiktoken", ".vocab", ".bpe", ".codes", ".spm")
)
"""Endings of configurations, tokenizers and templates."""
NEVER_READ = (
    "readme", "licen", "notice", "use_policy", "requirements", "trainer_state", "training_args",
    "all_results", "train_results", "eval_results", "optimizer", "scheduler",
)  # fmt: skip
"""Beginnings of files that lie beside a model and that no loader opens."""
GGUF = ".gguf"
"""Ending of a file that is a model by itself."""
TEMPLATES = "additional_chat_templates"
INDEX = ".index.json"
ENDINGS = (".safetensors", ".bin")
"""Of weights; the first that are there are loaded."""
ADAPTER = (
    "adapter_config.json", "tokenizer.json", "tokenizer_config.json", "special_tokens_map.json",
    "added_tokens.json", "chat_template.jinja",
)  # fmt: skip
"""What an adapter's folder may hold beside its weights; its base's own are read elsewhere."""


@dataclass(frozen=True, kw_only=True)
class Contents:
    """The files of one folder as they were when they were hashed."""

    folder: str
    is_adapter: bool
    stamps: tuple[Stamp, ...]
    fingerprint: str
    """Sixteen hex digits over the names and whole contents of the files."""

    def changed(self) -> tuple[str, ...]:
        """Names of files that are other ones now, came or went; by `stat` alone, so it is cheap."""
        folder = Path(self.folder)
        try:
            now = {hashing.stamp(path) for path in _files(folder, self.is_adapter)}
        except (ModelError, OSError):
            now = set()
        differing = {one.path for one in now ^ set(self.stamps)}
        return tuple(sorted(_name(Path(path), folder) for path in differing))


def contents(
    folder: Path, cache: Path, progress: Progress = silent, *, is_adapter: bool = False
) -> Contents:
    """Read all files of a folder that loading would read, or one file; see `hashing.hashes`.

    Raises:
        ModelError: If a file that is named is missing, or one cannot be read.
    """
    folder = folder.absolute()
    stamps = tuple(hashing.stamp(path) for path in _files(folder, is_adapter))
    total = hashlib.sha256()
    for one, value in zip(stamps, hashing.hashes(stamps, cache, progress), strict=True):
        total.update(_line(one, folder, value))
    return Contents(
        folder=str(folder),
        is_adapter=is_adapter,
        stamps=stamps,
        fingerprint=total.hexdigest()[:16],
    )


def known(path: Path, cache: Path) -> str | None:
    """The fingerprint of one file as `contents` gives it, where it need not be read for that."""
    path = path.absolute()
    one = hashing.stamp(path)
    value = hashing.known(one, cache)
    return None if value is None else hashlib.sha256(_line(one, path, value)).hexdigest()[:16]


def _line(one: Stamp, folder: Path, value: str) -> bytes:
    return f"{Path(one.path).relative_to(folder)}\0{one.size}\0{value}\n".encode()


def _name(path: Path, folder: Path) -> str:
    """Of a file within its folder; of one that is a model by itself its own."""
    return path.name if path == folder else str(path.relative_to(folder))


def _files(folder: Path, is_adapter: bool) -> list[Path]:
    if not folder.is_dir() and folder.suffix == GGUF:
        return [folder]
    if is_adapter:
        settings = [folder / name for name in ADAPTER if (folder / name).is_file()]
        return sorted(settings + adapter_weights(folder))
    found = [path for path in folder.iterdir() if _is_setting(path)]
    found += (folder / TEMPLATES).glob("*.jinja")
    # A model's folder may carry an adapter, which the library loads along.
    carried = adapter_weights(folder) if (folder / "adapter_config.json").is_file() else []
    return sorted({*found, *weights(folder), *carried})


def _is_setting(path: Path) -> bool:
    name = path.name.casefold()
    is_left_out = name.startswith((".", *NEVER_READ)) or name.endswith(INDEX)
    return path.suffix.casefold() in SETTINGS and not is_left_out and path.is_file()


def weights(folder: Path) -> list[Path]:
    """The weights that would really be loaded, and the index that names them; none if none are.

    As the library chooses them: what the configuration names, one file of safetensors, several of
    them, one PyTorch file, several.

    Raises:
        ModelError: If an index cannot be read or names a file that is not there.
    """
    named = _configured(folder)
    for name in [named] if named else ["model.safetensors", "pytorch_model.bin"]:
        one, index = folder / name, folder / f"{name}{INDEX}"
        if name.endswith(INDEX):
            return _shards(one)
        if one.is_file():
            return [one]
        if index.is_file():
            return _shards(index)
    # A hub's folder holds links, whose files may be gone.
    found = ([one for one in sorted(folder.glob(f"*{end}")) if one.is_file()] for end in ENDINGS)
    return next((some for some in found if some), [])


def _configured(folder: Path) -> str | None:
    """The file of weights that a configuration names itself, which is rare."""
    try:
        config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
        named = config.get("transformers_weights")
    except (OSError, ValueError, AttributeError, RecursionError):
        return None
    is_inside = isinstance(named, str) and Path(named).name == named
    return named if is_inside and (folder / named).is_file() else None


def _shards(index: Path) -> list[Path]:
    try:
        known: Any = json.loads(index.read_text(encoding="utf-8"))["weight_map"].values()
        names = sorted({str(name) for name in known})
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise ModelError(f"{index.name} is no index of weights: download it again.") from error
    files = [index.parent / name for name in names]
    if gone := [path.name for path in files if not path.is_file()]:
        raise ModelError(
            f"{index.parent.name} lacks {gone[0]} and {len(gone) - 1} other files that "
            f"{index.name} names: download them again."
            if len(gone) > 1
            else f"{index.parent.name} lacks {gone[0]}, which {index.name} names: download it "
            "again."
        )
    return [index, *files]


def adapter_weights(folder: Path) -> list[Path]:
    """The weights of an adapter that would be loaded: safetensors if there are any."""
    for name in ("adapter_model.safetensors", "adapter_model.bin"):
        if (folder / name).is_file():
            return [folder / name]
    return []
