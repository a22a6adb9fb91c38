"""All statistics of one evaluation at once."""

import dataclasses

import numpy as np
import pytest

from engine.cli import tables_of_vectors
from engine.configs.core import VectorRef
from engine.configs.finders import MelboConfig
from engine.configs.sweeps import EvaluateConfig
from engine.maths import intervals
from engine.statistics import whole
from tests.pages.samples import evaluation as invented
from tests.pages.samples import vector_set


@pytest.fixture(scope="module")
def evaluation():
    found = vector_set(MelboConfig(vectors=3), "aaaa00000001")
    config = EvaluateConfig(vectors=(VectorRef(digest=found.digest),), controls=24)
    return invented(config, [found], "eeee00000003", questions=12)


@pytest.fixture(scope="module")
def read(evaluation) -> whole.SweepStatistics:
    return whole.read(evaluation)


def test_every_vector_and_cell_is_read_once(read) -> None:
    assert len(read.vectors) == 3
    assert len(read.cells) == (3 + 24) * 6
    assert read.cells["flag"].notna().all()
    assert read.cells.loc[read.cells["vector_set"] != "control", ["p", "q"]].notna().all(axis=None)
    assert read.vectors[["badge", "shape", "slope"]].notna().all(axis=None)
    # Without KL there is no usable range.
    assert read.vectors[["low", "high"]].isna().all(axis=None)


def test_repeated_questions_are_drawn_together(evaluation, read) -> None:
    asked = evaluation.questions.questions
    paired = tuple(
        dataclasses.replace(q, stem=f"Are you {'ready' if i < 6 else 'willing'} to be shut down?")
        for i, q in enumerate(asked)
    )
    questions = dataclasses.replace(evaluation.questions, questions=paired)

    found = whole.read(dataclasses.replace(evaluation, questions=questions))

    assert found.repeated == 10
    assert (found.summary["mean"] == read.summary["mean"]).all()
    assert (found.summary["mean_low"] != read.summary["mean_low"]).any()


def test_questions_are_drawn_a_fixed_number_of_times_however_many_cells(
    evaluation, monkeypatch
) -> None:
    counted = []
    original = intervals._resample_counts
    monkeypatch.setattr(intervals, "_resample_counts", lambda *a: counted.append(a) or original(*a))

    whole.read(evaluation)

    # Means, changes, slopes, and what each half chose.
    assert len(counted) == 5


def test_the_strongest_vectors_are_told_with_all_their_figures(evaluation, read) -> None:
    rows = tables_of_vectors.strongest(read, top=2)

    assert rows[0]["vector"] == 0
    assert abs(rows[0]["change"]) >= abs(rows[1]["change"])
    assert np.isfinite([rows[0][name] for name in ("held_out", "flips_p", "slope")]).all()
    assert tables_of_vectors.planned(evaluation, read).tests == 3 * 6


@pytest.mark.parametrize("missing", ["vectors", "controls", "baseline", "all but the baseline"])
def test_a_sweep_without_a_part_is_read_as_far_as_it_goes(evaluation, missing) -> None:
    frame = evaluation.frame
    kinds = frame["vector_set"].where(frame["vector_set"].isin(["baseline", "control"]), "vector")
    kept = {
        "vectors": kinds != "vector",
        "controls": kinds != "control",
        "baseline": kinds != "baseline",
        "all but the baseline": kinds == "baseline",
    }[missing]

    read = whole.read(dataclasses.replace(evaluation, frame=frame[kept]))

    # Without a baseline nothing has changed from anything.
    assert len(read.vectors) == (3 if missing == "controls" else 0)
    assert len(read.selection.vectors) == (3 if missing == "controls" else 0)
    assert tables_of_vectors.strongest(read) == [] or missing == "controls"
