"""Plain arrays: .npy, .npz, safetensors and JSON .svec. Knows nothing of torch."""

import io
import zipfile
from pathlib import PurePath
from typing import Any

import numpy as np
import safetensors.numpy

from engine.configs.core import Site
from engine.errors import DataError
from engine.foreign.formats import dictionaries, own, places
from engine.foreign.formats.limits import check_archive, check_count, one_sentence
from engine.foreign.formats.places import ASSUMED, FILE
from engine.foreign.formats.raw import refuse_raw
from engine.foreign.formats.values import NOTHING, ForeignVectors, Given, numbers, plain
from engine.records import strict

_OBJECTS = (
    "holds Python objects, which would run code when read: save plain numbers instead, such as "
    "numpy.save(path, vector)."
)
_PLAIN = {"F64": "<f8", "F32": "<f4", "F16": "<f2", "I64": "<i8", "I32": "<i4", "I16": "<i2"}
_TORCH = {"BF16": "bfloat16", "F8_E4M3": "float8_e4m3fn", "F8_E5M2": "float8_e5m2"}
"""Types that NumPy does not have."""


def read_npy(name: str, content: bytes, sha256: str) -> ForeignVectors:
    """A bare array; one that would need a pickle is refused.

    Raises:
        DataError: If it is cut off, pickled or no array of vectors.
    """
    if b"'O'" in content[:256] or b"|O" in content[:256]:
        raise DataError(f"{name} {_OBJECTS}")
    with one_sentence(name):
        array = _array(name, content)
    return from_rows(name, sha256, array, "bare array (.npy)")


def _array(name: str, content: bytes) -> np.ndarray:
    try:
        return np.load(io.BytesIO(content), allow_pickle=False)
    except ValueError as error:
        if "allow_pickle" in str(error):
            raise DataError(f"{name} {_OBJECTS}") from None
        raise


def read_npz(name: str, content: bytes, sha256: str, given: Given = NOTHING) -> ForeignVectors:
    """Named arrays, one vector or several each."""
    check_archive(name, content)
    with one_sentence(name), zipfile.ZipFile(io.BytesIO(content)) as archive:
        arrays = {
            entry.removesuffix(".npy"): _array(name, archive.read(entry))
            for entry in archive.namelist()
        }
    if dictionaries.is_dictionary(arrays):
        return dictionaries.read(name, sha256, arrays, _kinds(arrays), given)
    return from_named(name, sha256, arrays, "named arrays (.npz)", {})


def read_safetensors(
    name: str, content: bytes, sha256: str, given: Given = NOTHING
) -> ForeignVectors:
    """Named tensors of another tool, with the texts of its header."""
    with one_sentence(name):
        length = int.from_bytes(content[:8], "little")
        header = strict.loads(content[8 : 8 + length])
        entries = {key: one for key, one in header.items() if key != "__metadata__"}
        kinds = {str(one["dtype"]) for one in entries.values()}
        check_count(name, sum(int(np.prod(one["shape"])) for one in entries.values()) or 1)
        if kinds <= {*_PLAIN, *_TORCH} and kinds & set(_TORCH):
            arrays = {key: _widened(name, content, length, one) for key, one in entries.items()}
        elif unknown := sorted(kinds - set(_PLAIN) - {"BOOL", "U8", "I8"}):
            raise DataError(f"{name} has numbers of type {unknown[0][:20]}: save them as float32.")
        else:
            loaded = safetensors.numpy.load(content)
            # The library gives them in an order that changes; a file has one.
            arrays = {key: loaded[key] for key in sorted(loaded, key=lambda k: _offset(entries[k]))}
    claims = plain(header.get("__metadata__") or {})
    dtype = ", ".join(sorted(kinds))
    if dictionaries.is_dictionary(arrays):
        return dictionaries.read(name, sha256, arrays | claims, dtype, given)
    found = from_named(name, sha256, arrays, "named tensors (safetensors)", claims)
    return own.carded(found, claims, list(arrays))


def _offset(entry: dict[str, Any]) -> int:
    return int(entry["data_offsets"][0])


def _widened(name: str, content: bytes, length: int, one: dict[str, Any]) -> np.ndarray:
    """A tensor as float32, of a type that NumPy may not have."""
    first, last = (8 + length + place for place in one["data_offsets"])
    if not 0 <= first <= last <= len(content):
        raise ValueError("a tensor is cut off")
    raw, kind = content[first:last], str(one["dtype"])
    if kind in _PLAIN:
        return np.frombuffer(raw, _PLAIN[kind]).reshape(one["shape"]).astype(np.float32)
    if not raw:
        raise DataError(f"{name} declares vectors without a single number: export it again.")
    import torch

    flat = torch.frombuffer(bytearray(raw), dtype=getattr(torch, _TORCH[kind])).float()
    return flat.reshape(one["shape"]).numpy()


def read_svec(name: str, whole: dict[str, Any], sha256: str) -> ForeignVectors:
    """IBM's .svec: directions by block as lists of numbers (FORMATS 2.9)."""
    _refuse_heads(name, whole)
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
    found = ForeignVectors(
        name=name, sha256=sha256, layout="steering vector in JSON (.svec)", method="unknown",
        vectors=np.array(rows, dtype=np.float32),
        names=tuple(f"block {block}" for block in blocks),
        sites=tuple(Site(block=block) for block in blocks),
        layers='The key "L" means the output of block L.',
        operation="add", dtype="decimal text", scores=scores, claims=plain(whole),
        hint=str(whole.get("model_type") or "")[:80], said={"layer": FILE, "site": FILE},
    )  # fmt: skip
    return own.restored(found, own.keys(whole))


def _refuse_heads(name: str, whole: dict[str, Any]) -> None:
    """Directions of single attention heads are no places in the residual stream."""
    if isinstance(whole.get("num_heads"), int) and isinstance(whole.get("head_dim"), int):
        raise DataError(
            f"{name} holds directions of single attention heads, which cannot be steered here: "
            "export directions of the residual stream."
        )


def from_rows(
    name: str, sha256: str, array: np.ndarray, layout: str, claims: dict[str, Any] | None = None
) -> ForeignVectors:
    """A bare vector `[hidden]` or rows `[vectors, hidden]`, whose layer is not said in them.

    Raises:
        DataError: If the array has other axes or holds no numbers.
    """
    refuse_raw(name)
    rows = _rows(name, array)
    return ForeignVectors(
        name=name, sha256=sha256, layout=layout, method="unknown", vectors=rows,
        names=tuple(f"row {i}" for i in range(len(rows)))
        if len(rows) > 1
        else (PurePath(name).stem,),
        sites=(None,) * len(rows),
        layers="The file does not say which layer its rows belong to.",
        dtype=str(array.dtype), claims=claims or {},
    )  # fmt: skip


def from_named(
    name: str, sha256: str, arrays: dict[str, np.ndarray], layout: str, claims: dict[str, Any]
) -> ForeignVectors:
    """Arrays by name, each one vector or several; layers and sites are read from the names.

    Raises:
        DataError: If they are of several widths or no vectors.
    """
    if not arrays:
        raise DataError(f"{name} holds no tensor: export it again.")
    refuse_raw(name, arrays)
    parts = {key: _rows(f"{name} ({key[:60]})", arrays[key]) for key in arrays}
    if len({rows.shape[1] for rows in parts.values()}) != 1:
        widths = ", ".join(sorted({str(rows.shape[1]) for rows in parts.values()})[:5])
        raise DataError(f"{name} holds tensors of widths {widths}: vectors share one width.")
    names: list[str] = []
    found: list[places.Place | None] = []
    for key, rows in parts.items():
        own = places.name_in(key)
        names += [own] if len(rows) == 1 else [f"{own} {i}" for i in range(len(rows))]
        found += [places.of_key(key)] * len(rows)
    stacked = np.concatenate(list(parts.values()))
    check_count(name, stacked.size)
    said, who = _said(found)
    return ForeignVectors(
        name=name, sha256=sha256, layout=layout, method=str(claims.get("method", "unknown")),
        vectors=stacked, names=tuple(names),
        sites=tuple(one.site if one else None for one in found),
        blocks=tuple(one.block if one else None for one in found) if any(found) else (),
        layers=said, said=who, dtype=_kinds(arrays), claims=claims,
    )  # fmt: skip


def _said(found: list[places.Place | None]) -> tuple[str, dict[str, str]]:
    """What the tensors' names say of layers, in a sentence, and who says the site."""
    known = [one for one in found if one]
    if not known:
        return "The file does not say which layer its vectors belong to.", {}
    if all(one.words == "" for one in known):
        words = "Numbers in the tensors' names are taken as blocks, at their output."
        return words, {"layer": FILE, "site": ASSUMED}
    if odd := next((one for one in known if one.kind is None), None):
        words = f"Names of tensors say {odd.words} of block {odd.block}, which is no site here."
        return words, {"layer": FILE}
    words = "Names of tensors say block and place, such as "
    return f"{words}{known[0].words} of block {known[0].block}.", {"layer": FILE, "site": FILE}


def _kinds(arrays: dict[str, np.ndarray]) -> str:
    return ", ".join(sorted({str(a.dtype) for a in arrays.values()}))


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
