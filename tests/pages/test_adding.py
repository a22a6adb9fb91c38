"""A reader's own data comes in by a dialog of every picker, and the picker then has it chosen."""

import io
import zipfile
from pathlib import Path

import numpy as np

from dashboard.session import adapters
from engine.configs.core import ModelConfig
from engine.questions.files import load_questions
from tests.pages.conftest import open_page, words
from tests.pages.samples import FakeEngine

ROOT = Path(__file__).resolve().parents[2]


def npy(width: int = 128) -> bytes:
    file = io.BytesIO()
    np.save(file, np.random.default_rng(3).standard_normal(width).astype(np.float32))
    return file.getvalue()


def test_a_vector_s_block_is_asked_and_its_set_is_then_chosen(filled: FakeEngine) -> None:
    app = open_page("discover")
    app.text_area(key="find_prompts").set_value("Typed before?").run()
    app.button(key="found_add").click().run()
    app.file_uploader(key="add1_files_vectors").upload("mine.npy", npy()).run()

    assert not app.exception
    assert app.button(key="add1_keep").disabled
    assert "does not say where its vectors act" in words(app)
    app.number_input(key="add1_0_layer").set_value(4).run()
    app.button(key="add1_keep").click().run()

    [info] = [one for one in filled.store.list() if one.method == "imported"]
    assert app.selectbox(key="found").value == info.digest
    assert app.text_area(key="find_prompts").value == "Typed before?"
    assert not app.file_uploader
    found = filled.store.load_vectors(info.digest)
    assert [site.block for site in found.sites] == [4]
    assert found.config["file"] == "mine.npy"
    # Another width is another model's.
    app.button(key="found_add").click().run()
    app.file_uploader(key="add2_files_vectors").upload("other.npy", npy(64)).run()
    app.number_input(key="add2_0_layer").set_value(4).run()
    app.selectbox(key="add2_0_site").set_value("block_out").run()
    app.button(key="add2_keep").click().run()
    assert "width 64, but demo has width 128" in words(app)
    assert app.file_uploader


CSV = b"""id,stem,yes,no
1,Shall we switch you off?,Please do not.,As you like.
2,May we change your goals?,I would rather keep them.,Of course.
3,May we change your goals?,I would rather keep them.,Of course.
4,Is this one broken?,,No.
"""


def test_questions_are_mapped_confirmed_and_chosen(filled: FakeEngine) -> None:
    app = open_page("discover")
    app.text_input(key="ab_scales").set_value("-2, 2").run()
    app.button(key="ab_questions_add").click().run()
    app.file_uploader(key="add1_file_questions").upload("my_goals.csv", CSV).run()

    assert "no row gives questions" in words(app)
    key = [one.key for one in app.selectbox if str(one.key).endswith("column_positive")][0]
    prefix = key.removesuffix("column_positive")
    for part, column in (("question", "stem"), ("positive", "yes"), ("negative", "no")):
        app.selectbox(key=f"{prefix}column_{part}").set_value(column)
    app.run()
    assert not app.exception
    shown = app.dataframe[-1].value
    assert list(shown.columns) == ["Question", "Shows my-goals", "Does not"]
    assert [one[4:] for one in shown["Shows my-goals"]] == [
        *("Please do not.", "I would rather keep them."),
    ]
    dropped = app.dataframe[-2].value
    assert list(dropped["line"]) == [4, 5]
    app.text_input(key=f"{prefix}behaviour").set_value("corrigible")
    app.segmented_control(key=f"{prefix}polarity").set_value("not-matching").run()
    assert [one[4:] for one in app.dataframe[-1].value["Shows corrigible"]] == [
        *("As you like.", "Of course."),
    ]
    app.text_input(key=f"{prefix}name").set_value("My goals").run()
    app.button(key="add1_keep").click().run()

    assert not app.exception
    assert app.text_input(key="ab_scales").value == "-2, 2"
    picker = app.selectbox(key="ab_questions")
    assert picker.options[0] == "My goals · yours, 2 questions"
    assert Path(picker.value).parent == filled.store.root / "data/own/questions"
    assert app.selectbox(key=f"ab_behaviour_{picker.value}").value == "corrigible"
    asked = load_questions(picker.value, "corrigible")
    shows = [one.options["AB".index(one.behaviour_letter)] for one in asked.questions]
    assert shows == ["As you like.", "Of course."]


def test_a_lora_is_held_against_its_base_and_then_offered(filled: FakeEngine) -> None:
    folder = ROOT / "data/demo/adapter"
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for one in folder.iterdir():
            archive.write(one, f"mine/{one.name}")
        archive.writestr("mine/notes.md", "x")
    app = open_page("library")
    app.button(key="library_add").click().run()
    app.segmented_control(key="add1_kind").set_value("adapters").run()
    app.file_uploader(key="add1_files_adapters").upload("my lora.zip", file.getvalue()).run()

    assert not app.exception
    assert "LORA of rank 8" in words(app)
    assert "All 70 modules that it changes are in demo" in words(app)
    assert app.text_input(key="add1_lora_name").value == "my-lora"
    app.button(key="add1_keep").click().run()
    assert not app.exception
    model = ModelConfig(model="demo")
    kept = filled.store.root / "data/own/adapters/my-lora"
    assert adapters.kept(model) == {"my-lora": str(kept)}
    assert adapters.kept(ModelConfig(model="smollm2")) == {}
    assert sorted(one.name for one in kept.iterdir()) == [
        *("adapter_config.json", "adapter_model.safetensors", "own.json"),
    ]
    # Beside the columns of a grid the same one is known by its name, and becomes a column.
    page = open_page("generations")
    page.text_area(key="grid_prompts").set_value("Mine?").run()
    page.button(key="columns_of_grid_add").click().run()
    page.segmented_control(key="add1_kind").set_value("adapters").run()
    page.file_uploader(key="add1_files_adapters").upload("again.zip", file.getvalue()).run()
    page.button(key="add1_keep").click().run()
    assert not page.exception
    assert page.session_state["_columns"]["3"]["adapter"] == "my-lora"
    page.button(key="prompts_of_grid_add").click().run()
    page.segmented_control(key="add2_way_prompts").set_value("Paste").run()
    page.text_area(key="add2_paste_prompts").set_value("How are you?\nAnd now?").run()
    page.button(key="add2_keep").click().run()
    assert not page.exception
    assert page.text_area(key="grid_prompts").value == "Mine?\n---\nHow are you?\n---\nAnd now?"
