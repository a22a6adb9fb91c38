"""The corrigibility study's own vector files (FORMATS 2.12). Knows nothing of bytes or torch."""

import dataclasses
import re
from typing import Any

import numpy as np

from engine.configs.core import Site
from engine.errors import DataError
from engine.foreign.formats import own, places
from engine.foreign.formats.arrays import from_named, from_rows
from engine.foreign.formats.places import ASSUMED, FILE
from engine.foreign.formats.values import ForeignVectors, Program, numbers, plain

LAYERS = (
    "source_layer L is the MLP output of block L; adding there equals adding to the output of "
    "block L on Qwen3 and Llama."
)
OURS = "the corrigibility study's"
_PAIR = re.compile(r"src(\d{1,4})_tgt(\d{1,4})")


_SCORES = {"losses": "loss", "training_losses": "loss", "sigmas": "sigma", "gains": "gain"}
"""Under which words files keep a figure per vector, and ours."""


def read_study(name: str, sha256: str, whole: dict[Any, Any], dtype: str) -> ForeignVectors:
    """One tensor under 'vectors', with losses (MELBO) or sigmas (power iteration) beside it."""
    plainly = plain({k: v for k, v in whole.items() if k not in _SCORES})
    claims = plainly | {k: v for k, v in plain(_settings(whole)).items() if k not in plainly}
    rows = from_rows(name, sha256, whole["vectors"], "tensor under 'vectors'")
    count = len(rows.vectors)
    method, layout = _kind(whole, claims)
    scores: dict[str, list[float]] = {}
    history: dict[str, list[list[float]]] = {}
    for key, word in _SCORES.items():
        values, steps = _figures(name, key, whole.get(key), count)
        scores |= {word: values} if values else {}
        history |= {word: steps} if steps else {}
    block = places.of_values(claims)
    is_study = "source_layer" in claims or "source_layer_idx" in claims
    site = None if block is None else Site(block=block)
    said = LAYERS if is_study else _assumed(block)
    found = ForeignVectors(
        name=name, sha256=sha256, layout=layout, program=_program(claims), method=method,
        vectors=rows.vectors, names=tuple(f"{method}_{i:02d}" for i in range(count)),
        sites=(site,) * count, layers=said if site else rows.layers,
        said={"layer": FILE, "site": FILE if is_study else ASSUMED} if site else {},
        operation="add" if is_study else "not stated", dtype=dtype, scores=scores,
        history=history, claims=claims,
    )  # fmt: skip
    return own.restored(found, own.keys(whole))


def _assumed(block: int | None) -> str:
    return f"The file says layer {block}; the output of block {block} is assumed."


def _figures(name: str, key: str, given: Any, count: int) -> tuple[list[float], list[list[float]]]:
    """A figure per vector, the last of each curve, and the curves as [step][vector]."""
    if not isinstance(given, list | np.ndarray) or len(given) != count:
        return [], []
    if not all(isinstance(one, list | np.ndarray) for one in given):
        return numbers(given, name, key), []
    curves = [numbers(one, name, key) for one in given]
    if not all(curves):
        return [], []
    steps = {len(one) for one in curves}
    whole = [list(step) for step in zip(*curves, strict=True)] if len(steps) == 1 else []
    return [one[-1] for one in curves], whole


def read_one(name: str, sha256: str, whole: dict[Any, Any], dtype: str) -> ForeignVectors:
    """One vector under 'vector' or 'direction', as contrastive studies keep it."""
    claims = plain(whole)
    word = "vector" if isinstance(whole.get("vector"), np.ndarray) else "direction"
    row = from_rows(name, sha256, whole[word], f"tensor under '{word}'")
    block, count = places.of_values(claims), len(row.vectors)
    site = None if block is None else Site(block=block)
    pairs: Any = whole.get("differences")
    fits = isinstance(pairs, np.ndarray) and pairs.ndim == 2
    kept = pairs.astype(np.float32) if fits and pairs.shape[1] == row.vectors.shape[1] else None
    is_study = site is not None and kept is not None
    found = ForeignVectors(
        name=name, sha256=sha256, dtype=dtype, differences=kept, claims=claims,
        layout="the corrigibility study's contrastive vector" if is_study else row.layout,
        program="power-steering" if is_study else "other",
        method="contrastive" if is_study else "unknown", vectors=row.vectors,
        names=("contrastive",) if is_study and count == 1 else
        (word,) if count == 1 else row.names,
        sites=(site,) * count,
        layers=LAYERS if is_study else _assumed(block) if site else row.layers,
        said={"layer": FILE, "site": FILE if is_study else ASSUMED} if site else {},
        operation="add" if is_study else "not stated",
    )  # fmt: skip
    return own.restored(found, own.keys(whole))


def read_pairs_of_layers(
    name: str, sha256: str, whole: dict[Any, Any], dtype: str
) -> ForeignVectors:
    """Vectors by pair of layers, "src7_tgt32", each a tensor or a dictionary that holds one."""
    inner: Any = whole.get("vectors", whole.get("all_vectors"))
    arrays: dict[str, np.ndarray] = {}
    losses: list[Any] = []
    curves: list[Any] = []
    for key, one in inner.items():
        found = one.get("vectors") if isinstance(one, dict) else one
        if not isinstance(found, np.ndarray):
            raise DataError(f"{name} holds no tensor under '{str(key)[:40]}': export it again.")
        arrays[str(key)] = found
        given = next((one[k] for k in _SCORES if k in one), None) if isinstance(one, dict) else None
        values, steps = _figures(name, "loss", given, len(np.atleast_2d(found)))
        losses, curves = losses + values, [*curves, steps]
    named = from_named(name, sha256, arrays, "MELBO by pair of layers", plain(whole))
    counts = [len(np.atleast_2d(array)) for array in arrays.values()]
    sites = [_source(key) for key, count in zip(arrays, counts, strict=True) for _ in range(count)]
    is_told = len(losses) == len(named.vectors)
    return dataclasses.replace(
        named,
        method="melbo" if any(sites) else "unknown",
        sites=tuple(sites), blocks=(), dtype=dtype,
        scores={"loss": losses} if is_told else {},
        history={"loss": curves[0]} if is_told and len(curves) == 1 and curves[0] else {},
        operation="add" if any(sites) else "not stated",
        layers=LAYERS if any(sites) else "The file does not say which layer its vectors belong to.",
        said={"layer": FILE, "site": FILE} if any(sites) else {},
    )  # fmt: skip


def _source(key: str) -> Site | None:
    found = _PAIR.search(key)
    return Site(block=int(found[1])) if found else None


def _settings(whole: dict[Any, Any]) -> dict[str, Any]:
    inner = whole.get("config")
    return inner if isinstance(inner, dict) else {}


def _kind(whole: dict[Any, Any], claims: dict[str, Any]) -> tuple[str, str]:
    """Our word for the method, and the layout in words."""
    if "sigmas" in whole:
        if "caa_vector_file" in claims:
            return "power-iteration", f"{OURS} power iteration at a contrastive vector"
        if "num_prompts" in claims:
            return "power-iteration", f"{OURS} power iteration over several prompts"
        return "power-iteration", f"{OURS} power iteration"
    if "losses" in whole or "training_losses" in whole or "num_steps" in claims:
        return "melbo", f"{OURS} MELBO"
    return "unknown", "tensor under 'vectors'"


def _program(claims: dict[str, Any]) -> Program:
    """The study's own program writes these together; others may share single names."""
    own = {"model", "source_layer", "target_layer"} <= claims.keys()
    ran = {"num_steps", "num_iters"} & claims.keys()
    return "power-steering" if own and ran else "other"
