"""A question's logits taken apart: content, letter, and each order on its own.

With both orders, d in the given order is m + b' and in the swapped one m - b', where m is what the
model prefers by content and b' what it prefers by letter, with the sign of the behaviour's letter.
Knows nothing of files, models or charts.
"""

import numpy as np
import pandas as pd

from engine.statistics import yardsticks
from engine.statistics.cells import CELL, CONTROL, letter_lean
from engine.statistics.yardsticks import YARDSTICK

PARTS = {
    "content": "difference of logits for the behaviour, mean over the orders",
    "letter": "logit A - logit B, mean over the orders",
    "given": "difference of logits for the behaviour, as given",
    "swapped": "difference of logits for the behaviour, options swapped",
}


def by_question(frame: pd.DataFrame) -> pd.DataFrame:
    """Every part, per cell and question.

    Args:
        frame: An evaluation's rows, with `EVALUATION_COLUMNS`.

    Returns:
        Columns: vector_set, vector, method, scale, question, then `PARTS`; NaN where a logit is
        undefined, the order was not asked, or no letters were read.
    """
    difference = frame["difference"].astype(float)
    letter = letter_lean(frame)
    is_given = frame["order"] == "given"
    rows = frame[[*CELL, "question"]].assign(
        content=difference.where(np.isfinite(difference)),
        letter=letter.where(np.isfinite(letter)),
        given=difference.where(np.isfinite(difference) & is_given),
        swapped=difference.where(np.isfinite(difference) & ~is_given),
    )
    groups = rows.groupby([*CELL, "question"], sort=False, observed=True)
    found = groups[["given", "swapped"]].mean()
    # One undefined order leaves what both decide undefined.
    found[["content", "letter"]] = groups[["content", "letter"]].mean(skipna=False)
    return found[list(PARTS)].reset_index()


def control_bands(parts: pd.DataFrame, base: pd.DataFrame) -> pd.DataFrame:
    """Where 95 % of the means of each yardstick's random vectors lie, per part and scale.

    Args:
        parts: Output of `by_question`, with `yardsticks.YARDSTICK` if there are several.
        base: Its rows of the baseline.

    Returns:
        Columns: yardstick, scale, part, mean_low, mean_high, change_low, change_high. No rows
        without controls.
    """
    own = parts[parts["vector_set"] == CONTROL]
    own = own.assign(**{YARDSTICK: yardsticks.of_rows(own)})
    if own.empty:
        columns = [YARDSTICK, "scale", "part", "mean_low", "mean_high", "change_low", "change_high"]
        return pd.DataFrame(columns=columns)
    at_zero = base.set_index("question")[list(PARTS)].reindex(own["question"]).to_numpy(float)
    changes = own.assign(
        **dict(zip(PARTS, (own[list(PARTS)].to_numpy(float) - at_zero).T, strict=True))
    )
    frames = []
    for kind, rows in (("mean", own), ("change", changes)):
        means = rows.groupby([YARDSTICK, "vector", "scale"])[list(PARTS)].mean()
        for edge, share in (("low", 0.025), ("high", 0.975)):
            found = (
                means.groupby([YARDSTICK, "scale"])
                .quantile(share)
                .melt(ignore_index=False, var_name="part", value_name=f"{kind}_{edge}")
            )
            frames.append(found.set_index("part", append=True))
    return pd.concat(frames, axis=1).reset_index()
