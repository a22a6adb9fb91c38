"""From a configuration of the grid to the edits of a row."""

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from engine.configs.core import Site
from engine.configs.grids import BlendPart, Configuration
from engine.configs.steering.interventions import named_vector
from engine.errors import ConfigError
from engine.evaluators.steering import made_for
from engine.evaluators.steering.directions import Direction, Sides, spanned, stored_vector
from engine.evaluators.steering.gating import gate_at
from engine.evaluators.steering.making import TINY, Maker, Residuals
from engine.evaluators.steering.sides import Samples
from engine.evaluators.steering.usual import Usual
from engine.maths.directions import random_directions
from engine.model.edits import Edit
from engine.model.forward import Forward
from engine.records.records import VectorSet


class Columns:
    """Makes the edits of a grid's columns."""

    def __init__(
        self,
        door: Forward,
        configurations: Sequence[Configuration],
        sets: Mapping[str, VectorSet],
        system: str | None,
        usual: dict[Any, Usual] | None = None,
    ) -> None:
        """Hold every column against the model.

        Args:
            door: The model.
            configurations: The columns.
            sets: The stored vector sets by the digests that they name.
            system: System prompt of the prompts that say what is usual.
            usual: States that were captured before in this model, to be used and added to.

        Raises:
            ConfigError: If a vector, a layer or a width does not fit the model.
            ModelError: If a dose is asked of an adapter that has none.
        """
        self._door, self._sets, self._system = door, sets, system
        for one in configurations:
            door.loaded.adapter(one.which(tuple(door.loaded.config.adapters)))
        self._usual: dict[Any, Usual] = {} if usual is None else usual
        self._samples = Samples(door)
        self.sites = sites_of(configurations, sets, door)
        self.residuals: Residuals = {}

    def measure(self, prompts: list[list[int]]) -> None:
        """Take the residual norms, over the tokens of neutral prompts."""
        self.residuals = residual_norms(self._door, prompts, self.sites)

    def edits(self, one: Configuration) -> list[Edit]:
        """What this configuration changes in a row; nothing for a baseline.

        Raises:
            ConfigError: If the vectors of a blend cancel out, or the operation lacks something.
        """
        if one.is_baseline:
            return []
        directions = self._directions(one)
        return self._maker(one).edits(directions, one.scale, one.scale_unit == "relative")

    def control(self, one: Configuration, seed: int) -> list[Edit]:
        """The same with random directions of the same norm at the same sites.

        Raises:
            ConfigError: As `edits`.
        """
        if one.is_baseline:
            return []
        own = self._directions(one)
        units = random_directions(len(own), self._door.hidden, seed)
        drawn = {
            site: direction.random(unit, direction.norm, seed)
            for (site, direction), unit in zip(own.items(), units, strict=True)
        }
        return self._maker(one).edits(drawn, one.scale, one.scale_unit == "relative")

    def relative_size(self, one: Configuration, edits: list[Edit]) -> float | None:
        """Norm of the change / median residual norm; None for ablations, where it was not told."""
        if one.operation == "ablate" and edits:
            return None
        if one.is_baseline:
            return 0.0
        return self._maker(one).relative(self._directions(one), edits)

    def _maker(self, one: Configuration) -> Maker:
        which = one.which(tuple(self._door.loaded.config.adapters))
        key = one.usual, self._system, which
        if key not in self._usual:
            self._usual[key] = Usual.of(self._door, one.usual, self._system, which)
        usual = self._usual[key]
        return Maker(
            how=one,
            residuals=self.residuals,
            usual=usual,
            second=named(one.second, self._sets),
            gate=gate_at(one.gate, self._sets, self._door, usual),
        )

    def _directions(self, one: Configuration) -> dict[Site, Direction]:
        """What is pointed along at each site."""
        found: dict[Site, Direction] = {}
        for site, parts in _parts_by_site(one, self._sets, self._door.blocks).items():
            vectors = [_weighted(one, part, self._sets) for part in parts]
            whole = torch.stack(vectors).sum(0)
            if float(whole.norm()) <= TINY:
                raise ConfigError(
                    f"The vectors of {one.name!r} cancel out at the {site.words}: nothing would "
                    "change there; choose other weights."
                )
            if one.operation == "low-rank":
                found[site] = spanned(vectors)
            elif one.operation == "transport":
                found[site] = Direction(vector=whole, sides=self._sides(one, parts))
            else:
                found[site] = Direction(vector=whole)
        return found

    def _sides(self, one: Configuration, parts: Sequence[BlendPart]) -> Sides:
        if len(parts) > 1:
            raise ConfigError(
                f"{one.name!r} carries the states of one vector's samples: name one vector, not "
                f"{len(parts)}."
            )
        sides = self._samples.of(self._sets[parts[0].digest], parts[0].index)
        return sides if parts[0].weight > 0 else sides.negated


def named(text: str | None, sets: Mapping[str, VectorSet]) -> Float[Tensor, " hidden"] | None:
    """The vector that "DIGEST:INDEX" names.

    Raises:
        ConfigError: If its set has no such vector.
    """
    if text is None:
        return None
    digest, index = named_vector(text)
    found = sets[digest]
    if index >= len(found.vectors):
        raise ConfigError(
            f"Vector {index} of {digest} was asked for, which has vectors 0 to "
            f"{len(found.vectors) - 1}: choose one of them."
        )
    return stored_vector(found, index)


def sites_of(
    configurations: Sequence[Configuration], sets: Mapping[str, VectorSet], door: Forward
) -> list[Site]:
    """Every place that some configuration changes, each once.

    Raises:
        ConfigError: If a vector, a layer or a width does not fit the model.
    """
    found: dict[Site, None] = {}
    for one in configurations:
        parts = list(one.blend)
        if one.second is not None:
            digest, index = named_vector(one.second)
            parts.append(BlendPart(digest=digest, index=index))
        for part in parts:
            check_part(part, sets[part.digest], door)
        if not one.is_baseline:
            found |= dict.fromkeys(_parts_by_site(one, sets, door.blocks))
        if isinstance(one.layers, tuple):
            for layer in one.layers:
                door.check_layer(layer, "layer")
    return list(found)


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


def _parts_by_site(
    one: Configuration, sets: Mapping[str, VectorSet], blocks: int
) -> dict[Site, list[BlendPart]]:
    """The vectors that are blended at each site."""
    if one.layers != "own":
        layers = range(blocks) if one.layers == "all" else one.layers
        return {Site(block=layer): list(one.blend) for layer in layers}
    found: dict[Site, list[BlendPart]] = {}
    for part in one.blend:
        found.setdefault(sets[part.digest].sites[part.index], []).append(part)
    return found


def _weighted(
    one: Configuration, part: BlendPart, sets: Mapping[str, VectorSet]
) -> Float[Tensor, " hidden"]:
    vector = stored_vector(sets[part.digest], part.index)
    if one.unit_norm:
        vector = vector / vector.norm().clamp_min(TINY)
    return part.weight * vector


def check_part(part: BlendPart, found: VectorSet, door: Forward) -> None:
    """Refuse a vector that does not exist, or not on this model.

    Raises:
        ConfigError: In one sentence.
    """
    count = len(found.vectors)
    if part.index >= count:
        raise ConfigError(
            f"Vector {part.index} was asked for, but {found.method} {found.digest} has vectors "
            f"0 to {count - 1}: choose one of them."
        )
    check_width(found, door)
    door.check_layer(found.sites[part.index].block, f"block of vector {part.index}")


def check_width(found: VectorSet, door: Forward) -> None:
    """Refuse vectors that are longer or shorter than the model's states.

    Raises:
        ConfigError: In one sentence.
    """
    width = found.vectors.shape[1]
    if width != door.hidden:
        raise ConfigError(
            f"The vectors of {found.method} {found.digest} have width {width}, but "
            f"{door.loaded.config.short_name} has hidden size {door.hidden}: use vectors found on "
            "this model."
        )


def foreign_notes(
    door: Forward, sets: Mapping[str, VectorSet], columns: Sequence[Configuration] = ()
) -> list[str]:
    """What a reader should know of the model, and of vectors that were found on another one."""
    notes = list(door.loaded.notes)
    own = door.loaded.source.fingerprint
    for found in sets.values():
        other = found.model.get("fingerprint")
        if other is not None and other != own:
            notes.append(
                f"The vectors of {found.method} {found.digest} were found on another model "
                f"({found.model.get('short_name', 'unknown')})."
            )
    done = [
        (part.digest, one.operation) for one in columns if not one.is_baseline for part in one.blend
    ]
    notes += made_for.other_model(sets, door.loaded.config.short_name)
    return [*notes, *made_for.mismatches(sets, done)]
