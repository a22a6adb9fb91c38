"""Dictionaries of directions, of which single rows steer: SAE decoders and DCT factors.

Which axis is a vector is proven by a bias beside it or by the model's width, never by the shape.
Knows nothing of bytes.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

from engine.errors import DataError
from engine.foreign.formats.stated import check_index
from engine.foreign.formats.values import ForeignVectors, Given, MissingFactsError, plain

DECODERS = ("W_dec", "decoder.weight", "decoder", "W_D")
BIASES = ("b_dec", "decoder.bias", "pre_bias")
DCT, SAE = "DCT factors (columns of V)", "SAE decoder"
LAYOUTS = (DCT, SAE)
MOST_WHOLE = 64
"""Directions that are taken without being chosen."""


def is_dictionary(whole: Mapping[Any, Any]) -> bool:
    """Whether these are the weights of an SAE, or the factors of a DCT."""
    return _decoder(whole) is not None or _is_dct(whole)


def read(
    name: str, sha256: str, whole: Mapping[Any, Any], dtype: str, given: Given
) -> ForeignVectors:
    """The directions that were chosen by index, each of the model's width.

    Raises:
        MissingFactsError: If the model or the index has to be stated first.
        DataError: If no axis has the model's width, or there is no such row.
    """
    if _is_dct(whole):
        word, kind, array = "V", DCT, whole["V"]
        said = "V holds the directions at the source block; U, their effects, is left out."
    else:
        word = str(_decoder(whole))
        kind, array, said = SAE, whole[word], "Each row is what one feature adds."
    rows = _oriented(name, array, _width(name, whole, given), word)
    index = given.index
    if not index and len(rows) > MOST_WHOLE:
        raise MissingFactsError(
            f"{name} holds {len(rows):,} directions of an {kind}: choose some, as --index 3,17.",
            ("index",),
        )
    check_index(name, index, len(rows))
    chosen = list(index) or list(range(len(rows)))
    label = "feature" if word != "V" else "V"
    return ForeignVectors(
        name=name, sha256=sha256, layout=kind, method="unknown", dtype=dtype,
        vectors=np.ascontiguousarray(rows[chosen], dtype=np.float32),
        names=tuple(f"{label} {i}" for i in chosen), sites=(None,) * len(chosen),
        layers="The file does not say which layer its directions belong to.",
        claims=plain(whole), remarks=(said,),
    )  # fmt: skip


def _decoder(whole: Mapping[Any, Any]) -> str | None:
    has_bias = any(isinstance(whole.get(key), np.ndarray) for key in (*BIASES, "b_enc"))
    has_encoder = any("enc" in str(key).lower() for key in whole)
    for key in DECODERS:
        if isinstance(whole.get(key), np.ndarray) and whole[key].ndim == 2:
            return key if has_bias or has_encoder or key == "W_dec" else None
    return None


def _is_dct(whole: Mapping[Any, Any]) -> bool:
    arrays = [whole.get(key) for key in ("U", "V")]
    return all(isinstance(one, np.ndarray) and one.ndim == 2 for one in arrays)


def _width(name: str, whole: Mapping[Any, Any], given: Given) -> int | None:
    """That of the decoder's bias, which the model's must equal; else the model's."""
    for key in BIASES:
        bias = whole.get(key)
        if not (isinstance(bias, np.ndarray) and bias.ndim == 1):
            continue
        if given.width is not None and given.width != len(bias):
            raise DataError(
                f"{name} is of a model of width {len(bias)}, but the model has width "
                f"{given.width}: name the model they were made with."
            )
        return len(bias)
    return given.width


def _oriented(name: str, array: np.ndarray, width: int | None, word: str) -> np.ndarray:
    shape = " x ".join(map(str, array.shape))
    if width is None:
        raise MissingFactsError(
            f"{name} holds {word} of {shape}: name its model (--model), whose width says which "
            "axis is a vector.",
            ("model",),
        )
    if array.shape[0] == array.shape[1] == width:
        raise DataError(
            f"{name} holds {word} of {shape}, both the model's width: save the rows as vectors."
        )
    if width not in array.shape:
        raise DataError(
            f"{name} holds {word} of {shape}, but the model has width {width}: name the model "
            "they were made with."
        )
    return array if array.shape[1] == width else array.T
