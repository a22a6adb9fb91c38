"""The strongest vector of a run, or of one set in it, as the line of a table of runs.

The largest of many is too large by luck, so beside it stand the p that pays for the choice among
all cells, and what held on the half of the questions that took no part in the choice. Knows nothing
of files or charts.
"""

from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from engine.statistics import badges
from engine.statistics.cells import BASELINE, CONTROL, VECTOR
from engine.statistics.whole import SweepStatistics


class Best(NamedTuple):
    """The strongest vector over all its scales. A figure that is not known is None."""

    vector_set: str
    vector: int
    scale: float
    """Where its |change| is largest."""
    effect: float
    """Mean change there against scale 0: logits, or nats a token."""
    low: float | None
    high: float | None
    """Of 95 %, over questions."""
    p: float | None
    """For the best of all cells of the run: `p_family` of `badges.badges`."""
    badge: str
    """In words."""
    held_out: float | None
    """Mean change, on the other half, of the vector and scale that one half found strongest."""
    held_low: float | None
    held_high: float | None
    questions: int
    """With a defined figure there."""
    controls: int
    """Random vectors of its site and norm."""
    scales: tuple[float, ...]
    changes: tuple[float | None, ...]
    """Its mean change at each of its scales; 0 at scale 0."""

    @property
    def is_beyond(self) -> bool:
        """Whether it lies beyond the best of as many random vectors.

        "beyond random" alone holds for a vector named beforehand, and this one is the best of many.
        """
        return self.badge.startswith("beyond the best")


def of(read: SweepStatistics, vector_set: str | None = None) -> Best | None:
    """The strongest vector of a run; None where none has a defined change.

    Args:
        read: The run's statistics.
        vector_set: Digest of the set whose vectors count; None for all that were measured.
    """
    cells = _own(read.summary, vector_set)
    cells = cells[cells["scale"] != 0].dropna(subset=["change"])
    if cells.empty:
        return None
    top = cells.loc[cells["change"].abs().idxmax()]
    curve = cells[(cells[VECTOR] == top[VECTOR]).all(axis=1)].sort_values("scale")
    scales, changes = curve["scale"].to_numpy(float), curve["change"].to_numpy(float)
    at = int(np.searchsorted(scales, 0.0))
    told = _row(read.vectors, top)
    return Best(
        vector_set=str(top["vector_set"]),
        vector=int(top["vector"]),
        scale=float(top["scale"]),
        effect=float(top["change"]),
        low=_known(top["change_low"]),
        high=_known(top["change_high"]),
        p=_known(told["p_family"]),
        badge=badges.words(told),
        **_held_out(read.selection.vectors, vector_set),
        questions=int(top["n"]),
        controls=int(told["controls"]),
        scales=tuple(np.insert(scales, at, 0.0).tolist()),
        changes=tuple(np.insert(changes, at, 0.0).tolist()),
    )


def _own(table: pd.DataFrame, vector_set: str | None) -> pd.DataFrame:
    if vector_set is not None:
        return table[table["vector_set"] == vector_set]
    return table[~table["vector_set"].isin([BASELINE, CONTROL])]


def _row(table: pd.DataFrame, named: pd.Series) -> pd.Series:
    return table[(table[VECTOR] == named[VECTOR]).all(axis=1)].iloc[0]


def _held_out(chosen: pd.DataFrame, vector_set: str | None) -> dict[str, float | None]:
    """Signed as a change is: the sign that was chosen says which way the figure points."""
    own = _own(chosen, vector_set).dropna(subset=["selected", "sign"])
    if own.empty:
        return dict.fromkeys(("held_out", "held_low", "held_high"))
    top = own.loc[own["selected"].idxmax()]
    ends = sorted(top["sign"] * np.array([top["low"], top["high"]], dtype=float))
    figures = (top["sign"] * top["held_out"], *ends)
    return dict(zip(("held_out", "held_low", "held_high"), map(_known, figures), strict=True))


def _known(value: Any) -> float | None:
    return float(value) if np.isfinite(value) else None
