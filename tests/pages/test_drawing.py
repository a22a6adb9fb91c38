import re

import numpy as np
import pandas as pd
import pytest
from scipy.stats import gaussian_kde

from dashboard import captions, charts, forms, looks, overviews, sweeps, violin
from dashboard.axes import Axis
from engine.config import STUDY_SCALES
from engine.errors import ConfigError
from tests.pages.samples import FakeEngine


def values(questions: int = 40, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(1.0, 3.0, (2, questions))


def points(table: np.ndarray, scales: tuple[float, ...] = (-5.0, 5.0)) -> pd.DataFrame:
    frame = pd.DataFrame(table, index=list(scales)).rename_axis("scale").reset_index()
    return frame.melt("scale", var_name="question", value_name="value")


def test_the_outline_is_the_kernel_density_of_scipy() -> None:
    table = values()
    width = violin.bandwidths(table)[0]

    heights, halves = violin.densities(table)

    expected = gaussian_kde(table[0], bw_method=width / table[0].std(ddof=1))(heights[0])
    np.testing.assert_allclose(halves[0] / violin.HALF_WIDTH, expected / expected.max(), atol=1e-9)


def test_a_violin_of_one_value_and_of_missing_values_is_still_finite() -> None:
    table = np.array([[2.0, 2.0, 2.0], [1.0, np.nan, 4.0]])

    heights, halves = violin.densities(table)

    assert np.isfinite(heights).all()
    assert np.isfinite(halves).all()


def test_dots_stay_inside_their_violin() -> None:
    shape = violin.build(points(values()), [-5.0, 0.0, 5.0])

    places = shape.dots["scale"].map({-5.0: 0, 5.0: 2})
    assert (shape.dots["x"] - places).abs().max() <= violin.HALF_WIDTH


def test_a_scale_without_points_keeps_its_place() -> None:
    shape = violin.build(points(values()), [-5.0, 0.0, 5.0])

    assert shape.boxes["x"].tolist() == [0, 2]


def test_only_so_many_dots_are_sent() -> None:
    shape = violin.build(points(values(questions=500)), [-5.0, 5.0])

    assert shape.dots["question"].nunique() == violin.MOST_DOTS
    assert (shape.boxes["n"] == 500).all()


def test_colours_are_fixed_by_the_scale_not_by_what_is_shown() -> None:
    colours = [looks.scale_colour(scale, 20.0) for scale in STUDY_SCALES]

    assert colours == list(looks.RAMP)
    shown = Axis([5.0], 20.0, relative=False).colour().to_dict()
    assert shown["scale"]["range"] == [looks.RAMP[4]]


def test_the_violin_has_no_colour_of_the_other_theme() -> None:
    shape = violin.build(points(values()), [-5.0, 5.0])
    axis = Axis([-5.0, 5.0], 20.0, relative=False)

    dark = str(charts.violins(shape, axis, looks.DARK, "y", charts.Extras()).to_dict())

    assert looks.DARK.ink in dark
    assert looks.LIGHT.ink not in dark


def test_change_is_paired_by_question(filled: FakeEngine) -> None:
    sweep = sweeps.build(filled.store.load_evaluation("eeee00000003"))
    frame = sweep.evaluation.frame
    own = frame[(frame["vector_set"] == "aaaa00000001") & (frame["vector"] == 1)]
    steered = own[own["scale"] == 20.0].groupby("question")["difference"].mean()
    base = frame[frame["vector_set"] == "baseline"].groupby("question")["difference"].mean()

    change = sweeps.points(sweep, "melbo_01", "change")
    got = change[change["scale"] == 20.0].set_index("question")["value"]

    pd.testing.assert_series_equal(
        got.sort_index(), (steered - base).sort_index(), check_names=False
    )


def test_the_baseline_is_every_vectors_scale_zero(filled: FakeEngine) -> None:
    sweep = sweeps.build(filled.store.load_evaluation("eeee00000003"))

    curve = sweeps.curve(sweep, "power-iteration_02")

    assert curve["scale"].tolist() == sorted(STUDY_SCALES)
    assert curve.loc[curve["scale"] == 0, "change"].item() == 0


def test_cells_beyond_the_band_are_those_outside_its_edges(filled: FakeEngine) -> None:
    sweep = sweeps.build(filled.store.load_evaluation("eeee00000003"))

    cells = sweeps.cells(sweep).set_index(["name", "scale"])

    edge = sweeps.band(sweep, "change").set_index("scale").loc[20.0, "high"]
    for name in sweep.names:
        if cells.loc[(name, 20.0), "change"] > 0:
            assert cells.loc[(name, 20.0), "beyond"] == (cells.loc[(name, 20.0), "change"] > edge)


def test_names_at_the_ends_of_lines_keep_apart() -> None:
    ends = pd.DataFrame({"name": ["a", "b"], "change": [1.0, 1.01]})

    heights = overviews._apart(ends, gap=0.2)["label_y"]

    assert heights.diff().iloc[1] == pytest.approx(0.2)


def test_a_flip_is_a_change_of_the_answer_from_scale_zero() -> None:
    rows = pd.DataFrame(
        {
            "scale": [-5.0, -5.0, 0.0, 0.0, 5.0, 5.0],
            "difference": [-1.0, 0.5, 1.0, 2.0, 0.5, 3.0],
        }
    )

    assert sweeps.flips(rows) == [-5.0]


@pytest.mark.parametrize(
    ("text", "expected"),
    [("-10, 0, 10", (-10.0, 0.0, 10.0)), ("2;\u22122", (-2.0, 0.0, 2.0)), ("", STUDY_SCALES)],
)
def test_scales_are_read_as_people_write_them(text: str, expected: tuple[float, ...]) -> None:
    assert forms.scales(text, relative=False) == expected


def test_scales_that_are_no_numbers_are_named() -> None:
    with pytest.raises(ConfigError, match="'5, many' are not all numbers"):
        forms.scales("5, many", relative=False)


def test_text_of_unknown_origin_cannot_be_markdown() -> None:
    told = captions.plain("<b>*a*</b> :red[x] $y$ [l](http://e)\n# h")

    assert re.search(r"(?<!\\)[<>*\[\]():$#]", told) is None
    assert "\n" not in told


def test_figures_keep_two_digits_however_small() -> None:
    assert captions.number(-3.659) == "\u22123.66"
    assert captions.number(0.00558) == "+0.0056"
    assert captions.scale(-0.125, relative=True) == "\u22120.125×"
    assert captions.count(1, "vector") == "1 vector"
