"""How often random vectors are starred: `python -m tests.engine.simulate_words`.

200 random directions on the demo model, beside 20 draws of 64 others at four blocks. Any starred
word, of any reading and sign, counts; about 2 in 65 are expected. Not part of the test suite, which
has a short version: half a minute on one core.
"""

import sys
from dataclasses import dataclass, replace

from rich.console import Console

from engine import ROOT, Engine
from engine.configs.core import ModelConfig, Site, VectorRef
from engine.configs.reads.words import WordsConfig
from engine.evaluators.words.reading import Words
from engine.maths.directions import random_directions
from engine.model.forward import Forward
from engine.progress import silent
from engine.records.records import VectorSet
from engine.statistics.reads import words as statistics
from tests.engine.test_ab import Units, vector_set

SITES = (1, 4, 6, 8)
DRAWS, EACH = 5, 10
"""Draws of 64 random vectors at a block, and vectors that are judged by each."""
ALLOWED = 0.05
OWN_SEED = 982451653
"""Of the vectors that are judged; far from the seeds of those beside them."""


@dataclass(frozen=True)
class Counted:
    """What was judged by one draw."""

    block: int
    vectors: int
    starred: int
    """Vectors with any starred word."""
    by_reading: dict[str, int]


def drawn(door: Forward, block: int, count: int, seed: int) -> VectorSet:
    """A set of random directions."""
    vectors = random_directions(count, door.hidden, OWN_SEED + seed).numpy()
    return replace(vector_set(), vectors=vectors, sites=(Site(block=block),) * count)


def counted(door: Forward, block: int, seed: int, many: int, **asked: int) -> Counted:
    """Judge random vectors by one draw of others."""
    config = WordsConfig(vectors=(VectorRef(digest="abc"),), seed=seed, **asked)
    found = Words(door, config, Units())
    starred, by_reading = 0, dict.fromkeys(("effect", "jacobian", "logit"), 0)
    for one in found.read([drawn(door, block, many, seed)], silent):
        pairs = {name: (pair.values, pair.random) for name, pair in one.readings.items()}
        verdict = statistics.judge(pairs)
        starred += verdict.starred > 0
        for name, judged in verdict.readings.items():
            by_reading[name] += bool(judged.stars.any())
    return Counted(block, many, starred, by_reading)


def simulated(
    door: Forward, sites: tuple[int, ...], draws: int, many: int, **asked: int
) -> list[Counted]:
    """Judge random vectors by several draws of others at each block.

    One draw of 64 makes more or fewer stars than another, so that one draw alone tells little.
    """
    return [
        counted(door, block, 1000 * draw + block, many, **asked)
        for block in sites
        for draw in range(draws)
    ]


def share(found: list[Counted]) -> float:
    """Of the vectors, those with any star."""
    return sum(one.starred for one in found) / sum(one.vectors for one in found)


def main() -> int:
    """Print how many random vectors are starred; 1 if more than 5 % are."""
    door = Engine(ROOT, keep_jobs=False).load(ModelConfig())
    found = simulated(door, SITES, DRAWS, EACH)
    out = Console(soft_wrap=True, highlight=False)
    for block in SITES:
        own = [one for one in found if one.block == block]
        readings = {name: sum(one.by_reading[name] for one in own) for name in own[0].by_reading}
        out.print(f"block {block}: {share(own):.1%} of {EACH * DRAWS} starred; {readings}")
    whole = share(found)
    out.print(f"{whole:.1%} of {EACH * len(found)} random vectors are starred; 5 % may be.")
    return int(whole > ALLOWED)


if __name__ == "__main__":
    sys.exit(main())
