"""From a configuration of the grid to the edits of a row."""

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from engine.configs.core import Site
from engine.configs.grids import BlendPart, Configuration
from engine.errors import ConfigError
from engine.model.edits import Edit
from engine.model.forward import Forward
from engine.records.records import VectorSet

Residuals = Mapping[Site, float]
"""Median norm of the residual stream, by site."""
TINY = 1e-12


def sites_of(
    configurations: Sequence[Configuration], sets: Mapping[str, VectorSet], door: Forward
) -> list[Site]:
    """Every place that some configuration changes, each once.

    Raises:
        ConfigError: If a vector, a layer or a width does not fit the model.
    """
    found: dict[Site, None] = {}
    for one in configurations:
        for part in one.blend:
            _check_part(part, sets[part.digest], door)
        found |= dict.fromkeys(_blends(one, sets, door.blocks))
        if isinstance(one.layers, tuple):
            for layer in one.layers:
                door.check_layer(layer, "layer")
    return list(found)


def edits_of(
    one: Configuration, sets: Mapping[str, VectorSet], blocks: int, residuals: Residuals
) -> list[Edit]:
    """What this configuration changes in a row; nothing for a baseline.

    Raises:
        ConfigError: If the vectors of a blend cancel out.
    """
    if one.is_baseline:
        return []
    edits = []
    for site, vector in _blends(one, sets, blocks).items():
        norm = float(vector.norm())
        if norm <= TINY:
            raise ConfigError(
                f"The vectors of {one.name!r} cancel out at the {site.words}: nothing would "
                "change there; choose other weights."
            )
        is_relative = one.scale_unit == "relative"
        edits.append(
            Edit(
                site=site,
                vector=vector,
                scale=one.scale * residuals[site] / norm if is_relative else one.scale,
                operation=one.operation,
                positions=one.positions,
                preserve_norm=one.preserve_norm,
            )
        )
    return edits


def residual_norms(door: Forward, prompts: list[list[int]], sites: list[Site]) -> dict[Site, float]:
    """Median norm over the tokens of neutral prompts in the base model, by site."""
    # An MLP's output is added to the block's, so that is the norm it is to be compared with.
    places = {s: Site(block=s.block) if s.kind == "mlp_out" else s for s in sites}
    # A block's input and the output before it are one place: captured apart, or one would be lost.
    found: dict[Site, float] = {}
    for kind in ("block_out", "block_in"):
        wanted = [p for p in dict.fromkeys(places.values()) if p.kind == kind]
        states = [door.capture(tokens, wanted, adapter=False) for tokens in prompts if wanted]
        for place in wanted:
            norms = torch.cat([state[place].norm(dim=-1) for state in states])
            found[place] = float(norms.median())
    return {site: found[place] for site, place in places.items()}


def relative_size(edits: Sequence[Edit], residuals: Residuals) -> float | None:
    """Norm of what is added / median residual norm, the largest over sites; None for ablations."""
    sizes = [
        abs(e.scale) * float(e.vector.norm()) / max(residuals[e.site], TINY)
        for e in edits
        if e.operation == "add"
    ]
    return max(sizes) if sizes else None if edits else 0.0


def _blends(
    one: Configuration, sets: Mapping[str, VectorSet], blocks: int
) -> dict[Site, Float[Tensor, " hidden"]]:
    """The blended vector at each site."""
    if one.is_baseline:
        return {}
    weighted = [(_site(part, sets), _vector(one, part, sets)) for part in one.blend]
    if one.layers == "own":
        sites = list(dict.fromkeys(site for site, _ in weighted))
        return {
            site: torch.stack([v for place, v in weighted if place == site]).sum(0)
            for site in sites
        }
    whole = torch.stack([vector for _, vector in weighted]).sum(0)
    layers = range(blocks) if one.layers == "all" else one.layers
    return {Site(block=layer): whole for layer in layers}


def _site(part: BlendPart, sets: Mapping[str, VectorSet]) -> Site:
    return sets[part.digest].sites[part.index]


def _vector(
    one: Configuration, part: BlendPart, sets: Mapping[str, VectorSet]
) -> Float[Tensor, " hidden"]:
    stored = np.array(sets[part.digest].vectors[part.index], dtype=np.float32)
    vector = torch.from_numpy(stored)
    if one.unit_norm:
        vector = vector / vector.norm().clamp_min(TINY)
    return part.weight * vector


def _check_part(part: BlendPart, found: VectorSet, door: Forward) -> None:
    count, width = found.vectors.shape
    model = door.loaded.config.short_name
    if part.index >= count:
        raise ConfigError(
            f"Vector {part.index} was asked for, but {found.method} {found.digest} has vectors "
            f"0 to {count - 1}: choose one of them."
        )
    if width != door.hidden:
        raise ConfigError(
            f"The vectors of {found.method} {found.digest} have width {width}, but {model} has "
            f"hidden size {door.hidden}: use vectors found on this model."
        )
    door.check_layer(found.sites[part.index].block, f"block of vector {part.index}")
