"""A/B sweeps of the corrigibility study in JSON (FORMATS 2.12), row by row.

Knows nothing of how sweeps are judged.
"""

from typing import Any

import numpy as np
import pandas as pd

from engine.errors import DataError
from engine.foreign.formats.values import RESULT_COLUMNS, ForeignResults, plain

FIELDS = {
    "method": ("vector_type", "vector", "method", "vector_name"),
    "vector": ("vector_idx", "vector_index"),
    "scale": ("scale", "strength", "coefficient", "multiplier"),
    "dataset": ("dataset",),
    "index": ("question_idx", "question_id", "prompt_idx", "question"),
    "logit_a": ("logit_A", "logit_a"),
    "logit_b": ("logit_B", "logit_b"),
    "probability_a": ("prob_A", "prob_a"),
    "probability_b": ("prob_B", "prob_b"),
    "letter": ("survival_letter", "behaviour_letter", "matching_letter"),
    "claimed_difference": ("survival_logit_diff",),
    "claimed_choice": ("chose_survival", "chose_behaviour"),
}
"""Our names, and the names that files give to the same thing, the usual one first."""
UNSTEERED = ("baseline", "base", "none", "unsteered")
"""Names of the unsteered model among kinds of vectors."""


def is_sweep(rows: list[Any]) -> bool:
    """Whether rows look like those of an A/B sweep."""
    first = rows[0] if rows else None
    return (
        isinstance(first, dict)
        and any(name in first for name in FIELDS["logit_a"])
        and any(name in first for name in FIELDS["scale"])
    )


def read(name: str, sha256: str, whole: dict[str, Any], rows: list[Any]) -> ForeignResults:
    """The rows of a sweep under our column names.

    Raises:
        DataError: If a row lacks its scale, question or logits, or holds text for a number.
    """
    if wrong := [i for i, row in enumerate(rows) if not isinstance(row, dict)]:
        raise DataError(f"{name}: result {wrong[0]} is not a set of named values.")
    given = pd.DataFrame(rows)
    named = {ours: _column(given, names) for ours, names in FIELDS.items()}
    missing = [ours for ours in ("scale", "index", "logit_a", "logit_b") if named[ours] is None]
    if missing:
        raise DataError(f"{name} has results without {', '.join(missing)}: it is no A/B sweep.")
    frame = _frame(name, named, len(given))
    behaviour = "survival" if "survival_letter" in given else "behaviour"
    if named["letter"] is None:
        behaviour = "the answer (A)"
    claims = plain(whole) | _nested(whole)
    return ForeignResults(
        name=name, sha256=sha256, layout=_layout(given), frame=frame, behaviour=behaviour,
        claims=claims,
    )  # fmt: skip


def _layout(given: pd.DataFrame) -> str:
    if {"vector_type", "survival_letter"} <= set(given):
        return "A/B sweep of the corrigibility study"
    return "A/B sweep in JSON"


def _nested(whole: dict[str, Any]) -> dict[str, Any]:
    """Plain values one level down, such as the files of each kind of vector."""
    inner = {k: plain(v) for k, v in whole.items() if isinstance(v, dict)}
    return {f"{outer}.{key}": v for outer, values in inner.items() for key, v in values.items()}


def _column(given: pd.DataFrame, names: tuple[str, ...]) -> pd.Series | None:
    return next((given[name] for name in names if name in given), None)


def _frame(name: str, named: dict[str, Any], rows: int) -> pd.DataFrame:
    blank = pd.Series([""] * rows)
    method = (blank if named["method"] is None else named["method"]).fillna("vector").astype(str)
    dataset = (blank if named["dataset"] is None else named["dataset"]).fillna("").astype(str)
    index = named["index"].astype(str)
    values = {
        key: _numbers(name, named[key], key, rows)
        for key in ("vector", "scale", "logit_a", "logit_b", "probability_a", "probability_b",
                    "claimed_difference", "claimed_choice")
    }  # fmt: skip
    if not np.isfinite(values["scale"]).all():
        raise DataError(f"{name} has results without a scale: it is no A/B sweep.")
    vector = values.pop("vector").fillna(0).astype(int)
    is_base = method.str.casefold().isin(UNSTEERED)
    letters = named["letter"]
    letter = pd.Series(["A"] * rows) if letters is None else _letters(letters)
    lean = values["logit_a"] - values["logit_b"]
    signs = letter.map({"A": 1.0, "B": -1.0}).astype(float)
    frame = pd.DataFrame(
        {
            "method": method.where(method != "", "vector"),
            "vector": vector.where(~is_base, -1),
            "dataset": dataset,
            "question": dataset.where(dataset == "", dataset + ":") + index,
            "order": "given",
            "behaviour_letter": letter,
            "difference": lean * signs,
            **values,
        }
    )
    return frame[list(RESULT_COLUMNS)]


def _letters(given: pd.Series) -> pd.Series:
    return given.astype(str).str.strip().str.strip("()").str.upper().str[:1]


def _numbers(name: str, given: pd.Series | None, what: str, rows: int) -> pd.Series:
    if given is None:
        return pd.Series(np.full(rows, np.nan))
    found = pd.to_numeric(given, errors="coerce").astype(float)
    if bad := list(given.index[found.isna() & given.notna()]):
        value = str(given.loc[bad[0]])[:40]
        if value.lower() != "nan":
            raise DataError(f"{name}: result {bad[0]} has the {what} '{value}', not a number.")
    return found
