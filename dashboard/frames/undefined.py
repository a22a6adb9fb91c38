"""Answers of a run that are in no figure, because a logit is not a finite number."""

import pandas as pd

from dashboard.frames.sweep import Sweep


def words(sweep: Sweep) -> str:
    """How many questions of all cells have no figure, and from which scale on; "" if none."""
    baseline = sweep.vectors[sweep.vectors["scale"] == 0].head(1)
    steered = pd.concat([sweep.vectors[sweep.vectors["scale"] != 0], sweep.controls])
    cells = pd.concat([baseline, steered])
    lost = int(cells["undefined"].sum())
    if not lost:
        return ""
    scales = steered.loc[steered["undefined"] > 0, "scale"].abs()
    where = "" if scales.empty else f", steered ones from scale {scales.min():g} on"
    asked = lost + int(cells["n"].sum())
    return (
        f"Logits are undefined (not finite) in {lost:,} of {asked:,} answers{where}: these are in "
        "no figure."
    )
