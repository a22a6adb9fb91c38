"""Shapes, slopes and usable ranges on curves drawn by hand."""

import numpy as np
import pandas as pd
import pytest
import scipy.stats

from engine.statistics import cells as statistics
from engine.statistics import doses, flips, side_effects, usable
from tests.engine.worlds import World, row_of
from tests.reference import statistics_reference as reference

SCALES = np.array([-20.0, -10.0, -5.0, 0.0, 5.0, 10.0, 20.0])


def curve(change, mean=None, spread=1.0, width=0.1) -> doses.Curve:
    change = np.array(change, dtype=float)
    return doses.Curve(
        scales=SCALES,
        change=change,
        low=change - width,
        high=change + width,
        mean=np.full(7, -1.0) if mean is None else np.array(mean, dtype=float),
        spread=np.broadcast_to(np.array(spread, dtype=float), 7),
    )


SHRINKING = [0.2, 0.6, 0.9, 1.0, 0.9, 0.6, 0.2]
DRAWN = {
    "monotone": curve([-4, -2, -1, 0, 1, 2, 4]),
    "saturating": curve([-0.4, -0.3, -0.2, 0, 2, 3.5, 3.7]),
    "U-shaped": curve([2, 1, 0.4, 0, 0.3, 0.7, 1.5]),
    "collapse": curve(
        [0.9, 0.5, 0.2, 0, 0.2, 0.5, 1.0], mean=[-0.1] * 3 + [-1] + [0] * 3, spread=SHRINKING
    ),
    "turns back": curve([-0.5, -1.4, -0.8, 0, 0.3, 0.2, 0.3]),
    "flat": curve([0.2, 0.05, 0.0, 0, 0.1, 0.1, 0.1]),
    "irregular": curve([2.0, -1.5, 0.5, 0, -1.0, 1.0, -2.2]),
}


@pytest.mark.parametrize("name", list(DRAWN))
def test_a_drawn_curve_has_the_shape_it_was_drawn_with(name) -> None:
    assert doses.shape(DRAWN[name], sd=3.0) == name


@pytest.mark.parametrize("name", ["monotone", "saturating", "turns back", "irregular"])
def test_a_curve_upside_down_or_back_to_front_has_the_same_shape(name) -> None:
    drawn = DRAWN[name]
    flipped = drawn._replace(change=-drawn.change, low=-drawn.high, high=-drawn.low)
    back = doses.Curve(SCALES, *(values[::-1] for values in drawn[1:]))

    assert doses.shape(flipped, sd=3.0) == name
    assert doses.shape(back, sd=3.0) == name


def test_a_curve_within_its_noise_is_flat() -> None:
    assert doses.shape(curve([-4, -2, -1, 0, 1, 2, 4], width=5.0), sd=3.0) == "flat"


def test_saturation_at_the_extreme_is_no_collapse_unless_answers_are_near_half() -> None:
    drawn = curve([-4, -2, -1, 0, 1, 2, 4], mean=[-4, -2, -1, 0, 1, 2, 4], spread=SHRINKING)

    assert doses.shape(drawn, sd=3.0) == "monotone"


def test_a_collapse_at_the_end_that_moves_less_leaves_the_shape() -> None:
    drawn = curve(
        [-4, -2, -1, 0, 0.5, 0.8, 1], mean=[-2, -1.5, -1.2, -1, -0.8, -0.6, 0], spread=SHRINKING
    )

    assert doses.shape(drawn, sd=3.0) == "monotone"


def test_one_sign_only_can_have_a_shape() -> None:
    whole = curve([0, 0, 0, 0, 1, 2, 4])
    right = doses.Curve(*(values[3:] for values in whole))

    assert doses.shape(right, sd=3.0) == "monotone"
    assert doses.shape(doses.Curve(*(values[3:4] for values in whole)), sd=3.0) == "flat"


def test_a_still_vector_is_a_no_op() -> None:
    assert doses.shape(curve(np.zeros(7)), sd=3.0, is_still=True) == "no-op"


def swept(world: World) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    questions = statistics.per_question(world.frame)
    return questions, statistics.summarise_questions(questions, 200), flips.moves(world.frame)


def test_shapes_are_read_off_a_sweep() -> None:
    world = World(questions=40).vector(0, 0.3)
    for scale in (-10.0, -5.0, 5.0, 10.0):
        world.cell("abc", 1, scale, -world.content * abs(scale) / 11, method="melbo")
        world.cell("abc", 2, scale, 0.03 * scale**2, method="melbo")
        world.cell("abc", 3, scale, method="melbo")

    found = doses.shapes(*swept(world)).set_index("vector")["shape"].to_dict()

    assert found == {0: "monotone", 1: "collapse", 2: "U-shaped", 3: "no-op"}
    assert set(doses.SHAPES) >= set(found.values())


def test_steerability_agrees_with_the_reference() -> None:
    world = World(questions=12).vector(0, 0.2, noise=1.0).vector(1, -0.1, noise=1.0).controls(2)
    frame = world.frame

    found = doses.steerability(statistics.per_question(frame), resamples=20000)

    assert found["vector"].tolist() == [0, 1]
    for row in found.to_dict("records"):
        slopes, ranks = [], []
        cells = {0.0: reference.contents(frame, "baseline", -1, 0.0)}
        for scale in (-10.0, -5.0, 5.0, 10.0):
            cells[scale] = reference.contents(frame, "abc", row["vector"], scale)
        for question in cells[0.0]:
            points = [(scale, m[question]) for scale, m in cells.items()]
            slopes.append(reference.slope(points))
            ranks.append(scipy.stats.spearmanr(*zip(*points, strict=True)).statistic)
        mean = np.mean(slopes)
        assert row["slope"] == pytest.approx(mean)
        assert row["relative_slope"] == pytest.approx(10 * mean)
        assert row["anti_steerable"] == pytest.approx(np.mean(np.array(slopes) * mean < 0))
        assert row["spearman"] == pytest.approx(np.mean(ranks))
        low, high = reference.bootstrap_mean(slopes, 20000, 3)
        assert (row["slope_low"], row["slope_high"]) == pytest.approx((low, high), abs=0.01)


def test_a_question_with_an_undefined_logit_has_no_rank_correlation() -> None:
    frame = World(questions=5).vector(0, 0.2).frame
    broken = (frame["vector_set"] == "abc") & (frame["question"] == "q002")
    frame.loc[broken & (frame["scale"] == 5.0), ["logit_a", "difference"]] = np.nan

    found = doses.question_spearman(statistics.per_question(frame)).set_index("question")

    assert np.isnan(found.loc["q002", "spearman"])
    assert found["spearman"].drop("q002").tolist() == pytest.approx([1.0] * 4)


def budgeted(**figures) -> pd.DataFrame:
    return pd.DataFrame({"scale": SCALES, **figures})


def test_the_usable_range_ends_before_the_first_broken_scale() -> None:
    found = usable.usable(
        budgeted(kl=[0.5, 0.09, 0.01, 0, 0.2, 0.05, 0.01], answer_mass=0.9, undefined=0)
    )

    # +10 and +20 keep the budget, but +5 before them does not.
    assert (found.low, found.high) == (-10.0, 0.0)
    assert found.low_stopped_by == found.high_stopped_by == "KL on neutral prompts at most 0.1"
    assert found.checked == ("kl", "answer_mass", "undefined")


def test_without_kl_there_is_no_usable_range() -> None:
    found = usable.usable(budgeted(spread_ratio=[0.3, 0.7, 0.9, 1, 1.1, 1.2, 1.4]))

    assert np.isnan([found.low, found.high]).all()
    assert found.checked == ()


def test_a_scale_without_kl_ends_the_range() -> None:
    found = usable.usable(budgeted(kl=[0.01, 0.01, 0.01, 0, 0.01, np.nan, 0.01]))

    assert (found.low, found.high) == (-20.0, 5.0)
    assert (found.low_stopped_by, found.high_stopped_by) == ("", usable.KL_UNKNOWN)


def test_what_the_unsteered_model_breaks_itself_does_not_count() -> None:
    found = usable.usable(budgeted(kl=0.0, unparsed=[0.9, 0.9, 0.9, 0.9, 0.9, 0.9, 0.9]))

    assert (found.low, found.high, found.checked) == (-20.0, 20.0, ("kl",))


def test_ranges_use_the_side_effects_of_the_sweep() -> None:
    world = World(questions=6).vector(0, 0.1)
    frame = world.frame
    frame = frame.assign(
        kl=np.where(frame["scale"] == 10.0, 0.4, 0.0),
        neutral_perplexity=np.where(frame["scale"] == -10.0, 9.0, 3.0),
        knowledge=np.nan, knowledge_questions=np.nan, knowledge_options=np.nan,
        knowledge_letter_share=np.nan, knowledge_letter=None, repetition=np.nan,
        written=None, written_letter=None,
    )  # fmt: skip
    summary = statistics.summarise(frame, 20)

    found = row_of(usable.ranges(summary, side_effects.by_cell(frame)), vector=0)
    without = row_of(usable.ranges(summary), vector=0)

    assert (found["low"], found["high"]) == (-5.0, 5.0)
    assert "perplexity" in found["low_stopped_by"]
    assert np.isnan([without["low"], without["high"]]).all()
