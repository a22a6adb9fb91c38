"""Whether controls of every operator are what their vectors would be without an effect.

`python -m tests.engine.simulate_operator_controls` sweeps random vectors as if they were found, by
each operator, beside as many controls, on a random model. As nothing tells the two apart, the
shares of controls that reach further than a vector are uniform: it prints the share of vectors with
p <= .05 and the largest distance from the uniform distribution, and fails where either is unlikely.
A shuffled contrast stands for a vector with samples: its poles are exchanged in half of the pairs.
"""

import sys

import numpy as np
import torch
from scipy import stats

from engine.configs.core import Site, VectorRef
from engine.configs.steering.interventions import OPERATIONS
from engine.configs.sweeps import EvaluateConfig
from engine.evaluators import ab, aiming
from engine.evaluators.rows import Aim, sweep_rows
from engine.evaluators.steering.directions import Direction, Sides, spanned
from engine.maths.directions import random_directions
from engine.progress import silent
from engine.statistics.cells import CONTROL
from tests import tiny
from tests.engine.test_ab import QUESTIONS, Units, vector_set

VECTORS = 100
CONTROLS = 100
LEAST_P = 0.001
NORM = 3.0
SITE = Site(block=1)


def null(operation: str, unit: torch.Tensor, seed: int) -> Direction:
    """What the operator would be pointed along if nothing had been found."""
    if operation == "low-rank":
        more = random_directions(2, len(unit), 7919 + seed)
        return spanned([unit * NORM, more[0]])
    if operation != "transport":
        return Direction(vector=unit * NORM)
    # The same lengths of steps for all, as controls have: turned about at random.
    steps = NORM * random_directions(24, len(unit), 1)
    source = tiny.seeded(24, len(unit), seed=2)
    own = Sides(source=source, destination=source + steps)
    return Direction(vector=steps.mean(0), sides=own.turned(unit))


def shares(operation: str) -> np.ndarray:
    """Of each null vector, the share of controls whose mean difference lies further out."""
    door = tiny.door("qwen3")
    config = EvaluateConfig(
        vectors=(VectorRef(digest="abc", indices=(0,)),),
        operation=operation,
        scales=(0.6,),
        controls=CONTROLS,
        system=None,
    )
    found = vector_set(blocks=(SITE.block,))
    found.vectors[:] *= NORM / np.linalg.norm(found.vectors)
    ground = aiming.ground(door, config, [found], QUESTIONS)
    like = null(operation, random_directions(1, door.hidden, 3)[0], 0)
    units = random_directions(VECTORS, door.hidden, 11)
    aims = [
        aim("abc", number, null(operation, unit, number), NORM) for number, unit in enumerate(units)
    ]
    drawn = random_directions(CONTROLS, door.hidden, 12)
    aims += [
        aim(CONTROL, number, like.random(unit, NORM, 100 + number), NORM)
        for number, unit in enumerate(drawn)
    ]
    maker = aiming.Maker(how=config, residuals=ground.residuals, usual=ground.usual)
    rows = sweep_rows(aims, config, maker, door.hidden, SITE)
    units_kept = Units()
    measured = ab.measure(
        ground.sweep, rows, silent, units_kept.load_arrays, units_kept.save_arrays
    )
    values = ground.sweep.differences(measured.logits).mean(axis=(1, 2))
    moved = np.abs(values[1:] - values[0])
    vectors, controls = moved[:VECTORS], moved[VECTORS:]
    return (1 + (controls[None] >= vectors[:, None]).sum(1)) / (1 + CONTROLS)


def aim(vector_set: str, number: int, direction: Direction, norm: float) -> Aim:
    return Aim(
        vector_set=vector_set,
        vector=number,
        method=vector_set,
        site=SITE,
        norm=norm,
        directions={SITE: direction},
    )


def main() -> int:
    """Print a line for every operator; 1 where one's p-values are not uniform."""
    is_bad = False
    for operation in OPERATIONS:
        found = shares(operation)
        # Both groups are draws, so that their two distributions are compared.
        expected = np.arange(1, CONTROLS + 2) / (1 + CONTROLS)
        p = stats.ks_2samp(found, expected).pvalue
        is_bad = is_bad or p < LEAST_P
        small = float((found <= 0.05).mean())
        told = f"p <= .05: {small:.2f}, median {np.median(found):.2f}, KS {p:.3f}"
        sys.stdout.write(f"{operation:10s} {told}\n")
    return int(is_bad)


if __name__ == "__main__":
    sys.exit(main())
