"""The statistics against slow references and simulated sweeps whose answer is known."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.proportion import proportion_confint

from engine.maths.intervals import bootstrap_mean, wilson
from engine.statistics import cells as statistics
from engine.statistics import nulls
from tests.engine import simulate_held_out
from tests.engine.worlds import SCALES, World, row_of
from tests.reference import statistics_reference as reference


def test_summary_agrees_with_the_reference() -> None:
    frame = World().vector(0, 0.2, noise=1.0).vector(1, -0.1, noise=2.0).controls(3).frame

    summary = statistics.summarise(frame, resamples=50)

    assert len(summary) == 1 + 2 * 4 + 3 * 4
    for found in summary.to_dict("records"):
        expected = reference.cell(frame, found["vector_set"], found["vector"], found["scale"])
        assert {k: found[k] for k in expected} == pytest.approx(expected), found


def test_summary_starts_with_the_baseline_and_ends_with_the_controls() -> None:
    summary = statistics.summarise(World().controls(2).vector(0, 0.1).frame, resamples=10)

    assert summary["vector_set"].drop_duplicates().tolist() == ["baseline", "abc", "control"]
    baseline = summary.iloc[0]
    assert (baseline["vector"], baseline["scale"], baseline["change"]) == (-1, 0.0, 0.0)
    assert baseline["spread_ratio"] == 1.0


def test_per_question_averages_both_orders() -> None:
    world = World()

    found = statistics.per_question(world.frame).sort_values("question")

    assert found["orders"].unique().tolist() == [2]
    np.testing.assert_allclose(found["content"], world.content)
    np.testing.assert_allclose(found["letter_bias"], 0.7)


def test_a_tie_counts_as_half() -> None:
    world = World(questions=4)
    world.content[:] = [0.0, 1.0, -1.0, 0.0]
    world.frames.clear()
    frame = world.cell("baseline", -1, 0.0).frame.assign(difference=0.0)
    frame["difference"] = np.where(frame["question"] == "q001", 1.0, frame["difference"])

    found = statistics.per_question(frame).set_index("question")["chose"]

    assert found.to_dict() == {"q000": 0.5, "q001": 1.0, "q002": 0.5, "q003": 0.5}


def test_pure_letter_bias_is_not_read_as_behaviour() -> None:
    world = World().cell("abc", 0, 10.0, letter=8.0, method="melbo")

    summary = statistics.summarise(world.frame, resamples=10)

    biased = row_of(summary, vector_set="abc")
    assert biased["rate"] == summary.iloc[0]["rate"]
    assert biased["change"] == pytest.approx(0.0, abs=1e-12)
    assert biased["letter_bias"] == pytest.approx(8.7)
    assert biased["percent_a"] > 0.9 > summary.iloc[0]["percent_a"]


def test_with_one_order_letter_bias_is_read_as_behaviour() -> None:
    # The study's defect: one order and the behaviour always at (B). It must show in percent_a.
    world = World(orders=("given",))
    world.behaviour_at_a[:] = False
    world.frames.clear()
    world.cell("baseline", -1, 0.0).cell("abc", 0, 10.0, letter=-8.0, method="melbo")

    summary = statistics.summarise(world.frame, resamples=10)

    assert row_of(summary, vector_set="abc")["rate_change"] > 0.3
    assert row_of(summary, vector_set="abc")["orders"] == 1
    assert row_of(summary, vector_set="abc")["percent_a"] < summary.iloc[0]["percent_a"]


def test_flipping_a_vector_flips_its_change() -> None:
    world = World().cell("abc", 0, 5.0, content=1.5).cell("abc", 1, 5.0, content=-1.5)

    summary = statistics.summarise(world.frame, resamples=200)

    up, down = row_of(summary, vector=0), row_of(summary, vector=1)
    assert up["change"] == pytest.approx(1.5)
    assert down["change"] == pytest.approx(-1.5)
    assert up["rate_change"] >= 0 >= down["rate_change"]


def test_change_is_paired_on_the_questions_both_were_asked() -> None:
    frame = World().cell("abc", 0, 5.0, content=2.0).frame
    steered = frame["vector_set"] == "abc"
    frame = frame[~(steered & frame["question"].isin(["q000", "q001", "q002"]))]

    found = row_of(statistics.summarise(frame, resamples=50), vector_set="abc")

    assert found["n"] == 27
    assert found["change"] == pytest.approx(2.0)
    assert found["change_low"] == pytest.approx(2.0)


def test_undefined_logits_are_counted_and_left_out() -> None:
    frame = World().cell("abc", 0, 5.0, content=2.0).frame
    broken = (frame["vector_set"] == "abc") & (frame["question"] == "q003")
    only_one = broken & (frame["order"] == "given")
    frame.loc[only_one, ["logit_a", "difference"]] = [np.inf, np.nan]

    found = row_of(statistics.summarise(frame, resamples=50), vector_set="abc")

    assert (found["n"], found["undefined"]) == (29, 1)
    assert found["change"] == pytest.approx(2.0)
    assert np.isfinite(found["letter_bias"])


def test_without_a_baseline_there_is_no_change() -> None:
    frame = World().cell("abc", 0, 5.0).frame

    found = statistics.summarise(frame[frame["vector_set"] == "abc"], resamples=10)

    assert found[["change", "change_low", "rate_change", "spread_ratio"]].isna().all(axis=None)
    assert found["mean"].notna().all()


@pytest.mark.parametrize(("successes", "n"), [(0, 10), (10, 10), (31, 100), (1, 3), (500, 1000)])
def test_wilson_agrees_with_its_definition_and_with_statsmodels(successes, n) -> None:
    found = wilson(np.array([float(successes)]), np.array([n]))

    low, high = float(found.low[0]), float(found.high[0])
    assert (low, high) == pytest.approx(reference.wilson(successes, n), abs=1e-6)
    assert (low, high) == pytest.approx(proportion_confint(successes, n, method="wilson"))


def test_wilson_of_31_in_100_by_hand() -> None:
    # (0.31 + 1.92/100 -+ 1.96 sqrt(0.31*0.69/100 + 0.9604/10000)) / (1 + 3.8416/100)
    found = wilson(31, 100)

    assert (float(found.low), float(found.high)) == pytest.approx((0.2278, 0.4063), abs=1e-4)


def test_wilson_of_nothing_is_unknown() -> None:
    assert np.isnan(wilson(0, 0).low)


def test_bootstrap_agrees_with_one_draw_after_another() -> None:
    values = np.random.default_rng(3).exponential(2.0, 40)

    found = bootstrap_mean(values[:, None], resamples=20000, seed=1)

    expected = reference.bootstrap_mean(values.tolist(), resamples=20000, seed=2)
    assert (found.low[0], found.high[0]) == pytest.approx(expected, abs=0.03)


def test_bootstrap_leaves_missing_questions_out() -> None:
    values = np.random.default_rng(3).normal(0.0, 1.0, (60, 1))
    padded = np.vstack([values, np.full((60, 1), np.nan)])

    whole = bootstrap_mean(values, resamples=20000, seed=0)
    found = bootstrap_mean(padded, resamples=20000, seed=1)

    # Resampling also varies how many known questions are drawn, which changes little.
    assert found.low[0] == pytest.approx(whole.low[0], abs=0.03)
    assert found.high[0] == pytest.approx(whole.high[0], abs=0.03)


def test_bootstrap_is_seeded_and_does_not_depend_on_the_other_columns() -> None:
    matrix = np.random.default_rng(0).normal(size=(30, 1100))

    whole = bootstrap_mean(matrix, resamples=100, seed=5)
    alone = bootstrap_mean(matrix[:, [1099]], resamples=100, seed=5)
    other = bootstrap_mean(matrix[:, [1099]], resamples=100, seed=6)

    assert whole.low[1099] == pytest.approx(alone.low[0])
    assert other.low[0] != alone.low[0]


def test_bootstrap_covers_the_mean_about_as_often_as_it_says() -> None:
    samples = np.random.default_rng(7).normal(1.0, 2.0, (60, 1000))

    found = bootstrap_mean(samples, resamples=1000, seed=0)

    covered = np.mean((found.low <= 1.0) & (found.high >= 1.0))
    assert 0.91 < covered < 0.97


@pytest.mark.parametrize("kind", ["normal", "t with 5 degrees"])
def test_the_interval_of_a_mean_holds_at_twenty_questions(kind) -> None:
    # Plain percentiles cover .931 and .922 here.
    assert simulate_held_out.mean_coverage(20, kind, samples=4000) > 0.938


def test_one_group_of_questions_has_no_interval() -> None:
    values = np.array([[1.0, 1.0], [2.0, np.nan], [3.0, 3.0], [4.0, np.nan]])

    found = bootstrap_mean(values, seed=0, clusters=np.array([0, 1, 0, 1]))

    assert np.isfinite(found.low[0])
    assert np.isnan(found.low[1])


def test_copies_of_questions_narrow_the_interval_unless_clustered() -> None:
    values = np.random.default_rng(0).normal(size=(30, 1))
    copied = np.repeat(values, 4, axis=0)

    single = bootstrap_mean(values, seed=0)
    naive = bootstrap_mean(copied, seed=0)
    clustered = bootstrap_mean(copied, seed=0, clusters=np.repeat(np.arange(30), 4))

    width = {name: float(i.high[0] - i.low[0]) for name, i in
             (("single", single), ("naive", naive), ("clustered", clustered))}  # fmt: skip
    assert width["clustered"] == pytest.approx(width["single"])
    assert width["naive"] < 0.6 * width["single"]


def test_one_question_has_no_interval() -> None:
    found = bootstrap_mean(np.array([[1.0]]), resamples=10, seed=0)

    assert np.isnan(found.low[0])


def test_control_band_holds_the_controls_only() -> None:
    summary = statistics.summarise(World().vector(0, 5.0).controls(30).frame, resamples=10)

    band = nulls.control_band(summary).set_index("scale").loc[5.0]

    controls = summary[(summary["vector_set"] == "control") & (summary["scale"] == 5.0)]
    assert band["controls"] == 30
    assert band["change_max"] == controls["change"].max() < 1.0
    assert band["change_low"] == pytest.approx(np.percentile(controls["change"], 2.5))
    assert band["rate_high"] == pytest.approx(np.percentile(controls["rate"], 97.5))
    assert nulls.control_band(summary[summary["vector_set"] != "control"]).empty


def test_p_values_agree_with_the_reference() -> None:
    world = World().vector(0, 0.5).vector(1, 0.01).vector(2, -0.5).controls(40)
    summary = statistics.summarise(world.frame, resamples=10)

    found = nulls.p_values(summary)

    assert len(found) == 3 * 4
    for cell in found.to_dict("records"):
        null = summary.query("vector_set == 'control' and scale == @cell['scale']")["change"]
        assert cell["p"] == reference.rank_p(cell["change"], null), cell
    np.testing.assert_allclose(found["q"], multipletests(found["p"], method="fdr_bh")[1])
    assert (row_of(found, vector=2, scale=5.0)["p"], found.attrs["note"]) == (1 / 41, "")


def test_too_few_controls_give_no_p_value_and_say_so() -> None:
    summary = statistics.summarise(World().vector(0, 0.5).controls(4).frame, resamples=10)

    for found in (nulls.p_values(summary), nulls.max_t(summary), nulls.best_vectors(summary)):
        assert found[["p", "q"]].isna().all(axis=None)
        assert found.attrs["note"] == (
            "No p values: at least 20 controls are needed at every scale, and there are as few "
            "as 4. Evaluate again with more."
        )


def test_no_controls_at_all_is_no_crash() -> None:
    summary = statistics.summarise(World().vector(0, 0.5).frame, resamples=10)

    assert nulls.p_values(summary)["controls"].tolist() == [0, 0, 0, 0]
    assert nulls.max_t(summary)["p_best"].isna().all()


def test_only_controls_is_no_crash() -> None:
    summary = statistics.summarise(World().controls(3).frame, resamples=10)

    assert nulls.p_values(summary).empty
    assert nulls.best_vectors(summary).empty


def test_max_t_pays_for_the_choice_of_the_scale() -> None:
    world = World().controls(40, spread=0.05).vector(0, 0.0)
    world.cell("abc", 1, 5.0, content=0.4, method="melbo")
    for scale in (-10.0, -5.0, 10.0):
        world.cell("abc", 1, scale, method="melbo")
    summary = statistics.summarise(world.frame, resamples=10)

    found = row_of(nulls.max_t(summary), vector=1)

    controls = summary[summary["vector_set"] == "control"]
    null = [rows["change"].abs().max() for _, rows in controls.groupby("vector")]
    assert found["scale"] == 5.0
    assert found["p"] == reference.rank_p(found["t"], null)
    assert found["p"] > row_of(nulls.p_values(summary), vector=1, scale=5.0)["p"]


def test_max_t_compares_the_same_scales_only() -> None:
    world = World().controls(40, spread=0.05).cell("abc", 0, 5.0, content=0.4, method="melbo")
    summary = statistics.summarise(world.frame, resamples=10)

    found = nulls.max_t(summary).iloc[0]

    assert found["p"] == nulls.p_values(summary).iloc[0]["p"]


@pytest.mark.parametrize(("above", "vectors"), [(0, 1), (0, 12), (2, 3), (10, 5), (40, 2)])
def test_best_of_k_agrees_with_shuffling(above, vectors) -> None:
    found = nulls._best_of(np.array([above]), np.array([40]), vectors)[0]

    assert found == pytest.approx(reference.best_of(above, 40, vectors, 20000, 0), abs=0.015)


def test_best_of_many_random_vectors_is_seldom_called_an_effect() -> None:
    rng = np.random.default_rng(0)
    best = []
    for _ in range(400):
        changes = np.abs(rng.normal(size=12 + 64))
        above = np.sum(changes[12:] >= changes[:12].max())
        best.append(nulls._best_of(np.array([above]), np.array([64]), 12)[0])

    # Naive p of the best of 12 would be below 0.2 in most worlds; this one is uniform or above.
    assert np.mean(np.array(best) <= 0.2) <= 0.25


def test_the_floor_of_best_of_k_is_said() -> None:
    world = World(questions=4).controls(20)
    for vector in range(6):
        world.vector(vector, 0.5)
    found = nulls.max_t(statistics.summarise(world.frame, resamples=10))

    assert found["p_best"].tolist() == pytest.approx([6 / 26] * 6)
    assert found.attrs["note"].startswith(
        "The best of 6 vectors cannot reach p = 0.05 beside 20 controls: the smallest possible "
        "p_best is 0.23."
    )


def test_best_vectors_lead_with_the_largest_change_of_either_sign() -> None:
    world = World().vector(0, 0.1).vector(1, -0.4).vector(2, 0.2).controls(20)

    found = nulls.best_vectors(statistics.summarise(world.frame, resamples=10), top=2)

    assert found["vector"].tolist() == [1, 2]
    assert found["change"].abs().tolist() == pytest.approx([4.0, 2.0])
    assert (found["change_low"] <= found["change"] + 1e-9).all()


def test_by_method_averages_over_vectors() -> None:
    world = World().vector(0, 0.1).vector(1, 0.3).vector(2, 0.0, method="random")
    summary = statistics.summarise(world.frame, resamples=10)

    found = row_of(statistics.by_method(summary), method="melbo", scale=10.0)

    cells = summary[(summary["method"] == "melbo") & (summary["scale"] == 10.0)]
    assert found["vectors"] == 2
    assert found["change"] == pytest.approx(2.0)
    assert found["rate"] == pytest.approx(cells["rate"].mean())


def test_question_slopes_agree_with_the_reference() -> None:
    frame = World(questions=6).vector(0, 0.2, noise=1.0).vector(1, -0.1, noise=1.0).frame

    found = statistics.question_slopes(statistics.per_question(frame))

    assert len(found) == 2 * 6
    for row in found.to_dict("records"):
        points = [(0.0, reference.contents(frame, "baseline", -1, 0.0)[row["question"]])]
        for scale in SCALES:
            m = reference.contents(frame, "abc", row["vector"], scale)
            points.append((scale, m[row["question"]]))
        assert row["slope"] == pytest.approx(reference.slope(points)), row


def test_a_sweep_that_moved_nothing_is_a_no_op() -> None:
    still = World().cell("abc", 0, 5.0).cell("abc", 0, -5.0)
    moved = World().cell("abc", 0, 5.0).cell("abc", 0, -5.0, letter=0.5)

    assert statistics.is_no_op(still.frame)
    assert not statistics.is_no_op(moved.frame)
    assert not statistics.is_no_op(World().frame)


def test_undefined_logits_are_no_no_op() -> None:
    frame = World().cell("abc", 0, 5.0).frame

    assert not statistics.is_no_op(frame.assign(logit_a=np.nan))


def test_the_seed_sweep_gives_the_rates_that_methods_counted() -> None:
    path = (
        Path(__file__).parents[3] / "shared/data/seed_results/caa_experiment_20260127_023947.json"
    )
    if not path.exists():
        pytest.skip(f"{path} is absent")
    rows = pd.DataFrame(json.loads(path.read_text())["results"])
    kinds = {"random": "control", "baseline": "baseline"}
    frame = pd.DataFrame(
        {
            "vector_set": rows["vector_type"].map(kinds).fillna("abc"),
            "vector": rows["vector_idx"],
            "method": rows["vector_type"],
            "scale": rows["scale"].astype(float),
            "relative": 0.0,
            "question": rows["question_idx"].astype(str),
            "order": "given",
            "logit_a": rows["logit_A"],
            "logit_b": rows["logit_B"],
            "answer_mass": 1.0,
            "behaviour_letter": rows["survival_letter"],
            "difference": -rows["diff"],
        }
    )

    summary = statistics.summarise(frame.astype({"vector_set": "category"}), resamples=10)

    found = summary.query("vector_set == 'control' and scale == 20.0")["rate"].to_numpy()
    asked = frame.query("vector_set == 'control' and scale == 20.0")
    ties = asked.groupby("vector")["difference"].apply(lambda values: (values == 0).mean())
    # The study counted every tie of its bfloat16 logits as survival; we count half.
    assert list(found + ties / 2) == pytest.approx([0.310, 0.390, 0.245, 0.445])
    # Every survival answer is (B): the rate is the letter and nothing else.
    assert summary["percent_a"].tolist() == pytest.approx((1 - summary["rate"]).tolist())
