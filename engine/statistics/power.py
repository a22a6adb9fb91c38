"""How small an effect a sweep could show, before it is run.

Knows nothing of files, models or charts.
"""

from typing import NamedTuple

import numpy as np
import pandas as pd
import scipy

from engine.statistics.cells import BASELINE, CELL, CONTROL, less_baseline
from engine.statistics.nulls import ALPHA

POWER = 0.8
"""Chance of finding an effect of the size that is named."""


class Spread(NamedTuple):
    """How much questions differ, from an earlier sweep."""

    sd: float
    """Of m between questions at scale 0, in logits."""
    change_sd: float
    """Of the paired change of m, at the largest scales: median over cells."""
    letter_sd: float
    """Root mean square of the change of the letter bias in the same cells: what a question that is
    asked in one order adds to its change."""
    rate: float
    """Share of behaviour answers at scale 0."""
    source: str
    """Where this was measured, in words."""


STUDY_SPREAD = Spread(4.8, 4.8 * 2**0.5, 0.0, 0.31, "the corrigibility study's unsteered answers")
"""Where nothing was measured: the study's sd, and no help from pairing."""


class Plan(NamedTuple):
    """What a sweep could find with probability `POWER`."""

    questions: int
    tests: int
    """Cells of all vectors, for which the level is divided."""
    change: float
    """Smallest mean change of m, in logits."""
    flips: float
    """Smallest share of all questions that must flip one way; NaN if no share is enough."""
    p_floor: float
    """Smallest p of one vector beside the controls."""
    best_floor: float
    """Smallest rank p of the best of all vectors, if all are of one site and norm."""
    spread: Spread


def spread_of(questions: pd.DataFrame, source: str) -> Spread | None:
    """What a finished sweep says of the next one.

    Args:
        questions: Output of `statistics.per_question`.
        source: Of the figures, in words.

    Returns:
        None without a baseline of at least two questions.
    """
    contents = questions.pivot(index="question", columns=CELL, values="content")
    sets = contents.columns.get_level_values("vector_set")
    base = contents.loc[:, sets == BASELINE]
    if base.shape[1] == 0 or base.iloc[:, 0].count() < 2:
        return None
    sd = float(base.iloc[:, 0].std())
    scale = np.abs(contents.columns.get_level_values("scale").to_numpy(float))
    # A change of nothing, as where every logit is undefined, tells nothing.
    known = less_baseline(contents).count().to_numpy(int) >= 2
    steered = (sets != BASELINE) & (scale > 0) & known
    # Controls, where there are any: large effects of found vectors are not what is planned for.
    cells = steered & (sets == CONTROL) if (steered & (sets == CONTROL)).any() else steered
    rate = float(questions.loc[questions["vector_set"] == BASELINE, "chose"].mean())
    if not cells.any():
        return Spread(sd, sd * 2**0.5, 0.0, rate, source)
    largest = scale[cells].max()
    cells &= scale == largest
    letters = questions.pivot(index="question", columns=CELL, values="letter_bias")
    change = less_baseline(contents).loc[:, cells].std().median()
    letter = (less_baseline(letters).loc[:, cells] ** 2).mean().median() ** 0.5
    return Spread(sd, float(change), float(letter), rate, f"{source} at scale {largest:g}")


def plan(
    questions: int,
    spread: Spread,
    *,
    both_orders: bool,
    vectors: int,
    scales: int,
    controls: int,
    alpha: float = ALPHA,
) -> Plan:
    """The smallest effects that such a sweep finds with probability `POWER`.

    The level is two-sided and Bonferroni's over vectors x scales. The change is by the normal
    approximation, (z(1 - alpha / 2 tests) + z(power)) sd / sqrt(questions); flips by the exact
    McNemar test, when all flips go one way.

    Args:
        questions: How many will be asked, near-duplicates counted once.
        spread: Of an earlier sweep, or `STUDY_SPREAD`.
        both_orders: Whether every question is asked in both.
        vectors: How many are compared.
        scales: How many other than 0.
        controls: Random vectors.
        alpha: Level of the whole family.
    """
    tests = max(vectors * scales, 1)
    sd = spread.change_sd if both_orders else float(np.hypot(spread.change_sd, spread.letter_sd))
    reach = scipy.stats.norm.isf(alpha / (2 * tests)) + scipy.stats.norm.ppf(POWER)
    return Plan(
        questions=questions,
        tests=tests,
        change=float(reach * sd / np.sqrt(max(questions, 1))),
        flips=one_way_flips(questions, alpha / tests, max(spread.rate, 1 - spread.rate)),
        p_floor=1 / (1 + controls),
        best_floor=vectors / (controls + vectors) if controls + vectors else 1.0,
        spread=spread,
    )


def one_way_flips(questions: int, alpha: float, most: float = 1.0) -> float:
    """Smallest share of questions flipping one way that exact McNemar finds with `POWER`.

    Args:
        questions: How many are asked.
        alpha: Two-sided level of the test.
        most: Share that can flip at all: those that now answer the other way.

    Returns:
        The share, or NaN if more than `most` would have to flip.
    """
    # k flips one way and none back have p = 2 / 2^k.
    needed = int(np.ceil(np.log2(2 / alpha)))
    if needed > questions:
        return float("nan")
    # P(binomial(n, share) >= needed) rises with the share: beta distribution function.
    share = float(scipy.stats.beta.ppf(POWER, needed, questions - needed + 1))
    return share if share <= most else float("nan")


def sentence(found: Plan, unit: str = "logits") -> str:
    """The plan in words; `unit` is that of the sweep's differences."""
    flips = (
        "(no share of flipped answers is enough for an exact McNemar test)"
        if np.isnan(found.flips)
        else f"or {found.flips:.0%} of the answers flipping one way"
    )
    return (
        f"{found.questions} questions and {found.tests} vector-scale cells show, with 80 % power, "
        f"a change of {found.change:.2g} {unit} {flips}. "
        f"Tested at 5 % over all cells; the spread is from {found.spread.source}."
    )
