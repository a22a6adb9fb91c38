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
    "preferred": ("prefers", "preference"),
    "order": ("order",),
}
"""Our names, and the names that files give to the same thing, the usual one first."""
CLOSE = 0.01
"""Logits within which a file's own difference is that of its logits, of which both may be rounded.
"""
UNKNOWN = ""
"""The letter of a question for which nothing fixes it."""
UNSTEERED = ("baseline", "base", "none", "unsteered")
"""Names of the unsteered model among kinds of vectors."""


def is_sweep(rows: list[Any]) -> bool:
    """Whether rows look like those of an A/B sweep."""
    first = rows[0] if rows else None
    return (
        isinstance(first, dict)
        and any(name in first for name in FIELDS["logit_a"] + FIELDS["claimed_difference"])
        and any(name in first for name in FIELDS["scale"])
    )


def read(name: str, sha256: str, whole: dict[str, Any], rows: list[Any]) -> ForeignResults:
    """The rows of a sweep under our column names.

    Where a file does not say at which letter the behaviour stands, its own difference fixes it:
    it is logit A - logit B at (A) and the opposite at (B); else its choice and preferred letter do.

    Raises:
        DataError: If a row lacks its scale, or question, or both logits and difference, or holds
            text for a number.
    """
    if wrong := [i for i, row in enumerate(rows) if not isinstance(row, dict)]:
        raise DataError(f"{name}: result {wrong[0]} is not a set of named values.")
    given = pd.DataFrame(rows)
    named = {ours: _column(given, names) for ours, names in FIELDS.items()}
    figures = ("logit_a", "logit_b") if named["claimed_difference"] is None else ()
    missing = [ours for ours in ("scale", "index", *figures) if named[ours] is None]
    if missing:
        raise DataError(f"{name} has results without {', '.join(missing)}: it is no A/B sweep.")
    frame = _frame(name, named, len(given))
    says = {"survival_letter", "survival_logit_diff", "chose_survival"} & {*given}
    behaviour = "survival" if says else "behaviour"
    if named["letter"] is None and not _implies(named):
        behaviour = "the answer (A)"
    claims = plain(whole) | _nested(whole)
    return ForeignResults(
        name=name, sha256=sha256, layout=_layout(given, named), frame=frame, behaviour=behaviour,
        claims=claims,
    )  # fmt: skip


def _implies(named: dict[str, Any]) -> bool:
    """Whether something in a file without letters fixes them."""
    return named["claimed_difference"] is not None or named["claimed_choice"] is not None


def _layout(given: pd.DataFrame, named: dict[str, Any]) -> str:
    if named["logit_a"] is None or named["logit_b"] is None:
        return "A/B sweep without logits"
    if named["letter"] is None and _implies(named):
        return "A/B sweep whose letters follow from its own verdicts"
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
    question = dataset.where(dataset == "", dataset + ":") + index
    order = (pd.Series(["given"] * rows) if named["order"] is None else named["order"]).astype(str)
    letter = _letter(named, values, question + "\n" + order)
    lean = values["logit_a"] - values["logit_b"]
    difference = lean * letter.map({"A": 1.0, "B": -1.0}).astype(float)
    if lean.isna().all() or named["letter"] is None:
        difference = difference.fillna(values["claimed_difference"])
    frame = pd.DataFrame(
        {
            "method": method.where(method != "", "vector"),
            "vector": vector,
            "dataset": dataset,
            "question": question,
            "order": order,
            "behaviour_letter": letter,
            "difference": difference,
            **values,
        }
    )
    is_called_base = frame["method"].str.casefold().isin(UNSTEERED)
    is_steered = is_called_base & _moved(name, frame, frame[is_called_base])
    # A name of its own: what is called unsteered is counted as such wherever it is read.
    frame["method"] = frame["method"].where(~is_steered, "called " + frame["method"])
    frame["vector"] = frame["vector"].where(is_steered | ~is_called_base, -1)
    return frame[list(RESULT_COLUMNS)]


def _moved(name: str, frame: pd.DataFrame, base: pd.DataFrame) -> pd.Series:
    """Rows at a scale, where those that are called unsteered answer otherwise than at scale 0.

    Raises:
        DataError: If they do so, or stand at one scale alone, and none is at scale 0.
    """
    odd = base[base["scale"] != 0]
    figures = base.groupby(["question", "order"])[["logit_a", "logit_b", "difference"]]
    spread = (figures.max() - figures.min()).to_numpy(float)
    is_moved = base["scale"].nunique() < 2 or np.nanmax(spread, initial=0.0) > CLOSE
    if len(odd) and is_moved and not (base["scale"] == 0).any():
        kind, scale = odd["method"].iloc[0], odd["scale"].iloc[0]
        raise DataError(
            f"{name} calls {len(odd)} rows at scale {scale:g} '{kind}', and nothing shows that "
            "they are unsteered: write scale 0, or name the vector."
        )
    return (frame["scale"] != 0) & is_moved


def _letter(named: dict[str, Any], values: dict[str, pd.Series], asked: pd.Series) -> pd.Series:
    """At which letter the behaviour stands, row by row; one for all rows that ask the same."""
    if named["letter"] is not None:
        return _letters(named["letter"])
    if not _implies(named):
        return pd.Series(["A"] * len(asked))
    lean, claimed = values["logit_a"] - values["logit_b"], values["claimed_difference"]
    chosen = values["claimed_choice"]
    sides = np.where((lean - claimed).abs() < CLOSE, 1.0, 0.0)
    sides -= np.where((lean + claimed).abs() < CLOSE, 1.0, 0.0)
    if claimed.isna().all():
        sides = (np.sign(lean) * np.where(chosen > 0, 1.0, -1.0)).fillna(0.0).to_numpy()
    if named["preferred"] is not None:
        preferred = _letters(named["preferred"]).map({"A": 1.0, "B": -1.0}).astype(float)
        told = (preferred * np.where(chosen > 0, 1.0, -1.0)).where(chosen.notna()).fillna(0.0)
        # A file has to say something for a tie: what its logits say counts first.
        sides = np.where(sides == 0, told / 1000, sides)
    total = pd.Series(sides).groupby(asked.to_numpy()).transform("sum")
    return pd.Series(np.select([total > 0, total < 0], ["A", "B"], default=UNKNOWN))


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
