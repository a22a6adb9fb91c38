"""A comparison at equal cost from the formulas, one cell, one question and one control a time."""

import math

import numpy as np


def change(contents: list[float], baseline: list[float]) -> float:
    """Mean over questions of m steered less m unsteered; undefined ones count in neither."""
    known = [a - b for a, b in zip(contents, baseline, strict=True) if math.isfinite(a - b)]
    return sum(known) / len(known)


def rate(contents: list[float], tie: float) -> float:
    """Share of questions with m above 0; m = 0 counts as `tie`."""
    known = [one for one in contents if math.isfinite(one)]
    return sum(1.0 if one > 0 else tie if one == 0 else 0.0 for one in known) / len(known)


def p(value: float, controls: list[float]) -> float:
    """(1 + controls at least as far from 0) / (1 + controls)."""
    return (1 + sum(abs(one) >= abs(value) for one in controls)) / (1 + len(controls))


def band(controls: list[float]) -> tuple[float, float]:
    """2.5th and 97.5th percentile, linear between two controls."""
    return float(np.quantile(controls, 0.025)), float(np.quantile(controls, 0.975))


def p_of_best(values: list[float], controls: list[list[float]]) -> float:
    """p of a vector's largest |change| beside every control's over the same cells.

    Args:
        values: The vector's change in every cell.
        controls: Of each control the same; one without a figure in some cell is left out.
    """
    largest = max(abs(one) for one in values)
    whole = [row for row in controls if all(math.isfinite(one) for one in row)]
    return p(largest, [max(abs(one) for one in row) for row in whole])
