"""The corrigibility study's own vector files (FORMATS 2.12). Knows nothing of bytes or torch."""

import re
from typing import Any

import numpy as np

from engine.configs.core import Site
from engine.errors import DataError
from engine.foreign.formats.arrays import from_named, from_rows
from engine.foreign.formats.values import ForeignVectors, Program, numbers, plain

LAYERS = (
    "source_layer L is the MLP output of block L; adding there equals adding to the output of "
    "block L on Qwen3 and Llama."
)
OURS = "the corrigibility study's"
_PAIR = re.compile(r"src(\d{1,4})_tgt(\d{1,4})")


def read_study(name: str, sha256: str, whole: dict[Any, Any], dtype: str) -> ForeignVectors:
    """One tensor under 'vectors', with losses (MELBO) or sigmas (power iteration) beside it."""
    figures = ("losses", "sigmas", "gains")
    claims = plain({k: v for k, v in whole.items() if k not in figures}) | plain(_settings(whole))
    rows = from_rows(name, sha256, whole["vectors"], "tensor under 'vectors'")
    count = len(rows.vectors)
    method, layout = _kind(whole, claims)
    scores = {
        word: numbers(whole[key], name, key)
        for key, word in zip(figures, ("loss", "sigma", "gain"), strict=True)
        if isinstance(whole.get(key), list | np.ndarray) and np.size(whole[key]) == count
    }
    block = claims.get("source_layer", claims.get("layer"))
    site = Site(block=block) if isinstance(block, int) and block >= 0 else None
    return ForeignVectors(
        name=name, sha256=sha256, layout=layout, program=_program(claims), method=method,
        vectors=rows.vectors, names=tuple(f"{method}_{i:02d}" for i in range(count)),
        sites=(site,) * count, layers=LAYERS if site else rows.layers,
        operation="add" if site else "not stated", dtype=dtype, scores=scores, claims=claims,
    )  # fmt: skip


def read_caa(name: str, sha256: str, whole: dict[Any, Any], dtype: str) -> ForeignVectors:
    """One contrastive vector, where it was kept with the differences it is the mean of."""
    claims = plain(whole)
    row = from_rows(name, sha256, np.ravel(whole["vector"]), "tensor under 'vector'")
    block = claims.get("layer", claims.get("source_layer"))
    site = Site(block=block) if isinstance(block, int) and block >= 0 else None
    pairs: Any = whole.get("differences")
    fits = isinstance(pairs, np.ndarray) and pairs.ndim == 2
    kept = pairs.astype(np.float32) if fits and pairs.shape[1] == row.vectors.shape[1] else None
    return ForeignVectors(
        name=name, sha256=sha256, layout="the corrigibility study's contrastive vector",
        program="power-steering" if site else "other", method="contrastive", vectors=row.vectors,
        names=("contrastive",), sites=(site,), layers=LAYERS if site else row.layers,
        operation="add" if site else "not stated", dtype=dtype, differences=kept, claims=claims,
    )  # fmt: skip


def read_pairs_of_layers(
    name: str, sha256: str, whole: dict[Any, Any], dtype: str
) -> ForeignVectors:
    """Vectors by pair of layers, "src7_tgt32", each a tensor or a dictionary that holds one."""
    inner: Any = whole.get("vectors", whole.get("all_vectors"))
    arrays, losses = {}, []
    for key, one in inner.items():
        found = one.get("vectors") if isinstance(one, dict) else one
        if not isinstance(found, np.ndarray):
            raise DataError(f"{name} holds no tensor under '{str(key)[:40]}': export it again.")
        arrays[str(key)] = found
        given = one.get("losses") if isinstance(one, dict) else None
        losses += numbers(given, name, "loss") if isinstance(given, list) else []
    named = from_named(name, sha256, arrays, "MELBO by pair of layers", plain(whole))
    fields = {key: getattr(named, key) for key in named.__dataclass_fields__}
    counts = [len(np.atleast_2d(array)) for array in arrays.values()]
    sites = [_source(key) for key, count in zip(arrays, counts, strict=True) for _ in range(count)]
    scores = {"loss": losses} if len(losses) == len(named.vectors) else {}
    return ForeignVectors(
        **fields
        | {"method": "melbo", "sites": tuple(sites), "scores": scores, "dtype": dtype}
        | {"operation": "add", "layers": LAYERS}
    )


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
    if "losses" in whole or "num_steps" in claims:
        return "melbo", f"{OURS} MELBO"
    return "unknown", "tensor under 'vectors'"


def _program(claims: dict[str, Any]) -> Program:
    """The study's own program writes these together; others may share single names."""
    own = {"model", "source_layer", "target_layer"} <= claims.keys()
    ran = {"num_steps", "num_iters"} & claims.keys()
    return "power-steering" if own and ran else "other"
