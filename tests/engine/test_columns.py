"""Columns as data: a measure that is given in a test, and records from before a column."""

from collections import Counter
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from datetime import date
from typing import Any

import numpy as np
import pandas as pd
import pytest

from engine.configs.adaptive import AdaptiveConfig
from engine.configs.sweeps import EvaluateConfig
from engine.errors import StoreError
from engine.evaluators.measuring import Cells, Setting
from engine.evaluators.neutral import OnNeutral
from engine.records import grids, measures, records, sound_tables
from engine.records.columns import Column
from engine.records.measures import UNKNOWN, Measure
from engine.statistics import adaptive, side_effects, whole
from engine.statistics.cells import CONTROL
from engine.store import store as stores
from engine.store import vector_rows
from engine.store.store import Store
from tests.engine.test_ab import QUESTIONS, Units
from tests.engine.test_generation import door_of
from tests.engine.test_side_effects import config, run
from tests.engine.test_store import evaluation

__all__ = ["config"]
"""A fixture of the side effects' tests."""

LATER = "2027-01-31"
TOY = Measure(
    __name__,
    "toy",
    (
        Column("toy_norm", "norm of what is added", LATER, UNKNOWN),
        Column("toy_word", "a word for each row", LATER, None),
    ),
)


@dataclass(frozen=True)
class Toy:
    """Measures the norm of what is added, and has a word for every row."""

    rows: int
    texts: int = 0

    def measure(self, cells: Cells) -> np.ndarray:
        return np.array([[float(row.delta.norm())] for row in cells.rows])

    def columns(self, found: np.ndarray) -> dict[str, Any]:
        words = np.array([f"row {row}" for row in range(self.rows)], dtype=object)
        return {"toy_norm": found[0], "toy_word": words}


def prepare(setting: Setting) -> Toy:
    return Toy(len(setting.questions) * setting.orders)


@pytest.fixture
def register(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Adds the toy to the registry when it is called: its one line."""
    every = [*measures.MEASURES, TOY]
    return lambda: monkeypatch.setattr(measures, "MEASURES", every)


def stored(store: Store, frame: pd.DataFrame) -> str:
    """The digest of a record with these rows."""
    asked = replace(evaluation().questions, questions=tuple(QUESTIONS))
    found = replace(evaluation(), frame=frame, questions=asked)
    store.save_evaluation(found)
    return found.digest


def test_a_measure_is_a_file_and_a_line_and_a_sweep_takes_it(
    config: EvaluateConfig, register: Callable[[], None]
) -> None:
    register()

    frame = run(door_of("qwen3"), config)

    measured = frame[frame.kl.notna()]
    cells = frame.groupby(["vector_set", "vector", "scale"], sort=False)
    is_control = frame.vector_set == CONTROL
    assert len(cells) > len(measured.groupby(["vector_set", "vector", "scale"]))
    assert frame.toy_norm.notna().equals(frame.kl.notna())
    assert (cells.toy_norm.nunique() <= 1).all()
    assert set(frame[~is_control].groupby("scale").toy_norm.nunique()) == {1, 2}
    words = cells.toy_word.agg(list)
    per_cell = len(QUESTIONS) * 2
    for (vector_set, _, _), said in words.items():
        if vector_set != CONTROL:
            assert said == [f"row {row}" for row in range(per_cell)]
    assert frame.loc[frame.kl.isna(), "toy_word"].isna().all()

    by_cell = side_effects.by_cell(frame)
    expected = measured.groupby(["vector_set", "vector", "scale"], sort=False).toy_norm.first()
    assert list(by_cell)[-1] == "toy_norm"
    np.testing.assert_allclose(by_cell.toy_norm, expected)
    assert by_cell.set_index("vector_set").toy_norm["baseline"] == 0.0
    assert (by_cell[by_cell.vector_set != "baseline"].toy_norm > 0).all()


def test_a_record_from_before_a_measure_opens_and_does_not_know_it(
    config: EvaluateConfig, register: Callable[[], None], tmp_path
) -> None:
    store = Store(tmp_path)
    frame = run(door_of("qwen3"), config)
    digest = stored(store, frame)
    before = side_effects.by_cell(store.load_evaluation(digest).frame)
    register()

    found = store.load_evaluation(digest)

    pd.testing.assert_frame_equal(found.frame[list(frame)], frame)
    assert list(found.frame)[len(frame.columns) :] == ["toy_norm", "toy_word"]
    assert found.frame[["toy_norm", "toy_word"]].isna().all(axis=None)
    after = side_effects.by_cell(found.frame)
    pd.testing.assert_frame_equal(after.drop(columns="toy_norm"), before)
    assert after.toy_norm.isna().all()
    assert len(whole.read(found).vectors) == 2
    rows = vector_rows.of_vector(stores.Path(store.find(digest).path), "abc", 1)
    assert list(rows) == list(found.frame)
    assert rows.toy_norm.isna().all()


def test_a_sweep_without_side_effects_gets_no_column_of_theirs(
    register: Callable[[], None], tmp_path
) -> None:
    register()
    store = Store(tmp_path)
    store.save_evaluation(evaluation())

    assert list(store.load_evaluation("ba98").frame) == list(evaluation().frame)


def test_units_from_before_a_measure_are_taken_over(
    config: EvaluateConfig, register: Callable[[], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    door, units = door_of("qwen3"), Units()
    before = run(door, config, units)
    register()
    again = Counter[str]()
    monkeypatch.setattr(OnNeutral, "measure", lambda *_: again.update(["neutral"]))

    frame = run(door, config, units)

    assert not again
    pd.testing.assert_frame_equal(frame[list(before)], before)
    assert frame.toy_norm.notna().equals(frame.kl.notna())
    # The names under which runs that were killed before the registry kept their readings.
    names = {"neutral", "written", "logits"}
    beside = [set(unit) for name, unit in units.items() if name.startswith("beside")]
    assert len(beside) == 3
    assert all(names | {"toy"} <= unit for unit in beside)


def test_an_evaluation_without_a_later_column_opens(
    tmp_path, monkeypatch: pytest.MonkeyPatch
) -> None:
    later = (Column("seconds", "spent", LATER, 0.5), Column("asker", "who asked", LATER, "nobody"))
    monkeypatch.setattr(measures, "EVALUATION_COLUMNS", (*records.EVALUATION_COLUMNS, *later))
    store = Store(tmp_path)
    path = store.save_evaluation(evaluation())

    for frame in (
        store.load_evaluation(path).frame,
        vector_rows.of_vector(path, "0123456789ab", 0),
    ):
        assert set(frame.seconds) == {0.5}
        assert set(frame.asker) == {"nobody"}


def test_a_grid_without_a_later_column_opens(tmp_path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = Store(tmp_path)
    path = store.save_generation(grid())
    later = Column("seconds", "spent", LATER, 0.5)
    monkeypatch.setattr(stores, "GENERATION_COLUMNS", (*grids.GENERATION_COLUMNS, later))

    assert list(store.load_generation(path).frame.seconds) == [0.5]


def grid() -> grids.Generation:
    made = evaluation()
    row: dict[str, Any] = {column.name: "x" for column in grids.GENERATION_COLUMNS}
    row |= dict.fromkeys(sound_tables.TEXT_NUMBERS, 1) | {"finished": True, "adapter": False}
    return grids.Generation(
        digest="ca9876543210",
        frame=pd.DataFrame([row]),
        config={
            "prompts": ["x"],
            "samples": 1,
            "temperature": 0.0,
            "configurations": [],
            "max_new_tokens": 4,
            "system": None,
            "seed": 0,
        },
        model=made.model,
        provenance=made.provenance,
    )


@pytest.mark.parametrize("name", ["vector_set", "answer_mass"])
def test_an_evaluation_without_a_required_column_is_refused_by_its_name(
    tmp_path, name: str
) -> None:
    store, found = Store(tmp_path), evaluation()
    path = store.save_evaluation(replace(found, frame=found.frame.drop(columns=[name, "scale"])))
    names = "vector_set, scale" if name == "vector_set" else "scale, answer_mass"

    with pytest.raises(StoreError, match=f"^{path.name} lacks the columns {names}.$"):
        store.load_evaluation(path)
    with pytest.raises(StoreError, match=f"^{path.name} lacks the columns {names}.$"):
        vector_rows.of_vector(path, "0123456789ab", 0)


def test_a_grid_without_a_required_column_is_refused_by_its_name(tmp_path) -> None:
    store, found = Store(tmp_path), grid()
    path = store.save_generation(replace(found, frame=found.frame.drop(columns="text")))

    with pytest.raises(StoreError, match=f"^{path.name} lacks the columns text.$"):
        store.load_generation(path)


def adaptive_record() -> dict[str, Any]:
    arm: dict[str, Any] = {column.name: 0 for column in adaptive.ARM_COLUMNS}
    arm |= {"name": "melbo_00", "vector_set": "abc", "method": "melbo"}
    race = {column.name: 0 for column in adaptive.RACE_COLUMNS}
    return {
        "name": AdaptiveConfig.method,
        "title": "Adaptive sweep",
        "config": {"measure": "logits", "delta": 0.05, "direction": "either"},
        "questions": {"name": "survival", "behaviour": "survival"},
        "vectors": [],
        "model": {"short_name": "demo"},
        "provenance": asdict(evaluation().provenance),
        "tables": {"arms": [arm], "race": [race]},
        "best": arm,
        "finalists": [0],
        "sentences": [],
        "order": [],
        "cells": {"share": 1.0},
        "readings": {column.name: [1, 2] for column in records.EVALUATION_COLUMNS},
    }


def test_an_adaptive_sweep_without_a_later_column_opens(
    tmp_path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, record = Store(tmp_path), adaptive_record()
    path = store.save_experiment("c0ffee", record)
    later = Column("turned", "answers that turned", LATER, 0.5)
    for room, name in (
        (adaptive, "ARM_COLUMNS"),
        (adaptive, "RACE_COLUMNS"),
        (measures, "EVALUATION_COLUMNS"),
    ):
        monkeypatch.setattr(room, name, (*getattr(room, name), later))

    found = store.load_experiment(path)

    for one in (record, found):
        adaptive.check(one)
        assert list(adaptive.finalist_rows(one)["turned"]) == [0.5, 0.5]
    tables = found["tables"]
    assert found["best"] == tables["arms"][0] == record["best"] | {"turned": 0.5}
    assert tables["race"] == [record["tables"]["race"][0] | {"turned": 0.5}]


def test_an_adaptive_sweep_without_a_required_column_is_refused() -> None:
    for name in ("arms", "race"):
        record = adaptive_record()
        adaptive.check(record)
        del record["tables"][name][0]["low"]
        with pytest.raises(StoreError, match="do not fit together"):
            adaptive.check(record)
    record = adaptive_record()
    del record["readings"]["logit_b"]
    with pytest.raises(StoreError, match="cannot be read: 'logit_b'"):
        adaptive.check(record)


def test_a_column_that_came_later_needs_a_default_that_claims_nothing() -> None:
    with pytest.raises(ValueError, match="came on 2027-01-31: give it a default"):
        Column("late", "anything", LATER)
    with pytest.raises(ValueError, match="its default is UNKNOWN or None"):
        Measure("anywhere", "any", (Column("late", "anything", LATER, 0.0),))


def test_every_table_names_each_column_once_and_dates_the_later_ones() -> None:
    tables = (
        records.EVALUATION_COLUMNS + measures.added(),
        records.LIKELIHOOD_COLUMNS + measures.added(),
        grids.GENERATION_COLUMNS,
        adaptive.ARM_COLUMNS,
        adaptive.RACE_COLUMNS,
    )
    for table in tables:
        assert max(Counter(column.name for column in table).values()) == 1
        assert all(column.meaning for column in table)
        assert all(column.since == "" or date.fromisoformat(column.since) for column in table)
    assert measures.FIRST in {column.since for column in measures.added()}
    assert all(column.since >= measures.FIRST for column in measures.added())
