"""A sweep in the study's row layout is read back by the audit with the same rows and verdicts."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from engine import Engine
from engine.audit import sweep_subject
from engine.audit.auditing import audit
from engine.errors import ConfigError
from engine.foreign import formats, writing
from engine.records.records import Evaluation
from engine.statistics.cells import BASELINE, CONTROL, summarise
from engine.store.store import Store
from tests import shipped

_FOUND = (path.stem for path in (shipped.ROOT / "results").glob("ab_*.parquet"))
SHIPPED = sorted(_FOUND, reverse=True)
RECORD_ONLY = {"polarity", "unknown-polarity", "two-options", "lengths", "counts-agree"}
"""Checks of question texts and token counts, which the layout has no field for, and of claims."""
BY_HALVES = {"held-out", "not-held-out"}
"""Halves are drawn by the questions' names, which the layout replaces by their places."""


def written(found: Evaluation, folder: Path) -> Path:
    ((name, content),) = writing.results_files(found).items()
    path = folder / name
    path.write_bytes(content)
    return path


def back(found: Evaluation, folder: Path) -> sweep_subject.Sweep:
    return sweep_subject.of_foreign(formats.read(written(found, folder)))


@pytest.mark.matrix(keep=4)
@pytest.mark.parametrize("name", SHIPPED)
def test_shipped_sweeps_come_back_with_rows_and_statistics(name: str, tmp_path: Path) -> None:
    found = Store(shipped.ROOT).load_evaluation(shipped.ROOT / "results" / f"{name}.parquet")

    sweep = back(found, tmp_path)

    np.testing.assert_allclose(
        sweep.frame["difference"], found.frame["difference"], rtol=0, atol=1e-6
    )
    assert list(sweep.frame["order"]) == list(found.frame["order"])
    assert list(sweep.frame["vector"]) == list(found.frame["vector"])
    for special in (BASELINE, CONTROL):
        np.testing.assert_array_equal(
            sweep.frame["vector_set"] == special, found.frame["vector_set"] == special
        )
    assert sweep.behaviour == found.questions.behaviour
    assert sweep.reading == sweep_subject.of_record(found).reading
    again, before = figures(sweep.frame), figures(found.frame)
    np.testing.assert_allclose(again, before, rtol=0, atol=1e-6)


def figures(frame: Any) -> np.ndarray:
    """Share, mean and change of every cell, in an order that no name decides."""
    table = summarise(frame, resamples=1)
    numbers = ["n", "rate", "mean", "change", "percent_a", "letter_bias", "answer_mass"]
    return table.sort_values(["mean", "change"])[numbers].to_numpy(float)


@pytest.mark.matrix(keep=2)
@pytest.mark.parametrize("name", [one for one in SHIPPED if "smollm2" in one])
def test_the_audit_of_the_file_says_what_that_of_the_record_says(name: str, tmp_path: Path) -> None:
    store = Store(shipped.ROOT)
    path = shipped.ROOT / "results" / f"{name}.parquet"

    ours, theirs = audit(path, store), audit(written(store.load_evaluation(path), tmp_path), store)

    said = [
        {
            one.name: (one.severity, "" if one.name in BY_HALVES else one.figure)
            for one in found.findings
            if one.name not in RECORD_ONLY
        }
        for found in (ours, theirs)
    ]
    assert said[0] == said[1]
    assert theirs.named("counts-agree").severity == "fine"
    assert ours.what.split(": ")[1].split(",")[0] == theirs.what.split(": ")[1].split(",")[0]


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Engine:
    return Engine(tmp_path_factory.mktemp("store"))


@pytest.fixture(scope="module")
def relative(engine: Engine) -> Evaluation:
    """Vectors of two blocks, whose norms differ, at shares of the residual norm."""
    vectors = shipped.ROOT / "vectors" / "contrastive_demo_48850fa29ef0.safetensors"
    return engine.evaluate(
        [f"{vectors}:2", f"{vectors}:5"], scales=(-0.25, 0.25), scale_unit="relative", controls=1,
        max_questions=4,
    ).record  # fmt: skip


def test_a_share_of_the_residual_norm_is_the_multiple_that_gives_the_same_logits(
    engine: Engine, relative: Evaluation
) -> None:
    (content,) = writing.results_files(relative).values()
    rows = json.loads(content)["results"]
    kind = rows[-1]["vector_type"]
    assert kind == "random"
    for index in (2, 5):
        own = [one for one in rows if one["vector_idx"] == index and one["scale"] > 0]
        (scale,) = {one["scale"] for one in own}
        digest = next(iter(relative.vector_names))
        plain = engine.evaluate(
            f"{digest}:{index}", scales=(scale,), controls=0, max_questions=4
        ).record.frame
        steered = plain[plain["scale"] != 0]
        np.testing.assert_allclose(
            [one["logit_A"] for one in own], steered["logit_a"].astype(float), atol=1e-3
        )


def test_several_norms_are_counted_once_a_vector(relative: Evaluation, tmp_path: Path) -> None:
    sweep = back(relative, tmp_path)

    assert len(sweep.scales) > 2
    assert sweep.scales_each == 2
    np.testing.assert_allclose(figures(sweep.frame), figures(relative.frame), atol=1e-6)


def test_ties_are_told_as_the_sweep_counted_them(relative: Evaluation) -> None:
    frame = relative.frame.assign(difference=0.0)
    for tie, told in ((0.5, None), (0.0, False)):
        (content,) = writing.results_files(replace(relative, frame=frame.assign(tie=tie))).values()
        assert {one["chose_survival"] for one in json.loads(content)["results"]} == {told}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"operation": "ablate"}, "the operation was ablate"),
        ({"layers": "all"}, "every block had its own"),
    ],
)
def test_what_the_rows_cannot_say_is_refused(
    relative: Evaluation, change: dict[str, Any], said: str
) -> None:
    with pytest.raises(ConfigError, match=said):
        writing.results_files(replace(relative, config=relative.config | change))


def test_shares_without_their_norms_are_refused(relative: Evaluation) -> None:
    with pytest.raises(ConfigError, match="does not keep the norms"):
        writing.results_files(replace(relative, model=relative.model | {"answers": {}}))
