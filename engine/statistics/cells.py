"""What an A/B sweep shows: per question, per cell, per vector, each with its interval.

A cell is one (vector_set, vector, method, scale). Knows nothing of files, models or charts;
`nulls` compares the cells with the random controls.
"""

from collections.abc import Hashable, Mapping
from typing import NamedTuple

import numpy as np
import pandas as pd

from engine.maths.intervals import bootstrap_mean, wilson
from engine.records import readings

VECTOR = ["vector_set", "vector", "method"]
CELL = [*VECTOR, "scale"]
BASELINE = "baseline"
CONTROL = "control"
Clusters = Mapping[str, Hashable]
"""Question id -> label; questions of one label are near-duplicates and count as one draw."""


def per_question(frame: pd.DataFrame) -> pd.DataFrame:
    """Average each question over the orders it was asked in, cell by cell.

    Args:
        frame: An evaluation's rows, with the columns of `measures.columns_of`.

    Returns:
        Columns: vector_set, vector, method, scale, question, relative; `content` (mean
        difference m), `letter_bias` (mean of logit A - logit B), `chose` (1 if m > 0; if
        m = 0 `tie`, or one half where the rows do not say; else 0), `chose_a` (share of the
        orders answered with A), `answer_mass`, `orders`. A question with an undefined logit has
        NaN in content, chose and chose_a. Where written answers were read, there are no letters:
        letter_bias, chose_a and answer_mass are NaN.
    """
    lean = letter_lean(frame)
    rows = frame[[*CELL, "question"]].assign(
        relative=frame["relative"].astype(float),
        answer_mass=frame["answer_mass"].astype(float) if "answer_mass" in frame else np.nan,
        content=_finite_or_nan(frame["difference"].astype(float)),
        letter_bias=_finite_or_nan(lean),
        chose_a=_sign_share(_finite_or_nan(lean)),
        orders=1,
        tie=frame["tie"].astype(float) if "tie" in frame else 0.5,
    )
    groups = rows.groupby([*CELL, "question"], sort=False, observed=True)
    result = groups.mean(numeric_only=True, skipna=False)
    result["orders"] = groups["orders"].sum()
    shares = _sign_share(result["content"])
    result["chose"] = shares.where(result["content"] != 0, result["tie"])
    columns = ["relative", "content", "letter_bias", "chose", "chose_a", "answer_mass", "orders"]
    return result[columns].reset_index()


def summarise(
    frame: pd.DataFrame, resamples: int = 2000, seed: int = 0, clusters: Clusters | None = None
) -> pd.DataFrame:
    """One row per cell: baseline first, then the vectors, then the controls.

    Shares are fractions from 0 to 1. Changes are paired: only questions that the baseline was
    asked too, averaged over both orders. The bootstrap draws whole questions, so both orders stay
    together; with `clusters` it draws whole groups of near-duplicates.

    Returns:
        Columns: vector_set, vector, method, scale, relative, n (questions with defined logits),
        undefined (questions without), orders (fewest per question), rate, rate_low, rate_high
        (Wilson), mean, mean_low, mean_high (bootstrap over questions), change, change_low,
        change_high, rate_change, percent_a (share of single asked rows answered A),
        letter_bias, answer_mass, spread_ratio (sd of m / sd of m at the baseline).
    """
    return summarise_questions(per_question(frame), resamples, seed, clusters)


def summarise_questions(
    questions: pd.DataFrame,
    resamples: int = 2000,
    seed: int = 0,
    clusters: Clusters | None = None,
) -> pd.DataFrame:
    """`summarise`, from the output of `per_question`."""
    contents = questions.pivot(index="question", columns=CELL, values="content")
    choices = questions.pivot(index="question", columns=CELL, values="chose")
    groups = questions.groupby(CELL, sort=False, observed=True)
    table = groups[["relative", "letter_bias", "answer_mass"]].mean()
    table["percent_a"] = groups["chose_a"].mean()
    table["orders"] = groups["orders"].min()
    table["n"] = groups["content"].count()
    table["undefined"] = groups["content"].size() - table["n"]
    table = table.reindex(contents.columns)
    _add_rate(table, choices)
    drawn = _Resampling(resamples, seed, labels_of(contents.index, clusters))
    _add_mean(table, contents, drawn)
    _add_change(table, contents, choices, drawn)
    return _in_order(table.reset_index())


def labels_of(questions: pd.Index, clusters: Clusters | None) -> np.ndarray:
    """The cluster of each question as a number; one that is not named is its own."""
    known = clusters or {}
    names = [("", known[q]) if q in known else ("alone", q) for q in questions]
    return pd.factorize(pd.Series(names, dtype=object))[0]


def by_method(summary: pd.DataFrame) -> pd.DataFrame:
    """Means over the vectors of a method at a scale.

    Returns:
        Columns: method, scale, rate, mean, change, vectors (how many).
    """
    groups = summary.groupby(["method", "scale"], sort=False, observed=True)
    result = groups[["rate", "mean", "change"]].mean()
    result["vectors"] = groups.size()
    return result.reset_index()


def question_slopes(questions: pd.DataFrame) -> pd.DataFrame:
    """Least-squares slope of m on the scale, for each vector and question.

    Args:
        questions: Output of `per_question`. The baseline is every vector's point at scale 0.

    Returns:
        Columns: vector_set, vector, method, question, slope (logits per unit of scale).
    """
    points = _with_baseline(questions)
    groups = points.groupby([*VECTOR, "question"], sort=False, observed=True)
    scale = points["scale"] - groups["scale"].transform("mean")
    products = points[[*VECTOR, "question"]].assign(top=scale * points["content"], bottom=scale**2)
    sums = products.groupby([*VECTOR, "question"], sort=False, observed=True).sum()
    slope = sums["top"] / sums["bottom"].where(sums["bottom"] > 0)
    return slope.rename("slope").reset_index()


def is_no_op(frame: pd.DataFrame, tolerance: float = 1e-3) -> bool:
    """Whether no logit or log p moved by more than `tolerance` at any nonzero scale.

    False when no nonzero scale was run.
    """
    asked = ["question", "order"]
    figures = list(readings.figures_of(frame.columns))
    base = frame[frame["vector_set"] == BASELINE].set_index(asked)[figures]
    moved = frame[(frame["vector_set"] != BASELINE) & (frame["scale"] != 0)]
    joined = moved.join(base.add_suffix("_base"), on=asked, how="inner")
    if joined.empty:
        return False
    found = joined[figures].to_numpy(float)
    baseline = joined[[f"{name}_base" for name in figures]].to_numpy(float)
    return bool(np.all(np.abs(found - baseline) <= tolerance))


def letter_lean(frame: pd.DataFrame) -> pd.Series:
    """logit A - logit B of every row; NaN where written answers were read."""
    if readings.is_likelihood(frame.columns):
        return pd.Series(np.nan, index=frame.index)
    return frame["logit_a"].astype(float) - frame["logit_b"].astype(float)


def _finite_or_nan(values: pd.Series) -> pd.Series:
    return values.where(np.isfinite(values))


def _sign_share(values: pd.Series) -> pd.Series:
    return np.sign(values) / 2 + 0.5


def _add_rate(table: pd.DataFrame, choices: pd.DataFrame) -> None:
    table["rate"] = choices.mean()
    successes, n = choices.sum().to_numpy(float), table["n"].to_numpy(int)
    table["rate_low"], table["rate_high"] = wilson(successes, n)


class _Resampling(NamedTuple):
    """How questions are drawn again."""

    resamples: int
    seed: int
    clusters: np.ndarray


def _add_mean(table: pd.DataFrame, contents: pd.DataFrame, drawn: _Resampling) -> None:
    table["mean"] = contents.mean()
    table["mean_low"], table["mean_high"] = bootstrap_mean(contents.to_numpy(float), *drawn)
    at_baseline = contents.loc[:, contents.columns.get_level_values("vector_set") == BASELINE]
    spread = at_baseline.iloc[:, 0].std() if at_baseline.shape[1] else np.nan
    table["spread_ratio"] = contents.std() / (spread if spread > 0 else np.nan)


def _add_change(
    table: pd.DataFrame, contents: pd.DataFrame, choices: pd.DataFrame, drawn: _Resampling
) -> None:
    changes, rate_changes = less_baseline(contents), less_baseline(choices)
    table["change"] = changes.mean()
    table["change_low"], table["change_high"] = bootstrap_mean(changes.to_numpy(float), *drawn)
    table["rate_change"] = rate_changes.mean()


def less_baseline(values: pd.DataFrame) -> pd.DataFrame:
    """Questions x cells (columns `CELL`), less each question's value at the baseline."""
    at_baseline = values.loc[:, values.columns.get_level_values("vector_set") == BASELINE]
    if at_baseline.shape[1] == 0:
        return values * np.nan
    return values.sub(at_baseline.iloc[:, 0], axis=0)


def _in_order(table: pd.DataFrame) -> pd.DataFrame:
    rank = table["vector_set"].map({BASELINE: 0, CONTROL: 2}).astype(float).fillna(1)
    columns = [
        *CELL, "relative", "n", "undefined", "orders", "rate", "rate_low", "rate_high",
        "mean", "mean_low", "mean_high", "change", "change_low", "change_high", "rate_change",
        "percent_a", "letter_bias", "answer_mass", "spread_ratio",
    ]  # fmt: skip
    ordered = table.assign(rank=rank).sort_values(["rank", *CELL], kind="stable")
    return ordered[columns].reset_index(drop=True)


def _with_baseline(questions: pd.DataFrame) -> pd.DataFrame:
    """Points (scale, m) of every vector and question, the baseline's among them."""
    columns = [*VECTOR, "question", "scale", "content"]
    steered = questions.loc[questions["vector_set"] != BASELINE, columns]
    base = questions.loc[questions["vector_set"] == BASELINE, ["question", "scale", "content"]]
    own_zero = steered.loc[steered["scale"] == 0, VECTOR].drop_duplicates()
    vectors = steered[[*VECTOR, "question"]].drop_duplicates()
    vectors = vectors.merge(own_zero, on=VECTOR, how="left", indicator=True)
    vectors = vectors[vectors["_merge"] == "left_only"].drop(columns="_merge")
    points = pd.concat([steered, vectors.merge(base, on="question")[columns]], ignore_index=True)
    return points.dropna(subset=["content"])
