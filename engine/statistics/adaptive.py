"""What the record of an adaptive sweep holds, and what it says in words. Runs nothing; no torch."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

import numpy as np
import pandas as pd
from jaxtyping import Float, Int

from engine.configs.adaptive import AdaptiveConfig
from engine.errors import StoreError
from engine.maths.race import Race, mean_intervals
from engine.records import columns, measures, readings
from engine.records.columns import Column, Columns
from engine.records.records import VectorSet
from engine.statistics.adaptive_words import sentences

Values = Float[np.ndarray, "arms questions"]

DIGITS = 5
ROUNDED = (
    "relative",
    "answer_mass",
    "difference",
    *readings.FIGURES[False],
    *readings.FIGURES[True],
)
"""Columns of finalists' rows that are kept to so many digits."""
ARM_COLUMNS: Columns = (
    Column("arm", "its place in the grid"),
    Column("name", "method and index of the vector"),
    Column("vector_set", "digest of the vector set"),
    Column("vector", "index in its set"),
    Column("method", "melbo, power-iteration, random, ..."),
    Column("scale", "multiple of the vector that was added; else the share of the way"),
    Column("relative", "mean norm of the change / median residual norm at the site"),
    Column("asked", "questions asked"),
    Column("mean", "mean of what decides, over the questions asked"),
    Column("low", "bound from below of the mean over all questions, for this cell alone"),
    Column("high", "bound from above"),
    Column("change", "mean change of the difference from scale 0, on the questions asked"),
    Column("rate_change", "change of the share of behaviour answers, on the questions asked"),
    Column("dropped", "questions asked when it was dropped; empty for finalists"),
    Column("chance", "bound of the chance of such answers if no cell were better"),
)
"""Columns of the table `arms`, one row per (vector, scale)."""
RACE_COLUMNS: Columns = (
    Column("asked", "questions asked after the round"),
    Column("arm", "its place in the grid"),
    Column("mean", "mean of what decides, over these questions"),
    Column("low", "bound from below of the mean over all questions, for this cell alone"),
    Column("high", "bound from above"),
)
"""Columns of the table `race`, one row per cell still asked after each round."""


@runtime_checkable
class Arm(Protocol):
    """A cell of the grid, as much of it as a record tells."""

    @property
    def vector_set(self) -> str:
        """Digest of its set, "control" or "baseline"."""

    @property
    def vector(self) -> int:
        """Its place in the set."""

    @property
    def method(self) -> str:
        """By which it was found."""

    @property
    def scale(self) -> float:
        """By which it is multiplied."""

    @property
    def relative(self) -> float:
        """Its norm over the residual stream's."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Raced:
    """What an adaptive sweep asked and found."""

    rows: tuple[Arm, ...]
    """The baseline, then every arm."""
    ids: tuple[str, ...]
    """Questions in the order asked; those without a defined baseline answer are left out."""
    contents: Float[np.ndarray, "rows questions"]
    """Mean difference m of every row, in that order; NaN where it was not asked or undefined."""
    race: Race
    limit: float | None
    """Logits or nats beyond which a question's change does not count; None for shares."""
    frame: pd.DataFrame
    """Baseline and finalists, all questions: the columns of `measures.columns_of`."""
    orders: int
    notes: tuple[str, ...]
    answers: dict[str, Any]


def parts(found: Raced, sets: Sequence[VectorSet], config: Any) -> dict[str, Any]:
    """What the record holds beside its config, model and provenance, as plain JSON.

    Args:
        found: What was asked.
        sets: The stored sets.
        config: The `AdaptiveConfig`.

    Returns:
        tables (arms, race), best, finalists (arms), tied (arms with exactly the best's figure),
        cells (asked, grid, share; the baseline counts in both), limit, limited (answers beyond
        it), order (question ids as asked), contents (by arm, mean difference per question
        asked; the baseline's under "baseline"), readings (`finalist_rows` reads them), summary,
        sentences.
    """
    race, asked = found.race, asked_by_arm(found)
    contents, shifts, turned, values = _by_question(found, asked)
    arms = _arms(found, sets, asked, _mean(shifts), _mean(turned))
    race_rows = _race(values, asked, race.questions, found.limit, race.delta, config.batch)
    for row in race_rows:
        arms[row["arm"]] |= {name: row[name] for name in ("mean", "low", "high")}
    finalists = [int(arm) for arm in race.living_arms]
    figure = "change" if found.limit is not None else "rate_change"
    scores = {arm: _score(arms[arm][figure], config.direction) for arm in finalists}
    best = max(finalists, key=lambda arm: (scores[arm], -arm))
    grid = (len(arms) + 1) * len(found.ids)
    cells = int(asked.sum()) + len(found.ids)
    record = {
        "tables": {"arms": arms, "race": race_rows},
        "best": arms[best],
        "finalists": finalists,
        "tied": [arm for arm in finalists if scores[arm] == scores[best]],
        "cells": {"asked": cells, "grid": grid, "share": cells / grid},
        "limit": found.limit,
        "limited": _limited(shifts, found.limit),
        "order": list(found.ids),
        "contents": {
            "baseline": _rounded(found.contents[0]),
            **{str(arm): _rounded(row[: asked[arm]]) for arm, row in enumerate(contents)},
        },
        "readings": _readings(found.frame),
    }
    summary = (
        f"{arms[best]['name']} at {arms[best]['scale']:+g}, {cells / grid:.0%} of {grid:,} cells"
    )
    return record | {"summary": summary, "sentences": sentences(record, config)}


def _by_question(
    found: Raced, asked: Int[np.ndarray, " arms"]
) -> tuple[Values, Values, Values, Values]:
    """Of every arm and question asked: m, its change, the change of the answer, what decides."""
    is_asked = np.arange(len(found.ids)) < asked[:, None]
    base = found.contents[0]
    contents = np.where(is_asked, found.contents[1:], np.nan)
    shifts = contents - base
    turned = (np.sign(contents) - np.sign(base)) / 2
    values = turned if found.limit is None else np.clip(shifts, -found.limit, found.limit)
    # An undefined answer counts as no change, as it did in the race.
    return contents, shifts, turned, np.where(is_asked, np.nan_to_num(values), np.nan)


def asked_by_arm(found: Raced) -> Int[np.ndarray, " arms"]:
    """How many questions each arm was asked, in either direction."""
    race = found.race
    last = race.dropped_at.reshape(len(race.signs), race.arms).max(axis=0)
    return np.minimum(last, race.asked)


def _arms(
    found: Raced,
    sets: Sequence[VectorSet],
    asked: Int[np.ndarray, " arms"],
    change: Float[np.ndarray, " arms"],
    rate_change: Float[np.ndarray, " arms"],
) -> list[dict[str, Any]]:
    names = {one.digest: one.names for one in sets}
    race = found.race
    evidence = race.evidence.reshape(len(race.signs), race.arms).min(axis=0)
    living = set(race.living_arms.tolist())
    return [
        {
            "arm": arm,
            "name": names[row.vector_set][row.vector],
            "vector_set": row.vector_set,
            "vector": row.vector,
            "method": row.method,
            "scale": row.scale,
            "relative": round(row.relative, DIGITS),
            "asked": int(asked[arm]),
            "mean": None,
            "low": None,
            "high": None,
            "change": _plain(change[arm]),
            "rate_change": _plain(rate_change[arm]),
            "dropped": None if arm in living else int(asked[arm]),
            "chance": float(f"{np.exp(-max(evidence[arm], 0.0)):.3g}"),
        }
        for arm, row in enumerate(found.rows[1:])
    ]


def _race(
    values: Values,
    asked: Int[np.ndarray, " arms"],
    questions: int,
    limit: float | None,
    delta: float,
    batch: int,
) -> list[dict[str, Any]]:
    """Mean and bounds of every arm after each round in which it was asked."""
    span = (-1.0, 1.0) if limit is None else (-limit, limit)
    bounds = mean_intervals(values, questions, span, delta)
    means = np.nancumsum(values, axis=1) / np.arange(1, values.shape[1] + 1)
    ends = sorted({*range(batch, questions, batch), questions})
    return [
        {
            "asked": end,
            "arm": int(arm),
            "mean": _plain(means[arm, end - 1]),
            "low": _plain(bounds.low[arm, end - 1]),
            "high": _plain(bounds.high[arm, end - 1]),
        }
        for end in ends
        for arm in np.flatnonzero(asked >= end)
    ]


def _score(value: float | None, direction: str) -> float:
    """What is largest for the best arm; an undefined figure never is."""
    if value is None:
        return -np.inf
    return abs(value) if direction == "either" else value if direction == "toward" else -value


def _limited(shifts: Values, limit: float | None) -> int:
    return 0 if limit is None else int((np.abs(shifts) > limit).sum())


def _readings(frame: pd.DataFrame) -> dict[str, list[Any]]:
    """A frame as plain JSON, column by column."""
    known = measures.columns_of(frame.columns)
    plain = {name: frame[name].tolist() for name in columns.names(known) if name in frame}
    for name in set(ROUNDED) & set(plain):
        plain[name] = _rounded(frame[name].to_numpy(float))
    return plain


def completed(record: dict[str, Any]) -> dict[str, Any]:
    """A study's record; an adaptive sweep's with the columns its tables are too old to have."""
    if record.get("name") != AdaptiveConfig.method:
        return record
    tables = record["tables"]
    arms = columns.completed_rows(tables["arms"], ARM_COLUMNS)
    race = columns.completed_rows(tables["race"], RACE_COLUMNS)
    best = columns.completed_rows([record["best"]], ARM_COLUMNS)[0]
    return record | {"best": best, "tables": {**tables, "arms": arms, "race": race}}


def check(record: dict[str, Any]) -> None:
    """Refuse a record that could not be shown.

    Raises:
        StoreError: If cells, race, finalists or readings are missing or do not fit together.
    """
    try:
        arms, rounds = record["tables"]["arms"], record["tables"]["race"]
        is_whole = (
            [arm["arm"] for arm in arms] == list(range(len(arms)))
            and not any(columns.missing(ARM_COLUMNS, arm) for arm in arms)
            and not any(columns.missing(RACE_COLUMNS, row) for row in rounds)
            and all(set(row) <= set(columns.names(RACE_COLUMNS)) for row in rounds)
            and {row["arm"] for row in rounds} <= set(range(len(arms)))
            and record["best"] == arms[record["best"]["arm"]]
            and record["best"]["arm"] in record["finalists"]
            and set(record["finalists"]) <= set(range(len(arms)))
            and all(isinstance(one, str) for one in (*record["sentences"], *record["order"]))
            and 0 < float(record["cells"]["share"]) <= 1
        )
    except (TypeError, KeyError, IndexError, ValueError) as error:
        raise StoreError(f"This adaptive sweep is incomplete: {error}.") from error
    if not is_whole:
        raise StoreError("The tables of this adaptive sweep do not fit together.")
    finalist_rows(record)


def finalist_rows(record: dict[str, Any]) -> pd.DataFrame:
    """Baseline and finalists on all questions, as the rows of an evaluation.

    Raises:
        StoreError: If the record holds no such rows.
    """
    stored: Any = record.get("readings")
    try:
        own = measures.columns_of(stored)
        known = [one.name for one in own if one.is_required or one.name in stored]
        frame = pd.DataFrame({name: stored[name] for name in known})
        return columns.completed(frame, own, "An adaptive sweep")
    except (TypeError, KeyError, ValueError) as error:
        raise StoreError(f"The rows of this adaptive sweep cannot be read: {error}.") from error


def _mean(values: Values) -> Float[np.ndarray, " arms"]:
    """Mean over defined values; NaN without one."""
    known = np.isfinite(values)
    count = known.sum(axis=1)
    return np.where(known, values, 0.0).sum(axis=1) / np.where(count > 0, count, np.nan)


def _plain(value: float) -> float | None:
    return round(float(value), DIGITS) if np.isfinite(value) else None


def _rounded(values: Float[np.ndarray, " some"]) -> list[float | None]:
    return [_plain(value) for value in values]
