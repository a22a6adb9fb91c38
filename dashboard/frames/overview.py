"""The map of all vectors and scales of a run, as rows. Knows nothing of Streamlit and charts."""

import pandas as pd

from dashboard.frames import sweep as sweeps
from dashboard.frames.sweep import BEYOND, Sweep
from dashboard.words import captions


def cells(sweep: Sweep) -> pd.DataFrame:
    """`sweeps.cells` with each cell's flips and flag in words, and the vectors with the badge."""
    rows = sweeps.cells(sweep)
    best = sweep.read.vectors[sweep.read.vectors["badge"] == BEYOND]
    found = set(zip(best["vector_set"], best["vector"], strict=True))
    keys = zip(rows["vector_set"], rows["vector"], strict=True)
    counts = rows[["gained", "lost", "flips_p"]].itertuples(index=False)
    return rows.assign(
        starred=[key in found for key in keys],
        flips=[
            "" if pd.isna(gained) else f"{captions.flips(gained, lost)}, {captions.p(p)}"
            for gained, lost, p in counts
        ],
        told=[captions.flag(f, sweep.evaluation.config) if f else "" for f in rows["flag"]],
    )
