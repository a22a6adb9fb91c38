"""Effects, bands and p at equal cost equal the formulas, and what is missing says why."""

import dataclasses

import numpy as np
import pandas as pd
import pytest

from engine.statistics.budgets import equal_cost
from engine.statistics.budgets.equal_cost import Answered, Effects, effects
from engine.statistics.cells import CONTROL
from tests.reference import equal_cost_reference as slow

CONTROLS, QUESTIONS = 24, 9
WAYS = [("add", 1), ("add", -1), ("set", 1), ("ablate", 1)]


@pytest.fixture(scope="module")
def found() -> Answered:
    """Two vectors at two sites with controls of their own, some that miss the budget."""
    draw = np.random.default_rng(3)
    rows = []
    for operation, sign in WAYS:
        for vector in range(2):
            rows.append((operation, "abc", vector, "melbo", sign, vector))
            for control in range(CONTROLS):
                place = vector * CONTROLS + control
                rows.append((operation, CONTROL, place, CONTROL, sign, vector))
    names = ["operation", "vector_set", "vector", "method", "sign", "yardstick"]
    cells = pd.DataFrame(rows, columns=names)
    cells["reached"] = True
    # One control of set, eight of ablate at the second site, and the second vector's add -.
    is_control = cells["vector_set"] == CONTROL
    cells.loc[is_control & (cells["operation"] == "set") & (cells["vector"] == 3), "reached"] = (
        False
    )
    few = is_control & (cells["operation"] == "ablate") & cells["vector"].between(24, 31)
    cells.loc[few, "reached"] = False
    missed = ~is_control & (cells["vector"] == 1) & (cells["sign"] == -1)
    cells.loc[missed, "reached"] = False
    cells["reason"] = np.where(cells["reached"], "", "All 6 strengths tried cost less.")
    baseline = draw.normal(0, 2, QUESTIONS)
    size = np.where(is_control, 1.0, 3.0) * draw.normal(0, 1, len(cells))
    contents = baseline + size[:, None] + draw.normal(0, 0.5, (len(cells), QUESTIONS))
    contents[0, 2], contents[0, 4] = np.nan, 0.0
    contents[~cells["reached"].to_numpy()] = np.nan
    return Answered(
        cells=cells,
        contents=contents,
        baseline=baseline,
        rival=baseline + 1.5,
        questions=tuple(f"q{i}" for i in range(QUESTIONS)),
        tie=0.0,
    )


@pytest.fixture(scope="module")
def read(found) -> Effects:
    return effects(found)


def changes(found: Answered, where: pd.Series) -> list[float]:
    base = found.baseline.tolist()
    return [slow.change(found.contents[i].tolist(), base) for i in np.flatnonzero(where)]


def controls_of(found: Answered, row) -> list[float]:
    cells = found.cells
    own = cells["reached"] & (cells["vector_set"] == CONTROL)
    for name in ("operation", "sign", "yardstick"):
        own &= cells[name] == getattr(row, name)
    return changes(found, own)


def test_every_figure_of_a_vector_is_that_of_the_formula(found, read) -> None:
    table = read.vectors

    assert len(table) == len(WAYS) * 2
    for row in table[table["reached"]].itertuples():
        place = np.flatnonzero(
            (found.cells["vector_set"] == "abc")
            & (found.cells["vector"] == row.vector)
            & (found.cells["operation"] == row.operation)
            & (found.cells["sign"] == row.sign)
        )[0]
        own = found.contents[place].tolist()
        beside = controls_of(found, row)
        assert row.change == pytest.approx(slow.change(own, found.baseline.tolist()))
        assert row.change_low < row.change < row.change_high
        assert row.rate == pytest.approx(slow.rate(own, found.tie))
        assert (row.controls, row.drawn) == (len(beside), CONTROLS)
        if len(beside) >= 20:
            assert row.p == pytest.approx(slow.p(row.change, beside))
            assert (row.band_low, row.band_high) == pytest.approx(slow.band(beside))
            assert row.absent == ""


def test_what_is_missing_is_absent_with_its_reason(read) -> None:
    table = read.vectors
    missed = table[(table["vector"] == 1) & (table["sign"] == -1)].iloc[0]
    few = table[(table["vector"] == 1) & (table["operation"] == "ablate")].iloc[0]

    assert missed["absent"] == "All 6 strengths tried cost less."
    assert missed[["change", "change_low", "rate", "p"]].isna().all()
    assert few["absent"] == ("No random band: 16 of 24 controls met the budget, and it needs 20.")
    assert few[["band_low", "band_high", "p"]].isna().all()
    assert np.isfinite(few["change"])


def test_the_best_of_all_operations_is_held_against_every_control_s_best(found, read) -> None:
    table, best = read.vectors, read.best.set_index("vector")

    for vector in (0, 1):
        own = table[(table["vector"] == vector) & table["p"].notna()]
        cells = found.cells
        beside = []
        for control in range(vector * CONTROLS, (vector + 1) * CONTROLS):
            where = (cells["vector_set"] == CONTROL) & (cells["vector"] == control)
            codes = {(o, s) for o, s in zip(own["operation"], own["sign"], strict=True)}
            pairs = zip(cells["operation"], cells["sign"], strict=True)
            where &= pd.Series([pair in codes for pair in pairs], index=cells.index)
            base, rows = found.baseline, found.contents[np.flatnonzero(where)]
            beside.append([float(np.mean(row - base)) for row in rows])
        assert best.loc[vector, "p"] == pytest.approx(slow.p_of_best(list(own["change"]), beside))
        assert best.loc[vector, "cells"] == len(own)
        assert best.loc[vector, "p_best"] >= best.loc[vector, "p"]


def test_asking_by_a_prompt_is_read_beside_the_same_baseline(found, read) -> None:
    assert read.rival["change"] == pytest.approx(1.5)
    assert read.rival["n"] == QUESTIONS
    assert read.baseline["rate"] == pytest.approx(slow.rate(found.baseline.tolist(), 0.0))


def test_half_of_the_questions_gives_figures_of_that_half(found) -> None:
    half = [0, 2, 3, 7]
    table = effects(found.part(half)).vectors
    row = table[(table["vector"] == 0) & (table["operation"] == "set")].iloc[0]
    place = found.cells.query("vector_set == 'abc' and vector == 0 and operation == 'set'").index[0]

    expected = np.mean(found.contents[place, half] - found.baseline[half])
    assert row["change"] == pytest.approx(expected)


def test_without_controls_there_is_no_band_and_no_best(found) -> None:
    own = (found.cells["vector_set"] != CONTROL).to_numpy()
    alone = dataclasses.replace(
        found, cells=found.cells[own].reset_index(drop=True), contents=found.contents[own]
    )
    read = equal_cost.effects(alone)

    assert read.vectors["p"].isna().all()
    reasons = set(read.vectors.loc[read.vectors["reached"], "absent"])
    assert reasons == {"No random band: it needs 20 controls, and 0 were asked for."}
    assert read.best.empty


def test_where_nothing_meets_the_budget_there_are_reasons_and_no_figures(found) -> None:
    none = dataclasses.replace(
        found,
        cells=found.cells.assign(reached=False, reason="It costs too little."),
        contents=np.full_like(found.contents, np.nan),
    )
    read = equal_cost.effects(none)

    assert set(read.vectors["absent"]) == {"It costs too little."}
    assert read.vectors[["change", "rate", "p", "band_low"]].isna().all(axis=None)
    assert (read.vectors["controls"] == 0).all()
    assert read.best.empty
    assert read.baseline["n"] == QUESTIONS
