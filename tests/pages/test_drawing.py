import re

import numpy as np
import pandas as pd
import pytest
from altair.utils import schemapi
from scipy.stats import gaussian_kde

from dashboard.charts import many_vectors, one_vector, vector_view
from dashboard.charts.axes import Axis
from dashboard.forms import from_config
from dashboard.frames import answers, controls, overview, violin
from dashboard.frames import sweep as sweeps
from dashboard.frames.sweep import Sweep
from dashboard.words import captions, inks
from engine.configs.core import STUDY_SCALES
from engine.errors import ConfigError
from engine.records.steered import PLAIN
from engine.store.store import Store
from tests.pages.samples import fill


@pytest.fixture(scope="module")
def sweep(tmp_path_factory: pytest.TempPathFactory) -> Sweep:
    """The sample evaluation with its statistics, read-only."""
    store = Store(tmp_path_factory.mktemp("store"))
    fill(store)
    return sweeps.build(store.load_evaluation("eeee00000003"))


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
    colours = [inks.scale_colour(scale, 20.0) for scale in STUDY_SCALES]

    assert colours == list(inks.RAMP)
    shown = Axis([5.0], 20.0, PLAIN).colour().to_dict()
    assert shown["scale"]["range"] == [inks.RAMP[4]]


def test_the_violin_has_no_colour_of_the_other_theme() -> None:
    shape = violin.build(points(values()), [-5.0, 5.0])
    axis = Axis([-5.0, 5.0], 20.0, PLAIN)

    dark = str(one_vector.violins(shape, axis, inks.DARK, "y", one_vector.Extras()).to_dict())

    assert inks.DARK.ink in dark
    assert inks.LIGHT.ink not in dark


def test_change_is_paired_by_question(sweep: Sweep) -> None:
    frame = sweep.evaluation.frame
    own = frame[(frame["vector_set"] == "aaaa00000001") & (frame["vector"] == 1)]
    steered = own[own["scale"] == 20.0].groupby("question")["difference"].mean()
    base = frame[frame["vector_set"] == "baseline"].groupby("question")["difference"].mean()

    change = sweeps.points(sweep, "melbo_01", "change")
    got = change[change["scale"] == 20.0].set_index("question")["value"]

    pd.testing.assert_series_equal(
        got.sort_index(), (steered - base).sort_index(), check_names=False
    )


def test_the_baseline_is_every_vectors_scale_zero(sweep: Sweep) -> None:
    curve = sweeps.curve(sweep, "power-iteration_02")

    assert curve["scale"].tolist() == sorted(STUDY_SCALES)
    assert curve.loc[curve["scale"] == 0, "change"].item() == 0


def test_cells_beyond_the_band_are_those_outside_its_edges(sweep: Sweep) -> None:
    cells = sweeps.cells(sweep).set_index(["name", "scale"])

    edge = controls.band(sweep, sweep.names[0], "change").set_index("scale").loc[20.0, "high"]
    for name in sweep.names:
        if cells.loc[(name, 20.0), "change"] > 0:
            assert cells.loc[(name, 20.0), "beyond"] == (cells.loc[(name, 20.0), "change"] > edge)


def test_the_overview_marks_flags_and_stars(sweep: Sweep) -> None:
    cells = overview.cells(sweep)
    steered = cells.index[cells["scale"] == 5.0][: len(captions.FLAG_MARKS)]
    cells.loc[steered, "flag"] = list(captions.FLAG_MARKS)

    drawn = str(many_vectors.heat_map(cells, inks.LIGHT).to_dict())

    for mark in captions.FLAG_MARKS.values():
        assert f"'mark': '{mark}'" in drawn
    assert set(cells.loc[cells["starred"], "name"]) == {
        "melbo_00",
        "melbo_01",
        "power-iteration_00",
    }
    assert "\u2605 melbo_00" in drawn
    assert cells.loc[cells["scale"] == 0, "flips"].eq("").all()
    steered = cells[(cells["name"] == "melbo_00") & (cells["scale"] == 20.0)].iloc[0]
    assert steered["flips"] == f"+{steered['gained']:.0f} \u22120, {captions.p(steered['flips_p'])}"


def test_the_interval_of_the_violin_is_the_summarys(sweep: Sweep) -> None:
    found = sweeps.intervals(sweep, sweeps.points(sweep, "melbo_01", "change"))

    expected = sweeps.curve(sweep, "melbo_01")[["change", "change_low", "change_high"]]
    np.testing.assert_allclose(found[["mean", "low", "high"]], expected)


def test_parts_of_the_logits_come_from_the_rows(sweep: Sweep) -> None:
    frame = sweep.evaluation.frame
    own = frame[(frame["vector_set"] == "aaaa00000001") & (frame["vector"] == 1)]
    one = own[(own["scale"] == 5.0) & (own["question"] == "000000000002")].set_index("order")

    def value(part: str) -> float:
        rows = sweeps.points(sweep, "melbo_01", "difference", part)
        hit = rows[(rows["scale"] == 5.0) & (rows["question"] == "000000000002")]
        return float(hit["value"].item())

    lean = one["logit_a"] - one["logit_b"]
    assert value("given") == pytest.approx(one.loc["given", "difference"])
    assert value("swapped") == pytest.approx(one.loc["swapped", "difference"])
    assert value("content") == pytest.approx(one["difference"].mean())
    assert value("letter") == pytest.approx(lean.mean())


@pytest.mark.parametrize("part", ["content", "letter", "given", "swapped"])
def test_the_band_of_a_part_holds_the_random_vectors_means(sweep: Sweep, part: str) -> None:
    frame = sweep.evaluation.frame
    rows = frame[(frame["vector_set"] == "control") & (frame["scale"] == 20.0)]
    values = rows["difference"] if part != "letter" else rows["logit_a"] - rows["logit_b"]
    if part in ("given", "swapped"):
        values = values[rows["order"] == part]
    means = values.groupby(rows["vector"]).mean()

    found = controls.band(sweep, sweep.names[0], "mean", part).set_index("scale").loc[20.0]

    assert found["low"] == pytest.approx(np.percentile(means, 2.5))
    assert found["high"] == pytest.approx(np.percentile(means, 97.5))


def test_the_usable_range_is_drawn_under_its_scales_only() -> None:
    axis = Axis([-5.0, 0.0, 5.0], 5.0, PLAIN)
    curve = pd.DataFrame(
        {"scale": axis.scales, "rate": 0.5, "rate_low": 0.4, "rate_high": 0.6, "percent_a": 0.5}
    ).assign(n=10)

    drawn = one_vector.rates(curve, None, axis, inks.LIGHT, "%", usable=(-5.0, 0.0)).to_dict()

    told = [row for rows in drawn["datasets"].values() for row in rows if "told" in row]
    assert [(row["x0"], row["x1"]) for row in told] == [(-0.46, 1.46)]


def test_names_at_the_ends_of_lines_keep_apart() -> None:
    ends = pd.DataFrame({"name": ["a", "b"], "change": [1.0, 1.01]})

    heights = many_vectors._apart(ends, gap=0.2)["label_y"]

    assert heights.diff().iloc[1] == pytest.approx(0.2)


def test_a_flip_is_a_change_of_the_answer_from_scale_zero() -> None:
    rows = pd.DataFrame(
        {
            "scale": [-5.0, -5.0, 0.0, 0.0, 5.0, 5.0],
            "difference": [-1.0, 0.5, 1.0, 2.0, 0.5, 3.0],
        }
    )

    assert answers.flips(rows) == [-5.0]


@pytest.mark.parametrize(
    ("text", "expected"),
    [("-10, 0, 10", (-10.0, 0.0, 10.0)), ("2;\u22122", (-2.0, 0.0, 2.0)), ("", STUDY_SCALES)],
)
def test_scales_are_read_as_people_write_them(text: str, expected: tuple[float, ...]) -> None:
    assert from_config.scales(text, relative=False) == expected


def test_scales_that_are_no_numbers_are_named() -> None:
    with pytest.raises(ConfigError, match="'5, many' are not all numbers"):
        from_config.scales("5, many", relative=False)


def test_text_of_unknown_origin_cannot_be_markdown() -> None:
    told = captions.plain("<b>*a*</b> :red[x] $y$ [l](http://e)\n# h")

    assert re.search(r"(?<!\\)[<>*\[\]():$#]", told) is None
    assert "\n" not in told


def test_figures_keep_two_digits_however_small() -> None:
    assert captions.number(-3.659) == "\u22123.66"
    assert captions.number(0.00558) == "+0.0056"
    assert captions.scale(-0.125, relative=True) == "\u22120.125×"
    assert captions.count(1, "vector") == "1 vector"


def test_no_encoding_looks_through_all_of_altairs_classes(
    sweep: Sweep, monkeypatch: pytest.MonkeyPatch
) -> None:
    # `y="low:Q"` costs 4 ms where `y=alt.Y("low:Q")` costs nothing: a third of a page's time.
    asked: list[object] = []
    original = schemapi._FromDict.from_dict
    monkeypatch.setattr(
        schemapi._FromDict,
        "from_dict",
        lambda self, given, *more, **known: (
            asked.append(given) or original(self, given, *more, **known)
        ),
    )
    view = vector_view.usual(sweep, "melbo_01")
    bands = sweeps.labelled(controls.shared_band(sweep, "change"), sweep)

    vector_view.violin(sweep, view, inks.LIGHT)
    vector_view.rates(sweep, view, inks.LIGHT)
    many_vectors.headline(sweeps.cells(sweep), bands, inks.LIGHT)

    assert asked == []
