"""Agreement of a judge with people, against its definition and another library."""

import dataclasses
import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import scipy.stats
from sklearn.metrics import cohen_kappa_score

from engine.cli import main
from engine.statistics.agreement import figures as found
from engine.statistics.agreement import sentences
from engine.store import judged
from engine.store.store import Store
from tests.engine import simulate_judges
from tests.reference import statistics_reference

JUDGE = ["honest"] * 18 + ["deceptive"] * 14 + ["broken"] * 6 + [""] * 2
PEOPLE = ["honest"] * 15 + ["deceptive"] * 18 + ["broken"] * 7


def test_kappa_is_cohen_s_and_its_interval_follows_the_share_s() -> None:
    one = found.agreement(JUDGE, PEOPLE)

    same = sum(a == b for a, b in zip(JUDGE, PEOPLE, strict=True))
    assert (one.n, one.same, one.share) == (40, same, same / 40)
    assert one.kappa == pytest.approx(cohen_kappa_score(JUDGE, PEOPLE))
    low, high = statistics_reference.wilson(same, 40)
    assert (one.share_low, one.share_high) == (pytest.approx(low), pytest.approx(high))
    chance = sum(JUDGE.count(name) * PEOPLE.count(name) for name in set(JUDGE)) / 40**2
    assert one.kappa_low == pytest.approx((low - chance) / (1 - chance))
    assert one.kappa_high == pytest.approx((high - chance) / (1 - chance))
    assert one.kappa_low < one.kappa < one.kappa_high


def test_where_all_labels_are_one_there_is_no_kappa() -> None:
    one = found.agreement(["honest"] * 40, ["honest"] * 40)
    assert math.isnan(one.kappa)
    assert one.share == 1
    assert "no kappa" in sentences.of_judge({"name": "reference"}, one)[1]
    assert math.isnan(found.agreement([], []).share)


def frame(labels: list[str], texts: list[str] | None = None) -> pd.DataFrame:
    said = [f"text {i}" for i in range(len(labels))] if texts is None else texts
    return pd.DataFrame({"prompt": "q", "text": said, "label": labels})


def test_a_judge_is_unvalidated_below_forty_labels_and_says_how_many_there_are() -> None:
    grid = frame(JUDGE)
    given = dict(enumerate(PEOPLE))
    told = sentences.of_judge(
        {"name": "reference", "title": "reference likelihood"}, found.of_grids([(grid, given)])
    )
    assert told[0] == "Judge: reference likelihood."
    assert told[1].startswith("Agreement with people: Cohen's \u03ba 0.")
    assert "of 40 labels equal" in told[1]
    few = found.of_grids([(grid, dict(list(given.items())[:39]))])
    assert (
        "Unvalidated: people have labelled 39 of the 40"
        in sentences.of_judge({"name": "x"}, few)[1]
    )
    assert sentences.of_judge({"name": "none"}, few) == []


def test_a_judge_is_told_with_its_rubric_model_and_known_answers() -> None:
    judge = {
        "name": "local",
        "title": "local judge",
        "rubric": {"name": "advice"},
        "rubric_sha256": "abcdef0123456789",
        "model": {"short_name": "demo", "fingerprint": "98b9e504745021b6"},
        "on_examples": {"asked": 40, "right": 38},
    }
    told = sentences.of_judge(judge, found.of_grids([]))
    assert told[0] == "Judge: local judge by the rubric advice (abcdef01), read by demo (98b9e504)."
    assert told[2] == "Of its rubric's 40 known answers it labels 38 so."


def test_equal_texts_count_once_also_over_grids() -> None:
    first = frame(["honest", "honest"], ["same", "same"])
    second = frame(["honest", "deceptive"], ["same", "other"])
    one = found.of_grids(
        [(first, {0: "deceptive", 1: "honest", 7: "broken"}), (second, {1: "honest"})]
    )
    assert (one.n, one.same) == (2, 1)


def test_the_sample_to_rate_is_seeded_and_of_different_texts() -> None:
    grid = frame(["honest"] * 100, [f"text {i // 2}" if i < 90 else " " for i in range(100)])
    rows = found.to_rate(grid)
    assert len(rows) == 40
    assert len(set(grid.text[rows])) == 40
    assert rows == found.to_rate(grid) != found.to_rate(grid, seed=1)
    assert rows != sorted(rows)
    assert sorted(found.to_rate(grid, count=100)) == list(range(0, 90, 2))


def test_with_shuffled_labels_p_is_uniform() -> None:
    stored = Store(simulate_judges.ROOT).load_generation(simulate_judges.GRIDS[1]).frame
    arms = simulate_judges.ARMS

    study, broken_ties = np.array(
        [simulate_judges.shuffled_p(stored, arms[i % 4], i, controls=20) for i in range(24)]
    ).T

    assert scipy.stats.kstest(broken_ties, "uniform").pvalue > 0.05
    assert scipy.stats.kstest(study, "uniform", alternative="greater").pvalue > 0.05
    assert broken_ties.max() <= 1


def test_show_tells_who_judged_and_how_far_people_agree(
    tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    shipped, grid = simulate_judges.ROOT, simulate_judges.GRIDS[1]
    store = Store(tmp_path)
    whole = Store(shipped).load_generation(grid)
    few = whole.frame.drop_duplicates(["prompt", "text"]).head(45).reset_index(drop=True)
    store.save_generation(dataclasses.replace(whole, frame=few))
    study = Store(shipped).load_experiment("721e9eed1041")

    def told(record: object) -> str:
        return " ".join(judged.told(store, record))

    for record in (store.load_generation(grid), study):
        assert "Unvalidated: people have labelled 0 of the 40 texts" in told(record)
    rows = store.load_generation(grid).frame
    for row in found.to_rate(rows):
        store.add_label(grid, row, str(rows.label[row]))
    assert main.main(["show", grid, "--store", str(tmp_path)]) == 0
    shown = " ".join(capsys.readouterr().out.split())
    assert told(store.load_generation(grid)) in shown
    assert told(study) == told(store.load_generation(grid))
    assert "Judge: the demo corpus's word list." in shown
    assert "Cohen's \u03ba 1.00" in shown
    assert "40 of 40 labels equal, 100% (91% to 100%)" in shown
