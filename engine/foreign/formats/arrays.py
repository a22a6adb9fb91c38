"""Plain arrays: .npy, .npz, safetensors and JSON .svec. Knows nothing of torch."""

import io
import re
from typing import Any

import numpy as np
import safetensors.numpy

from engine.configs.core import Site
from engine.errors import DataError
from engine.foreign.formats.limits import check_archive, check_count, one_sentence
from engine.foreign.formats.values import ForeignVectors, numbers, plain
from engine.records import strict

_LAYER = re.compile(r"(?:^|[^a-z])(?:layer|direction|block|l)[._\-]?(\d{1,4})(?!\d)", re.IGNORECASE)


def read_npy(name: str, content: bytes, sha256: str) -> ForeignVectors:
    """A bare array; one that would need a pickle is refused.

    Raises:
        DataError: If it is cut off, pickled or no array of vectors.
    """
    if b"'O'" in content[:256] or b"|O" in content[:256]:
        raise DataError(
            f"{name} holds Python objects, which would run code when read: save plain numbers "
            "instead, such as numpy.save(path, vector)."
        )
    with one_sentence(name):
        array = np.load(io.BytesIO(content), allow_pickle=False)
    return from_rows(name, sha256, array, "bare array (.npy)")


def read_npz(name: str, content: bytes, sha256: str) -> ForeignVectors:
    """Named arrays, one vector or several each."""
    check_archive(name, content)
    with (
        one_sentence(name),
        np.load(io.BytesIO(content), allow_pickle=False) as archive,
    ):
        arrays = {key: archive[key] for key in archive.files}
    return from_named(name, sha256, arrays, "named arrays (.npz)", {})


def read_safetensors(name: str, content: bytes, sha256: str) -> ForeignVectors:
    """Named tensors of another tool, with the texts of its header."""
    with one_sentence(name):
        length = int.from_bytes(content[:8], "little")
        header = strict.loads(content[8 : 8 + length])
        if any("BF16" in str(one) for one in header.values()):
            content = _widened(content, header, length)
        arrays = safetensors.numpy.load(content)
    claims = plain(header.get("__metadata__") or {})
    return from_named(name, sha256, arrays, "named tensors (safetensors)", claims)


def _widened(content: bytes, header: dict[str, Any], length: int) -> bytes:
    """The same file with bfloat16 tensors as float32: NumPy has no bfloat16."""
    arrays = {}
    for key, one in header.items():
        if key == "__metadata__":
            continue
        first, last = (8 + length + place for place in one["data_offsets"])
        kind = {"BF16": "<u2", "F32": "<f4", "F16": "<f2", "F64": "<f8"}.get(one["dtype"])
        if kind is None or last > len(content):
            raise ValueError(f"tensor {key} is cut off or of type {one['dtype']}")
        flat = np.frombuffer(content[first:last], kind)
        wide = (flat.astype("<u4") << 16).view("<f4") if one["dtype"] == "BF16" else flat
        arrays[key] = np.ascontiguousarray(wide.reshape(one["shape"]).astype(np.float32))
    return safetensors.numpy.save(arrays)


def read_svec(name: str, whole: dict[str, Any], sha256: str) -> ForeignVectors:
    """IBM's .svec: directions by block as lists of numbers (FORMATS 2.9)."""
    rows, blocks = [], []
    for key, values in sorted(whole["directions"].items(), key=lambda pair: str(pair[0]).zfill(6)):
        if not str(key).isdecimal() or not isinstance(values, list) or not values:
            raise DataError(f"{name} has directions that are not lists of numbers by block.")
        for row in values if isinstance(values[0], list) else [values]:
            rows.append(numbers(row, name, "direction"))
            blocks.append(int(key))
    if not rows or len({len(row) for row in rows}) != 1:
        raise DataError(f"{name} needs directions of one width, at least one.")
    check_count(name, sum(len(row) for row in rows))
    variances = whole.get("explained_variances")
    scores = {}
    if isinstance(variances, dict) and all(str(b) in variances for b in blocks):
        values = numbers([variances[str(b)] for b in blocks], name, "variance")
        scores = {"explained_variance": values}
    return ForeignVectors(
        name=name, sha256=sha256, layout="steering vector in JSON (.svec)", method="unknown",
        vectors=np.array(rows, dtype=np.float32),
        names=tuple(f"block {block}" for block in blocks),
        sites=tuple(Site(block=block) for block in blocks),
        layers='The key "L" means the output of block L.',
        operation="add", dtype="decimal text", scores=scores, claims=plain(whole),
    )  # fmt: skip


def from_rows(
    name: str, sha256: str, array: np.ndarray, layout: str, claims: dict[str, Any] | None = None
) -> ForeignVectors:
    """A bare vector `[hidden]` or rows `[vectors, hidden]`; the layer comes from the file's name.

    Raises:
        DataError: If the array has other axes or holds no numbers.
    """
    rows = _rows(name, array)
    found = _LAYER.search(name)
    block = int(found[1]) if found and len(rows) == 1 else None
    said = (
        f"Only the file's name says layer {block}; the output of block {block} is assumed."
        if block is not None
        else "The file does not say which layer its rows belong to."
    )
    return ForeignVectors(
        name=name, sha256=sha256, layout=layout, method="unknown", vectors=rows,
        names=tuple(f"row {i}" for i in range(len(rows))),
        sites=(None if block is None else Site(block=block),) * len(rows),
        layers=said, dtype=str(array.dtype), claims=claims or {},
    )  # fmt: skip


def from_named(
    name: str, sha256: str, arrays: dict[str, np.ndarray], layout: str, claims: dict[str, Any]
) -> ForeignVectors:
    """Arrays by name, each one vector or several; layers are read from the names.

    Raises:
        DataError: If they are of several widths or no vectors.
    """
    if not arrays:
        raise DataError(f"{name} holds no tensor: export it again.")
    parts = {key: _rows(f"{name} ({key})", arrays[key]) for key in arrays}
    if len({rows.shape[1] for rows in parts.values()}) != 1:
        widths = ", ".join(sorted({str(rows.shape[1]) for rows in parts.values()})[:5])
        raise DataError(f"{name} holds tensors of widths {widths}: vectors share one width.")
    names, sites = [], []
    for key, rows in parts.items():
        found = _LAYER.search(key)
        names += [key] if len(rows) == 1 else [f"{key} {i}" for i in range(len(rows))]
        sites += [Site(block=int(found[1])) if found else None] * len(rows)
    stacked = np.concatenate(list(parts.values()))
    check_count(name, stacked.size)
    said = "Numbers in the tensors' names are taken as blocks, at their output."
    return ForeignVectors(
        name=name, sha256=sha256, layout=layout, method=str(claims.get("method", "unknown")),
        vectors=stacked, names=tuple(names), sites=tuple(sites),
        layers=said if any(sites) else "The file does not say which layer its vectors belong to.",
        dtype=", ".join(sorted({str(a.dtype) for a in arrays.values()})), claims=claims,
    )  # fmt: skip


def _rows(name: str, array: np.ndarray) -> np.ndarray:
    """`[vectors, hidden]` in float32, of one axis or two."""
    if array.dtype.kind not in "fiu" or array.ndim not in (1, 2):
        raise DataError(
            f"{name} is an array of {array.dtype} with {array.ndim} axes, but vectors are numbers "
            "with one axis or two."
        )
    check_count(name, array.size)
    with np.errstate(over="ignore"):
        return np.ascontiguousarray(np.atleast_2d(array).astype(np.float32))
