"""The scales up to which a vector does its work without breaking the model.

Without the KL on neutral prompts nothing tells how far the model is from itself: answers may look
whole where it is .8 nats away. So no scale counts as usable at which it was not measured.

Knows nothing of files, models or charts.
"""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import pandas as pd

from engine.statistics.cells import BASELINE, CONTROL, VECTOR
from engine.statistics.flips import LITTLE_MASS, SHRUNK


class Limit(NamedTuple):
    """A figure's bound; at scale 0 it is kept by definition."""

    words: str
    least: float | None = None
    most: float | None = None


BUDGET: Mapping[str, Limit] = {
    "kl": Limit("KL on neutral prompts at most 0.1", most=0.1),
    "perplexity_ratio": Limit("neutral perplexity at most 1.5 times the unsteered", most=1.5),
    "repetition": Limit("at most a quarter of 3-grams repeated", most=0.25),
    "unparsed": Limit("at most a quarter of written answers unreadable", most=0.25),
    "answer_mass": Limit("P(A) + P(B) at least 0.5", least=LITTLE_MASS),
    "spread_ratio": Limit("differences between questions at least half as wide", least=SHRUNK),
    "undefined": Limit("no undefined logit", most=0.0),
}
"""0.1 nats is the budget of Arditi et al. 2024 (KL of the next token on harmless prompts)."""
COSTS = ("kl", "perplexity_ratio", "repetition", "unparsed")
"""Figures that only a sweep with side effects has."""
KL_UNKNOWN = "KL not measured there"


class Range(NamedTuple):
    """An unbroken stretch of measured scales around 0; NaN where KL was measured at none."""

    low: float
    high: float
    low_stopped_by: str
    """What the next scale below breaks, in words; "" if there is none."""
    high_stopped_by: str
    checked: tuple[str, ...]
    """Figures of the budget that were known."""


def usable(curve: pd.DataFrame, budget: Mapping[str, Limit] = BUDGET) -> Range:
    """How far from 0 every scale in between keeps the budget.

    A figure that the unsteered model itself breaks does not count against the vector. A scale
    without KL ends the range.

    Args:
        curve: One row per scale, 0 among them: scale, and any of the budget's figures.
        budget: Bounds by figure.
    """
    rows = curve.sort_values("scale")
    scales = rows["scale"].to_numpy(float)
    kl = rows["kl"].to_numpy(float) if "kl" in rows else np.full(len(rows), np.nan)
    if not np.isfinite(kl[scales != 0]).any():
        return Range(np.nan, np.nan, "", "", ())
    unknown = ~np.isfinite(kl) & (scales != 0)
    broken = np.where(unknown, KL_UNKNOWN, "").astype(object)
    checked = []
    for name, limit in budget.items():
        values = rows[name].to_numpy(float) if name in rows else np.full(len(rows), np.nan)
        bad = _breaks(values, limit)
        if not np.isfinite(values[scales != 0]).any() or bad[scales == 0].any():
            continue
        checked.append(name)
        broken = np.where((broken == "") & bad & (scales != 0), limit.words, broken)
    above = [i for i in range(len(scales)) if scales[i] > 0]
    below = [i for i in range(len(scales)) if scales[i] < 0][::-1]
    high, high_stop = _walk(scales, broken, above)
    low, low_stop = _walk(scales, broken, below)
    return Range(low, high, low_stop, high_stop, tuple(checked))


def _breaks(values: np.ndarray, limit: Limit) -> np.ndarray:
    low = values < limit.least if limit.least is not None else False
    high = values > limit.most if limit.most is not None else False
    return np.zeros(len(values), dtype=bool) | low | high


def _walk(scales: np.ndarray, broken: np.ndarray, places: list[int]) -> tuple[float, str]:
    reached = 0.0
    for place in places:
        if broken[place]:
            return reached, str(broken[place])
        reached = float(scales[place])
    return reached, ""


def ranges(summary: pd.DataFrame, costs: pd.DataFrame | None = None) -> pd.DataFrame:
    """The usable range of every vector.

    Args:
        summary: Output of `statistics.summarise`.
        costs: Output of `side_effects.by_cell`, if side effects were measured.

    Returns:
        Columns: vector_set, vector, method, then the fields of `Range`.
    """
    rows = summary[summary["vector_set"] != CONTROL]
    if costs is not None and len(costs):
        names = [name for name in (*COSTS, "neutral_perplexity") if name in costs]
        rows = rows.merge(costs[[*VECTOR, "scale", *names]], on=[*VECTOR, "scale"], how="left")
    base = rows[rows["vector_set"] == BASELINE].head(1)
    if "neutral_perplexity" in rows and len(base):
        rows = rows.assign(
            perplexity_ratio=rows["neutral_perplexity"] / base["neutral_perplexity"].iloc[0]
        )
        base = rows[rows["vector_set"] == BASELINE].head(1)
    steered = rows[(rows["vector_set"] != BASELINE) & (rows["scale"] != 0)]
    found = [
        (*name, *usable(pd.concat([cells, base])))
        for name, cells in steered.groupby(VECTOR, sort=False, observed=True)
    ]
    return pd.DataFrame(found, columns=[*VECTOR, *Range._fields])
