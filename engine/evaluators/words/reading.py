"""All readings of stored vectors, and of as many random ones at each of their sites.

The random vectors of a site are read once and kept for all vectors that ever stand there: their
effects on the likely words, and what the Jacobian makes of them, from which the words follow.
Knows nothing of stars and of records.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from engine.configs.core import Site
from engine.configs.reads.words import WordsConfig
from engine.errors import ConfigError
from engine.evaluators.steering.columns import check_width, foreign_notes
from engine.evaluators.sweeps import Units
from engine.evaluators.words import effect, ground, jacobian, lens
from engine.evaluators.words.ground import Ground
from engine.maths.directions import random_directions, unit_rows
from engine.model.edits import reached_block
from engine.model.forward import Forward
from engine.progress import Progress
from engine.questions import files
from engine.records.records import VectorSet

RANDOM_SEED = 32452843
"""Added to the seed, and the block, of what is drawn beside the vectors."""


class Reading(NamedTuple):
    """One reading of one vector beside the random ones of its site."""

    values: Float[np.ndarray, " words"]
    random: Float[np.ndarray, "random words"]


@dataclass(frozen=True, kw_only=True, eq=False)
class Read:
    """One vector in words."""

    vector_set: str
    vector: int
    site: Site
    residual: float
    """Median norm of the residual stream there."""
    readings: Mapping[str, Reading]
    """By name: effect, jacobian, logit."""


@dataclass(eq=False)
class Words:
    """A model's neutral prompts with what was read after them."""

    door: Forward
    config: WordsConfig
    units: Units
    ground: Ground = field(init=False)
    notes: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Render the prompts, and see which words may follow."""
        prompts = files.load_prompts(self.config.prompts)[: self.config.count]
        asked = self.config
        self.ground = ground.prepare(self.door, prompts, asked.system, asked.floor)

    def tokens(self, reading: str) -> list[int]:
        """Ids of the words of a reading."""
        if reading == "effect":
            return self.ground.likely
        return list(range(int(self.door.loaded.causal.config.get_text_config().vocab_size)))

    def read(self, sets: Sequence[VectorSet], progress: Progress) -> Iterator[Read]:
        """Every vector that the config names, site by site.

        Args:
            sets: The stored sets, one per `config.vectors`.
            progress: Told how far it is; may raise to stop.

        Raises:
            EngineError: If a set does not fit the model, or a vector has no direction.
        """
        chosen = list(self._chosen(sets))
        self.notes += foreign_notes(self.door, {one.digest: one for one in sets})
        blocks = list(dict.fromkeys(reached_block(found.sites[i]) for found, i in chosen))
        for number, block in enumerate(blocks):
            own = [one for one in chosen if reached_block(one[0].sites[one[1]]) == block]
            tick = _ticks(progress, number, len(blocks), own[0][0].sites[own[0][1]])
            yield from self._at(own, block, tick)

    def _chosen(self, sets: Sequence[VectorSet]) -> Iterator[tuple[VectorSet, int]]:
        """Set and index of every vector that is read, each once; a note of those that cannot be."""
        seen: set[tuple[str, int]] = set()
        for ref, found in zip(self.config.vectors, sets, strict=True):
            check_width(found, self.door)
            every = range(len(found.vectors))
            for index in every if ref.indices is None else ref.indices:
                if index not in every:
                    raise ConfigError(
                        f"{found.digest} has vectors 0 to {len(every) - 1}, but {index} was asked "
                        "for: name one of them."
                    )
                called = f"block of the vectors of {found.digest}"
                self.door.check_layer(found.sites[index].block, called)
                if (found.digest, index) in seen:
                    continue
                seen.add((found.digest, index))
                length = float(np.linalg.norm(found.vectors[index].astype(float)))
                if np.isfinite(length) and length > 0:
                    yield found, index
                else:
                    self.notes.append(
                        f"{found.names[index]} of {found.digest} has length {length:g}: it points "
                        "nowhere and was not read."
                    )

    def _at(self, own: list[tuple[VectorSet, int]], block: int, tick: Progress) -> Iterator[Read]:
        """The vectors after whose block the same states stand."""
        site = Site(block=0, kind="block_in") if block < 0 else Site(block=block)
        null = self._null(block, site, tick)
        rows = torch.stack([torch.from_numpy(found.vectors[i]).float() for found, i in own])
        units = unit_rows(rows)
        effects = effect.effects(self.ground, site, units, self.config.epsilon, tick).numpy()
        seen = {"effect": (effects, null["effect"])}
        moved = self._pushed(site, units, tick) if "jacobian" in null else {}
        for name, states in moved.items():
            seen[name] = (self._words(states), self._words(null[name]))
        seen["logit"] = (self._words(units), self._words(self._draws(block)))
        for place, (found, index) in enumerate(own):
            yield Read(
                vector_set=found.digest,
                vector=index,
                site=found.sites[index],
                residual=self.ground.residual(block),
                readings={
                    name: Reading(values[place], random) for name, (values, random) in seen.items()
                },
            )

    def _words(self, states: Tensor | np.ndarray) -> Float[np.ndarray, "vectors vocab"]:
        found: np.ndarray = lens.logits(self.ground, torch.as_tensor(states)).numpy()
        return found

    def _draws(self, block: int) -> Float[Tensor, "random hidden"]:
        """The random directions of a site: others at each, always the same."""
        seed = self.config.seed + RANDOM_SEED + block
        return random_directions(self.config.random, self.door.hidden, seed)

    def _null(self, block: int, site: Site, tick: Progress) -> dict[str, np.ndarray]:
        """What was read of a site's random vectors, from memory where it was read before."""
        name, likely = f"after block {block}", np.array(self.ground.likely)
        known = self.units.load_arrays(name) or {}
        if "jacobian" in known and np.array_equal(known["likely"], likely):
            return known
        drawn = self._draws(block)
        moved = effect.effects(self.ground, site, drawn, self.config.epsilon, tick)
        found = {"likely": likely, "effect": moved.numpy(), **self._pushed(site, drawn, tick)}
        self.units.save_arrays(name, found)
        return found

    def _pushed(
        self, site: Site, directions: Float[Tensor, "vectors hidden"], tick: Progress
    ) -> dict[str, np.ndarray]:
        """What the Jacobian makes of directions; nothing, and a note, where there is none."""
        try:
            return {"jacobian": jacobian.pushed(self.ground, site, directions, tick).numpy()}
        except jacobian.NoDerivativeError as error:
            self.notes = [*dict.fromkeys((*self.notes, str(error)))]
            return {}


def _ticks(progress: Progress, number: int, whole: int, site: Site) -> Callable[..., None]:
    def tick(done: int, total: int, message: str = "", **_: float) -> None:  # noqa: ARG001
        progress(number, whole, f"reading words at the {site.words}")

    return tick
