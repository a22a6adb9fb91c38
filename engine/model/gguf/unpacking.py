"""A GGUF file's weights as floats in a folder of the library's own form, made once.

Each tensor is dequantised by the `gguf` package, which also knows the names; here only what
llama.cpp's converters change is turned back: Llama's query and key rows, whose halves of a head
are interleaved, and Gemma's norms, to which 1 was added.
"""

import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from filelock import FileLock
from jaxtyping import Float

from engine.errors import ModelError
from engine.model.gguf import header as headers
from engine.model.gguf import settings, tokenizing
from engine.model.gguf.header import Header
from engine.progress import Progress, silent

VERSION = 1
"""Of what is made; raised with every change of it, and part of the model's fingerprint."""
TOLD = "gguf.json"
"""What the folder says of the file it was made of."""
WHOLE_FLOATS = 4 * 10**9
"""Parameters up to which weights are kept as float32, which is exact; as bfloat16 beyond."""
SHARD_BYTES = 2 * 2**30


def place(cache: Path, fingerprint: str) -> Path:
    """The folder that belongs to a file of this fingerprint, there or not."""
    return cache / "gguf" / fingerprint


def is_whole(folder: Path) -> bool:
    """Whether an unpacked folder is there; it gets its name last."""
    return (folder / TOLD).is_file()


def told(folder: Path) -> dict[str, Any]:
    """What an unpacked folder says of its file; nothing for any other folder."""
    try:
        found = json.loads((folder / TOLD).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def unpack(path: Path, folder: Path, progress: Progress = silent) -> None:
    """Make `folder` of the file at `path`, unless it is there.

    Args:
        path: The GGUF file.
        folder: See `place`.
        progress: Told how many tensors are done; may raise to stop.

    Raises:
        ModelError: If the file is damaged or not understood, or the disk is full.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(f"{folder}.lock"):
        if is_whole(folder):
            return
        header = headers.read(path)
        temporary = folder.with_name(f".{folder.name}-{os.getpid()}.tmp")
        shutil.rmtree(temporary, ignore_errors=True)
        try:
            temporary.mkdir()
            _write(path, header, temporary, progress)
            shutil.rmtree(folder, ignore_errors=True)
            temporary.rename(folder)
        except OSError as error:
            raise ModelError(
                f"{path.name} cannot be unpacked into {folder.parent}: {error.strerror or error}."
            ) from error
        finally:
            shutil.rmtree(temporary, ignore_errors=True)


def _write(path: Path, header: Header, folder: Path, progress: Progress) -> None:
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer, GenerationConfig

    config = settings.configuration(header)
    written = tokenizing.tokenizer(path, header)
    written.save_pretrained(folder)
    if not tokenizing.is_kept(written, AutoTokenizer.from_pretrained(folder)):
        raise ModelError(
            f"The tokenizer of {path.name} changes when it is stored: give the model's Hugging "
            "Face folder."
        )
    with torch.device("meta"):
        model = AutoModelForCausalLM.from_config(config)
    whole = header.parameters <= WHOLE_FLOATS
    config.dtype = "float32" if whole else "bfloat16"
    config.architectures = [type(model).__name__]
    config.save_pretrained(folder)
    stops = tokenizing.stop_tokens(header)
    GenerationConfig(eos_token_id=stops or None).save_pretrained(folder)
    kind = torch.float32 if whole else torch.bfloat16
    _save(folder, _tensors(header, model, progress), kind)
    said = {"file": path.name, "types": header.types}
    (folder / TOLD).write_text(json.dumps(said, indent=1), encoding="utf-8")


def _save(folder: Path, tensors: Iterator[tuple[str, np.ndarray]], kind: Any) -> None:
    """Shards of at most so many bytes and their index, so that memory holds one at a time."""
    import torch
    from safetensors.torch import save_file

    shards: list[list[str]] = []
    held: dict[str, Any] = {}

    def flush() -> None:
        save_file(held, folder / f"model-{len(shards):05}.safetensors", metadata={"format": "pt"})
        shards.append(list(held))
        held.clear()

    for name, values in tensors:
        held[name] = torch.from_numpy(np.ascontiguousarray(values, dtype=np.float32)).to(kind)
        if sum(one.nbytes for one in held.values()) >= SHARD_BYTES:
            flush()
    if held:
        flush()
    if len(shards) == 1:
        (folder / "model-00000.safetensors").rename(folder / "model.safetensors")
        return
    known = {name: f"model-{i:05}.safetensors" for i, names in enumerate(shards) for name in names}
    index = {"metadata": {}, "weight_map": known}
    (folder / "model.safetensors.index.json").write_text(json.dumps(index), encoding="utf-8")


def _tensors(header: Header, model: Any, progress: Progress) -> Iterator[tuple[str, np.ndarray]]:
    """Every parameter of the model with its numbers, by the library's name.

    Raises:
        ModelError: If one is missing, left over or of another shape.
    """
    from gguf import dequantize

    names = _names(header, model)
    wanted = {name: one for name, one in model.state_dict().items() if name in names.values()}
    for done, (stored, name) in enumerate(names.items()):
        progress(done, len(names), f"unpacking {header.name}")
        one = header.tensors[stored]
        try:
            values = dequantize(one.data, one.tensor_type)
        except (NotImplementedError, ValueError) as error:
            raise ModelError(
                f"{header.name} holds numbers of type {one.tensor_type.name}, which cannot be "
                "unpacked here: give a GGUF of another quantisation."
            ) from error
        if tuple(values.shape) != tuple(wanted[name].shape):
            raise ModelError(
                f"The tensor {stored} of {header.name} has another shape than its settings say: "
                "download it again."
            )
        yield name, _turned_back(header, stored, values)
    progress(len(names), len(names), f"unpacking {header.name}")


def _names(header: Header, model: Any) -> dict[str, str]:
    """The library's name of each of the file's tensors, in the file's order."""
    import gguf

    kind = next(key for key, name in gguf.MODEL_ARCH_NAMES.items() if name == header.architecture)
    table = gguf.get_tensor_name_map(kind, int(header.own("block_count")))
    found: dict[str, str] = {}
    tied = {"lm_head.weight"} if model.config.tie_word_embeddings else set()
    wanted = [name for name in model.state_dict() if name not in tied]
    for name in wanted:
        stem, _, end = name.rpartition(".")
        stored = table.get_name(stem)
        if stored is not None:
            found[f"{stored}.{end}"] = name
    lacking = sorted(set(found) - set(header.tensors))
    more = sorted(set(header.tensors) - set(found) - {settings.FREQUENCIES})
    unnamed = len(wanted) - len(found)
    if lacking or more or unnamed:
        odd = ", ".join((lacking + more)[:3]) or f"{unnamed} without a name"
        raise ModelError(
            f"The tensors of {header.name} are not those of its architecture ({odd}): give a whole "
            "GGUF, or the model's Hugging Face folder."
        )
    return {stored: found[stored] for stored in header.tensors if stored in found}


def _turned_back(
    header: Header, stored: str, values: Float[np.ndarray, "..."]
) -> Float[np.ndarray, "..."]:
    """The numbers as the library's model uses them."""
    if header.architecture == "llama" and ".attn_q." in stored:
        return _halves(values, int(header.own("attention.head_count")))
    if header.architecture == "llama" and ".attn_k." in stored:
        heads = int(header.own("attention.head_count"))
        return _halves(values, int(header.own("attention.head_count_kv") or heads))
    if header.architecture.startswith("gemma") and stored.endswith("norm.weight"):
        return values - 1
    return values


def _halves(values: Float[np.ndarray, "rows ..."], heads: int) -> Float[np.ndarray, "rows ..."]:
    """Rows of each head from pairs (0, half, 1, half + 1, ...) back to first half, second half."""
    pairs = values.reshape(heads, values.shape[0] // heads // 2, 2, *values.shape[1:])
    return pairs.swapaxes(1, 2).reshape(values.shape)
