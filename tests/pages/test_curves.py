import pytest

from engine.config import EvaluateConfig, VectorRef
from tests.pages.conftest import charts, open_page, words
from tests.pages.samples import FakeEngine, evaluation


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
