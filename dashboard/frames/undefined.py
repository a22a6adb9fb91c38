"""Answers of a run that are in no figure, because a logit is not a finite number."""

import pandas as pd

from dashboard.frames.sweep import Sweep
from engine.statistics import flags


def words(sweep: Sweep) -> str:
    """How many questions of all cells have no figure, and from which scale on; "" if none."""
    # Every vector's scale 0 is the same unsteered answers.
    unsteered = sweep.vectors[sweep.vectors["scale"] == 0].head(1)
    steered = sweep.vectors[sweep.vectors["scale"] != 0]
    cells = pd.concat([unsteered, steered, sweep.controls])
    lost, known = int(cells["undefined"].sum()), int(cells["n"].sum())
    if not lost:
        return ""
    scales = cells.loc[cells["undefined"] > 0, "scale"]
    told = flags.undefined_words(lost, lost + known, "answers", scales, sweep.reading.single)
    return f"{told}: these are in no figure."
