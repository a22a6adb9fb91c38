"""How well projections tell two classes apart, beside random directions.

AUROC is the share of (positive, negative) couples that are ranked rightly, ties counting one half
(Mann-Whitney; Hanley & McNeil 1982, Radiology 143). Its sign is the vector's own: below .5 the
vector reads backwards. A random direction has no sign, so it counts by the better of its two.
Knows nothing of models and records.
"""

import re
from typing import NamedTuple

import numpy as np
import scipy
from jaxtyping import Float, Int

from engine.maths import intervals
from engine.maths.intervals import Interval

FALSE_POSITIVES = 0.01
"""Share of neutral texts that a threshold may let through."""
LEAST_NEUTRAL = 100
"""Texts below which one of them is more than that share."""
GRID = np.linspace(0, 1, 11)
"""False positive rates at which the random directions' curves are told."""
_STEP = re.compile(r"([urd])(\d+)(?:,(\d+))?")


def auroc(
    positive: Float[np.ndarray, "*rows positives"], negative: Float[np.ndarray, "*rows negatives"]
) -> Float[np.ndarray, "*rows"]:
    """Share of couples in which the positive score is the higher, ties one half."""
    n, m = positive.shape[-1], negative.shape[-1]
    ranks = scipy.stats.rankdata(np.concatenate([positive, negative], axis=-1), axis=-1)
    return np.asarray((ranks[..., :n].sum(-1) - n * (n + 1) / 2) / (n * m))


def ranked(
    positive: Float[np.ndarray, "*rows units"], negative: Float[np.ndarray, "*rows units"]
) -> Float[np.ndarray, "*rows"]:
    """Share of units whose own positive score is above their own negative one, ties one half."""
    return np.asarray((positive > negative).mean(-1) + (positive == negative).mean(-1) / 2)


def strength(figure: Float[np.ndarray, "*rows"]) -> Float[np.ndarray, "*rows"]:
    """An AUROC or a share by the better of both signs: from .5 to 1."""
    return np.asarray(np.maximum(figure, 1 - figure))


def interval(
    positive: Float[np.ndarray, " units"],
    negative: Float[np.ndarray, " units"],
    questions: Int[np.ndarray, " units"],
    resamples: int,
    seed: int,
) -> Interval:
    """95 % interval of the AUROC: expanded percentiles, whole questions drawn anew.

    Where every couple is ranked alike no resample differs, so the interval is Wilson's of that
    many questions: 1.00 of 60 questions is not known to be 1.

    Args:
        positive: Scores.
        negative: Scores of the same units.
        questions: A label per unit; units of one question are drawn together.
        resamples: How many.
        seed: Of the resamples.
    """
    wins = (positive[:, None] > negative) + (positive[:, None] == negative) / 2
    labels, member = np.unique(questions, return_inverse=True)
    drawn = intervals.draws(len(labels), resamples, seed).astype(float)
    # Couples by question: units of one question come and go together.
    spread = np.zeros((len(labels), len(member)))
    spread[member, np.arange(len(member))] = 1
    between = spread @ wins @ spread.T
    sizes = drawn @ spread.sum(1)
    resampled = np.einsum("rq,qp,rp->r", drawn, between, drawn, optimize=True) / sizes**2
    if np.ptp(resampled) < 1e-12:
        return intervals.wilson(float(wins.mean()) * len(labels), len(labels))
    if len(labels) < 2:
        return Interval(np.nan, np.nan)
    low, high = np.percentile(resampled, intervals.tails(len(labels)))
    return Interval(float(low), float(high))


class Recall(NamedTuple):
    """How many positives are found while few neutral texts are taken for one."""

    share: float | None
    """None where the neutral texts are too few to set such a threshold."""
    neutral: int


def recall(positive: Float[np.ndarray, " units"], neutral: Float[np.ndarray, " texts"]) -> Recall:
    """Share of positives above the lowest score that at most 1 % of the neutral texts exceed."""
    count = len(neutral)
    if count < LEAST_NEUTRAL:
        return Recall(None, count)
    above = int(FALSE_POSITIVES * count)
    threshold = np.sort(neutral)[::-1][above]
    return Recall(float((positive > threshold).mean()), count)


class Beside(NamedTuple):
    """One figure beside those of random directions."""

    best: float
    """The largest strength among these."""
    p: float
    """Share of directions, the vector itself among them, that are at least as strong."""
    is_beyond: bool
    """Whether none of them is as strong."""


def beside(figure: float, random: Float[np.ndarray, " directions"]) -> Beside:
    """Place an AUROC among those of random directions, each by the better of its signs."""
    own, others = float(strength(np.array(figure))), strength(random)
    # One minus a share is not always the double of its mirror image.
    reach = int((others >= own - 1e-9).sum())
    return Beside(float(others.max()), (1 + reach) / (1 + len(others)), reach == 0)


def curve(
    positive: Float[np.ndarray, " positives"], negative: Float[np.ndarray, " negatives"]
) -> tuple[list[int], list[int]]:
    """Corners of the ROC curve as counts of false and true positives, from (0, 0) to all."""
    scores = np.concatenate([positive, negative])
    is_positive = np.arange(len(scores)) < len(positive)
    order = np.argsort(-scores, kind="stable")
    ends = np.append(np.flatnonzero(np.diff(scores[order])), len(scores) - 1)
    true = np.append(0, np.cumsum(is_positive[order])[ends])
    false = np.append(0, np.cumsum(~is_positive[order])[ends])
    turns = np.diff(true[:-1]) * np.diff(false[1:]) != np.diff(true[1:]) * np.diff(false[:-1])
    kept = np.concatenate([[True], turns, [True]])
    return false[kept].tolist(), true[kept].tolist()


def as_steps(corners: tuple[list[int], list[int]]) -> str:
    """A curve as records hold it: "u5r2d3,1" goes up 5, right 2, then 3 right and 1 up at once."""
    steps = []
    for right, up in zip(*(np.diff(counts).tolist() for counts in corners), strict=True):
        ahead = f"u{up}" if not right else f"r{right}" if not up else f"d{right},{up}"
        steps.append(ahead)
    return "".join(steps)


def of_steps(told: str) -> tuple[list[int], list[int]]:
    """The corners of a curve that a record holds, as counts of false and true positives."""
    false, true = [0], [0]
    for way, first, second in _STEP.findall(told):
        right, up = {"u": (0, first), "r": (first, 0), "d": (first, second)}[way]
        false.append(false[-1] + int(right))
        true.append(true[-1] + int(up))
    return false, true


def band(
    positive: Float[np.ndarray, "directions positives"],
    negative: Float[np.ndarray, "directions negatives"],
) -> Float[np.ndarray, "two grid"]:
    """Least and largest true positive rate of many directions at each rate of `GRID`.

    Each direction counts with the sign that tells the classes apart better.
    """
    signs = np.where(auroc(positive, negative) < 0.5, -1.0, 1.0)[:, None]
    curves = []
    for one, other in zip(positive * signs, negative * signs, strict=True):
        false, true = (np.array(counts) for counts in curve(one, other))
        curves.append(np.interp(GRID, false / len(other), true / len(one)))
    return np.array([np.min(curves, axis=0), np.max(curves, axis=0)])
