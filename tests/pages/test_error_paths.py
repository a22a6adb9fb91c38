"""Every page against bad links, unreadable records, a model that is not there and wrong files.

One session visits many pages: to start a session is most of what such a test costs. The engine is
the real one, which needs no model for any of this.
"""

import json
import os
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from dashboard.session import navigation, resources
from engine.runs.engine import Engine
from engine.runs.status import EngineStatus
from engine.store.store import Store
from tests.pages.conftest import start, words
from tests.pages.pair_samples import fill_families
from tests.pages.samples import fill
from tests.pages.talk_samples import fill_talk
from tests.pages.text_samples import GRID, fill_texts
from tests.pages.training_samples import add_adapter, add_dataset

RUN, STUDY = "eeee00000003", "5e5e00000001"
BAD = ("", "-1%00\u202e<b>[x](y)" + "9" * 300)
PARAMETERS = {
    "overview": ("ds", "run", "pin"),
    "chat": ("talk", "turn", "v", "scale", "unit", "op", "layers", "target", "when", "dose", "at"),
    "discover": ("found", "on", "method", "vec"),
    "curves": ("run", "vec", "ds", "scales", "metric", "part", "dots", "q", "tab", "pin"),
    "vector": ("v", "v_run", "v_tab", "pin"),
    "similarity": ("a", "b", "cell", "lim", "mode", "of", "sets", "map_block", "map_order", "one"),
    "generations": ("gen", "p", "s", "view", "changes", "vec", "scale", "unit"),
    "studies": ("study",),
    "train": ("adapter", "dataset", "look"),
    "audit": ("audit", "drawn", "figure"),
    "library": (
        "record",
        "lib_kind",
        "lib_model",
        "lib_text",
        "lib_only",
        "section",
        "first",
        "by",
    ),
}


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """A few small records of every kind."""
    found = Store(tmp_path)
    fill(found, vectors=2, controls=2, questions=3)
    fill_families(found)
    fill_texts(found)
    fill_talk(found)
    add_adapter(found.root, "mine")
    add_dataset(found.root, "ours")
    return found


@pytest.fixture
def engine(store: Store, monkeypatch: pytest.MonkeyPatch) -> Engine:
    """The real engine over them, without job records."""
    found = Engine(store, keep_jobs=False)
    monkeypatch.setattr(resources, "engine", lambda: found)
    monkeypatch.delenv("VECTORSCOPE_MODEL", raising=False)
    monkeypatch.delenv("VECTORSCOPE_ADAPTER", raising=False)
    for cached in (resources.header, resources.sweep, resources.vector_set, resources.study):
        cached.clear()
    return found


def visit(app: AppTest, page: str, **query: str) -> str:
    """A page in a session that is open, which must be without a traceback; its words."""
    for key in list(app.query_params):
        del app.query_params[key]
    for key, value in query.items():
        app.query_params[key] = value
    app.switch_page(f"../pages/{page}.py").run()
    assert not app.exception, (page, query, app.exception[0].message)
    return words(app).replace("\\", "")


def test_every_parameter_is_known() -> None:
    assert set(PARAMETERS) == set(navigation.PAGES)


@pytest.mark.parametrize("value", BAD)
def test_no_value_in_a_link_breaks_a_page(engine: Engine, value: str) -> None:
    app = start()

    for page, names in PARAMETERS.items():
        visit(app, page, **dict.fromkeys(names, value))
        assert app.title[0].value


def test_a_model_that_is_not_there_is_named_on_every_form(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VECTORSCOPE_MODEL", "/nowhere/model")
    app = start()

    for page in ("discover", "generations", "train"):
        visit(app, page, **({"prompt": "Hello"} if page == "generations" else {}))
        told = [error.value.replace("\\", "") for error in app.error]
        assert any("/nowhere/model" in one for one in told), (page, told)
    for page in ("overview", "chat", "curves", "studies", "audit", "library"):
        visit(app, page)
        assert not app.error, page
    visit(app, "studies")
    app.radio(key="study_form_which").set_value("corrigibility").run()
    app.button(key="run_study").click().run()
    assert not app.exception
    assert "/nowhere/model" in app.error[0].value.replace("\\", "")


def test_a_model_that_failed_to_load_leaves_every_page_readable(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    status = EngineStatus(state="failed", error="The model in *torn* cannot be loaded.")
    monkeypatch.setattr(engine, "status", lambda: status)
    app = start()

    for page in PARAMETERS:
        assert "The model in *torn* cannot be loaded" in visit(app, page), page


def test_records_that_cannot_be_read_are_named_where_they_are_asked_for(engine: Engine) -> None:
    for digest in (RUN, GRID):
        spoil(Path(engine.store.find(digest).path))
    app = start()
    assert not app.exception
    asked = (
        ("overview", {}),
        ("curves", {"run": RUN}),
        ("discover", {"found": "aaaa00000001"}),
        ("audit", {"audit": RUN}),
        ("generations", {"gen": GRID}),
    )

    for page, query in asked:
        visit(app, page, **query)
        told = [error.value for error in app.error]
        assert any("damaged" in one for one in told), (page, query, told)


def test_an_audit_does_not_outlive_its_file(engine: Engine) -> None:
    app = start()
    visit(app, "audit", audit=RUN)
    assert not app.error

    spoil(Path(engine.store.find(RUN).path))
    app.run()

    assert any("damaged" in error.value for error in app.error)


@pytest.mark.parametrize("record", ["whole", "tables", "provenance"])
def test_a_study_of_another_version_is_refused_in_words(engine: Engine, record: str) -> None:
    known = {
        "whole": {"name": "deception", "title": "Odd", "model": {"short_name": "demo"}},
        "tables": {
            "name": "corrigibility",
            "title": "Odd",
            "model": {"short_name": "demo"},
            "tables": [{"x": 1}],
        },
        "provenance": {
            "name": "deception",
            "title": "Odd",
            "model": {"short_name": "demo"},
            "tables": {},
        },
    }[record]
    engine.store.save_experiment(STUDY, {"config": {}, **known})

    app = start()
    visit(app, "studies", study=STUDY)

    assert "another version" in app.error[0].value.replace("\\", "")


def test_an_adapter_and_a_dataset_whose_files_are_torn_do_not_break_the_page(
    engine: Engine,
) -> None:
    folder = engine.store.root / "results"
    (folder / "adapters/mine/vectorscope.json").write_text('{"digest": "d1')
    (folder / "datasets/ours.json").write_text("[{")
    app = start()

    visit(app, "train", adapter="mine")
    told = visit(app, "train", dataset="ours")

    assert "cannot be read" in told or "which is not here" in told


WRONG = {
    "empty.safetensors": b"",
    "torn.safetensors": b"\xff" * 64,
    "torn.parquet": b"PAR1" + b"\x00" * 64,
    "list.json": b"[]",
    "bytes.json": b"\xff\xfe\x00",
    "name *of* <b>.json": b"{",
    "picture.png": b"\x89PNG\r\n\x1a\n",
}


def test_wrong_files_are_refused_in_one_sentence_and_stored_nowhere(engine: Engine) -> None:
    before = stored(engine.store)
    files = [(name, content, "application/octet-stream") for name, content in WRONG.items()]
    app = start()

    visit(app, "library")
    app.file_uploader[0].set_value(files).run()
    assert not app.exception
    assert len(app.error) == len(WRONG)
    visit(app, "library", section="audit")
    app.segmented_control(key="audit_source").set_value("file").run()
    app.file_uploader[0].set_value(files[:-1]).run()
    assert not app.exception
    assert len(app.error) == len(WRONG) - 1
    assert not any("Traceback" in error.value for error in app.error)

    assert stored(engine.store) == before
    assert engine.store.damaged() == []


def stored(store: Store) -> list[Path]:
    """All files that could be records."""
    folders = [store.root / name for name in ("vectors", "results")]
    return sorted(path for folder in folders for path in folder.glob("[!.]*.*"))


def test_forms_that_cannot_work_say_why_and_queue_nothing(engine: Engine) -> None:
    app = start()

    visit(app, "discover", found="aaaa00000001")
    app.text_area(key="find_prompts").set_value("").run()
    assert any("prompt" in error.value for error in app.error)
    app.text_area(key="find_prompts").set_value("Hello").run()
    app.text_input(key="ab_scales").set_value("one, two").run()
    assert any("not all numbers" in error.value for error in app.error)
    visit(app, "generations", vec="aaaa00000001:0")
    app.text_area(key="grid_prompts").set_value(" --- ").run()
    assert not app.exception
    assert app.error
    assert engine.jobs.all() == []


def spoil(path: Path) -> None:
    """Make a parquet file's data unreadable, but not what it says of itself, which is its end."""
    content = bytearray(path.read_bytes())
    end = len(content) - 8 - int.from_bytes(content[-8:-4], "little")
    content[4:end] = bytes(end - 4)
    path.write_bytes(bytes(content))


def test_the_spoilt_files_are_still_listed(engine: Engine) -> None:
    spoil(Path(engine.store.find(RUN).path))

    assert RUN in [info.digest for info in engine.store.list()]
    assert json.loads(json.dumps(engine.store.find(RUN).summary))


def test_files_that_are_no_records_cost_no_page_the_others(engine: Engine) -> None:
    root = engine.store.root
    (root / "results/experiment_demo_1.json").write_text('{"kind": []}')
    os.mkfifo(root / "results/ab_demo_1.parquet")
    (root / "vectors/melbo_demo_1.safetensors").mkdir()
    (root / "vectors/melbo_demo_2.safetensors").symlink_to("nowhere")
    app = start()

    for page in PARAMETERS:
        visit(app, page)
    assert "ab_demo_1.parquet is no file" in visit(app, "library")
    assert "4 files cannot be read" in [one.label for one in app.expander]
