"""Agreement of two runs from the definitions: all orders tried, angles by projecting one by one."""

import itertools

import numpy as np


def best_matching(first: np.ndarray, second: np.ndarray) -> float:
    """The largest sum of |cosine| over all ways to pair the rows of two sets of one size."""
    cosines = [
        [abs(a @ b) / np.sqrt((a @ a) * (b @ b)) for b in second.astype(float)]
        for a in first.astype(float)
    ]
    orders = itertools.permutations(range(len(second)))
    return max(sum(cosines[i][j] for i, j in enumerate(order)) for order in orders)


def largest_angle(first: np.ndarray, second: np.ndarray, draws: int = 20000) -> float:
    """The largest angle, in degrees, that a direction of one span has with the other span.

    From below: the worst of many directions of the first span, each projected on the second.
    """
    weights = np.random.default_rng(0).standard_normal((draws, len(first)))
    directions = weights @ first
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    fitted, *_ = np.linalg.lstsq(second.T, directions.T, rcond=None)
    inside = np.linalg.norm(second.T @ fitted, axis=0)
    return float(np.degrees(np.arccos(inside.min().clip(-1, 1))))
