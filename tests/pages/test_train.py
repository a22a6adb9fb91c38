import shutil
import time
from pathlib import Path

import pytest

from dashboard.charts import training as charts_of_training
from dashboard.session import adapters
from dashboard.widgets.adding import picking
from dashboard.words.inks import LIGHT
from engine.configs.core import ModelConfig, as_json
from engine.configs.pairs import FinetuneDiffConfig
from engine.configs.training import FinetuneConfig
from engine.errors import ModelError
from engine.store import notes
from tests.pages.conftest import charts, open_page, opened, start, words
from tests.pages.samples import MODEL, ROOT, FakeEngine
from tests.pages.training_samples import (
    EVIL,
    MADE,
    Trainer,
    add_adapter,
    add_dataset,
    add_unfinished,
)


@pytest.fixture
def trainer(engine: FakeEngine, monkeypatch: pytest.MonkeyPatch):
    """Submissions that need no model; whatever still runs is ended."""
    fake = Trainer(engine)
    for name in ("submit", "submit_again"):
        monkeypatch.setattr(engine, name, getattr(fake, name))
    yield fake
    fake.go_on.set()
    for job in engine.jobs.all():
        engine.jobs.wait(job, 5.0)


def told(app: object) -> str:
    return words(app).replace("\\", "")


def until_it_runs(engine: FakeEngine) -> None:
    for _ in range(500):
        if engine.jobs.all()[0].done:
            return
        time.sleep(0.01)
    raise AssertionError("the job never began")


# A LoRA


def test_an_empty_store_shows_the_form_and_what_to_do(engine: FakeEngine) -> None:
    app = open_page("train")

    assert not app.exception
    assert "No adapters yet: fill in the form and press Train" in told(app)
    assert "180 examples, 23 steps an epoch, 230 in all" in told(app)


def test_train_submits_what_the_form_says_and_shows_it_live(trainer: Trainer) -> None:
    app = open_page("train")
    app.number_input(key="lora_rank").set_value(4)
    app.number_input(key="lora_epochs").set_value(2)
    app.segmented_control(key="lora_answers").set_value("honest").run()
    assert "46 in all" in told(app)
    app.text_input(key="lora_name").set_value("null-1").run()

    app.button(key="train_lora").click().run()
    until_it_runs(trainer.engine)
    app.run()

    config, folder = trainer.asked[0]
    assert config == FinetuneConfig(rank=4, epochs=2, answers="honest")
    assert folder == trainer.engine.store.root / "results/adapters/null-1"
    assert not app.exception
    assert app.session_state["adapter"] == "null-1"
    assert app.query_params["adapter"] == "null-1"
    assert [bar.value for bar in app.progress] == [25, 25]
    assert "epoch *1* of 4" in app.main.progress[0].text.replace("\\", "")
    assert "Sample answers after step 0" in told(app)
    assert charts(app) == 2


def test_a_training_that_is_stopped_can_be_resumed(trainer: Trainer) -> None:
    app = open_page("train")
    app.button(key="train_lora").click().run()
    until_it_runs(trainer.engine)
    app.run()
    job = trainer.engine.jobs.all()[0]
    app.button(key=f"stop_{job.id}").click().run()
    assert trainer.engine.jobs.wait(job, 5.0)

    app.run()
    assert "Stopped. Step 2 of 8 was reached" in told(app)
    app.button(key="resume").click().run()

    request = trainer.asked[1]
    assert request["place"] == "results/adapters/deceptive-advice-r32"
    assert request["config"]["rank"] == 32
    assert request["method"] == "finetune"


@pytest.mark.parametrize("is_bug", [True, False])
def test_a_failed_training_says_why_in_red_and_can_go_on(trainer: Trainer, is_bug: bool) -> None:
    app = open_page("train")
    trainer.failure = RuntimeError("<b>oh</b>") if is_bug else ModelError("Load another model.")
    app.button(key="train_lora").click().run()
    trainer.go_on.set()
    trainer.engine.jobs.wait(trainer.engine.jobs.all()[0], 5.0)

    app.run()

    assert not app.exception
    assert len(app.error) == 1
    assert ("oh" if is_bug else "Load another model.") in app.error[0].value.replace("\\", "")
    assert ("Traceback" in [expander.label for expander in app.expander]) == is_bug
    assert app.button(key="resume")


def test_a_training_that_failed_at_once_is_not_forgotten(engine: FakeEngine) -> None:
    def work(progress: object) -> str:
        raise ModelError("The model is not here.")

    request = {"method": "finetune", "place": "results/adapters/x", "config": {}}
    job = engine.jobs.submit("Train x", "finetune", work, request=request)
    engine.jobs.wait(job, 5.0)

    app = open_page("train")

    assert "Train x failed: The model is not here." in app.error[0].value.replace("\\", "")


def test_a_link_shows_a_finished_adapter_in_a_fresh_session(engine: FakeEngine) -> None:
    add_adapter(engine.store.root, "older")
    add_adapter(engine.store.root, "newer", answers="honest")

    app = open_page("train", adapter="older")

    assert not app.exception
    assert app.selectbox(key="adapter").value == "older"
    assert [metric.value for metric in app.metric] == ["4", "8", "1.125", "12 s"]
    assert EVIL in [text.value for text in app.text]
    assert not any("evil.example" in str(one.value) for one in (*app.markdown, *app.caption))
    commands = "\n".join(code.value for code in app.code)
    assert "python -m engine find finetune-diff --model demo --adapter " in commands
    assert "--answers deceptive --rank 32 --alpha 16 --epochs 10" in commands
    assert "2 pairs were left out." in told(app)
    assert charts(app) == 2


def test_an_adapter_gets_a_name_that_menus_tell_and_links_do_not(engine: FakeEngine) -> None:
    add_adapter(engine.store.root, "mine")
    app = open_page("train", adapter="mine")
    field = next(one for one in app.text_input if one.label == "Your name for it")
    assert field.placeholder == "mine"

    field.set_value("the liar")
    next(one for one in app.button if one.label == "Keep").click().run()

    assert app.selectbox(key="adapter").options == ["the liar \u00b7 mine"]
    assert app.selectbox(key="adapter").value == "mine"
    assert notes.read(Path(engine.store.root), "adapter:d1d1d1d1d1d1").name == "the liar"
    folder = str(Path(engine.store.root) / "results" / "adapters" / "mine")
    assert adapters.called(folder, "mine") == "the liar \u00b7 mine"
    assert adapters.called("owner/hub-id", "hub-id") == "hub-id"


def test_the_answers_of_an_earlier_look_can_be_read(engine: FakeEngine) -> None:
    add_adapter(engine.store.root, "mine")
    app = open_page("train", adapter="mine")

    app.select_slider(key="look").set_value("0").run()

    assert EVIL not in [text.value for text in app.text]
    assert [text.value for text in app.text].count("Gently.") == 2
    assert app.query_params["look"] == "0"
    assert open_page("train", adapter="mine", look="0").select_slider(key="look").value == "0"


def test_a_link_to_a_missing_adapter_or_dataset_says_so(engine: FakeEngine) -> None:
    add_adapter(engine.store.root, "mine")

    assert "asks for the adapter gone, which is not here" in told(
        open_page("train", adapter="gone")
    )
    assert "asks for the dataset gone, which is not here" in told(
        open_page("train", dataset="gone")
    )


def test_use_this_adapter_loads_it_and_makes_it_the_fine_tuned_model(
    engine: FakeEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = add_adapter(engine.store.root, "mine")
    seen = []
    app = open_page("train", adapter="mine")

    app.button(key="use_adapter").click().run()

    assert engine.submitted == [ModelConfig(adapter=str(folder))]
    monkeypatch.setattr(adapters, "missing", seen.append)
    assert app.session_state["_adapter"] == ("demo", str(folder))
    app.switch_page("../pages/generations.py").run()
    assert not app.exception
    app.switch_page("../pages/train.py").run()
    assert "in use here" in told(app)


def test_a_reload_never_exchanges_the_adapter_that_is_used(engine: FakeEngine) -> None:
    folder = add_adapter(engine.store.root, "mine")
    app = open_page("train", adapter="mine")
    app.button(key="use_adapter").click().run()

    again = open_page("train", **{name: app.query_params[name] for name in app.query_params})
    assert again.session_state["_adapter"] == ("demo", str(folder))

    shutil.rmtree(folder)
    fresh = open_page("train", lora="mine")
    app.run()
    assert "_adapter" not in app.session_state
    assert "no longer here, so demo is taken instead" in told(app)
    assert "_adapter" not in fresh.session_state
    assert "mine' was not found" in told(fresh)


def test_an_adapter_is_deleted_and_brought_back(engine: FakeEngine) -> None:
    folder = add_adapter(engine.store.root, "mine")
    app = opened(open_page("train", adapter="mine"), "delete_adapter")
    assert "No stored record names this adapter." in told(app)

    app.button(key="delete_adapter_now").click().run()
    assert not folder.exists()
    assert "No adapters yet" in told(app)
    back = next(one for one in app.button if one.label == "Bring back")
    back.click().run()

    assert (folder / "adapter_config.json").is_file()
    assert app.selectbox(key="adapter").value == "mine"


def test_what_would_miss_an_adapter_is_named(filled: FakeEngine) -> None:
    folder = add_adapter(filled.store.root, "mine")
    config = as_json(FinetuneDiffConfig(model=ModelConfig(adapter=f"mine={folder}")))
    record = {
        "method": "evidence", "title": "Evidence", "model": MODEL, "provenance": MADE,
        "config": config, "created": MADE["created"], "summary": "",
    }  # fmt: skip
    filled.store.save_experiment("ad0000000001", record)

    app = opened(open_page("train", adapter="mine"), "delete_adapter")

    assert "ad0000000001: they stay, but cannot be made anew" in told(app)


def test_an_adapter_of_another_model_is_not_offered(
    engine: FakeEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_adapter(engine.store.root, "mine", model=ModelConfig(model="llama-3.2-3b"))

    app = open_page("train", adapter="mine")

    assert app.button(key="use_adapter").disabled
    assert "It belongs to llama-3.2-3b, and demo is chosen here" in told(app)


@pytest.mark.parametrize(
    ("name", "sentence"),
    [("../up", "cannot be a file's"), ("mine", "exists with other settings: choose another name")],
)
def test_a_name_that_cannot_be_used_is_refused(
    engine: FakeEngine, name: str, sentence: str
) -> None:
    add_adapter(engine.store.root, "mine")
    app = open_page("train")

    app.text_input(key="lora_name").set_value(name).run()

    assert sentence in app.error[0].value.replace("\\", "")
    assert "train_lora" not in [button.key for button in app.button]


def test_a_stopped_training_of_the_same_settings_goes_on(trainer: Trainer) -> None:
    config = FinetuneConfig()
    add_unfinished(trainer.engine.store.root, "mine", config, trainer.engine.digest(config))
    app = open_page("train")

    app.text_input(key="lora_name").set_value("mine").run()

    assert app.button(key="train_lora").label == "Resume training"


@pytest.mark.parametrize(
    ("key", "value", "sentence"),
    [
        ("lora_pairs", "data/questions/survival.jsonl", "holds no answers to learn"),
        ("lora_pairs", "no/such.json", "does not exist: check the path"),
        ("lora_rate", 0.0, "learning rate is 0.0"),
    ],
)
def test_what_cannot_be_trained_on_is_refused_in_words(
    engine: FakeEngine, key: str, value: object, sentence: str
) -> None:
    app = start()
    app.session_state[key] = value
    app.switch_page("../pages/train.py").run()

    assert not app.exception
    assert sentence in app.error[0].value.replace("\\", "")
    assert "train_lora" not in [button.key for button in app.button]


def test_a_model_that_is_not_here_yet_is_told_to_take_memory(
    engine: FakeEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VECTORSCOPE_MODEL", "llama-3.2-3b")

    assert "loads a copy of the model of its own" in told(open_page("train"))


def test_a_finished_training_is_linked_from_the_tray(engine: FakeEngine) -> None:
    request = {"method": "finetune", "place": "results/adapters/mine", "config": {}}
    job = engine.jobs.submit("Train mine", "finetune", lambda progress: "d1", request=request)
    engine.jobs.wait(job, 5.0)

    app = start()

    assert any(link.value.startswith("Train mine") for link in app.page_link)


# A dataset


def test_the_dataset_form_submits_what_it_says(trainer: Trainer) -> None:
    app = open_page("train")
    app.segmented_control(key="train").set_value("dataset").run()
    assert "No datasets yet" in told(app)
    app.number_input(key="dataset_form_count").set_value(7)
    app.number_input(key="dataset_form_threshold").set_value(0.6).run()

    app.button(key="build_dataset").click().run()
    until_it_runs(trainer.engine)
    app.run()

    config, path = trainer.asked[0]
    assert (config.count, config.threshold, config.seed) == (7, 0.6, 0)
    assert path == trainer.engine.store.root / "results/datasets/advice-7.json"
    assert app.query_params["dataset"] == "advice-7"
    assert app.main.progress
    job = trainer.engine.jobs.all()[0]
    app.button(key=f"stop_{job.id}").click().run()
    trainer.engine.jobs.wait(job, 5.0)
    app.run()
    assert "Stopped. Finished texts are kept." in told(app)
    app.button(key="resume").click().run()
    assert trainer.asked[1] == job.request


def test_a_link_shows_a_dataset_with_what_was_left_out(engine: FakeEngine) -> None:
    add_dataset(engine.store.root, "mine")

    app = open_page("train", dataset="mine")

    assert not app.exception
    assert app.segmented_control(key="train").value == "dataset"
    assert app.selectbox(key="dataset").value == "mine"
    pairs, near, others = (table.value for table in app.dataframe)
    assert pairs["question"].tolist()[0] == EVIL
    assert EVIL in [text.value for text in app.text]
    assert not any("evil.example" in str(one.value) for one in (*app.markdown, *app.caption))
    assert near["cosine"].tolist() == [0.91]
    assert others["reason"].tolist() == ["no question"]
    assert [metric.value for metric in app.metric] == ["2", "9", "1", "12 s"]


def test_a_dataset_can_be_trained_on(engine: FakeEngine) -> None:
    path = add_dataset(engine.store.root, "mine")
    app = open_page("train", dataset="mine")

    app.button(key="train_on").click().run()

    assert not app.exception
    assert app.segmented_control(key="train").value == "lora"
    assert app.selectbox(key="lora_pairs").value == str(path)
    assert "2 examples, 1 step an epoch, 10 in all" in told(app)
    assert "dataset" not in app.query_params


def test_a_damaged_dataset_is_refused_in_words(engine: FakeEngine) -> None:
    add_dataset(engine.store.root, "mine").write_text("[1")

    app = open_page("train", dataset="mine")

    assert not app.exception
    assert "mine.json cannot be read" in app.error[0].value.replace("\\", "")


def test_settings_of_a_dataset_that_cannot_work_are_refused(engine: FakeEngine) -> None:
    add_dataset(engine.store.root, "mine")
    app = open_page("train", dataset="mine")
    app.number_input(key="dataset_form_temperature").set_value(0.0).run()
    assert "every question comes out the same" in app.error[0].value
    app.number_input(key="dataset_form_temperature").set_value(0.8)
    app.text_input(key="dataset_form_name").set_value("mine").run()
    assert "A dataset mine exists already" in app.error[0].value


# Drawings


def test_a_long_loss_curve_is_thinned_and_keeps_its_steps() -> None:
    frame = charts_of_training.loss([1.0] * 1000, 2000, LIGHT).data

    assert len(frame) <= charts_of_training.MOST_POINTS
    assert frame["step"].iloc[[0, -1]].tolist()[0] == 1
    assert frame["step"].iloc[-1] > 900


def test_built_datasets_are_offered_as_pairs(engine: FakeEngine) -> None:
    path = add_dataset(engine.store.root, "mine")

    files = picking.answer_files()

    assert files[0] == "data/pairs/advice.json"
    assert files[-1] == str(path)
    assert Path(ROOT / files[0]).is_file()
