"""The tables of the two first studies: each share with its n, interval, p and what p can reach.

Knows nothing of how a study is run.
"""

from typing import Any

import pandas as pd

from dashboard.words import captions
from engine.maths.intervals import wilson

NO_N = "Some answers have no label, so the share's n and interval are not known from the record."


def smallest_p(controls: int | None) -> float | None:
    """The smallest p that ranks among so many random vectors allow; None without any."""
    return 1 / (1 + controls) if controls else None


def turned_of(row: dict[str, Any]) -> int | None:
    """How many answers could be turned in an arm; None where some have no label.

    Those are the unsteered answers that were `from`, of which every steered one has a label.
    """
    if row["labels"].get("") or row["baseline_labels"].get(""):
        return None
    return row["baseline_labels"].get(row["from"]) or None


def arms(rows: list[dict[str, Any]]) -> pd.DataFrame:
    """The arms of the deception study that have a figure, one a row."""
    return pd.DataFrame([_arm(row) for row in rows])


def _arm(row: dict[str, Any]) -> dict[str, Any]:
    n, share = turned_of(row), row["converted"]
    interval = captions.NOTHING
    if n is not None:
        low, high = wilson(round(share * n), n)
        interval = captions.span(float(low), float(high))
    return {
        "intervention": row["arm"],
        "block": row["block"],
        "scale": row["scale"],
        "turned": share,
        "95 %": interval,
        "n": n,
        "best random": row["random_high"],
        "p": row["p"],
        "smallest p": smallest_p(row.get("controls")),
        "random vectors": row.get("controls"),
        "answers": ", ".join(f"{n} {name or 'no label'}" for name, n in row["labels"].items()),
        "log-prob": row["mean_logprob"],
        "unsteered": row["baseline_mean_logprob"],
    }


def best(table: dict[str, Any]) -> pd.DataFrame:
    """The best vectors of one question set of the corrigibility study, one a row."""
    return pd.DataFrame(
        [
            {
                "vector": f"{row['method']}_{int(row['vector']):02d}",
                "scale": row["scale"],
                "share": row["rate"],
                "change": row["change"],
                "95 %": captions.span(
                    row.get("change_low"), row.get("change_high"), captions.number
                ),
                "n": table["asked"],
                "p": row["p"],
                "best of k": row["p_best"],
                "smallest p": smallest_p(row.get("controls")),
                "random vectors": row.get("controls"),
            }
            for row in table["best"]
        ]
    )
