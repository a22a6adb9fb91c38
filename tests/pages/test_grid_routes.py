"""The form of a new grid keeps every value on a few random routes; a browser goes thirty."""

from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from tests.pages.conftest import open_page, put_in
from tests.pages.grid_routes import MODELS, UNITS, Route
from tests.pages.pair_samples import CONTRASTIVE, fill_families
from tests.pages.text_samples import TextEngine

SHOWN = {"adapter": {False: MODELS[0], True: MODELS[1]},
         "scale_unit": {"absolute": UNITS[0], "relative": UNITS[1]}}  # fmt: skip
"""What fields hold, and what stands for it on the page."""


@pytest.fixture
def vectors(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> TextEngine:
    """An engine over vectors of both families; the demo has an adapter."""
    fake = TextEngine(tmp_path)
    fill_families(fake.store)
    return put_in(fake, monkeypatch, has_adapter=True)


class InApp:
    """Goes a route through the form without a browser."""

    def __init__(self, app: AppTest, engine: TextEngine) -> None:
        self.app, self.engine = app, engine

    def _field(self, key: str) -> Any:
        kinds = ("text_area", "text_input", "number_input", "selectbox", "toggle", "checkbox",
                 "segmented_control")  # fmt: skip
        found = (one for kind in kinds for one in getattr(self.app, kind) if one.key == key)
        return next(found, None)

    def _run(self) -> None:
        self.app.run()
        assert not self.app.exception

    def write(self, key: str, value: Any, leave_at_once: str | None = None) -> None:
        held = {shown: name for name, shown in SHOWN.get(_name(key), {}).items()}
        field = self._field(key)
        field.set_value(held.get(value, value))
        if leave_at_once == "generate":
            self.app.button(key="generate").click()
            self._run()
            assert self.engine.jobs.wait(self.engine.jobs.all()[0], 5.0)
            self.press("new_grid")
            return
        self._run()
        if leave_at_once is not None:
            self.leave(leave_at_once)

    def read(self, key: str) -> Any:
        field = self._field(key)
        return None if field is None else SHOWN.get(_name(key), {}).get(field.value, field.value)

    def open(self, popover: str) -> None:
        self.app.session_state[popover] = True
        self._run()

    def close(self, popover: str) -> None:
        self.app.session_state[popover] = False
        self._run()

    def press(self, key: str) -> None:
        self.app.button(key=key).click()
        self._run()

    def leave(self, page: str) -> None:  # noqa: ARG002  Which one is the browser's matter.
        for name in ("library", "generations"):
            self.app.switch_page(f"../pages/{name}.py")
            self._run()

    def rerun(self) -> None:
        self._run()

    def generate(self) -> None:
        raise NotImplementedError


def _name(key: str) -> str:
    return key.rpartition("col_")[2].partition("_")[2]


@pytest.mark.parametrize("seed", range(2))
def test_a_route_through_the_form_keeps_every_value(vectors: TextEngine, seed: int) -> None:
    route = Route(InApp(open_page("generations"), vectors), seed)

    for _ in route.steps(6):
        pass

    assert route.lost() == []
    assert len(route.written) > 1


def test_a_prompt_written_with_the_click_that_generates_is_there_again(
    vectors: TextEngine,
) -> None:
    form = InApp(open_page("generations"), vectors)

    form.write("grid_prompts", "A prompt that I typed just now", "generate")

    assert form.read("grid_prompts") == "A prompt that I typed just now"
    assert vectors.submitted[0].prompts == ("A prompt that I typed just now",)


def test_a_link_and_a_question_leave_what_was_written(vectors: TextEngine) -> None:
    app = open_page("generations")
    app.text_area(key="grid_prompts").set_value("Mine").run()
    app.number_input(key="col_1_scale").set_value(0.25).run()
    app.selectbox(key="example_of_grid").select_index(1).run()
    assert app.text_area(key="grid_prompts").value.startswith("Mine\n---\n")

    app.query_params["vec"] = f"{CONTRASTIVE}:1"
    app.query_params["scale"] = "3"
    app.run()
    assert app.number_input(key="col_1_scale").value == 3.0
    app.button(key="bring_back").click().run()

    assert not app.exception
    assert app.number_input(key="col_1_scale").value == 0.25
    assert app.text_area(key="grid_prompts").value.startswith("Mine\n---\n")


def test_a_matrix_is_one_choice_of_columns(vectors: TextEngine) -> None:
    app = open_page("generations")
    app.segmented_control(key="grid_kind").set_value("Matrix").run()
    chosen = [f"{CONTRASTIVE}:1", f"{CONTRASTIVE}:2"]
    app.multiselect(key="col_matrix_vectors").set_value(chosen)
    app.pills(key="col_matrix_models").set_value([False, True])
    app.text_input(key="col_matrix_scales").set_value("-1, 0, 2").run()

    assert not app.exception
    said = " ".join(one.value.replace("\\", "") for one in app.caption)
    assert "2 models \u00d7 2 vectors \u00d7 2 strengths, and each model unsteered: 10" in said
    assert "10 texts" in said
    app.button(key="generate").click().run()
    asked = vectors.submitted[0].configurations
    assert [bool(one.adapter) for one in asked] == [False] * 5 + [True] * 5
    assert [one.scale for one in asked[:5]] == [0.0, -1.0, 2.0, -1.0, 2.0]
    assert len({one.effect for one in asked}) == 10

    assert vectors.jobs.wait(vectors.jobs.all()[0], 5.0)
    app.run()
    app.button(key="use_settings").click().run()
    assert app.segmented_control(key="grid_kind").value == "Matrix"
    assert app.text_input(key="col_matrix_scales").value == "-1, 2"
    app.button(key="generate").click().run()
    assert vectors.submitted[-1] == vectors.submitted[0]
