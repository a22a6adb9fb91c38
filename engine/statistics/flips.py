"""What a cell does beside its mean: flipped answers, moved letters, broken answers.

A cell is one (vector_set, vector, method, scale). Knows nothing of files, models or charts.
"""

import numpy as np
import pandas as pd
import scipy
from jaxtyping import Float, Int

from engine.records import readings
from engine.statistics import yardsticks
from engine.statistics.cells import BASELINE, CELL, CONTROL
from engine.statistics.yardsticks import YARDSTICK

STILL = 1e-3
"""Largest move of any logit, up to which a cell is a no-op."""
LITTLE_MASS = 0.5
"""P(A) + P(B) below which a cell compares tokens that the model would hardly say."""
SHRUNK = 0.5
"""sd of m / sd of m at scale 0 below which answers hardly depend on the question any more."""
LETTER_SHARE = 0.1
"""Change of "% choosing A" from which letters count as moved."""

FLAGS = {
    "no-op": "no logit moved",
    "broken": "undefined logits, little answer mass, or differences shrunk below half",
    "letter-only": "the letter moved and the content did not, beside random vectors",
    "beyond": "the paired change is outside the 95 % band of the random vectors",
}
"""What may be said of a cell; the first that holds is its flag."""


def mcnemar(
    gained: Int[np.ndarray, " cells"], lost: Int[np.ndarray, " cells"]
) -> Float[np.ndarray, " cells"]:
    """Exact two-sided McNemar p: were flips to and from the behaviour equally likely?

    The number of flips one way is binomial(all flips, 1/2); 1 where nothing flipped.
    """
    gained, lost = np.asarray(gained), np.asarray(lost)
    tail = scipy.stats.binom.cdf(np.minimum(gained, lost), gained + lost, 0.5)
    return np.minimum(1.0, 2.0 * tail)


def flips(questions: pd.DataFrame) -> pd.DataFrame:
    """Answers that differ from scale 0, cell by cell, both orders averaged.

    A tie at either scale is no flip.

    Args:
        questions: Output of `statistics.per_question`.

    Returns:
        Columns: vector_set, vector, method, scale, gained (questions that came to show the
        behaviour), lost (that ceased to), p (`mcnemar`), q (Benjamini-Hochberg over the cells of
        vectors; NaN for controls). No row for the baseline, none at all without one.
    """
    choices = questions.pivot(index="question", columns=CELL, values="chose")
    is_base = choices.columns.get_level_values("vector_set") == BASELINE
    if not is_base.any():
        return questions.head(0)[CELL].assign(gained=0, lost=0, p=0.0, q=0.0)
    base = choices.loc[:, is_base].iloc[:, [0]].to_numpy(float)
    steered = choices.loc[:, ~is_base]
    table = steered.columns.to_frame(index=False)
    values = steered.to_numpy(float)
    table["gained"] = ((base == 0) & (values == 1)).sum(axis=0)
    table["lost"] = ((base == 1) & (values == 0)).sum(axis=0)
    table["p"] = mcnemar(table["gained"].to_numpy(int), table["lost"].to_numpy(int))
    table["q"] = np.nan
    is_vector = (table["vector_set"] != CONTROL).to_numpy()
    if is_vector.any():
        q = scipy.stats.false_discovery_control(table.loc[is_vector, "p"].to_numpy(float))
        table.loc[is_vector, "q"] = q
    return table


def moves(frame: pd.DataFrame) -> pd.DataFrame:
    """The largest move of any answer's logit or log p from the baseline, cell by cell.

    Args:
        frame: An evaluation's rows, with the columns of `measures.columns_of`.

    Returns:
        Columns: vector_set, vector, method, scale, move (logits or nats; NaN if one is undefined).
    """
    asked = ["question", "order"]
    is_base = frame["vector_set"] == BASELINE
    figures = readings.figures_of(frame.columns)
    base = frame.loc[is_base, [*asked, *figures]]
    moved = frame[~is_base].merge(base, on=asked, suffixes=("", "_base"))
    steps = [(moved[name] - moved[f"{name}_base"]).abs() for name in figures]
    largest = np.maximum(steps[0].to_numpy(float), steps[1].to_numpy(float))
    cells = moved[CELL].assign(move=largest, undefined=~np.isfinite(largest))
    groups = cells.groupby(CELL, sort=False, observed=True)
    table = groups.agg(move=("move", "max"), undefined=("undefined", "any")).reset_index()
    table["move"] = table["move"].where(~table.pop("undefined"))
    return table


def flags(summary: pd.DataFrame, band: pd.DataFrame, moved: pd.DataFrame) -> pd.DataFrame:
    """What must be known of every steered cell before its figure is believed.

    Args:
        summary: Output of `statistics.summarise`.
        band: Output of `nulls.control_band`; without controls of its own yardstick nothing is
            beyond.
        moved: Output of `moves`.

    Returns:
        Columns: vector_set, vector, method, scale, letter_change (change of the mean logit A -
        logit B), a_change (change of the share of answers A), beyond (bool), flag: the first of
        `FLAGS` that holds, or "".
    """
    base = summary[summary["vector_set"] == BASELINE]
    cells = summary[(summary["vector_set"] != BASELINE) & (summary["scale"] != 0)]
    cells = cells.merge(moved, on=CELL, how="left")
    cells[YARDSTICK] = yardsticks.of_rows(cells)
    edges = band.reindex(columns=["scale", "change_low", "change_high"])
    edges = edges.rename(columns={"change_low": "band_low", "change_high": "band_high"})
    edges[YARDSTICK] = yardsticks.of_rows(band)
    cells = cells.merge(edges, on=[YARDSTICK, "scale"], how="left")
    at_zero = base.iloc[0] if len(base) else pd.Series(dtype=float)
    change = cells["change"].to_numpy(float)
    letter = cells["letter_bias"].to_numpy(float) - at_zero.get("letter_bias", np.nan)
    share = cells["percent_a"].to_numpy(float) - at_zero.get("percent_a", np.nan)
    beyond = ((change < cells["band_low"]) | (change > cells["band_high"])).to_numpy()
    broken = (cells["undefined"] > 0) | (cells["spread_ratio"] < SHRUNK)
    if at_zero.get("answer_mass", 0.0) >= LITTLE_MASS:
        broken |= cells["answer_mass"] < LITTLE_MASS
    letter_only = ~beyond & (np.abs(letter) > 2 * np.abs(change)) & (np.abs(share) >= LETTER_SHARE)
    is_still = (cells["move"] <= STILL).to_numpy()
    held = [is_still, broken.to_numpy(), letter_only, beyond]
    return cells[CELL].assign(
        letter_change=letter, a_change=share, beyond=beyond, flag=np.select(held, list(FLAGS), "")
    )
