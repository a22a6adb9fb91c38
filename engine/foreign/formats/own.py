"""What Vectorscope itself wrote into a file of another tool's layout, taken back from its keys.

Keys count only where they fit the vectors that the layout gives; else a remark says so. Knows
nothing of bytes.
"""

import dataclasses
import json
from collections.abc import Mapping
from typing import Any, get_args

import numpy as np

from engine.configs.core import Site, SiteKind
from engine.foreign.formats.places import FILE
from engine.foreign.formats.values import ForeignVectors, Operation

PREFIX = "vectorscope."
"""Begins the keys of a GGUF file of ours."""
KEY = "vectorscope"
"""Under which the other layouts hold them."""
_UNFIT = "Its vectorscope keys do not fit its vectors, and were left aside: it was changed."


def keys(values: Mapping[Any, Any]) -> dict[str, Any]:
    """What we wrote beside the vectors, by its short names; empty for other tools' files."""
    inner = values.get(KEY)
    if isinstance(inner, Mapping):
        return {str(key): value for key, value in inner.items()}
    named = {str(key): value for key, value in values.items()}
    return {k.removeprefix(PREFIX): v for k, v in named.items() if k.startswith(PREFIX)}


def restored(found: ForeignVectors, told: Mapping[str, Any]) -> ForeignVectors:
    """The vectors with their own names, sites, lengths, operation, method and model.

    Args:
        found: What the layout alone says, one vector a block or all at one block.
        told: As `keys` gives it.
    """
    if not told:
        return found
    names, sites = _texts(told.get("names")), _sites(told.get("sites"))
    order = _order(found, sites) if names and len(names) == len(sites) else None
    if order is None:
        return dataclasses.replace(found, remarks=(*found.remarks, _UNFIT))
    operation: Operation = found.operation
    if operation == "not stated" and told.get("operation") in get_args(Operation):
        operation = told["operation"]
    remarks = found.remarks
    if told.get("adapter"):
        remarks += (f"Made with the adapter {str(told['adapter'])[:80]} on its model.",)
    model = {} if found.model or not told.get("model") else {"model": str(told["model"])}
    return dataclasses.replace(
        found, names=tuple(names[i] for i in order), sites=tuple(sites[i] for i in order),
        blocks=(), vectors=_lengths(found.vectors, told.get("norms"), order), remarks=remarks,
        operation=operation, method=str(told.get("method") or found.method),
        claims=found.claims | model,
        said=found.said | {"layer": FILE, "site": FILE, "operation": FILE},
    )  # fmt: skip


def carded(found: ForeignVectors, header: Mapping[str, Any], tensors: list[str]) -> ForeignVectors:
    """Names, sites and figures of plain safetensors of ours, from the card in their header.

    Args:
        found: One vector a tensor.
        header: The texts of the file's header.
        tensors: Names of the tensors, in the order of the vectors.
    """
    try:
        card = json.loads(header["card"])
        place = {str(name): i for i, name in enumerate(card["tensors"])}
        order = [place[name] for name in tensors]
        names = [str(card["names"][i]) for i in order]
        told = [Site(block=card["sites"][i]["block"], kind=card["sites"][i]["kind"]) for i in order]
        scores = {str(k): [float(v[i]) for i in order] for k, v in card["scores"].items()}
    except (KeyError, TypeError, ValueError, IndexError, AttributeError, RecursionError):
        return found
    if told != list(found.sites) or len(names) != len(found.names):
        return dataclasses.replace(found, remarks=(*found.remarks, _UNFIT))
    return dataclasses.replace(found, names=tuple(names), scores=scores)


def output(site: Site) -> int:
    """The block at whose output a vector of this site is written."""
    return site.block - 1 if site.kind == "block_in" else site.block


def _order(found: ForeignVectors, sites: list[Site]) -> list[int] | None:
    """Which of our entries each vector is; None where they are not the file's."""
    held = [site.block if site else None for site in found.sites]
    written = [output(site) for site in sites]
    if len(held) != len(written) or None in held:
        return None
    if held == written:
        return list(range(len(held)))
    if sorted(b for b in held if b is not None) != sorted(written):
        return None
    if len(set(written)) != len(written):
        return None
    return [written.index(block) for block in held if block is not None]


def _texts(value: Any) -> list[str]:
    try:
        found = json.loads(value)
    except (TypeError, ValueError, RecursionError):
        return []
    fits = isinstance(found, list) and all(isinstance(one, str) for one in found)
    return found if fits else []


def _sites(value: Any) -> list[Site]:
    found = []
    for text in _texts(value):
        kind, _, number = text.partition(" ")
        if kind not in get_args(SiteKind) or not number.isdecimal() or len(number) > 4:
            return []
        known: Any = kind
        found.append(Site(block=int(number), kind=known))
    return found


def _lengths(vectors: np.ndarray, value: Any, order: list[int]) -> np.ndarray:
    """Directions of length 1 with the lengths that they had, where the file keeps them."""
    try:
        norms = np.array([float(one) for one in str(value).split(",")], dtype=np.float64)
    except ValueError:
        return vectors
    if len(norms) != len(order) or not np.isfinite(norms).all():
        return vectors
    return (vectors * norms[order][:, None]).astype(np.float32)
