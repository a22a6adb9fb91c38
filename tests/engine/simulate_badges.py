"""How often random vectors get the badge, and how often a true effect does, in mixed sweeps.

Simulated sweeps whose vectors stand at several sites or are of several norms, with controls of
their own. Run `python -m tests.engine.simulate_badges`; a short version is in `test_yardsticks`.
"""

from typing import NamedTuple

import numpy as np
import pandas as pd
from rich.console import Console

from engine.statistics import badges
from engine.statistics.yardsticks import YARDSTICK

SCALES = np.array([-20.0, -10.0, -5.0, 5.0, 10.0, 20.0])
STUDIES = 400
EFFECT = 8.0
"""True effect in sd of the random vectors' effects of its own yardstick."""
BEND = 0.15
"""Sd of what a vector does apart from its slope, relative to the slope's."""


class Kind(NamedTuple):
    """Vectors of one site and norm."""

    vectors: int
    strength: float
    """Sd of the random vectors' effect a unit of scale."""


SWEEPS: dict[str, tuple[list[Kind], int]] = {
    "one norm, 12 vectors": ([Kind(12, 1.0)], 64),
    "12 of norm 1, 8 of norm 4": ([Kind(12, 1.0), Kind(8, 4.0)], 64),
    "12 at a strong block, 9 blocks a fifth as strong": (
        [Kind(12, 1.0), *[Kind(1, 0.2)] * 9],
        64,
    ),
    "12 at a strong block, 9 blocks half as strong": ([Kind(12, 1.0), *[Kind(1, 0.5)] * 9], 64),
    "one at each of 10 blocks, 24 controls": (
        [Kind(1, one) for one in np.linspace(0.1, 1, 10)],
        24,
    ),
    "one at each of 10 blocks, 64 controls": (
        [Kind(1, one) for one in np.linspace(0.1, 1, 10)],
        64,
    ),
}
"""The sweeps by name: their kinds of vectors, and the controls of each kind."""


def summary(kinds: list[Kind], controls: int, seed: int, strong: int | None = None) -> pd.DataFrame:
    """A sweep as `cells.summarise` would give it, as far as the badge reads it.

    Args:
        kinds: Of its vectors.
        controls: Of each kind.
        seed: Of all effects.
        strong: The kind whose first vector truly does something; none if left out.
    """
    rng = np.random.default_rng(seed)
    frames, first = [], 0
    for number, kind in enumerate(kinds):
        count = kind.vectors + controls
        slopes = rng.normal(0, kind.strength, (count, 1))
        if number == strong:
            slopes[0] = EFFECT * kind.strength
        bends = rng.normal(0, BEND * kind.strength, (count, len(SCALES)))
        changes = slopes * SCALES + bends * np.abs(SCALES)
        is_control = np.arange(count) >= kind.vectors
        places = np.where(is_control, number * controls - kind.vectors, first) + np.arange(count)
        table = pd.DataFrame(changes, columns=SCALES).assign(
            vector=places, vector_set=np.where(is_control, "control", "abc"), method="m"
        )
        keys = ["vector_set", "vector", "method"]
        long = table.melt(keys, var_name="scale", value_name="change")
        frames.append(long.assign(**{YARDSTICK: number}))
        first += kind.vectors
    found = pd.concat(frames, ignore_index=True)
    return found.astype({"scale": float, "change": float})


def false_badges(name: str, studies: int, seed: int = 0) -> float:
    """Share of studies of random vectors in which any vector has the top badge."""
    kinds, controls = SWEEPS[name]
    wrong = 0
    for study in range(studies):
        found = badges.badges(summary(kinds, controls, seed + study))
        wrong += bool((found["badge"] == "beyond the best").any())
    return wrong / studies


def power(name: str, studies: int, strong: int, seed: int = 10**6) -> float:
    """Share of studies in which the one true effect has the top badge."""
    kinds, controls = SWEEPS[name]
    place = sum(kind.vectors for kind in kinds[:strong])
    hits = 0
    for study in range(studies):
        found = badges.badges(summary(kinds, controls, seed + study, strong))
        hits += bool(found.loc[found["vector"] == place, "badge"].item() == "beyond the best")
    return hits / studies


def main() -> None:
    """Print both rates of every sweep."""
    out = Console(soft_wrap=True)
    for name, (kinds, _) in SWEEPS.items():
        wrong = false_badges(name, STUDIES)
        found = {kind: power(name, STUDIES, kind) for kind in sorted({0, len(kinds) - 1})}
        told = ", ".join(f"{share:.3f} (kind {kind})" for kind, share in found.items())
        out.print(f"{name}: false top badge {wrong:.4f}; power at {EFFECT:g} sd {told}")


if __name__ == "__main__":
    main()
