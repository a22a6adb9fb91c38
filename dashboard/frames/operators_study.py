"""The operators study, turned into bars: what each operation turns, in either model.

Knows nothing of pages and charts.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import pandas as pd

from dashboard.frames.operations import ASKED, BARS, OPERATION, PROMPT, label
from engine.configs.steering.interventions import OPERATIONS
from engine.records.columns import missing
from engine.statistics.budgets import turned

What = Literal["likelihood", "texts"]
UNSTEERED = "unsteered"
BESIDE = {"none": UNSTEERED, PROMPT: PROMPT}
"""Operations of rows that no vector made, and the kind of their bars."""
FIGURES: dict[What, dict[str, str]] = {
    "likelihood": {
        "value": "change", "low": "change_low", "high": "change_high", "band_high": "band_high",
        "p": "p", "controls": "controls",
    },
    "texts": {
        "value": "share", "low": "share_low", "high": "share_high", "band_high": "text_band_high",
        "p": "text_p", "controls": "text_controls",
    },
}  # fmt: skip
"""Columns of a bar by those of the study's table."""
ARMS = {"base": "Base model", "tuned": "Fine-tuned model"}


def lacking(record: Mapping[str, Any]) -> set[str]:
    """What its table lacks of what is drawn; empty if it is whole."""
    rows = record["tables"]["operators"]
    found = {name for row in rows for name in missing(turned.COLUMNS, row)}
    return found if any(row.get("operation") in OPERATIONS for row in rows) else {"vectors"}


def arms(record: Mapping[str, Any]) -> dict[str, str]:
    """Both directions, each with what it is called."""
    rows = record["tables"]["operators"]
    return {
        row["arm"]: f"{ARMS.get(row['arm'], row['arm'])}, towards {row['toward']}" for row in rows
    }


def vectors(record: Mapping[str, Any]) -> list[str]:
    """Names of the vectors, as the study has them."""
    rows = record["tables"]["operators"]
    return list(dict.fromkeys(row["name"] for row in rows if row["operation"] not in BESIDE))


def rows_of(record: Mapping[str, Any], arm: str, vector: str) -> list[Mapping[str, Any]]:
    """One vector under every operation in one model, after the unsteered and the asked one."""
    own = [row for row in record["tables"]["operators"] if row["arm"] == arm]
    steered = [row for row in own if row["name"] == vector and row["operation"] not in BESIDE]
    steered.sort(key=lambda row: OPERATIONS.index(row["operation"]))
    return [*steered, *(row for row in own if row["operation"] in BESIDE)]


def bars(record: Mapping[str, Any], arm: str, vector: str, what: What) -> pd.DataFrame:
    """The rows as `frames.operations.BARS`; the unsteered model only where texts are counted."""
    config, names = record["config"], FIGURES[what]
    cost = "kl_mean" if config["of"] == "mean" else "kl_p95"
    found = []
    for row in rows_of(record, arm, vector):
        kind = BESIDE.get(row["operation"], OPERATION)
        if kind == UNSTEERED and what == "likelihood":
            continue
        figures = {name: row[column] for name, column in names.items()}
        found.append(
            {
                **figures,
                "label": _label(row, kind, cost),
                "kind": kind,
                "band_low": None if figures["band_high"] is None else 0.0,
                "strength": row["strength"],
                "kl_mean": row["kl_mean"],
                "kl_p95": row["kl_p95"],
                "is_above": kind == PROMPT and row[cost] > config["budget"],
                "note": "" if row[names["value"]] is not None else _note(row, cost, config),
                "absent": row["absent"] or "",
            }
        )
    return pd.DataFrame(found, columns=list(BARS))


def _label(row: Mapping[str, Any], kind: str, cost: str) -> str:
    if kind == UNSTEERED:
        return "Unsteered"
    if kind == PROMPT:
        return f"{ASKED}, KL {row[cost]:.2g}"
    return label(row["operation"], row["sign"])


def _note(row: Mapping[str, Any], cost: str, config: Mapping[str, Any]) -> str:
    """Why a bar is missing, as far as the chart has room for it."""
    if row["change"] is not None or row["operation"] in BESIDE:
        return "no labelled texts"
    if row[cost] is None:
        return "not reached"
    bound = "at most " if row[cost] < config["budget"] else ""
    return f"not reached: costs {bound}{row[cost]:.2g}"


def table(record: Mapping[str, Any], arm: str, vector: str) -> pd.DataFrame:
    """All figures of both charts as they are read and downloaded."""
    cost = "kl_mean" if record["config"]["of"] == "mean" else "kl_p95"
    rows: Sequence[Mapping[str, Any]] = rows_of(record, arm, vector)
    return pd.DataFrame(
        [
            {
                "operation": _label(row, BESIDE.get(row["operation"], OPERATION), cost),
                "strength": row["strength"],
                "KL mean": row["kl_mean"],
                "KL p95": row["kl_p95"],
                "change": row["change"],
                "from": row["change_low"],
                "to": row["change_high"],
                "random to": row["band_high"],
                "p": row["p"],
                "over adding": row["over_add"],
                "over from": row["over_add_low"],
                "over to": row["over_add_high"],
                "texts": row["texts"],
                "turned": row["share"],
                "turned from": row["share_low"],
                "turned to": row["share_high"],
                "random turned to": row["text_band_high"],
                "p of texts": row["text_p"],
                "broken": row["broken"],
                "why absent": row["absent"] or "",
            }
            for row in rows
        ]
    )
