"""What the plain values of a torch file mean: the layouts of FORMATS.md, one function each.

Knows nothing of bytes or of torch.
"""

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from engine.configs.core import PRESETS, Site, SiteKind
from engine.errors import DataError
from engine.foreign.formats import dictionaries, published
from engine.foreign.formats.arrays import from_named, from_rows
from engine.foreign.formats.checkpoints import Opened
from engine.foreign.formats.places import FILE
from engine.foreign.formats.raw import refuse_raw
from engine.foreign.formats.study_vectors import read_one, read_pairs_of_layers, read_study
from engine.foreign.formats.values import ForeignVectors, Given, plain

STUDY_FILES = ("contrastive_steering_vecs",)
"""Names that the deception study gives its vectors."""
STUDY_SHAPE = (29, 3072)
"""Hidden states of its model, and their width."""
_TYPES: dict[str, SiteKind] = {"decoder_block": "block_out", "mlp": "mlp_out"}
"""Where the steering-vectors package adds, by its layer types."""


def recognise(
    path: Path, sha256: str, opened: Opened, beside: dict[str, Any], given: Given
) -> ForeignVectors:
    """The vectors of a torch file.

    Args:
        path: Of the file; what its name says counts where nothing in it does.
        sha256: Of its bytes.
        opened: Its values.
        beside: Plain values of the JSON files that lie beside it.
        given: What is known of the model.

    Raises:
        DataError: If the values are in none of the known layouts.
    """
    whole, name = opened.whole, path.name
    if isinstance(whole, np.ndarray):
        return published.read(path, sha256, whole, opened.dtype, beside, given)
    if isinstance(whole, list) and whole and all(isinstance(o, np.ndarray) for o in whole):
        return _rows(name, sha256, whole, opened.dtype)
    if not isinstance(whole, dict) or not whole:
        raise DataError(
            f"{name} holds a {type(whole).__name__}, not vectors: save them as tensors."
        )
    if dictionaries.is_dictionary(whole):
        return dictionaries.read(name, sha256, whole, opened.dtype, given)
    if isinstance(whole.get("axis"), np.ndarray):
        return published.by_row(_axis(name, sha256, whole, opened.dtype), given)
    if _is_layered(whole):
        return _numbered(path, sha256, whole, opened.dtype, given)
    for fits, read in _LAYOUTS:
        if fits(whole):
            return read(name, sha256, whole, opened.dtype)
    keys = ", ".join(str(key)[:40] for key in list(whole)[:8])
    raise DataError(
        f"{name} is a torch file with the keys {keys}: in none of the known layouts. Save the "
        "vectors as one tensor [vectors, hidden] under 'vectors'."
    )


def _rows(name: str, sha256: str, whole: list[np.ndarray], dtype: str) -> ForeignVectors:
    """A list of vectors, one a row."""
    shapes = {one.shape for one in whole}
    if len(shapes) > 1 or any(one.ndim not in (1, 2) or one.size == 0 for one in whole):
        raise DataError(f"{name} holds a list of tensors of several shapes: save vectors alone.")
    stacked = np.concatenate([np.atleast_2d(one) for one in whole])
    if len(stacked) != len(whole):
        raise DataError(f"{name} holds a list of matrices, not of vectors: save vectors alone.")
    return dataclasses.replace(from_rows(name, sha256, stacked, "list of tensors"), dtype=dtype)


def _steering_vectors(name: str, sha256: str, whole: dict[Any, Any], dtype: str) -> ForeignVectors:
    layers = whole["layer_activations"]
    kind = str(whole.get("layer_type", "decoder_block"))
    pairs = _by_layer(name, layers)
    arrays = {f"layer {key}": value for key, value in pairs}
    found = from_named(name, sha256, arrays, "steering-vectors", plain(whole))
    meaning, site = f"Layer L with layer_type '{kind[:40]}'", _TYPES.get(kind)
    words = {"block_out": "the output of block L.", "mlp_out": "the MLP output of block L."}
    return dataclasses.replace(
        found, operation="add", dtype=dtype, blocks=tuple(key for key, _ in pairs),
        sites=tuple(Site(block=key, kind=site) if site else None for key, _ in pairs),
        said={"layer": FILE, "operation": FILE} | ({"site": FILE} if site else {}),
        layers=f"{meaning} is {words[site]}" if site else f"{meaning} is no site here.",
    )  # fmt: skip


def _capping(name: str, sha256: str, whole: dict[Any, Any], dtype: str) -> ForeignVectors:
    arrays = {str(key): np.asarray(one["vector"]) for key, one in whole["vectors"].items()}
    found = from_named(name, sha256, arrays, "assistant-axis capping", plain(whole))
    layers = [one.get("layer") for one in whole["vectors"].values()]
    sites = tuple(Site(block=at) if isinstance(at, int) and at >= 0 else None for at in layers)
    return dataclasses.replace(
        found, sites=sites, dtype=dtype, blocks=(), said={"layer": FILE, "site": FILE},
        layers="Layer L is the output of block L; made for capping, not for adding.",
        remarks=("Made for capping: use the operation 'cap'.",),
    )  # fmt: skip


def _axis(name: str, sha256: str, whole: dict[Any, Any], dtype: str) -> ForeignVectors:
    found = from_rows(name, sha256, whole["axis"], "assistant-axis: one row a block", plain(whole))
    return dataclasses.replace(found, dtype=dtype)


def _numbered(
    path: Path, sha256: str, whole: dict[Any, Any], dtype: str, given: Given
) -> ForeignVectors:
    """Vectors by a number: hidden states where that is proven, else layers whose site is asked."""
    name = path.name
    refuse_raw(name)
    pairs = _by_layer(name, whole)
    last, width = pairs[-1][0], pairs[0][1].shape[-1]
    is_range = [key for key, _ in pairs] == list(range(len(pairs)))
    is_study = is_range and ((len(pairs), width) == STUDY_SHAPE or path.stem in STUDY_FILES)
    fits = given.depth == last and given.width == width
    arrays = {f"layer {key}": value for key, value in pairs}
    found = from_named(name, sha256, arrays, "vectors by layer", {})
    found = dataclasses.replace(found, dtype=dtype, blocks=tuple(key for key, _ in pairs))
    if not (is_range and (fits or (is_study and given.depth in (None, last)))):
        return dataclasses.replace(
            found, sites=(None,) * len(pairs), said={"layer": FILE},
            layers="Keys are layers, but the file does not say whether their input or output is "
            "meant: state the site.",
        )  # fmt: skip
    names = [f"hidden state {key}" for key, _ in pairs]
    sites = [None if key == last else Site(block=key, kind="block_in") for key, _ in pairs]
    said = f"Key i is hidden state i, the input of block i; key {last} stands after the final norm."
    return dataclasses.replace(
        found, names=tuple(names), sites=tuple(sites), blocks=(),
        layout="the deception study's vectors by layer", program="deception-study",
        operation="subtract", layers=f"{said} The study subtracts them, or projects them away.",
        said={"layer": FILE, "site": FILE, "operation": FILE},
        hint=PRESETS["llama-3.2-3b"].title if is_study else "",
    )  # fmt: skip


def _nested(name: str, sha256: str, whole: dict[Any, Any], dtype: str) -> ForeignVectors:
    """Vectors by name, and by layer within each."""
    arrays, blocks = {}, []
    for key, layers in whole.items():
        for layer, value in _by_layer(name, layers):
            arrays[f"{key} layer {layer}"] = value
            blocks.append(layer)
    found = from_named(name, sha256, arrays, "named vectors by layer", {})
    return dataclasses.replace(
        found, dtype=dtype, sites=(None,) * len(blocks), blocks=tuple(blocks),
        said={"layer": FILE}, layers="Inner keys are layers, but whether their input or output is "
        "meant is not said: state the site.",
    )  # fmt: skip


def _named(name: str, sha256: str, whole: dict[Any, Any], dtype: str) -> ForeignVectors:
    arrays = {str(key): one for key, one in whole.items() if isinstance(one, np.ndarray)}
    found = from_named(name, sha256, arrays, "named tensors", plain(whole))
    return dataclasses.replace(found, dtype=dtype)


def _by_layer(name: str, layers: dict[Any, Any]) -> list[tuple[int, np.ndarray]]:
    pairs = [(int(key), np.asarray(value)) for key, value in layers.items()]
    # One row with a batch of one is the same vector.
    pairs = [(key, one[0] if one.ndim == 2 and len(one) == 1 else one) for key, one in pairs]
    if any(np.ndim(value) != 1 or key < 0 for key, value in pairs):
        raise DataError(f"{name} needs one vector per layer, each with a single axis.")
    return sorted(pairs, key=lambda pair: pair[0])


def _is_layered(value: Any) -> bool:
    return (
        isinstance(value, dict)
        and bool(value)
        and all(str(key).isdecimal() and isinstance(one, np.ndarray) for key, one in value.items())
    )


def _holds(key: str, kind: type) -> Callable[[dict[Any, Any]], bool]:
    return lambda whole: isinstance(whole.get(key), kind)


def _is_direction(whole: dict[Any, Any]) -> bool:
    """One vector under 'direction', with facts beside it and no other tensors."""
    arrays = [key for key, one in whole.items() if isinstance(one, np.ndarray)]
    return arrays == ["direction"]


def _is_nested(whole: dict[Any, Any]) -> bool:
    return all(_is_layered(one) for one in whole.values())


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
    (lambda whole: _holds("vector", np.ndarray)(whole) or _is_direction(whole), read_one),
    (_is_capping, _capping),
    (_holds_pairs, read_pairs_of_layers),
    (lambda whole: _is_layered(whole.get("layer_activations")), _steering_vectors),
    (_is_nested, _nested),
    (lambda whole: any(isinstance(v, np.ndarray) for v in whole.values()), _named),
)
"""Tried in order: what must be so of the values, and what then reads them."""
