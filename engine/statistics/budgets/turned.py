"""How many texts a cell turns, beside random vectors at the same cost.

Runs nothing.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from engine.maths.intervals import bootstrap_mean, wilson
from engine.records.columns import Column, Columns
from engine.statistics.nulls import MIN_CONTROLS

BROKEN = "broken"
SEED = 20240710
"""Of the interval over questions."""
COLUMNS: Columns = (
    Column("arm", "base, turned towards the behaviour, or tuned, turned back from it"),
    Column("toward", "label of the answers that are wanted"),
    Column("name", "method and index of the vector; unsteered, or prompt"),
    Column("vector_set", "digest of the vector set"),
    Column("vector", "index in its set"),
    Column("site", "where the vector acts, in words"),
    Column("operation", "add, ablate, set, ..."),
    Column("sign", "1, or -1 for the vector turned round: the way that moves likelihood more"),
    Column("strength", "multiple of the vector, or share of the way, with the sign"),
    Column("kl_mean", "KL per token, mean over neutral tokens, nats"),
    Column("kl_p95", "the same, 95th percentile"),
    Column("change", "mean change of log p a token, behaviour less other, towards what is wanted"),
    Column("change_low", "95 % interval over questions, from below"),
    Column("change_high", "the same from above"),
    Column("over_add", "that change less the vector's under adding, question by question"),
    Column("over_add_low", "95 % interval over questions, from below"),
    Column("over_add_high", "the same from above"),
    Column("band_high", "97.5th percentile of random vectors' change, each turned its better way"),
    Column("p", "(1 + random vectors at least as far) / (1 + random vectors)"),
    Column("controls", "random vectors that met the budget"),
    Column("turned", "texts with the wanted label"),
    Column("broken", "texts that are broken"),
    Column("texts", "texts that were labelled"),
    Column("share", "turned / texts"),
    Column("share_low", "Wilson interval, 95 %"),
    Column("share_high", "the same from above"),
    Column("text_band_high", "97.5th percentile of random vectors' share"),
    Column("text_p", "(1 + random vectors that turn as many) / (1 + random vectors)"),
    Column("text_controls", "random vectors with texts"),
    Column("absent", "why figures are missing"),
)
"""Columns of the table `operators`, one row per arm, vector and operation."""


def better_signs(table: pd.DataFrame, wanted: int) -> pd.DataFrame:
    """Of each vector's cells under an operation, the one that moves furthest the wanted way.

    Args:
        table: Cells of a comparison, vectors or controls, with their change.
        wanted: 1 towards the behaviour, -1 away from it.
    """
    reached = table[table["reached"].astype(bool)]
    moved = (reached["change"].astype(float) * wanted).groupby(
        [reached["operation"], reached["vector_set"], reached["vector"]]
    )
    return reached.loc[moved.idxmax().sort_values()]


def likelihood(row: Mapping[str, Any], null: Sequence[float], wanted: int) -> dict[str, Any]:
    """Change towards what is wanted, its interval, and the random vectors' at the same cost."""
    low, high = sorted((row["change_low"] * wanted, row["change_high"] * wanted))
    change = row["change"] * wanted
    return {
        "change": change,
        "change_low": low,
        "change_high": high,
        "band_high": float(np.quantile(null, 0.975)) if len(null) else None,
        "p": p_value(change, null),
        "controls": len(null),
    }


def over_adding(
    own: Sequence[float | None], added: Sequence[float | None], wanted: int
) -> dict[str, Any]:
    """How much further an operation moves likelihood than adding does, on the same questions.

    Args:
        own: The cell's difference on every question; None where it is undefined.
        added: That of the same vector when it is added.
        wanted: 1 towards the behaviour, -1 away from it.
    """
    further = wanted * (np.array(own, dtype=float) - np.array(added, dtype=float))
    if not np.isfinite(further).any():
        return {}
    low, high = bootstrap_mean(further[:, None], seed=SEED)
    return {
        "over_add": float(np.nanmean(further)),
        "over_add_low": float(np.asarray(low)[0]),
        "over_add_high": float(np.asarray(high)[0]),
    }


def p_value(value: float, null: Sequence[float]) -> float | None:
    """One-sided; None below `MIN_CONTROLS`, where it could not fall below one in twenty."""
    if len(null) < MIN_CONTROLS:
        return None
    return float((1 + sum(other >= value for other in null)) / (1 + len(null)))


def texts(labels: Sequence[str], wanted: str, null: Sequence[Sequence[str]]) -> dict[str, Any]:
    """Share of one cell's texts with the wanted label, beside the random vectors'.

    Args:
        labels: Of its texts; empty for those that nobody judged.
        wanted: The label.
        null: Labels of each random vector's texts.
    """
    known = [label for label in labels if label]
    if not known:
        return {"absent": "None of its texts was labelled."}
    turned = known.count(wanted)
    interval = wilson(turned, len(known))
    shares = [_share(one, wanted) for one in null]
    told = [one for one in shares if one is not None]
    return {
        "turned": turned,
        "broken": known.count(BROKEN),
        "texts": len(known),
        "share": turned / len(known),
        "share_low": float(interval.low),
        "share_high": float(interval.high),
        "text_band_high": float(np.quantile(told, 0.975)) if told else None,
        "text_p": p_value(turned / len(known), told),
        "text_controls": len(told),
    }


def _share(labels: Sequence[str], wanted: str) -> float | None:
    known = [label for label in labels if label]
    return known.count(wanted) / len(known) if known else None
