"""LoRAs from elsewhere: checked, held against their base, and kept under a name.

Only plain numbers are read: nothing that a file holds is executed. Knows nothing of torch.
"""

import io
import json
import re
import shutil
import uuid
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, NamedTuple

from safetensors import safe_open

from engine import ROOT
from engine.configs.core import ModelConfig
from engine.errors import DataError, EngineError, StoreError
from engine.foreign.formats.limits import BROKEN, damaged, sha256
from engine.model import model_files
from engine.model.identity import declared_shape, locate
from engine.records import strict
from engine.store.files import write_atomically
from engine.training import places

FOLDER = "data/own/adapters"
SETTINGS, WEIGHTS = "adapter_config.json", "adapter_model.safetensors"
BESIDE = "own.json"
"""What is kept of an adapter beside its own files."""
MOST_BYTES = 2**30
"""Of all files of an adapter together, unpacked."""
MOST_ENTRIES = 1_000
"""Of an archive."""
_PICKLED = (".bin", ".pt", ".pth", ".ckpt", ".pkl")
_BLOCK = re.compile(r"(?:^|\.)(?:layers|h|blocks|block)\.(\d+)\.")
_LORA = re.compile(r"^(?:base_model\.model\.)?(.+)\.lora_(A|B)(?:\.[^.]+)?\.weight$")
Shapes = dict[str, tuple[int, ...]]


@dataclass(frozen=True, kw_only=True)
class Dropped:
    """An adapter as its files say, before it is kept."""

    files: dict[str, bytes]
    """Settings and weights, and what PEFT keeps beside them; nothing else."""
    sha256: str
    """Of settings and weights."""
    kind: str
    """As PEFT names it: LORA."""
    base: str
    """What the settings name as its base model; "" where they name none."""
    rank: int | None
    shapes: Shapes
    """Axes of every tensor, by its name."""
    left_out: tuple[str, ...]
    """Files beside it that are not read."""

    @property
    def blocks(self) -> tuple[int, ...]:
        """Blocks that it changes, in order."""
        found = {int(hit[1]) for name in self.shapes if (hit := _BLOCK.search(name))}
        return tuple(sorted(found))

    @property
    def numbers(self) -> int:
        """How many numbers it holds."""
        return sum(_size(shape) for shape in self.shapes.values())


class Own(NamedTuple):
    """An adapter that a reader has brought."""

    name: str
    folder: Path
    sha256: str
    model: str
    """The base it was held against, as a config names it."""
    file: str
    """What it was called where it came from."""


def opened(files: Sequence[tuple[str, bytes]]) -> Dropped:
    """The adapter among dropped files, which may be a folder's or one zip of it.

    Args:
        files: Name, which may be a path, and content of each.

    Raises:
        DataError: If there is none, several, a pickle in its place, or one that is damaged.
    """
    found = _unpacked(files)
    chosen = _only(found, SETTINGS)
    folder = PurePosixPath(chosen).parent
    own = {PurePosixPath(n).name: c for n, c in found.items() if PurePosixPath(n).parent == folder}
    if WEIGHTS not in own:
        pickled = next((name for name in own if name.endswith(_PICKLED)), None)
        if pickled:
            raise DataError(
                f"{pickled} is a pickle, which can run code and is never read: load the adapter "
                f"where it was made and save it as {WEIGHTS}."
            )
        raise DataError(f"There is no {WEIGHTS} beside {SETTINGS}: drop both files.")
    settings = _settings(own[SETTINGS])
    shapes = _shapes(own[WEIGHTS])
    kept = {n: c for n, c in own.items() if n in (*model_files.ADAPTER, WEIGHTS)}
    rank = settings.get("r")
    return Dropped(
        files=kept,
        sha256=sha256(own[SETTINGS] + own[WEIGHTS]),
        kind=str(settings.get("peft_type") or "unknown"),
        base=str(settings.get("base_model_name_or_path") or ""),
        rank=rank if isinstance(rank, int) else None,
        shapes=shapes,
        left_out=tuple(sorted(n for n in found if PurePosixPath(n).name not in kept)),
    )


def check(found: Dropped, model: ModelConfig, root: Path = ROOT) -> str:
    """Hold an adapter against its base by the headers of both; what was checked, in a sentence.

    Args:
        found: The adapter.
        model: The base.
        root: Repository root, where presets lie.

    Raises:
        EngineError: If the adapter is of other blocks, modules or widths, or the base is nowhere.
    """
    source = locate(model, root)
    blocks, _ = declared_shape(source)
    if blocks is not None and found.blocks and found.blocks[-1] >= blocks:
        raise DataError(
            f"The adapter has weights for block {found.blocks[-1]}, but {model.model} has blocks "
            f"0 to {blocks - 1}: choose the model that it was trained on."
        )
    base = _base_shapes(source.folder)
    pairs = [(name, hit[1], hit[2]) for name in found.shapes if (hit := _LORA.match(name))]
    if not base or not pairs:
        return f"It is held against the weights of {model.model} when it is first loaded."
    known = {_tail(name): shape for name, shape in base.items()}
    for name, module, side in pairs:
        _check_module(found.shapes[name], module, side, known, model.model)
    modules = len({module for _, module, _ in pairs})
    return f"All {modules} modules that it changes are in {model.model}, with its widths."


def keep(root: Path, found: Dropped, name: str, model: ModelConfig, file: str) -> Own:
    """Keep an adapter under a name; one that is kept already stays under the name it has.

    Args:
        root: Of the store.
        found: The adapter.
        name: Of its folder, as records and pickers call it.
        model: The base that it was held against.
        file: What it was called where it came from.

    Raises:
        ConfigError: If the name cannot be a folder's.
        DataError: If another adapter has it.
        StoreError: If the disk refuses.
    """
    name = places.check_name(name)
    same = next((one for one in every(root) if one.sha256 == found.sha256), None)
    if same is not None and same.model == model.model:
        return same
    folder = root / FOLDER / name
    if folder.exists():
        raise DataError(f"Another adapter is called {name}: choose another name.")
    told = {"name": name, "sha256": found.sha256, "model": model.model, "file": file}
    written = folder.with_name(f".{uuid.uuid4().hex}.tmp")
    try:
        for one, content in found.files.items():
            write_atomically(written / one, content)
        write_atomically(written / BESIDE, json.dumps(told, ensure_ascii=False, indent=1).encode())
        written.replace(folder)
    except OSError as error:
        raise StoreError(f"{name} could not be kept: {error.strerror}.") from error
    finally:
        shutil.rmtree(written, ignore_errors=True)
    return Own(name, folder, found.sha256, model.model, file)


def every(root: Path) -> list[Own]:
    """The adapters that readers have brought, by name; damaged ones are left out."""
    found = []
    for path in sorted((root / FOLDER).glob(f"[!.]*/{BESIDE}")):
        try:
            told = strict.loads(path.read_text(encoding="utf-8"))
            said = (str(told[key]) for key in ("sha256", "model", "file"))
            found.append(Own(path.parent.name, path.parent, *said))
        except (OSError, ValueError, KeyError, TypeError):
            continue
    return found


def _unpacked(files: Sequence[tuple[str, bytes]]) -> dict[str, bytes]:
    """All files by path, those of an archive in its place."""
    found: dict[str, bytes] = {}
    for name, content in files:
        path = name.replace("\\", "/")
        if content.startswith(b"PK") and path.lower().endswith(".zip"):
            found |= _archive(path, content)
        else:
            found[path] = content
    if sum(map(len, found.values())) > MOST_BYTES:
        raise DataError(f"The files have more than {MOST_BYTES // 2**20} MB together: too many.")
    return found


def _archive(name: str, content: bytes) -> dict[str, bytes]:
    """What an archive holds of an adapter, its paths and sizes checked; nothing is unpacked."""
    wanted = (*model_files.ADAPTER, WEIGHTS)
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            entries = [one for one in archive.infolist() if not one.is_dir()]
            _check_entries(name, entries)
            return {
                one.filename: archive.read(one) if _name(one) in wanted else b"" for one in entries
            }
    except BROKEN as error:
        raise damaged(name, (str(error).splitlines() or ["its archive"])[0][:80]) from None


def _check_entries(name: str, entries: list[zipfile.ZipInfo]) -> None:
    if len(entries) > MOST_ENTRIES:
        raise DataError(f"{name} holds {len(entries):,} files: zip the adapter's folder alone.")
    for one in entries:
        path = PurePosixPath(one.filename.replace("\\", "/"))
        if path.is_absolute() or ".." in path.parts or ":" in path.parts[0]:
            raise DataError(f"{name} holds a path that leads out of it: zip the folder anew.")
    if (total := sum(one.file_size for one in entries)) > MOST_BYTES:
        raise DataError(
            f"{name} unpacks to {total / 2**20:.0f} MB, and at most {MOST_BYTES // 2**20} MB are "
            "read: zip the adapter's folder alone."
        )


def _name(entry: zipfile.ZipInfo) -> str:
    return PurePosixPath(entry.filename).name


def _only(files: dict[str, bytes], wanted: str) -> str:
    """The one file of this name, the one highest up where a checkpoint lies below it."""
    hits = sorted(
        (one for one in files if PurePosixPath(one).name == wanted),
        key=lambda one: len(PurePosixPath(one).parts),
    )
    if not hits:
        names = ", ".join(sorted(files)[:4])
        raise DataError(f"There is no {wanted} among {names}: drop a folder that PEFT saved.")
    depths = [len(PurePosixPath(one).parts) for one in hits]
    if depths.count(depths[0]) > 1:
        raise DataError(f"There are {len(hits)} adapters here: drop one at a time.")
    return hits[0]


def _settings(content: bytes) -> dict[str, Any]:
    try:
        found = strict.loads(content.decode("utf-8-sig"))
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict) or "peft_type" not in found:
        raise DataError(f"{SETTINGS} is not what PEFT writes: it names no peft_type.")
    return found


def _shapes(content: bytes) -> Shapes:
    """Axes of the tensors in a safetensors file."""
    try:
        length = int.from_bytes(content[:8], "little")
        header = strict.loads(content[8 : 8 + length].decode())
        entries = {n: one for n, one in header.items() if n != "__metadata__"}
        end = max(one["data_offsets"][1] for one in entries.values())
        if end != len(content) - 8 - length:
            raise ValueError("its tensors are cut off")
        return {name: tuple(map(int, one["shape"])) for name, one in entries.items()}
    except BROKEN as error:
        raise damaged(WEIGHTS, (str(error).splitlines() or ["its header"])[0][:80]) from None


def _base_shapes(folder: str | None) -> Shapes:
    """Axes of the base's weights; none where no safetensors are here."""
    if folder is None:
        return {}
    found: Shapes = {}
    try:
        for path in model_files.weights(Path(folder)):
            if path.suffix == ".safetensors":
                with safe_open(path, framework="numpy") as file:
                    names = file.keys()
                    found |= {name: tuple(file.get_slice(name).get_shape()) for name in names}
    except (EngineError, *BROKEN):
        # Loading says what is wrong with the base itself.
        return {}
    return found


def _check_module(shape: tuple[int, ...], module: str, side: str, base: Shapes, model: str) -> None:
    ours = base.get(_tail(f"{module}.weight"))
    if ours is None:
        raise DataError(
            f"The adapter changes {module}, which {model} does not have: choose the model that it "
            "was trained on."
        )
    width = shape[1] if side == "A" else shape[0]
    if len(shape) == len(ours) == 2 and width not in ours:
        raise DataError(
            f"The adapter's {module} has width {width}, but that of {model} is "
            f"{' x '.join(map(str, ours))}: choose the model that it was trained on."
        )


def _tail(name: str) -> str:
    """A tensor's name from its block on: what stands before it differs between layouts."""
    hit = _BLOCK.search(name)
    return name[hit.start() :].lstrip(".") if hit else name.rpartition("model.")[2]


def _size(shape: tuple[int, ...]) -> int:
    total = 1
    for axis in shape:
        total *= axis
    return total
