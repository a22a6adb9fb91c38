"""What operations do at equal cost, beside random vectors that cost the same.

A cell is a vector under an operation, turned one way. It is treated as a sweep's cell whose
scale is the code of operation and sign, so that intervals, bands, p and the allowance for the
choice among all are those of every sweep. Knows nothing of models and of how strengths are found.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from jaxtyping import Float

from engine.configs.steering.interventions import OPERATIONS, Operation
from engine.statistics import cells as statistics
from engine.statistics import nulls
from engine.statistics.cells import BASELINE, CONTROL, VECTOR, Clusters
from engine.statistics.nulls import MIN_CONTROLS
from engine.statistics.yardsticks import YARDSTICK

RIVAL = "prompt"
"""Stands for a vector's set where the model was asked by a system prompt instead."""
SEED = 0
"""Of every resample."""
RESAMPLES = 2000
_FIGURES = (
    *("n", "rate", "rate_low", "rate_high", "rate_change"),
    *("change", "change_low", "change_high"),
)


def cell_code(operation: Operation, sign: int) -> float:
    """A number for operation and sign; 0 is the baseline's."""
    return float(sign * (1 + OPERATIONS.index(operation)))


@dataclass(frozen=True, kw_only=True, eq=False)
class Answered:
    """Cells with their answers, question by question."""

    cells: pd.DataFrame
    """Columns: operation, vector_set, vector, method, sign, reached, reason, yardstick, others."""
    contents: Float[np.ndarray, "cells questions"]
    """Mean difference m of every cell; NaN where it was not asked or is not defined."""
    baseline: Float[np.ndarray, " questions"]
    rival: Float[np.ndarray, " questions"] | None
    """Of the model that was asked by a system prompt."""
    questions: tuple[str, ...]
    """Their ids."""
    tie: float = 0.5
    """What a question with m = 0 counts as."""

    def part(self, chosen: Sequence[int] | np.ndarray) -> "Answered":
        """The same on some of the questions."""
        where = np.asarray(chosen, dtype=int)
        return Answered(
            cells=self.cells,
            contents=self.contents[:, where],
            baseline=self.baseline[where],
            rival=None if self.rival is None else self.rival[where],
            questions=tuple(self.questions[i] for i in where),
            tie=self.tie,
        )


@dataclass(frozen=True, kw_only=True, eq=False)
class Effects:
    """What is read from them. Every interval is of 95 % over questions, of `SEED`."""

    vectors: pd.DataFrame
    """Cells of vectors: the columns of `Answered.cells`, n, rate, rate_low, rate_high,
    rate_change, change, change_low, change_high, band_low, band_high (2.5th and 97.5th percentile
    of the controls' changes), p, controls (that met the budget), drawn (that were tried), scale
    (`cell_code`), absent (why figures are missing)."""
    controls: pd.DataFrame
    """Cells of controls, with n, rate and change."""
    best: pd.DataFrame
    """One row a vector with a p, where |change| is largest: operation, sign, change, p, p_best of
    `nulls.max_t` over the cells with a p, cells (how many), controls, absent."""
    rival: dict[str, Any] | None
    """n, rate, rate_low, rate_high, rate_change, change, change_low, change_high."""
    baseline: dict[str, Any]
    """n, rate, rate_low, rate_high, mean, mean_low, mean_high."""


def effects(found: Answered, clusters: Clusters | None = None) -> Effects:
    """Work out every figure.

    Args:
        found: Cells and answers.
        clusters: Question id -> label; questions of one label are drawn together.
    """
    summary = _summary(found, clusters)
    table = _joined(found.cells, summary)
    is_control = (table["vector_set"] == CONTROL).to_numpy()
    vectors, controls = table[~is_control], table[is_control]
    beside = _with_band(vectors, controls, summary)
    return Effects(
        vectors=beside,
        controls=controls.reset_index(drop=True),
        best=_best(beside, summary),
        rival=_figures_of(summary, RIVAL, _FIGURES),
        baseline=_figures_of(summary, BASELINE, (*_FIGURES[:4], "mean", "mean_low", "mean_high"))
        or {},
    )


def _summary(found: Answered, clusters: Clusters | None) -> pd.DataFrame:
    """`statistics.summarise_questions` of everything that was asked, with yardsticks."""
    asked = np.isfinite(found.contents).any(axis=1)
    own = found.cells[asked]
    rows = [
        *(
            (one.vector_set, one.vector, one.method, cell_code(one.operation, one.sign))
            for one in own.itertuples()
        ),
        (BASELINE, -1, BASELINE, 0.0),
        *([] if found.rival is None else [(RIVAL, 0, RIVAL, 0.0)]),
    ]
    rival = [] if found.rival is None else [found.rival]
    contents = np.vstack([found.contents[asked], found.baseline, *rival])
    summary = statistics.summarise_questions(
        _per_question(rows, contents, found), RESAMPLES, SEED, clusters
    )
    numbers = dict(zip([row[:2] for row in rows], own[YARDSTICK].tolist(), strict=False))
    keys = zip(summary["vector_set"], summary["vector"], strict=True)
    return summary.assign(**{YARDSTICK: [numbers.get(key, -1) for key in keys]})


def _per_question(
    rows: Sequence[tuple[str, int, str, float]],
    contents: Float[np.ndarray, "rows questions"],
    found: Answered,
) -> pd.DataFrame:
    """What `statistics.per_question` gives, of answers that are averaged already."""
    count = len(found.questions)
    columns = dict(zip(statistics.CELL, zip(*rows, strict=True), strict=True))
    flat = contents.ravel()
    table = pd.DataFrame({name: np.repeat(values, count) for name, values in columns.items()})
    chose = np.where(flat == 0, found.tie, np.sign(flat) / 2 + 0.5)
    return table.assign(
        question=np.tile(found.questions, len(rows)),
        content=flat,
        chose=np.where(np.isfinite(flat), chose, np.nan),
        relative=np.nan,
        letter_bias=np.nan,
        chose_a=np.nan,
        answer_mass=np.nan,
        orders=1,
    )


def _joined(cells: pd.DataFrame, summary: pd.DataFrame) -> pd.DataFrame:
    """Cells with their figures; none where they were not asked."""
    codes = [cell_code(one.operation, one.sign) for one in cells.itertuples()]
    own = summary[[*VECTOR, "scale", *_FIGURES]]
    found = cells.assign(scale=codes).merge(own, on=[*VECTOR, "scale"], how="left")
    reason = found["reason"].where(~found["reached"], "")
    is_undefined = found["reached"] & found["change"].isna()
    return found.assign(absent=reason.mask(is_undefined, "No question has defined answers."))


def _with_band(
    vectors: pd.DataFrame, controls: pd.DataFrame, summary: pd.DataFrame
) -> pd.DataFrame:
    """Vectors with the random band and p, or why these are missing."""
    places = [YARDSTICK, "scale"]
    groups = controls.groupby(places)
    drawn = groups.size().rename("drawn").reset_index()
    met = groups["change"].count().rename("controls").reset_index()
    tests = nulls.p_values(summary[summary["vector_set"] != RIVAL])
    band = nulls.control_band(summary).rename(
        columns={"change_low": "band_low", "change_high": "band_high"}
    )
    found = vectors.merge(drawn, on=places, how="left").merge(met, on=places, how="left")
    found = found.merge(tests[[*VECTOR, "scale", "p"]], on=[*VECTOR, "scale"], how="left")
    found = found.merge(band[[*places, "band_low", "band_high"]], on=places, how="left")
    counts = found[["drawn", "controls"]].fillna(0).astype(int)
    found = found.assign(**counts)
    is_short = found["controls"] < MIN_CONTROLS
    found.loc[is_short, ["band_low", "band_high", "p"]] = np.nan
    words = [_few(one.controls, one.drawn) for one in found.itertuples()]
    short = pd.Series(words, index=found.index).where(is_short, "")
    absent = found["absent"].where(found["absent"] != "", short)
    return found.assign(absent=absent)


def _few(met: int, drawn: int) -> str:
    if drawn < MIN_CONTROLS:
        return f"No random band: it needs {MIN_CONTROLS} controls, and {drawn} were asked for."
    return f"No random band: {met} of {drawn} controls met the budget, and it needs {MIN_CONTROLS}."


def _best(vectors: pd.DataFrame, summary: pd.DataFrame) -> pd.DataFrame:
    """Every vector where it moves answers most, with the allowance for that choice.

    Chosen is among the cells that have a p: a control counts if it met the budget in all of these.
    """
    columns = [*VECTOR, "operation", "sign", "change", "p", "p_best", "cells", "controls"]
    tested = vectors[vectors["p"].notna()]
    if tested.empty:
        return pd.DataFrame(columns=[*columns, "absent"])
    own = tested[[*VECTOR, "scale"]].assign(is_tested=True)
    known = summary.merge(own, on=[*VECTOR, "scale"], how="left")
    is_kept = known["is_tested"].notna() | (known["vector_set"] == CONTROL)
    tests = nulls.max_t(known[is_kept])
    found = tests.merge(tested[[*VECTOR, "scale", "operation", "sign"]], on=[*VECTOR, "scale"])
    found = found.merge(tested.groupby(VECTOR).size().rename("cells").reset_index(), on=VECTOR)
    words = [_few_in_all(count) for count in found["controls"]]
    return found[columns].assign(absent=words)


def _few_in_all(met: int) -> str:
    if met >= MIN_CONTROLS:
        return ""
    return f"No p: {met} controls met the budget in every cell, and it needs {MIN_CONTROLS}."


def _figures_of(summary: pd.DataFrame, name: str, figures: Sequence[str]) -> dict[str, Any] | None:
    """One row's figures as plain values; None where it is not there."""
    rows = summary.loc[summary["vector_set"] == name, list(figures)]
    return None if rows.empty else _plain(rows.iloc[0].to_dict())


def _plain(row: Mapping[Any, Any]) -> dict[str, Any]:
    return {str(name): None if pd.isna(value) else float(value) for name, value in row.items()}
