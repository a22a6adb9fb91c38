"""Downloads for other tools: on the page of a vector and on a record of the library."""

import io
import zipfile
from dataclasses import replace

import pytest
from streamlit.testing.v1 import AppTest

from dashboard.widgets.taking import tools
from engine.configs.core import Site
from tests.pages.conftest import open_page, words
from tests.pages.samples import FakeEngine, fill

MELBO, POWER, RUN = "aaaa00000001", "bbbb00000002", "eeee00000003"


@pytest.fixture
def small(engine: FakeEngine) -> FakeEngine:
    fill(engine.store, vectors=2, controls=2, questions=3)
    return engine


def downloads(app: AppTest) -> dict[str, bool]:
    """Whether each download is disabled, by its label."""
    assert not app.exception, app.exception[0].message
    return {one.proto.label: one.proto.disabled for one in app.get("download_button")}


def test_one_vector_is_offered_in_a_chosen_format(small: FakeEngine) -> None:
    app = open_page("vector", v=f"{MELBO}:1")
    assert "Download" not in downloads(app)

    app.selectbox("v_tool_format").select("gguf").run()

    assert downloads(app)["Download"] is False


def test_a_set_that_a_format_cannot_hold_says_why_and_layers_mend_it(small: FakeEngine) -> None:
    app = open_page("library", record=MELBO)
    app.selectbox(f"tool_{MELBO}_format").select("gguf").run()

    assert downloads(app)["Download"] is True
    assert "holds one vector a block" in words(app).replace("\\", "")


def test_layers_are_chosen_of_a_set_of_several_blocks(small: FakeEngine) -> None:
    found = small.store.load_vectors(MELBO)
    small.store.save_vectors(replace(found, sites=(Site(block=0), Site(block=4))))
    app = open_page("library", record=MELBO)
    app.selectbox(f"tool_{MELBO}_format").select("gguf").run()
    assert downloads(app)["Download"] is True

    app.multiselect(f"tool_{MELBO}_layers").select(4).run()

    assert downloads(app)["Download"] is False


def test_a_sweep_is_offered_in_the_rows_of_the_study_or_refused(small: FakeEngine) -> None:
    app = open_page("library", record=RUN)
    assert downloads(app)["Study rows"] is False

    found = small.store.load_evaluation(RUN)
    small.store.save_evaluation(
        replace(found, digest="eeee00000009", config=found.config | {"operation": "ablate"})
    )
    assert downloads(open_page("library", record="eeee00000009"))["Study rows"] is True


def test_several_files_come_as_one() -> None:
    with zipfile.ZipFile(io.BytesIO(tools._packed({"a": b"1", "b": b"22"}))) as pack:
        assert {name: pack.read(name) for name in pack.namelist()} == {"a": b"1", "b": b"22"}
