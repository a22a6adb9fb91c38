"""The model of a tab: chosen in the sidebar's dialog, carried by links, followed by every form."""

import dataclasses
import datetime
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from dashboard.frame import weighing
from dashboard.session import models
from engine.configs.core import ModelConfig
from engine.errors import ModelError
from engine.model.sizes import free
from engine.model.sizes.free import Memory
from engine.runs.status import EngineStatus
from engine.store import recent
from tests import tiny
from tests.pages.conftest import open_page, start, words
from tests.pages.samples import FakeEngine, fill, vector_set
from tests.pages.training_samples import add_adapter


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small model of twenty blocks."""
    place = tmp_path_factory.mktemp("models") / "other"
    return tiny.save_folder(place, "llama", num_hidden_layers=20)


def opened(app: AppTest, model: str | None = None) -> AppTest:
    """The dialog, with another model's place written into it."""
    app.button(key="change_model").click().run()
    if model is not None:
        app.selectbox(key="pick_model").set_value("another").run()
        app.text_input(key="pick_place").set_value(model).run()
    assert not app.exception
    return app


def said(app: AppTest) -> str:
    return words(app).replace("\\", "")


def test_a_folder_is_weighed_chosen_and_followed_by_forms_and_links(
    filled: FakeEngine, folder: Path
) -> None:
    app = opened(start(), str(folder))
    assert "20 blocks, width 32" in said(app)
    assert "All files are here." in said(app)
    app.button(key="pick_load").click().run()

    wanted = ModelConfig(model=str(folder))
    assert filled.submitted == [wanted]
    assert app.query_params["model"] == str(folder)
    assert "pick_model" not in [one.key for one in app.selectbox]
    # Its blocks stand in the form, and what it finds is asked of it.
    app.switch_page("../pages/discover.py").run()
    assert app.number_input(key=f"find_source_layer@{folder}").value == 4
    assert app.number_input(key=f"find_target_layer@{folder}").value == 16
    app.button(key="find").click().run()
    asked = filled.submitted[-1]
    assert (asked.model, asked.source_layer, asked.target_layer) == (wanted, 4, 16)
    assert app.query_params["model"] == str(folder)
    # Back at the server's model its own form stands as before, and the link is bare.
    opened(app).selectbox(key="pick_model").set_value("demo").run()
    app.button(key="pick_use").click().run()
    assert "model" not in app.query_params
    assert app.number_input(key="find_source_layer").value == 1
    assert recent.models(filled.store.root) == ["demo", str(folder)]


def test_a_link_opens_with_its_model_and_what_was_chosen_with_it(
    filled: FakeEngine, folder: Path
) -> None:
    asked = {"model": str(folder), "dtype": "bfloat16", "day": "2025-02-03"}
    app = open_page("discover", **asked)

    app.button(key="find").click().run()

    expected = ModelConfig(model=str(folder), dtype="bfloat16", date="2025-02-03")
    assert filled.submitted[-1].model == expected
    assert {name: app.query_params[name] for name in asked} == asked
    app.switch_page("../pages/library.py").run()
    assert {name: app.query_params[name] for name in asked} == asked
    opened(app)
    assert app.selectbox(key="pick_dtype").value == "bfloat16"
    assert app.date_input(key="pick_day").value.isoformat() == "2025-02-03"


def test_a_date_and_another_place_do_not_change_each_other(engine: FakeEngine, folder) -> None:
    app = opened(start(), str(folder))

    app.button(key="pick_use").click().run()

    assert "day" not in app.query_params
    assert "dtype" not in app.query_params
    opened(app).date_input(key="pick_day").set_value(datetime.date(2025, 2, 3))
    app.selectbox(key="pick_dtype").set_value("float16").run()
    app.button(key="pick_load").click().run()
    expected = ModelConfig(model=str(folder), dtype="float16", date="2025-02-03")
    assert engine.submitted == [expected]
    assert app.query_params["day"] == "2025-02-03"


@pytest.mark.matrix(keep=3)
@pytest.mark.parametrize(
    ("asked", "reason"),
    [
        ({"model": "/nowhere/at/all"}, "'/nowhere/at/all' was not found"),
        ({"model": "some/body"}, "some/body is not on this machine; choose it under Change model"),
        ({"model": "demo", "lora": "/nowhere/lora"}, "'/nowhere/lora' was not found"),
        ({"model": "demo", "lora": "some/lora"}, "is not on this machine"),
        ({"dtype": "int3"}, "int3 is no precision"),
        ({"day": "yesterday"}, "is no day"),
        ({"model": "9" * 5000}, "Its name cannot be a model's"),
        ({"model": "a\0b"}, "was not found"),
    ],
)
def test_a_link_to_what_is_not_here_says_so_and_the_server_s_model_is_used(
    filled: FakeEngine, asked: dict[str, str], reason: str
) -> None:
    app = open_page("discover", **asked)

    assert not app.exception
    warned = " ".join(one.value for one in app.warning).replace("\\", "")
    assert "The link's model is not used, and Built-in demo model is" in warned
    assert reason in warned
    assert not set(models.PARAMETERS) & set(app.query_params)
    app.button(key="find").click().run()
    assert filled.submitted[-1].model == ModelConfig()


def test_what_a_reader_chose_to_download_opens_by_its_link(engine: FakeEngine) -> None:
    app = opened(start(), "some/body")
    assert "Not on this machine: it will be downloaded." in said(app)
    app.button(key="pick_use").click().run()
    assert app.query_params["model"] == "some/body"

    again = open_page("library", model="some/body")

    assert not again.warning
    assert again.query_params["model"] == "some/body"
    assert "body" in said(again)


def test_what_cannot_be_a_model_is_refused_in_a_red_box(engine: FakeEngine, monkeypatch) -> None:
    app = opened(start(), "/nowhere/at/all")
    assert "was not found" in app.error[0].value
    assert "pick_use" not in [one.key for one in app.button]

    def refuse(_model: object) -> None:
        raise ModelError("There is no room for it.")

    monkeypatch.setattr(engine, "submit_load", refuse)
    app.selectbox(key="pick_model").set_value("demo").run()
    app.button(key="pick_load").click().run()
    assert "There is no room for it" in app.error[0].value


def test_adapters_of_the_model_are_offered_and_stand_beside_it(filled: FakeEngine) -> None:
    add_adapter(filled.store.root, "mine")
    place = str(filled.store.root / "results/adapters/mine")
    app = opened(start())
    assert app.selectbox(key="pick_adapter").options[0].startswith("its own")
    app.selectbox(key="pick_adapter").set_value(place).run()
    app.button(key="pick_use").click().run()

    assert app.query_params["lora"] == "mine"
    again = open_page("discover", model="demo", lora="mine")
    again.button(key="find").click().run()
    # The base model is asked as it is, so that its records keep their names.
    assert filled.submitted[-1].model == ModelConfig()
    again.button_group(key="method").set_value("finetune-diff").run()
    assert again.selectbox(key="tuned").value == "mine"
    again.button(key="find").click().run()
    assert filled.submitted[-1].model == ModelConfig(adapter=place)


def test_what_does_not_fit_is_said_in_red(engine: FakeEngine, monkeypatch) -> None:
    small = Memory(is_gpu=True, free=2**30, total=2**31)
    monkeypatch.setattr(free, "memory", lambda _device: small)

    app = opened(start())
    app.selectbox(key="pick_model").set_value("qwen3-14b").run()

    red = [one.value for one in app.markdown if one.value.startswith(":red[")]
    assert len(red) == 1
    # 14.77e9 numbers of two bytes, and a fifth more to work with.
    assert "33.0 GB to load and work, but only 1.0 GB are free on the GPU" in red[0].replace(
        "\\", ""
    )
    assert "14.8 billion parameters · 27.5 GB in bfloat16 · 40 blocks" in said(app)


def test_what_is_loaded_comes_back_before_the_next_is_loaded(
    engine: FakeEngine, folder: Path, monkeypatch
) -> None:
    memory = Memory(is_gpu=False, free=100 * 2**20, total=2**31)
    monkeypatch.setattr(free, "memory", lambda _device: memory)
    card = {"name": str(folder), "title": "other", "dtype": "float32", "device": "cpu"}
    engine.state = EngineStatus(state="ready", model=card)

    other = weighing.weigh(ModelConfig())
    same = weighing.weigh(ModelConfig(model=str(folder)))

    numbers = sum(one.numel() for one in tiny.causal("llama", num_hidden_layers=20).parameters())
    room = f"{100 + 4 * numbers / 2**20:.1f} MB are free on this machine once that is gone."
    assert any(line.endswith(room) for line in other.lines)
    assert "Loading it unloads other." in other.lines
    assert "It is loaded now." in same.lines
    app = start()
    assert "other is loaded: this tab's next job unloads it and loads its own." in said(app)
    assert app.button(key="load_model")


def test_records_of_the_chosen_model_come_first_and_others_are_named(
    filled: FakeEngine, folder: Path
) -> None:
    own = vector_set(_melbo(folder), "cccc00000009")
    model = {"short_name": "other", "fingerprint": "beef", "hidden": 32}
    filled.store.save_vectors(dataclasses.replace(own, model=model))
    app = open_page("discover", model=str(folder))
    assert app.query_params["found"] == "cccc00000009"
    assert open_page("discover").query_params["found"] != "cccc00000009"

    app.switch_page("../pages/curves.py").run()
    assert "Of demo, not of other, which is chosen in this tab." in said(app)
    app.switch_page("../pages/generations.py").run()
    vectors = app.selectbox(key="col_1_vector")
    assert len(vectors.options) == 2
    assert all(one.startswith("MELBO · ") and "demo" not in one for one in vectors.options)


def _melbo(folder: Path):
    from engine.configs.finders import MelboConfig

    return MelboConfig(model=ModelConfig(model=str(folder)), vectors=2)


def test_another_model_s_columns_begin_anew(filled: FakeEngine, folder: Path) -> None:
    app = open_page("generations")
    usual = app.number_input(key="col_1_scale").value
    app.number_input(key="col_1_scale").set_value(7.5).run()

    opened(app, str(folder)).button(key="pick_use").click().run()

    # Vectors of the demo whose width nobody wrote down are offered by its name.
    assert all(one.endswith(" · demo") for one in app.selectbox(key="col_1_vector").options)
    assert app.number_input(key="col_1_scale").value == usual != 7.5


def test_a_running_job_does_not_keep_anyone_from_choosing(
    engine: FakeEngine, folder: Path, monkeypatch
) -> None:
    from dashboard.frame import tray

    monkeypatch.setattr(tray, "is_busy", lambda: True)
    app = opened(start(), str(folder))

    assert "A job is running: loading waits in the queue behind it." in said(app)
    app.button(key="pick_use").click().run()
    assert app.query_params["model"] == str(folder)


def test_a_store_that_nobody_filled_needs_no_recent_models(engine: FakeEngine) -> None:
    (engine.store.root / "results").mkdir(exist_ok=True)
    (engine.store.root / recent.FILE).write_text("[{")
    fill(engine.store)

    app = opened(start())

    assert [one.split(" · ")[0] for one in app.selectbox(key="pick_model").options] == [
        "Built-in demo model", "SmolLM2-135M-Instruct", "Qwen3-14B", "Llama-3.2-3B abliterated",
        "Another one …",
    ]  # fmt: skip
