"""Which vector of an evaluation to look at first. Knows nothing of Streamlit and charts."""

import pandas as pd

from dashboard.frames import sweep as sweeps
from dashboard.frames.sweep import BEYOND, Sweep

VERDICTS = {BEYOND: 2, "beyond random": 1}
"""What may be said of a vector, the stronger the higher; all else comes last."""


def order(sweep: Sweep) -> list[str]:
    """Names of the vectors, the one to look at first in front.

    By verdict, then by the effect on the half of the questions that did not choose its scale, then
    by the largest effect. Vectors drawn at random come last: others are held against them.
    """
    if "order" not in sweep.made:
        sweep.made["order"] = _ordered(sweep)
    return list(sweep.made["order"]["name"])


def _ordered(sweep: Sweep) -> pd.DataFrame:
    table, held = sweeps.ranking(sweep), sweep.read.selection.vectors
    on = ["vector_set", "vector"]
    told = held[on].assign(held=(held["sign"] * held["held_out"]).astype(float))
    rows = table[["name", *on, "method", "badge", "size"]].merge(told, on=on, how="left")
    said = rows["badge"].map(VERDICTS).fillna(0).where(rows["method"] != "random", -1)
    rows = rows.assign(verdict=said)
    by = ["verdict", "held", "size"]
    return rows.sort_values(by, ascending=False, na_position="last", kind="stable")[["name"]]


def first(sweep: Sweep) -> str | None:
    """The vector to look at first; None where the run has none."""
    ranked = order(sweep) if sweep.names else []
    return next(iter([*ranked, *sweep.names]), None)
