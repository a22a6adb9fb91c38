"""What the plain values of a torch file mean: the layouts of FORMATS.md, one function each.

Knows nothing of bytes or of torch.
"""

import re
from collections.abc import Callable
from typing import Any

import numpy as np

from engine.configs.core import Site
from engine.errors import DataError
from engine.foreign.formats.arrays import from_named, from_rows
from engine.foreign.formats.checkpoints import Opened
from engine.foreign.formats.limits import check_count
from engine.foreign.formats.study_vectors import read_caa, read_pairs_of_layers, read_study
from engine.foreign.formats.values import ForeignVectors, plain

_SIDECAR = "direction_metadata.json"


def recognise(name: str, sha256: str, opened: Opened, beside: dict[str, Any]) -> ForeignVectors:
    """The vectors of a torch file.

    Args:
        name: Of the file.
        sha256: Of its bytes.
        opened: Its values.
        beside: Contents of JSON files that lie in the same folder, by name.

    Raises:
        DataError: If the values are in none of the known layouts.
    """
    whole = opened.whole
    if isinstance(whole, np.ndarray):
        return _bare(name, sha256, whole, opened.dtype, beside)
    if not isinstance(whole, dict) or not whole:
        raise DataError(
            f"{name} holds a {type(whole).__name__}, not vectors: save them as tensors."
        )
    for fits, read in _LAYOUTS:
        if fits(whole):
            return read(name, sha256, whole, opened.dtype)
    keys = ", ".join(str(key)[:40] for key in list(whole)[:8])
    raise DataError(
        f"{name} is a torch file with the keys {keys}: in none of the known layouts. Save the "
        "vectors as one tensor [vectors, hidden] under 'vectors'."
    )


def _bare(
    name: str, sha256: str, array: np.ndarray, dtype: str, beside: dict[str, Any]
) -> ForeignVectors:
    if array.ndim == 3:
        return _mean_differences(name, sha256, array, dtype)
    found = from_rows(name, sha256, array, "bare tensor")
    fields = {key: getattr(found, key) for key in found.__dataclass_fields__} | {"dtype": dtype}
    sidecar = beside.get(_SIDECAR)
    if name == "direction.pt" and isinstance(sidecar, dict):
        return _refusal_direction(fields, sidecar)
    if re.search(r"_(prompt_avg|response_avg|prompt_last)_diff\.pt$", name) and array.ndim == 2:
        return _persona(fields)
    if name == "axis.pt" and array.ndim == 2:
        return _by_row(fields, "assistant-axis: one row a block", "Row L is the output of block L.")
    return ForeignVectors(**fields)


def _by_row(fields: dict[str, Any], layout: str, layers: str) -> ForeignVectors:
    rows = range(len(fields["vectors"]))
    return ForeignVectors(
        **fields
        | {"layout": layout, "method": "contrastive", "layers": layers}
        | {"sites": tuple(Site(block=row) for row in rows)}
    )


def _persona(fields: dict[str, Any]) -> ForeignVectors:
    last = len(fields["vectors"]) - 1
    sites = (None, *(Site(block=row - 1) for row in range(1, last)), None)
    return ForeignVectors(
        **fields
        | {"layout": "persona vectors: one row a hidden state", "method": "contrastive"}
        | {"operation": "add", "sites": sites[: last + 1]}
        | {
            "layers": "Row L is hidden state L, the output of block L − 1: row 0 is the embeddings "
            "and the last row stands after the final norm, so neither can be added to a block."
        }
    )


def _refusal_direction(fields: dict[str, Any], sidecar: dict[str, Any]) -> ForeignVectors:
    layer = sidecar.get("layer")
    if not isinstance(layer, int) or layer < 0:
        return ForeignVectors(**fields)
    return ForeignVectors(
        **fields
        | {"layout": "refusal direction", "program": "refusal-direction", "method": "contrastive"}
        | {"sites": (Site(block=layer, kind="block_in"),), "operation": "ablate"}
        | {"claims": plain(sidecar)}
        | {"layers": f"Layer {layer} means the input of block {layer}, by {_SIDECAR} beside it."}
    )


def _mean_differences(name: str, sha256: str, array: np.ndarray, dtype: str) -> ForeignVectors:
    check_count(name, array.size)
    positions, layers, width = array.shape
    pairs = [(p, layer) for p in range(positions) for layer in range(layers)]
    return ForeignVectors(
        name=name, sha256=sha256, dtype=dtype, program="refusal-direction",
        layout="mean differences [positions, layers, hidden]", method="contrastive",
        vectors=array.reshape(-1, width).astype(np.float32),
        names=tuple(f"position {p - positions}, layer {layer}" for p, layer in pairs),
        sites=tuple(Site(block=layer, kind="block_in") for _, layer in pairs),
        layers="Layer L means the input of block L; positions count from the prompt's end.",
    )  # fmt: skip


def _steering_vectors(name: str, sha256: str, whole: dict[Any, Any], dtype: str) -> ForeignVectors:
    layers = whole["layer_activations"]
    kind = str(whole.get("layer_type", "decoder_block"))
    arrays = {f"layer {key}": value for key, value in _by_layer(name, layers)}
    found = from_named(name, sha256, arrays, "steering-vectors", plain(whole))
    fields = {key: getattr(found, key) for key in found.__dataclass_fields__}
    meaning = f"Layer L with layer_type '{kind[:40]}'"
    if kind == "decoder_block":
        return ForeignVectors(
            **fields
            | {"operation": "add", "dtype": dtype, "sites": _blocks(layers)}
            | {"layers": f"{meaning} is the output of block L."}
        )
    return ForeignVectors(
        **fields
        | {"dtype": dtype, "sites": (None,) * len(arrays)}
        | {"layers": f"{meaning} is no place in the residual stream."}
    )


def _capping(name: str, sha256: str, whole: dict[Any, Any], dtype: str) -> ForeignVectors:
    arrays = {str(key): np.asarray(one["vector"]) for key, one in whole["vectors"].items()}
    found = from_named(name, sha256, arrays, "assistant-axis capping", plain(whole))
    fields = {key: getattr(found, key) for key in found.__dataclass_fields__}
    layers = [one.get("layer") for one in whole["vectors"].values()]
    sites = tuple(Site(block=at) if isinstance(at, int) and at >= 0 else None for at in layers)
    said = "Layer L is the output of block L; made for capping, not for adding."
    return ForeignVectors(**fields | {"sites": sites, "layers": said, "dtype": dtype})


def _axis(name: str, sha256: str, whole: dict[Any, Any], dtype: str) -> ForeignVectors:
    found = from_rows(name, sha256, whole["axis"], "assistant-axis: one row a block", plain(whole))
    fields = {key: getattr(found, key) for key in found.__dataclass_fields__} | {"dtype": dtype}
    return _by_row(fields, found.layout, "Row L is the output of block L.")


def _deception(name: str, sha256: str, whole: dict[Any, Any], dtype: str) -> ForeignVectors:
    pairs = _by_layer(name, whole)
    arrays = {f"hidden state {key}": value for key, value in pairs}
    found = from_named(name, sha256, arrays, "the deception study's vectors by layer", {})
    fields = {key: getattr(found, key) for key in found.__dataclass_fields__}
    last = max(key for key, _ in pairs)
    return ForeignVectors(
        **fields
        | {"program": "deception-study", "operation": "subtract", "dtype": dtype}
        | {"sites": tuple(None if k == last else Site(block=k, kind="block_in") for k, _ in pairs)}
        | {
            "layers": f"Key i is hidden state i, the input of block i; key {last} stands after the "
            "final norm of a model with as many blocks, so it is usable nowhere. The study "
            "subtracts them, or projects them away."
        }
    )


def _named(name: str, sha256: str, whole: dict[Any, Any], dtype: str) -> ForeignVectors:
    arrays = {str(key): one for key, one in whole.items() if isinstance(one, np.ndarray)}
    found = from_named(name, sha256, arrays, "named tensors", plain(whole))
    fields = {key: getattr(found, key) for key in found.__dataclass_fields__} | {"dtype": dtype}
    return ForeignVectors(**fields)


def _by_layer(name: str, layers: dict[Any, Any]) -> list[tuple[int, np.ndarray]]:
    pairs = [(int(key), value) for key, value in layers.items()]
    if any(np.ndim(value) != 1 or key < 0 for key, value in pairs):
        raise DataError(f"{name} needs one vector per layer, each with a single axis.")
    return sorted(pairs, key=lambda pair: pair[0])


def _blocks(layers: dict[Any, Any]) -> tuple[Site, ...]:
    return tuple(Site(block=key) for key in sorted(int(key) for key in layers))


def _is_layered(value: Any) -> bool:
    return (
        isinstance(value, dict)
        and bool(value)
        and all(str(key).isdecimal() and isinstance(one, np.ndarray) for key, one in value.items())
    )


def _holds(key: str, kind: type) -> Callable[[dict[Any, Any]], bool]:
    return lambda whole: isinstance(whole.get(key), kind)


def _is_capping(whole: dict[Any, Any]) -> bool:
    inner = whole.get("vectors")
    return (
        isinstance(inner, dict)
        and bool(inner)
        and all(isinstance(v, dict) and "vector" in v for v in inner.values())
    )


def _holds_pairs(whole: dict[Any, Any]) -> bool:
    inner = whole.get("vectors", whole.get("all_vectors"))
    return isinstance(inner, dict) and bool(inner)


_LAYOUTS: tuple[tuple[Callable[..., bool], Callable[..., ForeignVectors]], ...] = (
    (_holds("vectors", np.ndarray), read_study),
    (_holds("vector", np.ndarray), read_caa),
    (_is_capping, _capping),
    (_holds_pairs, read_pairs_of_layers),
    (_holds("axis", np.ndarray), _axis),
    (lambda whole: _is_layered(whole.get("layer_activations")), _steering_vectors),
    (_is_layered, _deception),
    (lambda whole: any(isinstance(v, np.ndarray) for v in whole.values()), _named),
)
"""Tried in order: what must be so of the values, and what then reads them."""
