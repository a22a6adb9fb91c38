"""Pages that ask for the base model, then for its adapters, load the weights once."""

from pathlib import Path

import pytest
from transformers import PreTrainedModel

from dashboard.session import resources
from engine import Engine
from tests import tiny
from tests.engine.test_adapters import lora, write
from tests.pages.conftest import open_page, opened, words


@pytest.fixture
def loads(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Each time that weights are read."""
    found, original = [], PreTrainedModel.from_pretrained.__func__

    def counting(cls, name, *args, **options):
        found.append(str(name))
        return original(cls, name, *args, **options)

    monkeypatch.setattr(PreTrainedModel, "from_pretrained", classmethod(counting))
    return found


@pytest.mark.matrix(keep=0)
def test_grids_of_base_and_adapters_take_turns_on_one_load(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, loads: list[str]
) -> None:
    base = tiny.save_folder(tmp_path / "base", num_hidden_layers=2)
    for name, settings in (("a", lora(r=2)), ("b", lora(r=2, target_modules=["down_proj"]))):
        write(tmp_path / name, base, settings)
    monkeypatch.setenv("VECTORSCOPE_MODEL", str(base))
    monkeypatch.setenv("VECTORSCOPE_ADAPTER", f"one={tmp_path / 'a'},two={tmp_path / 'b'}")
    engine = Engine(tmp_path / "store", keep_jobs=False)
    monkeypatch.setattr(resources, "engine", lambda: engine)
    loads.clear()
    app = opened(open_page("generations"), "sampling")
    app.number_input(key="grid_max_new_tokens").set_value(2)
    app.number_input(key="grid_neutral").set_value(0)
    asked = []

    for weights in ([False], [True], [False, "two"], ["two"], [False], [True, False, "two"]):
        edited = app.session_state["_columns"]
        while len([name for name in edited if name.isdecimal()]) < len(weights):
            app.button(key="add_column").click().run()
        while len([name for name in edited if name.isdecimal()]) > len(weights):
            app.button(key="remove_column").click().run()
        for column, one in enumerate(weights):
            app.selectbox(key=f"col_{column}_adapter").set_value(one)
        app.text_area(key="grid_prompts").set_value(f"Prompt {len(asked)}?").run()
        app.button(key="generate").click().run()
        assert not app.exception
        job = engine.jobs.all()[0]
        assert engine.jobs.wait(job, 60.0)
        assert (job.state, job.error) == ("done", None)
        record = engine.store.load_generation(job.result)
        asked.append([one["adapter"] for one in record.config["configurations"]])
        app.run()
        app.button(key="use_settings").click().run()

    assert asked == [
        [False], [True], [False, "two"], ["two"], [False], ["one", False, "two"],
    ]  # fmt: skip
    assert loads == [str(base)]
    assert "LoRA one" in words(app)
    assert "LoRA two" in words(app)
