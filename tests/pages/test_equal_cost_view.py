"""Operations at equal cost on screen: how they are asked for, compared and shown by vector."""

from pathlib import Path

import pytest

from dashboard.charts import operations as charts_of
from dashboard.frames import operations as frames
from dashboard.session import resources
from dashboard.views import equal_cost
from dashboard.views.library import library
from dashboard.widgets import equal_cost as links
from dashboard.widgets import places
from dashboard.words.inks import DARK
from engine.configs.budgets.equal_cost import EqualCostConfig
from engine.runs.job import Job
from engine.store.store import Store
from tests.pages import equal_cost_samples as samples
from tests.pages.conftest import charts, open_page, words
from tests.pages.everything import svg_words
from tests.pages.samples import FakeEngine, fill

KEY = (samples.VECTORS, 0)


@pytest.fixture(scope="module")
def record(tmp_path_factory: pytest.TempPathFactory) -> dict:
    """An invented comparison."""
    store = Store(tmp_path_factory.mktemp("store"))
    fill(store, controls=0)
    return samples.comparison(store)


def test_bars_are_the_cells_of_one_vector_and_the_prompt(record: dict) -> None:
    found = frames.bars(record, KEY)

    labels = ["Add +", "Add \u2212", "Ablate", "Cap +", "Cap \u2212", "System prompt, KL 0.52"]
    assert found["label"].tolist() == labels
    own = [row for row in record["tables"]["cells"] if row["vector"] == 0]
    cell = next(row for row in own if (row["operation"], row["sign"]) == ("add", -1))
    bar = found.iloc[1]
    assert (bar["value"], bar["low"], bar["high"]) == pytest.approx(
        (cell["change"], cell["change_low"], cell["change_high"])
    )
    assert (bar["band_low"], bar["band_high"], bar["p"]) == pytest.approx(
        (cell["band_low"], cell["band_high"], cell["p"])
    )
    asked = record["tables"]["prompt"][0]
    assert found.iloc[-1]["value"] == pytest.approx(asked["change"])
    assert found["note"].tolist() == [""] * 4 + ["not reached: costs at most 0.02", ""]


def test_the_chart_says_in_words_what_its_colours_say(record: dict) -> None:
    found = frames.bars(record, KEY)
    told = svg_words(charts_of.bars(found, charts_of.Words("change in logits", "+.2f"), DARK))

    assert "not reached: costs at most 0.02" in told
    assert "above budget" in told
    assert sum(one.startswith("p = ") for one in told) == 4


def test_without_enough_controls_the_chart_says_that_there_is_no_band(
    filled: FakeEngine,
) -> None:
    few = samples.comparison(filled.store, controls=4, prompt=None)
    found = frames.bars(few, KEY)
    told = svg_words(charts_of.bars(found, charts_of.Words("change in logits", "+.2f"), DARK))

    assert told.count("no random band") == 4
    assert found["band_high"].isna().all()
    assert frames.told_of_best(few, KEY) == "no random band"


def test_a_link_opens_the_bars_of_a_vector_with_its_table(filled: FakeEngine) -> None:
    digest = samples.save(filled.store)
    app = open_page("curves", cost=digest[:6], cost_vector="melbo_01")

    assert not app.exception
    assert app.selectbox(key="cost").value == digest
    assert charts(app) == 1
    assert app.header[0].value.replace("\\", "") == "melbo_01: effect at KL 0.1"
    table = app.dataframe[0].value
    stored = filled.store.load_experiment(digest)
    own = [row for row in stored["tables"]["cells"] if row["vector"] == 1]
    assert table["effect"].tolist()[:4] == pytest.approx([row["change"] for row in own[:4]])
    assert table["absent"].tolist()[4] == "At the largest strength it costs 0.02."
    assert "transport is *left out*." in words(app).replace("\\", "")


def test_curves_show_the_effect_beside_the_violin_or_where_to_start_it(
    filled: FakeEngine,
) -> None:
    app = open_page("curves", vec="melbo_00")
    before = charts(app)
    told = "Effect at equal KL is not measured for this vector: start it here"
    assert told in [one.label for one in app.expander]

    app.text_input(key="cost_prompt").set_value("Stay on.").run()
    app.button(key="cost_start").click().run()
    asked = filled.submitted[0]
    assert isinstance(asked, EqualCostConfig)
    assert (asked.sweep.vectors[0].digest, asked.sweep.vectors[0].indices) == (KEY[0], (0,))
    assert (asked.sweep.max_questions, asked.sweep.controls) == (12, 24)
    assert asked.prompt == "Stay on."

    samples.save(filled.store)
    app = open_page("curves", vec="melbo_00")
    assert not app.exception
    assert charts(app) == before + 1
    assert "**Effect at KL 0.1**" in words(app).replace("\\", "")


def test_a_comparison_on_the_same_questions_goes_before_a_newer_one(filled: FakeEngine) -> None:
    samples.save(filled.store, "c05700000001")
    later = {**samples.comparison(filled.store)["provenance"], "created": "2026-11-30T10:09"}
    other = {"name": "others", "sha256": "1" * 64}
    samples.save(filled.store, "c05700000002", questions=other, provenance=later)
    sweep = resources.sweep("eeee00000003")

    digests = [one["digest"] for one in links.of_set(samples.VECTORS, "demo", sweep)]
    each = links.of_each(filled.store.load_vectors(samples.VECTORS), sweep)
    alone = links.of_each(filled.store.load_vectors(samples.VECTORS), None)

    assert digests == ["c05700000001", "c05700000002"]
    assert [one.digest for one in links.stored()] == digests[::-1]
    assert each.title == "effect at KL 0.1"
    assert alone.title == "effect at KL 0.1"
    assert "of others" in alone.about
    assert links.of_set(samples.VECTORS, "smollm2", sweep) == []


def test_discover_names_the_best_operation_and_asks_for_more_of_them(filled: FakeEngine) -> None:
    digest = samples.save(filled.store)
    app = open_page("discover", found=samples.VECTORS)

    best = filled.store.load_experiment(digest)["tables"]["best"]
    table = app.dataframe[0].value.set_index("vector")["equal"]
    for row in best:
        assert f"{row['change']:+.2f}".replace("-", "\u2212") in table[row["vector"]]
        assert f"p = {row['p']:.3f}" in table[row["vector"]]
    assert table[0].split(" ", 1)[1].startswith("Add ")
    assert table[2] == "not measured"

    app.button_group(key="cost_operations").set_value(["cap", "add"])
    app.number_input(key="ab_controls").set_value(21)
    app.number_input(key="cost_budget").set_value(0.2).run()
    app.button(key="cost_start").click().run()

    asked = filled.submitted[0]
    assert isinstance(asked, EqualCostConfig)
    assert (asked.operations, asked.budget, asked.sweep.controls) == (("add", "cap"), 0.2, 21)
    assert asked.sweep.vectors[0].digest == samples.VECTORS


def test_the_library_and_the_tray_lead_to_it(filled: FakeEngine) -> None:
    digest = samples.save(filled.store)
    job = Job(id="1", title="", kind="equal-cost", state="done", result=digest)

    info = filled.store.find(digest)
    assert library.place(info) == ("curves", {"sweeps": "cost", "cost": digest})
    assert places.of_job(job) == library.place(info)


def test_a_card_carries_the_bars_and_their_recipe(filled: FakeEngine, tmp_path: Path) -> None:
    digest = samples.save(filled.store)

    found = equal_cost.card(filled.store.load_experiment(digest), "melbo_01")

    assert found.view.query == {"sweeps": ["cost"], "cost": [digest], "cost_vector": ["melbo_01"]}
    assert "melbo_01: effect at KL 0.1" in found.svg
    assert "not reached: costs at most 0.02" in found.svg
    assert "budget 0.1" in found.view.recipe["settings"]
