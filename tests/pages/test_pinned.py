"""The current and the pinned vector, as they follow the reader from page to page."""

import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from dashboard.charts import one_vector, vector_view
from dashboard.charts.axes import Axis
from dashboard.charts.vector_view import View
from dashboard.forms import configurations
from dashboard.forms.configurations import Choice
from dashboard.session import naming, resources
from dashboard.words import captions, inks
from engine.records.steered import PLAIN
from tests.pages.conftest import open_page, start, words
from tests.pages.pair_samples import CONTRASTIVE, FINETUNE, fill_families
from tests.pages.samples import FakeEngine, fill

MELBO, POWER, RUN = "aaaa00000001", "bbbb00000002", "eeee00000003"


@pytest.fixture
def small(engine: FakeEngine) -> FakeEngine:
    """Two sets of two vectors and one evaluation of them, as quick to draw as can be."""
    fill(engine.store, vectors=2, controls=0, questions=3)
    return engine


def go(app: AppTest, page: str) -> AppTest:
    """Another page by the menu, which drops the link's parameters."""
    app.query_params.clear()
    return app.switch_page(f"../pages/{page}.py").run()


def pin_of(app: AppTest) -> str:
    """The pin in the link; a list where the page did not write it itself."""
    value = app.query_params["pin"]
    return value[0] if isinstance(value, list) else value


def keys(app: AppTest) -> list[str | None]:
    return [button.key for button in app.button]


def test_a_pinned_vector_is_kept_from_page_to_page_and_in_the_link(engine: FakeEngine) -> None:
    fill_families(engine.store, null=False)
    app = open_page("discover", found=CONTRASTIVE, vector="1")
    assert "unpin" not in keys(app)

    app.button(key="pin_here").click().run()
    assert pin_of(app) == f"{CONTRASTIVE}:1"
    assert app.button(key="pin_here").label == "Unpin this"
    go(app, "library")

    assert not app.exception
    assert pin_of(app) == f"{CONTRASTIVE}:1"
    assert "contrastive\\_01, output of block 1" in words(app)
    app.button(key="unpin").click().run()
    assert "pin" not in app.query_params
    assert "unpin" not in keys(app)


def test_a_view_without_a_pin_does_not_unpin_so_that_back_can_leave_it(engine: FakeEngine) -> None:
    fill_families(engine.store)
    app = open_page("library", pin=f"{CONTRASTIVE}:2")

    app.query_params.clear()
    app.run()

    assert "unpin" in keys(app)
    assert "pin" not in app.query_params


def test_scale_curves_follow_the_current_vector_draw_the_pinned_one_and_swap(
    small: FakeEngine,
) -> None:
    app = open_page("discover", found=POWER, vector="1", pin=f"{MELBO}:0")
    assert app.dataframe[0].value["name"].tolist() != []
    go(app, "curves")

    assert not app.exception
    assert app.selectbox(key="vec").value == "power-iteration_01"
    assert "◆ and long dashes: melbo\\_00" in words(app)
    assert f"vec=power-iteration_01&pin={MELBO}%3A0" in app.code[0].value
    app.button(key="swap_pin").click().run()
    assert app.selectbox(key="vec").value == "melbo_00"
    assert pin_of(app) == f"{POWER}:1"
    assert "◆ and long dashes: power\\-iteration\\_01" in words(app)


def test_a_pin_that_the_run_does_not_have_is_said(small: FakeEngine) -> None:
    fill_families(small.store)

    app = open_page("curves", pin=f"{CONTRASTIVE}:2")

    assert f"◆ {captions.plain(naming.called(f'{CONTRASTIVE}:2'))} was not measured" in words(app)
    assert "pin=" not in app.code[0].value


def test_discover_marks_the_pinned_vector_and_selects_the_one_of_the_link(
    engine: FakeEngine,
) -> None:
    fill_families(engine.store, null=False)

    app = open_page("discover", found=CONTRASTIVE, vector="4", pin=f"{CONTRASTIVE}:2")

    names = app.dataframe[0].value["name"].tolist()
    assert names[2] == "◆ contrastive_02"
    assert not any("◆" in name for name in names[:2] + names[3:])
    assert app.button(key="pin_here").label == "Pin"
    app.button(key="pin_here").click().run()
    assert pin_of(app) == f"{CONTRASTIVE}:4"
    app = open_page("discover", found=CONTRASTIVE, vector="99")
    assert "the vector 99, which is not here" in words(app)


@pytest.mark.parametrize("asked", ["ffff00000000:1", f"{CONTRASTIVE}:99", "<b>", "x:y:z"])
def test_a_link_with_a_pin_to_something_missing_says_so(engine: FakeEngine, asked: str) -> None:
    fill_families(engine.store, null=False)
    app = start()
    app.query_params["pin"] = asked

    app.run()

    said = app.warning[0].value.replace("\\", "")
    assert said.startswith(f"The pinned vector {asked} is not in this store: unpin it")
    app.button(key="unpin_missing").click().run()
    assert not app.warning
    assert "pin" not in app.query_params


def test_similarity_says_the_cosine_with_the_pinned_vector(engine: FakeEngine) -> None:
    fill_families(engine.store, null=False)

    app = open_page("similarity", mode="one", one=f"{CONTRASTIVE}:3", pin=f"{FINETUNE}:3")

    sets = resources.vector_set(CONTRASTIVE), resources.vector_set(FINETUNE)
    first, second = sets[0].vectors[3], sets[1].vectors[3]
    cosine = float(first @ second / (first @ first * (second @ second)) ** 0.5)
    assert f"◆ {captions.plain(naming.called(f'{FINETUNE}:3'))}: **{cosine:+.2f}**" in words(app)
    assert f"one={CONTRASTIVE}%3A3&pin={FINETUNE}%3A3" in app.code[0].value


def test_generations_begin_with_the_current_and_the_pinned_vector(engine: FakeEngine) -> None:
    fill_families(engine.store, null=False)
    app = open_page("similarity", mode="one", one=f"{CONTRASTIVE}:3", pin=f"{FINETUNE}:3")

    go(app, "generations")

    assert not app.exception
    drawn = [app.selectbox(key=f"col_{column}_vector").value for column in "012"]
    assert drawn == [None, f"{CONTRASTIVE}:3", f"{FINETUNE}:3"]
    options = app.selectbox(key="col_1_vector").options
    assert options[0] == naming.called(f"{CONTRASTIVE}:3")
    assert options[1] == f"◆ {naming.called(f'{FINETUNE}:3')}"


def test_a_draft_that_exists_is_kept_and_offers_the_pinned_vector(engine: FakeEngine) -> None:
    fill_families(engine.store, null=False)
    app = open_page("generations")
    before = app.selectbox(key="col_1_vector").value
    app.query_params["pin"] = f"{FINETUNE}:5"
    app.run()

    app.button(key=f"add_{FINETUNE}:5").click().run()

    assert app.selectbox(key="col_1_vector").value == before
    last = max(key for key in (b.key for b in app.selectbox) if key and key.endswith("_vector"))
    assert app.selectbox(key=last).value == f"{FINETUNE}:5"
    assert f"add_{FINETUNE}:5" not in keys(app)


def test_a_column_beside_others_takes_the_first_steered_base_ones_settings() -> None:
    options = {name: Choice(name, name, name, "melbo", 1) for name in ("a:0", "b:0")}
    steered = {**configurations.EMPTY, "vector": "a:0", "scale": 3.0, "name": "mine"}
    tuned = {**steered, "adapter": True, "scale": -9.0}

    found = configurations.beside([{**configurations.EMPTY}, tuned, steered], "b:0", options)

    assert (found["vector"], found["scale"], found["name"]) == ("b:0", 3.0, "")
    alone = configurations.beside([{**configurations.EMPTY}], "b:0", options)
    assert (alone["scale"], alone["scale_unit"]) == (0.5, "relative")


def test_the_pinned_curve_is_the_mean_of_its_own_questions(small: FakeEngine) -> None:
    sweep = resources.sweep(RUN)
    scales = [scale for scale in sweep.scales if scale]
    view = View("melbo_00", "change", scales, False, False, False, None, "letter", "melbo_01")

    drawn = vector_view.violin(sweep, view, inks.LIGHT)

    mine = [layer for layer in drawn.layer if "name" in getattr(layer.data, "columns", ())]
    curve = mine[0].data.set_index("scale")["value"]
    frame = small.store.load_evaluation(RUN).frame
    bias = (frame["logit_a"] - frame["logit_b"]).groupby(
        [frame["vector_set"], frame["vector"], frame["scale"]]
    )
    expected = bias.mean()[MELBO].loc[1] - bias.mean()["baseline"].loc[-1].item()
    assert curve.to_numpy() == pytest.approx(expected.loc[curve.index].to_numpy())
    assert set(mine[0].data["name"]) == {"melbo_01"}


def test_the_pinned_name_stands_where_the_curves_part() -> None:
    curve = pd.DataFrame({"scale": [-1.0, 1.0], "value": [-4.0, 1.0], "own": [0.0, 0.9]})
    axis = Axis([-1.0, 1.0], 1.0, PLAIN)

    left = one_vector._other(one_vector.Other("x", curve), axis, inks.LIGHT)[-1]
    right = one_vector._other(one_vector.Other("x", curve.assign(own=[-4, 9])), axis, inks.LIGHT)[
        -1
    ]

    assert left.data["scale"].tolist() == [-1.0]
    assert right.data["scale"].tolist() == [1.0]


def test_what_a_page_happens_to_show_first_is_not_the_current_vector(small: FakeEngine) -> None:
    app = open_page("discover", found=POWER)

    go(app, "curves")

    assert app.selectbox(key="vec").value == "melbo_01"
    app.button(key="vec_previous").click().run()
    go(app, "discover")
    assert app.selectbox(key="found").value == MELBO


def test_a_view_that_is_opened_later_still_shows_the_current_vector(engine: FakeEngine) -> None:
    fill_families(engine.store, null=False)
    app = open_page("discover", found=FINETUNE, vector="4")
    go(app, "similarity")

    app.segmented_control(key="mode").set_value("one").run()

    assert app.selectbox(key="one").value == f"{FINETUNE}:4"
    app.selectbox(key="one").set_value(f"{CONTRASTIVE}:1").run()
    assert app.selectbox(key="one").value == f"{CONTRASTIVE}:1"


def test_a_vector_of_a_pair_is_pinned_and_opened_from_its_card(engine: FakeEngine) -> None:
    fill_families(engine.store, null=False)
    app = open_page("similarity", a=CONTRASTIVE, b=FINETUNE, cell="3-2")

    app.button(key="pin_b").click().run()
    app.button(key="open_a").click().run()

    assert not app.exception
    assert app.selectbox(key="found").value == CONTRASTIVE
    assert app.query_params["vector"] == "3"
    assert pin_of(app) == f"{FINETUNE}:2"
