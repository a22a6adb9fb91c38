"""Methods side by side hold what the rows say, on the page, on the card and in the report."""

import dataclasses
import statistics
from typing import Any

import numpy as np
import pytest

from dashboard.charts import families as charts
from dashboard.charts import quick
from dashboard.frames import families, violin
from dashboard.frames import sweep as sweeps
from dashboard.frames.families import UNSTEERED, Choice
from dashboard.frames.sweep import Sweep
from dashboard.widgets import sharing
from dashboard.words import inks
from engine.configs.core import VectorRef
from engine.configs.finders import MelboConfig, PowerIterationConfig, RandomConfig
from engine.configs.sweeps import EvaluateConfig
from engine.records.records import Evaluation
from tests.pages import samples
from tests.pages.conftest import charts as drawn_charts
from tests.pages.conftest import open_page
from tests.pages.samples import FakeEngine


def made(
    controls: int = 8, melbo: int = 4, power: int = 2, blocks: int = 7, **settings: Any
) -> Evaluation:
    """A small sweep of both methods of the study, and of random vectors of the finder."""
    asked = [(MelboConfig(vectors=melbo), "aaaa00000001")]
    if power:
        asked.append((PowerIterationConfig(vectors=power, source_layer=blocks), "bbbb00000002"))
    asked.append((RandomConfig(vectors=2), "cccc00000003"))
    sets = [samples.vector_set(config, digest) for config, digest in asked]
    config = EvaluateConfig(
        vectors=tuple(VectorRef(digest=one.digest) for one in sets),
        controls=controls, max_questions=6, scales=(-10.0, 0.0, 10.0), **settings,
    )  # fmt: skip
    return samples.evaluation(config, sets, "eeee00000003", 6)


@pytest.fixture(scope="module")
def sweep() -> Sweep:
    return sweeps.build(made())


def means(found: Evaluation, keys: list[tuple[str, int]], scale: float) -> list[float]:
    """Of every vector and question, the mean difference over the orders, row by row."""
    held: dict[tuple[str, int, str], list[float]] = {}
    for row in found.frame.to_dict("records"):
        key = row["vector_set"], row["vector"]
        if key in keys and row["scale"] == scale:
            held.setdefault((*key, row["question"]), []).append(row["difference"])
    return [statistics.fmean(values) for values in held.values()]


@pytest.mark.parametrize("pick", ["all", "top3", "rank2"])
def test_a_violin_holds_the_values_of_its_vectors(pick: str, sweep: Sweep) -> None:
    choice = Choice(pick)
    picture = families.build(sweep, choice)
    found = made()

    assert [one.label for one in picture.columns] == ["MELBO", "Power iteration", "Random"]
    assert len(picture.boxes) == 3 * 2 + 1
    for column in picture.columns:
        rows = column.line_up.vectors
        keys = list(zip(rows["vector_set"], rows["vector"], strict=True))
        values = means(found, keys, 10.0)
        box = picture.boxes.query("label == @column.label and scale == 10").iloc[0]
        quarters = statistics.quantiles(values, n=4, method="inclusive")
        assert [box["low"], box["middle"], box["high"]] == pytest.approx(quarters)
        assert box["mean"] == pytest.approx(statistics.fmean(values))
        assert (box["n"], box["vectors"]) == (len(values), len(keys))
    base = means(found, [("baseline", -1)], 0.0)
    assert picture.baseline == pytest.approx(statistics.fmean(base))
    assert picture.boxes.iloc[0]["label"] == UNSTEERED


def test_columns_of_a_scale_stand_beside_each_other_and_touch_no_neighbour(sweep: Sweep) -> None:
    outlines = families.build(sweep, Choice()).outlines
    spans = outlines.groupby("place")[["x0", "x1"]].agg({"x0": "min", "x1": "max"})
    ordered = spans.sort_values("x0")

    assert (ordered["x0"].to_numpy()[1:] > ordered["x1"].to_numpy()[:-1]).all()
    steered = outlines[outlines["scale"] == 10]
    assert steered["x0"].min() > 1.5
    assert steered["x1"].max() < 2.5


def test_many_vectors_on_few_questions_are_as_smooth_as_one() -> None:
    own = np.random.default_rng(0).normal(0, 1, (1, 50))
    many = np.tile(own, 64)

    assert violin.bandwidths(many, 50)[0] == pytest.approx(violin.bandwidths(own)[0], rel=0.02)
    assert violin.bandwidths(many)[0] < 0.5 * violin.bandwidths(own)[0]


def test_what_is_not_there_is_said() -> None:
    lone = sweeps.build(made(controls=1, melbo=2, power=0))
    told = " ".join(families.notes(lone, Choice("rank3", "change")))

    assert "This run measured no vectors of Power iteration." in told
    assert "Random: 1 vector where 2 are needed, which favours the method." in told
    assert "Not drawn: 2 vectors of Random control" in told
    assert "MELBO: 2 of 2 vectors can be ranked, so rank 3 is missing." in told
    assert "by the largest change at any scale of the mean logit difference" in told
    assert charts.draw(lone, Choice("rank3"), inks.DARK) is not None


def test_random_vectors_of_another_site_have_their_own_column() -> None:
    found = made(blocks=3)
    sets = {
        digest: {**one, "sites": [{"block": block, "kind": "block_out"}] * 4, "norms": [1.0] * 4}
        for (digest, one), block in zip(found.vector_names.items(), (7, 3, 7), strict=True)
    }
    told = {
        "sites": [{"block": 7 if i < 5 else 3, "kind": "block_out"} for i in range(8)],
        "norms": [1.0] * 8,
    }
    mixed = sweeps.build(dataclasses.replace(found, vector_names=sets, controls=told))

    labels = [one.label for one in families.columns(mixed, Choice("top1"))]
    assert labels == ["MELBO", "Random for MELBO", "Power iteration", "Random for Power iteration"]
    drawn = charts.draw(mixed, Choice("top1"), inks.LIGHT)
    assert drawn is not None
    drawn.to_dict()


def test_every_picture_has_a_permalink(filled: FakeEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    # It is the schema of Vega-Lite that takes long; other tests check these charts by it.
    monkeypatch.setattr(quick, "IS_CHECKED", False)
    app = open_page("curves", tab="Methods", pick="rank2", by="change")

    assert not app.exception
    assert drawn_charts(app) == 1
    assert app.code[0].value == "/curves?run=eeee00000003&tab=Methods&pick=rank2&by=change"
    assert app.dataframe[0].value["method"].tolist() == ["MELBO", "Power iteration", "Random"]
    assert drawn_charts(open_page("curves", tab="Methods", pick="six")) == 6


def test_the_card_names_what_it_draws(sweep: Sweep) -> None:
    address = "/curves?run=eeee00000003&tab=Methods&pick=rank1"
    card = sharing.families_card(sweep, Choice("rank1"), address)

    assert card.view.address == address
    for name in families.table(sweep, Choice("rank1"))["vector"]:
        assert name in card.view.recipe["drawn"]
    assert "as in the study" in card.view.recipe["ranked by"]
    assert "in the middle one of 2 such groups" in card.view.recipe["to know"]
