"""How a vector's effect depends on its scale: steerability, shape, and where it is usable.

Knows nothing of files, models or charts.
"""

from typing import NamedTuple

import numpy as np
import pandas as pd
import scipy
from jaxtyping import Float

from engine.maths.intervals import bootstrap_mean
from engine.statistics.cells import BASELINE, CONTROL, VECTOR, Clusters, labels_of, question_slopes
from engine.statistics.flips import SHRUNK, STILL

FLAT = 0.1
"""Largest change, in sd of m between questions at scale 0, below which a curve is flat."""
INDIFFERENT = 0.5
"""|mean m| in the same unit within which answers are near 50 %."""
BOTH_WAYS = 1 / 3
"""Smaller / larger change at the two ends from which both signs count as moving alike."""
TURN = 0.75
"""Change at the outermost scale / largest change on that side below which a curve turns back."""
LEVEL = 0.25
"""Slope of the last step / slope before it below which a curve saturates."""
RANKED = 0.8
"""|Spearman| of the mean change and the scale from which a curve is monotone."""

SHAPES = {
    "no-op": "no logit moved at any scale",
    "collapse": "at the end that moves more, the differences between questions shrink below half "
    "and their mean is near zero: answers go to 50 %, whatever is asked",
    "flat": "no interval leaves zero out, or no change reaches a tenth of the questions' spread",
    "U-shaped": "both signs move the behaviour the same way",
    "turns back": "the strongest scale does less than three quarters of what a weaker one does",
    "saturating": "monotone, but the last step adds less than a quarter of the slope before it",
    "monotone": "the more of the vector, the more of the effect",
    "irregular": "none of these",
}
"""Shapes of a dose-response curve; the first that holds is a vector's."""


class Curve(NamedTuple):
    """One vector's means over its scales, scale 0 among them, rising."""

    scales: Float[np.ndarray, " scales"]
    change: Float[np.ndarray, " scales"]
    low: Float[np.ndarray, " scales"]
    high: Float[np.ndarray, " scales"]
    """Paired interval of the change."""
    mean: Float[np.ndarray, " scales"]
    """m, in sd of m between questions at scale 0."""
    spread: Float[np.ndarray, " scales"]
    """sd of m / sd of m at scale 0."""


def shape(curve: Curve, sd: float, is_still: bool = False) -> str:
    """Which of `SHAPES` a curve has.

    Args:
        curve: Means over scales; a NaN cell is left out.
        sd: Of m between questions at scale 0.
        is_still: Whether no logit moved.
    """
    known = np.isfinite(curve.change)
    scales, change, low, high, mean, spread = (values[known] for values in curve)
    ends = [i for i in (0, len(scales) - 1) if len(scales) and scales[i] != 0]
    if is_still or not ends:
        return "no-op" if is_still else "flat"
    end = max(ends, key=lambda i: abs(change[i]))
    if spread[end] < SHRUNK and abs(mean[end]) < INDIFFERENT:
        return "collapse"
    is_clear = (low > 0) | (high < 0)
    if not is_clear[scales != 0].any() or np.abs(change).max() < FLAT * sd:
        return "flat"
    if len(ends) == 2 and scales[0] < 0 < scales[-1] and is_clear[ends].all():
        small, large = sorted(np.abs(change[ends]))
        if change[0] * change[-1] > 0 and small >= BOTH_WAYS * large:
            return "U-shaped"
    return _one_way(scales, change)


def _one_way(scales: np.ndarray, change: np.ndarray) -> str:
    """Shape of a curve whose ends do not move alike, judged on the side that moves more."""
    top = int(np.abs(change).argmax())
    side = np.sign(scales[top]) * scales >= 0
    reach = np.abs(scales[side]).argsort()
    steps, sizes = np.abs(scales[side])[reach], change[side][reach] * np.sign(change[top])
    if sizes[-1] < TURN * sizes.max():
        return "turns back"
    if np.ptp(change) == 0 or len(scales) < 2:
        return "flat"
    if abs(scipy.stats.spearmanr(scales, change).statistic) < RANKED:
        return "irregular"
    if len(steps) > 2:
        before = (sizes[-2] - sizes[0]) / (steps[-2] - steps[0])
        last = (sizes[-1] - sizes[-2]) / (steps[-1] - steps[-2])
        if before > 0 and last < LEVEL * before:
            return "saturating"
    return "monotone"


def shapes(questions: pd.DataFrame, summary: pd.DataFrame, moved: pd.DataFrame) -> pd.DataFrame:
    """The shape of every vector's dose response.

    Args:
        questions: Output of `statistics.per_question`.
        summary: Output of `statistics.summarise`.
        moved: Output of `flips.moves`.

    Returns:
        Columns: vector_set, vector, method, shape.
    """
    at_base = questions["vector_set"] == BASELINE
    sd = float(questions.loc[at_base, "content"].std())
    rows = summary[~summary["vector_set"].isin([BASELINE, CONTROL])]
    largest = moved.groupby(VECTOR, observed=True)["move"].max()
    base = summary[summary["vector_set"] == BASELINE].head(1)
    found = []
    for name, cells in rows.groupby(VECTOR, sort=False, observed=True):
        points = cells if (cells["scale"] == 0).any() else pd.concat([cells, base])
        points = points.sort_values("scale")
        names = ["scale", "change", "change_low", "change_high", "mean", "spread_ratio"]
        curve = Curve(*(points[column].to_numpy(float) for column in names))
        curve = curve._replace(mean=curve.mean / (sd if sd > 0 else np.nan))
        found.append((*name, shape(curve, sd, bool(largest.get(name, np.nan) <= STILL))))
    return pd.DataFrame(found, columns=[*VECTOR, "shape"])


def question_spearman(questions: pd.DataFrame) -> pd.DataFrame:
    """Rank correlation of m and the scale, for each vector and question (Tan et al. 2024).

    Args:
        questions: Output of `statistics.per_question`. The baseline is every vector's scale 0.

    Returns:
        Columns: vector_set, vector, method, question, spearman; NaN where a logit is undefined
        at some scale, or m is the same at all.
    """
    wide = questions.pivot(index="question", columns=[*VECTOR, "scale"], values="content")
    heads = wide.columns.to_frame(index=False)
    is_base = (heads["vector_set"] == BASELINE).to_numpy()
    frames = []
    steered = heads[~heads["vector_set"].isin([BASELINE, CONTROL])]
    for name, cells in steered.groupby(VECTOR, sort=False, observed=True):
        columns, scales = cells.index.to_numpy(), cells["scale"].to_numpy(float)
        if not (scales == 0).any() and is_base.any():
            columns = np.append(columns, np.flatnonzero(is_base)[0])
            scales = np.append(scales, 0.0)
        found = _rank_correlation(scales, wide.to_numpy(float)[:, columns])
        frame = pd.DataFrame({"question": wide.index, "spearman": found})
        frames.append(frame.assign(**dict(zip(VECTOR, name, strict=True))))
    columns = [*VECTOR, "question", "spearman"]
    return (
        pd.concat(frames, ignore_index=True)[columns] if frames else pd.DataFrame(columns=columns)
    )


def _rank_correlation(
    scales: Float[np.ndarray, " scales"], values: Float[np.ndarray, "questions scales"]
) -> Float[np.ndarray, " questions"]:
    x = scipy.stats.rankdata(scales) - (len(scales) + 1) / 2
    # Ranks of a row with a NaN are NaN.
    y = scipy.stats.rankdata(values, axis=1) - (len(scales) + 1) / 2
    size = np.sqrt((y**2).sum(axis=1) * (x**2).sum())
    return (y @ x) / np.where(size > 0, size, np.nan)


def steerability(
    questions: pd.DataFrame,
    resamples: int = 2000,
    seed: int = 0,
    clusters: Clusters | None = None,
    adds: bool = True,
) -> pd.DataFrame:
    """Slope per vector with its interval, and how many questions go the other way.

    Args:
        questions: Output of `statistics.per_question`.
        resamples: Of the bootstrap over questions.
        seed: Of the resamples.
        clusters: Groups of near-duplicate questions, drawn together.
        adds: Whether vectors were added.

    Returns:
        Columns: vector_set, vector, method, slope (mean over questions, logits per unit of
        scale; of other operations than adding, per whole way), slope_low, slope_high (95 %),
        relative_slope (logits per residual norm added; NaN where nothing is added, as the size of
        such a change is of each state's own),
        anti_steerable (share of questions with a slope of the other sign), spearman (mean over
        questions), questions (how many).
    """
    steered = questions[~questions["vector_set"].isin([BASELINE, CONTROL])]
    names = ["slope", "slope_low", "slope_high", "relative_slope", "anti_steerable", "spearman"]
    if steered.empty:
        return pd.DataFrame(columns=[*VECTOR, *names, "questions"])
    part = questions[questions["vector_set"] != CONTROL]
    wide = question_slopes(part).pivot(index="question", columns=VECTOR, values="slope")
    values = wide.to_numpy(float)
    table = wide.columns.to_frame(index=False)
    table["slope"] = wide.mean().to_numpy(float)
    table["slope_low"], table["slope_high"] = bootstrap_mean(
        values, resamples, seed, labels_of(wide.index, clusters)
    )
    known = np.isfinite(values)
    opposite = ((values * table["slope"].to_numpy(float)) < 0) & known
    table["questions"] = known.sum(axis=0)
    table["anti_steerable"] = opposite.sum(axis=0) / np.maximum(table["questions"], 1)
    ranks = question_spearman(part).groupby(VECTOR, observed=True)["spearman"].mean()
    table = table.merge(ranks.reset_index(), on=VECTOR, how="left")
    moved = steered[steered["scale"] != 0]
    per_unit = (moved["relative"] / moved["scale"]).abs().groupby([moved[c] for c in VECTOR])
    table = table.merge(per_unit.median().rename("per_unit").reset_index(), on=VECTOR, how="left")
    table["relative_slope"] = table["slope"] / table["per_unit"].where(table["per_unit"] > 0)
    if not adds:
        table["relative_slope"] = np.nan
    return table[[*VECTOR, *names, "questions"]]
