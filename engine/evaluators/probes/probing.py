"""Reads vectors and a logistic fit at every block they are asked for, beside random directions.

A direction's score of a text is its inner product with the text's state; the mean over an answer
is the mean of its tokens' scores. Knows nothing of records and of what is said of the figures.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float

from engine.configs.core import Site
from engine.configs.reads.probes import ProbeConfig
from engine.errors import ConfigError
from engine.evaluators.probes import states, texts
from engine.evaluators.probes.fitting import Fit, chosen
from engine.evaluators.probes.states import PLACE_OF, Classes, Group
from engine.evaluators.probes.texts import Parts
from engine.evaluators.steering.columns import check_width, foreign_notes
from engine.maths.directions import random_directions
from engine.model.forward import Forward
from engine.progress import Progress
from engine.records.records import VectorSet
from engine.statistics.reads import probes
from engine.statistics.reads.probe_words import FIT

RANDOM_SEED = 49979687
"""Sets the random directions apart from other draws of one seed."""
DIGITS = 4


@dataclass(frozen=True, kw_only=True, eq=False)
class Read:
    """One vector at one block."""

    vector_set: str
    vector: int
    name: str
    method: str
    block: int
    is_own: bool
    """Whether it is the vector's own block."""
    direction: Float[np.ndarray, " hidden"]

    @property
    def row(self) -> dict[str, Any]:
        """Which vector it is, where."""
        named = ("vector_set", "vector", "name", "method", "block")
        return {name: getattr(self, name) for name in named} | {"own": self.is_own}


@dataclass(frozen=True, kw_only=True, eq=False)
class Probed:
    """What was read."""

    rows: list[dict[str, Any]]
    """One per vector, block and two classes; `vector_set` is `FIT` for the fits."""
    random: list[dict[str, Any]]
    """One per block and two classes: what random directions and shuffled fits read there."""
    parts: Parts
    neutral: int
    """Texts that set the threshold."""
    notes: tuple[str, ...]


def run(
    door: Forward, config: ProbeConfig, sets: Sequence[VectorSet], progress: Progress
) -> Probed:
    """Read all vectors where they are asked for.

    Args:
        door: The model, with its adapter where there is one.
        config: What is asked.
        sets: The stored sets, one for each of `config.vectors`.
        progress: May raise to stop.

    Raises:
        ConfigError: If a vector or block is not of this model.
        DataError: If the pairs cannot be read or are too few.
    """
    wanted = _wanted(door, config, sets)
    blocks = sorted({one.block for one in wanted} | set(_named_blocks(door, config)))
    parts = texts.parts(config)
    prompter = door.loaded.prompter
    written = [
        [texts.pair_texts(prompter, pair, config.system) for pair in part]
        for part in (parts.train, parts.test)
    ]
    neutral = texts.neutral_texts(door, config, progress)
    rows: list[dict[str, Any]] = []
    random: list[dict[str, Any]] = []
    notes = [*foreign_notes(door, {one.digest: one for one in sets}), *parts.notes]
    for group in states.groups(door, blocks, written, neutral, config.has_state, progress):
        notes += group.notes
        for place, block in enumerate(group.blocks):
            progress(len(rows), len(rows) + 1, f"reading block {block}")
            own = [one for one in wanted if one.block == block]
            for found, beside in _at_block(config, group, place, own):
                rows += found
                random.append(beside)
    return Probed(
        rows=rows,
        random=random,
        parts=parts,
        neutral=len(neutral),
        notes=tuple(dict.fromkeys(notes)),
    )


def _named_blocks(door: Forward, config: ProbeConfig) -> list[int]:
    """The blocks at which everything is read; none where each vector has its own."""
    if config.blocks == "own":
        return []
    blocks = list(range(door.blocks)) if config.blocks == "all" else [*map(int, config.blocks)]
    for block in blocks:
        door.check_layer(block, "block")
    return blocks


def _wanted(door: Forward, config: ProbeConfig, sets: Sequence[VectorSet]) -> list[Read]:
    found: dict[tuple[str, int, int], Read] = {}
    for ref, one in zip(config.vectors, sets, strict=True):
        check_width(one, door)
        for index in range(len(one.vectors)) if ref.indices is None else ref.indices:
            if index >= len(one.vectors):
                raise ConfigError(
                    f"Vector {index} was asked for, but {one.digest} has vectors 0 to "
                    f"{len(one.vectors) - 1}: choose one of them."
                )
            own = output_block(one.sites[index])
            door.check_layer(own, f"block of vector {index}")
            for block in _named_blocks(door, config) or [own]:
                found[one.digest, index, block] = Read(
                    vector_set=one.digest,
                    vector=index,
                    name=one.names[index],
                    method=one.method,
                    block=block,
                    is_own=block == own,
                    direction=np.asarray(one.vectors[index], dtype=np.float64),
                )
    return list(found.values())


def output_block(site: Site) -> int:
    """The block at whose output a vector of a site stands in the residual stream.

    Raises:
        ConfigError: If that is before the first block.
    """
    block = site.block - (site.kind == "block_in")
    if block < 0:
        raise ConfigError(
            "A vector at the input of block 0 stands before every block's output: name the blocks "
            "at which it is to be read."
        )
    return block


def _at_block(
    config: ProbeConfig, group: Group, place: int, wanted: Sequence[Read]
) -> list[tuple[list[dict[str, Any]], dict[str, Any]]]:
    """Rows and yardstick of every two classes at one block."""
    block, hidden = group.blocks[place], group.neutral.shape[-1]
    drawn = random_directions(config.random, hidden, config.seed + RANDOM_SEED + block)
    random = drawn.double().numpy()
    found = []
    for train, test in zip(
        group.train.classes(place, config.has_answers),
        group.test.classes(place, config.has_answers),
        strict=True,
    ):
        fit = Fit(train.positive, train.negative, config.penalty)
        nulls = fit.shuffled(train.questions, config.shuffles, [config.seed, block])
        picked = chosen(random, train.positive, train.negative)
        scored = Scored(test, random, nulls, config)
        fitted = Read(
            vector_set=FIT, vector=-1, name="logistic fit", method="logistic", block=block,
            is_own=True, direction=fit.direction(),
        )  # fmt: skip
        neutral = group.neutral[:, place, PLACE_OF[test.kind]].double().numpy()
        rows = [scored.row(one, neutral) for one in (*wanted, fitted)]
        found.append((rows, {"block": block} | scored.beside(picked)))
    return found


class Scored:
    """Two tested classes at one block, and what random directions and shuffled fits read there."""

    def __init__(
        self,
        test: Classes,
        random: Float[np.ndarray, "random hidden"],
        shuffled: Float[np.ndarray, "shuffles hidden"],
        config: ProbeConfig,
    ) -> None:
        """Score the tested texts by every direction of both nulls."""
        self._test, self._config = test, config
        self._random = random @ test.positive.T, random @ test.negative.T
        self._figures = probes.auroc(*self._random)
        self._shuffled = probes.auroc(shuffled @ test.positive.T, shuffled @ test.negative.T)

    def row(self, read: Read, neutral: Float[np.ndarray, "texts hidden"]) -> dict[str, Any]:
        """The figures of one direction."""
        test, asked = self._test, self._config
        positive, negative = test.positive @ read.direction, test.negative @ read.direction
        figure = float(probes.auroc(positive, negative))
        low, high = probes.interval(positive, negative, test.questions, asked.resamples, asked.seed)
        placed = probes.beside(figure, self._figures)
        found = read.row | {
            "classes": test.kind,
            "auroc": round(figure, DIGITS),
            "low": round(float(low), DIGITS),
            "high": round(float(high), DIGITS),
            "pairs": round(float(probes.ranked(positive, negative)), DIGITS),
            "recall": _rounded(probes.recall(positive, neutral @ read.direction).share),
            "p": round(placed.p, DIGITS),
            "beyond": placed.is_beyond,
        }
        if read.vector_set == FIT:
            shuffled = probes.beside(figure, self._shuffled)
            found |= {"p_shuffled": round(shuffled.p, DIGITS)}
        if read.is_own:
            found["roc"] = probes.as_steps(probes.curve(positive, negative))
        return found

    def beside(self, picked: Float[np.ndarray, " hidden"]) -> dict[str, Any]:
        """What the nulls read: ranges, the best of either sign, the best of the training pairs."""
        test = self._test
        pairs = probes.ranked(*self._random)
        low, high = np.percentile(self._figures, [2.5, 97.5])
        curves = probes.band(*self._random)
        figures = {
            "low": low,
            "high": high,
            "best": probes.strength(self._figures).max(),
            "best_pairs": probes.strength(pairs).max(),
            "picked": probes.auroc(test.positive @ picked, test.negative @ picked),
            "shuffled": np.median(self._shuffled),
            "shuffled_best": probes.strength(self._shuffled).max(),
        }
        return {
            "classes": test.kind,
            "units": len(test.questions),
            **{name: round(float(value), DIGITS) for name, value in figures.items()},
            **{
                name: " ".join(f"{one:.2g}" for one in rates)
                for name, rates in zip(("band_low", "band_high"), curves, strict=True)
            },
        }


def _rounded(figure: float | None) -> float | None:
    return None if figure is None else round(figure, DIGITS)
