"""The stored vectors that one vector is most like, beside what random directions would show.

Cosines are signed and ranked by size, as a vector and its opposite steer along one line. Knows
nothing of files or screens.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd
import scipy
from jaxtyping import Float

from engine.configs.core import Site
from engine.errors import ConfigError
from engine.records.records import VectorSet
from engine.statistics.similarity import DUPLICATE, check_comparable, place, random_band, unit

SHARE = 0.95
"""Of draws in which the largest of random cosines stays below `largest_of_random`."""
SAME = 1e-9
"""1 - |cosine| up to which two vectors are one direction, told in single precision."""
NEAR = 1e-4
"""By which the cosines of one direction with another vector differ at most: 2 sqrt(2 `SAME`)."""
COLUMNS = {
    "vector_set": "digest of the neighbour's set",
    "vector": "its row there",
    "method": "of its finder",
    "block": "decoder block that it belongs to",
    "kind": "where in the block",
    "is_here": "whether it belongs to the same place of the residual stream",
    "cosine": "with the vector, signed",
    "z": "the cosine in standard deviations of random pairs, cosine * sqrt(hidden)",
    "is_copy": "whether |cosine| is at least `similarity.DUPLICATE`",
    "same": "references of others of its direction at its place, whatever their sign and length",
}
"""Columns of `of_vector`."""


def of_vector(own: VectorSet, index: int, sets: Sequence[VectorSet]) -> pd.DataFrame:
    """Every other direction by its cosine with one, the largest |cosine| first; see `COLUMNS`.

    Vectors of one direction at one place, up to sign and length, are one row: that of the set that
    comes first.

    Args:
        own: The vector's set.
        index: Its row there.
        sets: What it is compared with; may hold its own set, whose other vectors then count.

    Raises:
        ConfigError: If there is no such row, or a set is of another model.
    """
    if not 0 <= index < len(own.vectors):
        raise ConfigError(f"{own.digest} has vectors 0 to {len(own.vectors) - 1}, not {index}.")
    check_comparable(own, *sets)
    others = [
        (found, at)
        for found in sets
        for at in range(len(found.vectors))
        if (found.digest, at) != (own.digest, index)
    ]
    if not others:
        return pd.DataFrame(columns=list(COLUMNS))
    units = unit(np.stack([found.vectors[at] for found, at in others]))
    cosines = np.clip(units @ unit(own.vectors[index][None])[0], -1.0, 1.0)
    here = place(own.sites[index])
    rows = [
        _row(*others[first], float(cosines[first]), here, [others[i] for i in more])
        for first, *more in _folded([place(s.sites[at]) for s, at in others], units, cosines)
    ]
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _folded(
    places: Sequence[Site],
    units: Float[np.ndarray, "vectors hidden"],
    cosines: Float[np.ndarray, " vectors"],
) -> list[list[int]]:
    """Vectors of one direction at one place together, the largest |cosine| first."""
    sizes = np.abs(cosines)
    groups: list[list[int]] = []
    # Sorted, vectors of one direction lie side by side: only those of a like cosine are compared.
    for at in np.argsort(-sizes, kind="stable").tolist():
        for group in reversed(groups):
            if sizes[group[0]] - sizes[at] > NEAR:
                groups.append([at])
                break
            is_one = abs(float(units[group[0]] @ units[at])) >= 1 - SAME
            if is_one and places[group[0]] == places[at]:
                group.append(at)
                break
        else:
            groups.append([at])
    groups = [sorted(group) for group in groups]
    return sorted(groups, key=lambda group: -sizes[group[0]])


def _row(
    found: VectorSet, at: int, cosine: float, here: Site, more: Sequence[tuple[VectorSet, int]]
) -> dict[str, object]:
    return {
        "vector_set": found.digest,
        "vector": at,
        "method": found.method,
        "block": found.sites[at].block,
        "kind": found.sites[at].kind,
        "is_here": place(found.sites[at]) == here,
        "cosine": cosine,
        "z": cosine * float(np.sqrt(found.vectors.shape[1])),
        "is_copy": abs(cosine) >= DUPLICATE,
        "same": " ".join(f"{other.digest}:{row}" for other, row in more),
    }


def largest_of_random(hidden: int, count: int) -> float:
    """The |cosine| that the largest of `count` random directions stays below in 95 % of draws.

    The squared cosine of two random directions is Beta(1/2, (d - 1)/2), and the draws are
    independent given the first; whoever looks at the largest of many has to beat this.
    """
    if count < 1 or hidden < 2:
        return float("nan")
    return float(np.sqrt(scipy.special.betaincinv(0.5, (hidden - 1) / 2, SHARE ** (1 / count))))


def told(frame: pd.DataFrame, hidden: int) -> str:
    """What the figures say, in two sentences.

    Args:
        frame: As `of_vector` gives it, or a part of it.
        hidden: Width of the model.
    """
    if frame.empty:
        return "No other vector is stored here to compare with."
    beyond = int((frame["cosine"].abs() > random_band(hidden)).sum())
    many = f"{len(frame)} vectors lie" if len(frame) > 1 else "1 vector lies"
    return (
        f"{beyond} of {many} beyond \u00b1{random_band(hidden):.3f}, which holds 95 % of "
        f"random pairs. The largest of as many random ones stays below "
        f"{largest_of_random(hidden, len(frame)):.3f} in 95 % of draws."
    )
