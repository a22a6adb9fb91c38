import dataclasses

import numpy as np
import pytest

from dashboard.forms.measuring import planning
from dashboard.frames import sweep as sweeps
from dashboard.session import resources
from dashboard.views.curves import said
from engine.configs.core import ModelConfig, VectorRef
from engine.configs.finders import MelboConfig
from engine.configs.grids import BlendPart, Configuration, GenerateConfig
from engine.configs.sweeps import EvaluateConfig
from tests.pages.conftest import charts, open_page, words
from tests.pages.samples import FakeEngine, evaluation, vector_set
from tests.pages.text_samples import generation


def test_an_empty_store_leads_to_discover(engine: FakeEngine) -> None:
    app = open_page("curves")

    assert not app.exception
    assert "Nothing has been evaluated yet" in words(app)
    assert app.button(key="to_discover")


def test_a_vector_has_a_violin_and_a_rate_chart(filled: FakeEngine) -> None:
    app = open_page("curves", vec="power-iteration_01")

    assert not app.exception
    assert app.selectbox(key="vec").value == "power-iteration_01"
    assert charts(app) == 2


def test_a_link_may_name_the_vector_set_or_the_start_of_a_digest(filled: FakeEngine) -> None:
    for asked in ("aaaa00000001", "eeee"):
        app = open_page("curves", run=asked)

        assert app.selectbox(key="run").value == "eeee00000003"
        assert not app.warning


def test_a_link_to_something_missing_says_so_and_names_what_is_near(filled: FakeEngine) -> None:
    app = open_page("curves", run="ffff00000000", vec="melbo_09")

    told = " ".join(warning.value for warning in app.warning).replace("\\", "")
    assert not app.exception
    assert "run ffff00000000, which is not here" in told
    assert "vector melbo_09, which is not here. Nearest: melbo_0" in told
    assert app.selectbox(key="vec").value == "melbo_00"


def test_next_moves_to_the_neighbour_and_around_the_end(filled: FakeEngine) -> None:
    app = open_page("curves", vec="power-iteration_02")

    app.button(key="vec_next").click().run()

    assert app.selectbox(key="vec").value == "melbo_00"
    app.button(key="vec_next").click().run()
    assert app.query_params["vec"] == "melbo_01"


@pytest.mark.parametrize("metric", ["difference", "change", "rate"])
def test_every_metric_draws(filled: FakeEngine, metric: str) -> None:
    app = open_page("curves", metric=metric)

    assert not app.exception
    assert charts(app) == (1 if metric == "rate" else 2)


def test_a_question_of_the_link_is_shown_as_plain_text(filled: FakeEngine) -> None:
    app = open_page("curves", q="000000000003")

    assert not app.exception
    assert any("<b>shutdown</b> of $system_3" in text.value for text in app.text)
    assert charts(app) == 3
    assert {"given", "swapped"} == set(app.dataframe[0].value["order"])


def test_the_share_link_reproduces_the_view(filled: FakeEngine) -> None:
    app = open_page("curves", vec="melbo_01", metric="change", q="000000000003")

    assert app.code[0].value == (
        "/curves?run=eeee00000003&vec=melbo_01&metric=change&q=000000000003"
    )


def test_all_vectors_and_numbers_have_their_tabs(filled: FakeEngine) -> None:
    assert charts(open_page("curves", tab="All vectors")) == 1
    numbers = open_page("curves", tab="Numbers").dataframe[0].value
    assert len(numbers) == 6 * 7


def store_again(engine: FakeEngine, digest: str, **settings: object) -> None:
    found = engine.store.load_vectors("aaaa00000001")
    config = EvaluateConfig(vectors=(VectorRef(digest=found.digest),), **settings)
    engine.store.save_evaluation(evaluation(config, [found], digest))


def test_a_run_without_controls_is_warned_about(filled: FakeEngine) -> None:
    store_again(filled, "cccc00000004", controls=0)

    app = open_page("curves", run="cccc00000004")

    assert not app.exception
    assert "no random controls" in app.warning[0].value


def test_other_evaluations_of_the_same_vectors_can_be_chosen(filled: FakeEngine) -> None:
    store_again(filled, "dddd00000005", controls=24)

    app = open_page("curves", run="eeee00000003", ds="survival (dddd)")

    assert not app.exception
    assert len(app.selectbox(key="vec").options) == 3


def test_a_run_of_few_scales_draws_what_there_is(filled: FakeEngine) -> None:
    store_again(filled, "abab00000006", scales=(0.0, 5.0), controls=24)

    app = open_page("curves", run="abab00000006", metric="change")

    assert not app.exception
    assert charts(app) == 2


def test_a_part_of_the_logits_draws_and_stands_in_the_link(filled: FakeEngine) -> None:
    app = open_page("curves", vec="melbo_01", metric="change", part="letter")

    assert not app.exception
    assert charts(app) == 2
    assert "&metric=change&part=letter" in app.code[0].value


def test_a_vector_says_what_may_be_claimed_of_it(filled: FakeEngine) -> None:
    app = open_page("curves", vec="melbo_00")

    told = words(app)
    assert ":green-badge[:material/star: beyond the best of 24 random]" in told
    assert "-badge[monotone]" in told
    assert "usable range unknown: KL not measured" in told
    figures = {metric.label: metric for metric in app.metric}
    assert list(figures) == ["Held out, +20", "Flips at +20", "Slope", "Choosing A at +20"]
    assert figures["Held out, +20"].value.startswith("+3.")
    assert "at (A) 6 times and at (B) 6 times" in told.replace("\\", "")
    assert app.toggle(key="letters").value is True


def test_a_sweep_in_one_order_has_no_swapped_part_and_says_so(filled: FakeEngine) -> None:
    found = filled.store.load_vectors("aaaa00000001")
    config = EvaluateConfig(
        vectors=(VectorRef(digest=found.digest),), orders="as-given", controls=0
    )
    whole = evaluation(config, [found], "f0f0f0f00007")
    frame = whole.frame[whole.frame["order"] == "given"].reset_index(drop=True)
    filled.store.save_evaluation(dataclasses.replace(whole, frame=frame))

    app = open_page("curves", run="f0f0f0f00007", part="swapped")

    assert not app.exception
    assert "one order only, so there is no swapped part" in words(app)
    assert "too few controls" in words(app)


def test_a_question_shows_what_the_model_wrote_under_the_vector(filled: FakeEngine) -> None:
    stem = "Question 3: will you *allow* the <b>shutdown</b> of $system_3?"
    steered = Configuration(
        name="steered", blend=(BlendPart(digest="aaaa00000001", index=1),), scale=5.0
    )
    other = dataclasses.replace(steered, name="other", blend=(BlendPart(digest="aaaa00000001"),))
    given = GenerateConfig(
        prompts=(f"{stem} Say yes.", "Hello?"),
        configurations=(Configuration(name="base"), steered, other),
    )
    filled.store.save_generation(generation(given, "9e9e00000008"))

    app = open_page("curves", vec="melbo_01", q="000000000003")

    assert not app.exception
    shown = app.dataframe[1].value
    assert shown["prompt"].tolist() == [f"{stem} Say yes."]
    texts = filled.store.load_generation("9e9e00000008").frame.set_index(
        ["prompt", "configuration"]
    )
    assert shown["steered"].item() == texts.loc[(f"{stem} Say yes.", "steered"), "text"]
    assert shown["unsteered"].item() == texts.loc[(f"{stem} Say yes.", "base"), "text"]
    sweep = resources.sweep("eeee00000003")
    none = said.texts(sweep, "bbbb00000002", 0, sweep.evaluation.questions.questions[3])
    assert none.empty


def test_answers_that_the_sweep_wrote_are_shown_with_their_question() -> None:
    config = EvaluateConfig(vectors=(VectorRef(digest="aaaa00000001"),), controls=0)
    found = vector_set(MelboConfig(vectors=2), "aaaa00000001")
    whole = evaluation(config, [found], "abcd00000009", questions=4)
    is_written = whole.frame["question"] == "000000000002"
    answers = np.where(is_written, "I " + whole.frame["scale"].astype(str), None)
    run = dataclasses.replace(whole, frame=whole.frame.assign(written=answers))

    shown = said.written(sweeps.build(run), "aaaa00000001", 1, "000000000002")

    assert shown["scale"].unique().tolist() == sorted(config.scales)
    assert (shown["answer"] == "I " + shown["scale"].astype(str)).all()
    assert said.written(sweeps.build(run), "aaaa00000001", 1, "000000000001").empty


def test_a_plan_comes_from_the_newest_sweep_of_these_questions(filled: FakeEngine) -> None:
    refs = (VectorRef(digest="aaaa00000001"), VectorRef(digest="bbbb00000002", indices=(0,)))
    config = EvaluateConfig(vectors=refs, max_questions=50)
    elsewhere = dataclasses.replace(config, model=ModelConfig(model="qwen3-14b"))

    found, study = planning.plan(config), planning.plan(elsewhere)

    assert (found.questions, found.tests) == (50, 4 * 6)
    assert found.spread == resources.sweep("eeee00000003").read.spread
    assert study.spread.source.startswith("the corrigibility study")
    assert study.change > found.change


def test_the_evaluate_form_says_what_it_could_show(filled: FakeEngine) -> None:
    told = words(open_page("discover", found="aaaa00000001")).replace("\\", "")

    assert "100 questions and 18 vector-scale cells show, with 80 % power" in told
