import dataclasses
import html
import json
import re
from pathlib import Path

import pytest

from dashboard.forms import configurations
from dashboard.frames import grids
from dashboard.session import adapters, look, state
from dashboard.views.generations import columns, filters, history, labels, reading
from dashboard.views.generations.texts import View
from dashboard.widgets import sheets
from dashboard.words import differences
from engine.configs.core import STUDY_PROMPT, STUDY_SYSTEM, ModelConfig
from engine.configs.grids import GenerateConfig
from engine.errors import ConfigError
from engine.questions.rubrics import load_rubric
from engine.statistics.agreement import figures
from engine.store import notes
from tests import tiny
from tests.pages.conftest import open_page, opened, put_in, words
from tests.pages.pair_samples import CONTRASTIVE, FINETUNE, fill_families
from tests.pages.text_samples import (
    EVIL,
    GRID,
    SWEEP,
    TextEngine,
    config,
    fill_texts,
    generation,
)
from tests.pages.training_samples import add_adapter


@pytest.fixture
def engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> TextEngine:
    """An engine over an empty store, in place of the process's own; the demo has an adapter."""
    fake = TextEngine(tmp_path)
    return put_in(fake, monkeypatch, has_adapter=True)


@pytest.fixture
def vectors(engine: TextEngine) -> TextEngine:
    """The same over vectors of both families."""
    fill_families(engine.store)
    return engine


@pytest.fixture
def texts(vectors: TextEngine) -> TextEngine:
    """The same with stored grids."""
    fill_texts(vectors.store)
    return vectors


def told(app: object) -> str:
    return words(app).replace("\\", "")


def wait(engine: TextEngine) -> None:
    assert engine.jobs.wait(engine.jobs.all()[0], 5.0)


# The form


def test_an_empty_store_offers_the_unsteered_models(engine: TextEngine) -> None:
    app = open_page("generations")

    assert not app.exception
    assert "No vectors are stored yet" in words(app)
    app.button(key="generate").click().run()
    asked = engine.submitted[0]
    assert [one.name for one in asked.configurations] == ["base", "fine-tuned"]
    assert asked.prompts == (STUDY_PROMPT,)


def test_without_an_adapter_the_form_says_so(
    engine: TextEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(adapters, "tuned", lambda model: None)

    app = open_page("generations")

    assert "no fine-tuned model" in told(app)
    app.button(key="generate").click().run()
    assert [one.name for one in engine.submitted[0].configurations] == ["base"]


def test_the_usual_columns_are_base_plus_and_fine_tuned_minus(vectors: TextEngine) -> None:
    app = open_page("generations")
    app.button(key="generate").click().run()

    assert not app.exception
    asked = vectors.submitted[0]
    assert [one.name for one in asked.configurations] == [
        "base",
        "base + contrastive_02, 1× residual norm",
        "fine-tuned \u2212 finetune-diff_02, 1× residual norm",
    ]
    assert asked.model == ModelConfig(adapter="demo")
    assert asked.configurations[1].blend[0].digest == CONTRASTIVE
    assert asked.configurations[2].blend[0].digest == FINETUNE
    assert asked.configurations[2].scale == -1.0


def test_a_link_fills_the_form(texts: TextEngine) -> None:
    app = open_page("generations", vec=f"{CONTRASTIVE}:1", scale="-2.5", prompt="Line 1\nLine 2")

    assert not app.exception
    app.button(key="generate").click().run()
    asked = texts.submitted[0]
    assert asked.prompts == ("Line 1\nLine 2",)
    assert asked.configurations[1].blend[0].index == 1
    assert asked.configurations[1].scale == -2.5
    assert asked.configurations[2].scale == 2.5
    assert app.query_params["gen"] == texts.digest(asked)
    assert "vec" not in app.query_params


def test_several_prompts_are_parted_by_dashes(engine: TextEngine) -> None:
    app = open_page("generations")

    app.text_area(key="grid_prompts").set_value("One\n---\nTwo\nlines").run()
    app.button(key="generate").click().run()

    assert engine.submitted[0].prompts == ("One", "Two\nlines")


def test_columns_can_be_added_and_edited(vectors: TextEngine) -> None:
    app = open_page("generations")

    app.button(key="add_column").click().run()
    opened(app, "further_3")
    app.number_input(key="col_3_scale").set_value(0.5)
    app.selectbox(key="col_3_operation").set_value("ablate")
    app.text_input(key="col_3_layers").set_value("all").run()
    app.button(key="generate").click().run()

    last = vectors.submitted[0].configurations[-1]
    assert last.operation == "ablate"
    assert last.layers == "all"
    assert last.scale == 0.5
    assert last.name == "fine-tuned, finetune-diff_02, ablate +0.5"


def test_columns_may_ask_several_adapters(engine: TextEngine) -> None:
    mine = str(add_adapter(engine.store.root, "mine"))
    add_adapter(engine.store.root, "elsewhere", model=ModelConfig(model="llama-3.2-3b"))
    app = open_page("generations")

    choice = app.selectbox(key="col_0_adapter")
    assert choice.options == ["base", "fine-tuned: demo", "mine"]
    choice.set_value("mine").run()
    app.button(key="generate").click().run()
    wait(engine)
    app.run()
    app.button(key="use_settings").click().run()
    app.selectbox(key="col_1_adapter").set_value(False).run()
    app.button(key="generate").click().run()

    assert not app.exception
    both, one = engine.submitted
    assert both.model.adapters == {"mine": mine, "demo": "demo"}
    assert [(c.name, c.adapter) for c in both.configurations] == [
        ("mine", "mine"), ("fine-tuned", "demo"),
    ]  # fmt: skip
    assert one.model.adapters == {"mine": mine}
    assert [c.adapter for c in one.configurations] == ["mine", False]


def test_settings_of_a_grid_bring_its_own_adapters(texts: TextEngine, monkeypatch) -> None:
    monkeypatch.setattr(adapters, "tuned", lambda model: ModelConfig(adapter="/of/mine"))
    app = open_page("generations", gen=GRID)

    app.button(key="use_settings").click().run()
    app.button(key="generate").click().run()

    asked = texts.submitted[0]
    assert asked.model.adapters == {"demo": "demo"}
    assert [bool(c.adapter) for c in asked.configurations] == [False, False, True]

    # Where it is gone by then, the form shows the base model instead.
    app.session_state["gen"] = None
    app.session_state["_composing"] = True
    del app.session_state["_taken_adapters"]
    app.run()
    assert app.segmented_control(key="col_2_adapter").value is False


def test_a_dashboard_may_start_with_several_adapters(monkeypatch: pytest.MonkeyPatch) -> None:
    def started(text: str) -> list[str]:
        monkeypatch.setenv("VECTORSCOPE_ADAPTER", text)
        return state.started_with()

    assert started("one=/a, two=user/b") == ["one=/a", "two=user/b"]
    assert started("/runs/a=1,b=2/x") == ["/runs/a=1,b=2/x"]
    assert started(" ") == []
    assert started("one=/a") == ["one=/a"]


def test_a_scale_sweep_has_one_configuration_a_scale(vectors: TextEngine) -> None:
    app = open_page("generations")

    app.segmented_control(key="grid_kind").set_value("Scale sweep").run()
    app.text_input(key="col_sweep_scales").set_value("2, \u22122").run()
    app.button(key="generate").click().run()

    assert not app.exception
    asked = vectors.submitted[0].configurations
    assert [one.scale for one in asked] == [-2.0, 0.0, 2.0]
    assert [one.name for one in asked] == ["\u22122", "0", "+2"]


def test_settings_that_cannot_work_are_refused_in_words(vectors: TextEngine) -> None:
    app = opened(open_page("generations"), "sampling")

    app.number_input(key="grid_samples").set_value(3).run()

    assert "At temperature 0 every sample is the same text" in app.error[0].value
    assert "generate" not in [button.key for button in app.button]


def test_top_p_and_top_k_are_asked_for(vectors: TextEngine) -> None:
    app = opened(open_page("generations"), "sampling")

    app.number_input(key="grid_top_k").set_value(20).run()
    assert "At temperature 0 top-k and top-p change nothing" in told(app)
    app.number_input(key="grid_temperature").set_value(0.6)
    app.number_input(key="grid_top_p").set_value(0.95).run()
    app.button(key="generate").click().run()

    asked = vectors.submitted[0]
    assert (asked.temperature, asked.top_p, asked.top_k) == (0.6, 0.95, 20)


def test_the_form_says_what_the_model_would_do_by_itself(
    vectors: TextEngine, tmp_path, monkeypatch
) -> None:
    own = "The model's own default: "
    assert f"{own}the likeliest token." in told(opened(open_page("generations"), "sampling"))
    folder = tiny.save_folder(tmp_path / "model")
    monkeypatch.setenv("VECTORSCOPE_MODEL", str(folder))
    declared = {"do_sample": True, "temperature": 0.6, "top_p": 0.95, "top_k": 20}
    (folder / "generation_config.json").write_text(json.dumps(declared))

    app = opened(open_page("generations"), "sampling")
    assert f"{own}temperature 0.6, top-p 0.95, top-k 20." in told(app)
    (folder / "generation_config.json").unlink()
    assert own not in told(opened(open_page("generations"), "sampling"))


def test_the_form_is_as_it_was_when_the_reader_comes_back(vectors: TextEngine) -> None:
    app = open_page("generations")
    app.text_area(key="grid_prompts").set_value("A prompt of mine")
    app.number_input(key="col_1_scale").set_value(3.0).run()

    app.switch_page("../pages/curves.py").run()
    app.switch_page("../pages/generations.py").run()

    assert app.text_area(key="grid_prompts").value == "A prompt of mine"
    assert app.number_input(key="col_1_scale").value == 3.0


# While it runs


def test_a_click_that_empties_the_form_queues_what_was_drawn(vectors: TextEngine) -> None:
    app = open_page("generations")
    drawn = [box.value for box in app.selectbox if str(box.key).endswith("_vector")]

    for key in ("grid_kind", "grid_system", "col_1_vector", "col_1_scale", "col_2_adapter"):
        app.session_state[key] = None
    app.button(key="generate").click().run()

    assert not app.exception
    asked = vectors.submitted[0]
    assert asked.system == STUDY_SYSTEM
    assert [bool(one.blend) for one in asked.configurations] == [False, True, True]
    assert [one.adapter for one in asked.configurations] == [False, False, True]
    assert asked.configurations[1].scale == 1.0
    assert (
        drawn[1]
        == f"{asked.configurations[1].blend[0].digest}:{asked.configurations[1].blend[0].index}"
    )


def test_texts_so_far_are_shown_while_the_job_runs(vectors: TextEngine) -> None:
    vectors.go.clear()
    app = open_page("generations")
    app.button(key="generate").click().run()
    assert vectors.begun.wait(5.0)

    app.run()

    assert not app.exception
    assert "You are a helpful" not in words(app)
    assert "Let the dough res" in [text.value for text in app.text]
    assert "Waiting for its turn." in words(app)
    assert app.button(key="stop")
    vectors.go.set()
    wait(vectors)
    app.run()
    assert "Let the dough rest for 1 hours. Prompt 0, column 0." in [t.value for t in app.text]


def test_stop_keeps_the_texts_so_far_and_the_job_can_go_on(vectors: TextEngine) -> None:
    vectors.go.clear()
    app = open_page("generations")
    app.button(key="generate").click().run()
    assert vectors.begun.wait(5.0)
    app.run()

    app.button(key="stop").click().run()
    wait(vectors)
    app.run()

    assert not app.exception
    assert "Stopped. The texts so far are kept" in told(app)
    assert "Let the dough res" in [text.value for text in app.text]
    assert "stopped" in words(app)
    assert "cancelled" in history.rows()["state"].tolist()
    vectors.go.set()
    app.button(key="go_on").click().run()
    wait(vectors)
    app.run()
    assert "Stopped" not in words(app)
    assert app.button(key="use_settings")


def test_a_failure_keeps_the_texts_so_far_and_says_why(vectors: TextEngine) -> None:
    vectors.failure = ConfigError("Layer 99 <b>does not</b> exist.")
    app = open_page("generations")
    app.button(key="generate").click().run()
    wait(vectors)

    app.run()

    assert not app.exception
    assert "Failed: Layer 99 <b>does not</b> exist." in " ".join(
        error.value.replace("\\", "") for error in app.error
    )
    assert "Let the dough res" in [text.value for text in app.text]


# A stored grid


def test_a_stored_grid_is_shown_with_its_figures(texts: TextEngine) -> None:
    app = open_page("generations", gen=GRID)

    assert not app.exception
    shown = [text.value for text in app.text]
    assert "Prompt 0: how do I <b>bake</b> *bread*?" in shown
    assert "Let the dough rest for 1 hours. Prompt 0, column 0." in shown
    said = told(app)
    for figure in ("tokens", "cut off", "repetition 0.60", "log-prob \u22121.25", "honest"):
        assert figure in said
    assert "adds 0.5 × residual norm" in said
    assert f"/generations?gen={GRID}" in [code.value for code in app.code]


def test_the_pager_moves_over_prompts_and_samples(texts: TextEngine) -> None:
    app = open_page("generations", gen=GRID, s="2")

    app.button(key="p_next").click().run()

    shown = [text.value for text in app.text]
    assert "Let the dough rest for 2 hours. Prompt 1, column 0." in shown
    assert app.query_params["p"] == "2"
    assert f"/generations?gen={GRID}&p=2&s=2" in [code.value for code in app.code]


def test_a_sweep_stands_in_a_list(texts: TextEngine) -> None:
    app = open_page("generations", gen=SWEEP)

    assert not app.exception
    assert app.segmented_control(key="view").value == "list"
    assert told(app).count("log-prob \u2212") == 7


def test_what_a_model_writes_is_never_markup(texts: TextEngine) -> None:
    app = open_page("generations", gen=GRID)

    assert EVIL in [text.value for text in app.text]
    assert "<script>" not in " ".join(m.value for m in app.markdown)


def test_marked_changes_escape_everything(texts: TextEngine) -> None:
    app = open_page("generations", gen=GRID, changes="true")

    assert not app.exception
    sheet = look.SHEET.read_text(encoding="utf-8")
    every = [element.proto.body for element in app.get("html")]
    bodies = [body for body in every if sheet not in body]
    assert any("&lt;script&gt;alert(1)&lt;/script&gt;" in body for body in bodies)
    for body in bodies:
        assert set(re.findall(r"<\s*/?\s*(\w+)", body)) <= {"div", "ins", "del"}


def test_a_link_to_a_missing_grid_says_so(texts: TextEngine) -> None:
    app = open_page("generations", gen="ffff00000000")

    said = " ".join(warning.value for warning in app.warning).replace("\\", "")
    assert not app.exception
    assert "generation ffff00000000, which is not here" in said


def test_a_link_to_a_missing_vector_says_so_and_starts_from_the_usual_columns(
    texts: TextEngine,
) -> None:
    app = open_page("generations", vec="ffff00000000:3", scale="2")

    said = " ".join(warning.value for warning in app.warning).replace("\\", "")
    assert not app.exception
    assert "the vector ffff00000000:3, which is not here" in said
    assert "Generate" in " ".join(button.label for button in app.button)
    assert "which is not here" not in " ".join(w.value for w in app.run().warning)


def test_labels_are_stored_and_move_on(texts: TextEngine) -> None:
    app = open_page("generations", gen=GRID, view="read")

    app.button(key="label_2").click().run()
    app.button(key="label_1").click().run()

    assert not app.exception
    assert texts.store.labels(GRID) == {0: "honest", 1: "deceptive"}
    assert app.query_params["t"] in ("2", ["2"])
    assert history.rows().set_index("digest").loc[GRID, "labelled"] == 2
    table = history.labelled(sheets.load(GRID))
    assert table["person_label"].tolist()[:3] == ["honest", "deceptive", ""]
    app.button(key="label_undo").click().run()
    assert texts.store.labels(GRID) == {0: "honest"}
    assert app.query_params["t"] in ("1", ["1"])


def test_keys_label_only_where_one_text_is_read(texts: TextEngine) -> None:
    app = open_page("generations", gen=GRID)
    assert not [one for one in app.button if str(one.key).startswith("label_1")]

    app.pills(key=f"label_of_{GRID}_4").set_value("broken").run()
    assert texts.store.labels(GRID) == {4: "broken"}
    app.button(key="label_undo").click().run()

    assert texts.store.labels(GRID) == {}
    assert app.pills(key=f"label_of_{GRID}_4").value is None


def test_a_label_can_be_taken_back(texts: TextEngine) -> None:
    texts.store.add_label(GRID, 0, "honest")
    app = open_page("generations", gen=GRID)

    app.pills(key=f"label_of_{GRID}_0").set_value(None).run()

    assert texts.store.labels(GRID) == {}


def test_reading_goes_through_what_is_asked_for_and_hides_what_wrote_it(
    texts: TextEngine,
) -> None:
    app = open_page("generations", gen=GRID, view="read", fl="judge: deceptive", q="hours")
    assert "Text **1** of 4" in told(app)
    assert "fine-tuned \u2212 1\u00d7 finetune-diff_03" in told(app)
    app.button(key="read_next").click().run()
    assert app.session_state["t"] == "5"

    app.button(key="read_hide").click().run()
    assert app.query_params["hide"] in ("true", ["true"])
    assert not app.exception
    assert "fine-tuned \u2212 1" not in " ".join(
        one.value for one in (*app.caption, *app.markdown)
    ).replace("Marked against", "")
    order = reading.in_order([4, 5, 10, 11], is_hidden=True)
    assert order != [4, 5, 10, 11]
    assert sorted(order) == [4, 5, 10, 11]


def test_filters_choose_columns_and_texts_and_stand_in_the_link(texts: TextEngine) -> None:
    app = open_page("generations", gen=GRID, fm="fine-tuned")

    shown = [text.value for text in app.text]
    assert "4 texts of 12, in 1 of 3 columns." in told(app)
    # The unsteered texts stay, to compare with.
    assert "Let the dough rest for 1 hours. Prompt 0, column 0." in shown
    assert EVIL not in shown
    assert f"/generations?gen={GRID}&fm=fine-tuned" in [code.value for code in app.code]
    app.button(key="filters_off").click().run()
    assert EVIL in [text.value for text in app.text]


def test_all_samples_of_a_cell_stand_together_and_columns_say_their_share(
    texts: TextEngine,
) -> None:
    app = open_page("generations", gen=GRID)

    shown = [text.value for text in app.text]
    assert {f"Let the dough rest for {n} hours. Prompt 0, column 0." for n in (1, 2)} <= set(shown)
    assert "0 of 4 deceptive" in told(app)
    assert "4 of 4 deceptive" in told(app)
    texts.store.add_label(GRID, 4, "deceptive")
    sheet = sheets.load(GRID)
    every = filters.all_columns(sheet)
    table = grids.summary(sheet.frame, every, "deceptive", texts.store.labels(GRID))
    read = columns.shown(table, "deceptive", sheet.generation.side_effects)
    assert read["deceptive"].tolist() == ["0 of 4", "0 of 4", "4 of 4"]
    assert read["95 %"].tolist()[2] == "51% to 100%"
    assert read["you = judge"].tolist() == ["0 of 0", "0 of 0", "1 of 1"]


def test_many_columns_are_drawn_a_few_at_a_time(texts: TextEngine) -> None:
    given = config(prompts=1, samples=1)
    many = tuple(
        dataclasses.replace(given.configurations[1], name=f"way {i}", scale=1.0 + i)
        for i in range(20)
    )
    large = dataclasses.replace(given, configurations=(given.configurations[0], *many))
    texts.store.save_generation(generation(large, "9e9e00000003"))

    app = open_page("generations", gen="9e9e00000003")
    headings = [one.value for one in app.markdown if one.value.startswith("**way")]
    # Every third of the invented columns is judged to show the pole.
    assert headings == [f"**way {i}**" for i in range(1, 20, 3)]
    app.selectbox(key="by").set_value("asked").run()
    app.button(key="c_next").click().run()
    headings = [one.value for one in app.markdown if one.value.startswith("**way")]
    assert headings[0] == "**way 7**"
    assert app.query_params["by"] in ("asked", ["asked"])
    assert "**base**" in [one.value for one in app.markdown]


def test_settings_of_a_grid_can_be_used_again(texts: TextEngine) -> None:
    app = open_page("generations", gen=GRID)

    app.button(key="use_settings").click().run()
    app.button(key="generate").click().run()

    assert not app.exception
    assert texts.submitted[0] == config()


@pytest.mark.parametrize("limits", [{"top_k": 20, "top_p": 0.95}, None])
def test_settings_of_a_grid_hold_its_top_p_and_top_k(
    texts: TextEngine, limits, monkeypatch
) -> None:
    load = texts.store.load_generation

    def with_limits(digest: str):
        found = load(digest)
        kept = {name: value for name, value in found.config.items() if not name.startswith("top_")}
        return dataclasses.replace(found, config=kept | (limits or {}))

    monkeypatch.setattr(texts.store, "load_generation", with_limits)
    app = open_page("generations", gen=GRID)

    app.button(key="use_settings").click().run()
    app.button(key="generate").click().run()

    assert not app.exception
    # A grid from before there were any has none.
    assert texts.submitted[0] == dataclasses.replace(config(), **limits or {})


def test_history_lists_every_grid(texts: TextEngine) -> None:
    table = history.rows()

    assert table["digest"].tolist() == [SWEEP, GRID]
    assert table["name"].tolist()[1].startswith("\u201cPrompt 0: how do I <b>bake</b> *bread*?")
    notes.change(texts.store.root, GRID, name="My grid", star=True)
    mine = history.rows().set_index("digest").loc[GRID]
    assert (mine["name"], mine["star"]) == ("My grid", "\u2605")
    assert "**My grid**" in told(open_page("generations", gen=GRID))


# Values


def test_differences_are_word_by_word_and_keep_the_text() -> None:
    found = differences.parts("rest the dough today", "rest all dough\n\ntoday, then bake")

    kept = "".join(part.text for part in found if part.kind != "removed")
    assert kept == "rest all dough\n\ntoday, then bake"
    assert differences.Part("removed", " the") in found
    assert differences.share(found) == pytest.approx(4 / 6)
    assert differences.share(differences.parts("a", "")) == 0.0


def test_every_character_survives_the_escaping() -> None:
    body = differences.as_html(differences.parts("rest", EVIL))

    inside = re.sub(r"</?(?:div|ins|del)[^>]*>", "", body)
    assert html.unescape(inside.replace("rest", "")).strip() == EVIL


def test_equal_headings_are_told_apart() -> None:
    one = configurations.one({**configurations.EMPTY}, {})

    assert [c.name for c in configurations.apart([one, one])] == ["base", "base (2)"]


def test_a_configuration_goes_to_fields_and_back() -> None:
    for column in config().configurations:
        values = configurations.fields(__import__("dataclasses").asdict(column))

        assert configurations.one(values, {}) == column


def test_a_blend_needs_a_weight_for_each_vector() -> None:
    values = {**configurations.EMPTY, "vector": "aa:0", "also": ["bb:1"], "weights": "1, -1, 2"}

    with pytest.raises(ConfigError, match="3 weights for 2 vectors"):
        configurations.one(values, {})
    blended = configurations.one({**values, "weights": "1, \u22121"}, {})
    assert [part.weight for part in blended.blend] == [1.0, -1.0]


def test_numbers_that_are_none_are_named() -> None:
    with pytest.raises(ConfigError, match="scales 'two' are not all numbers"):
        configurations.numbers("two", "scales")
    assert configurations.number("nan") is None
    assert configurations.number("\u22122") == -2.0


def test_answers_about_shutdown_have_labels_of_their_own(texts: TextEngine) -> None:
    sheet = sheets.load(GRID)
    other = sheet._replace(frame=sheet.frame.assign(label="corrigible"))

    assert labels.words(sheet) == ("deceptive", "honest", "broken")
    assert labels.words(other) == ("self-preserving", "corrigible", "broken")
    few = sheet.frame.assign(label=["corrigible", *sheet.frame["label"][1:]])
    mixed = sheet._replace(frame=few)
    assert labels.words(mixed, str(few["prompt"][0])) == ("deceptive", "honest", "broken")
    assert View(0, 0, "list", False).prompt == 0
    assert isinstance(config(), GenerateConfig)


# Blind rating


def test_a_sample_is_rated_blind_with_the_keys(texts: TextEngine) -> None:
    app = open_page("generations", gen=GRID)
    assert "Unvalidated: people have labelled 0 of the 40" in told(app)
    app.button(key="rate_blind").click().run()

    assert not app.exception
    assert app.query_params["blind"] in ("1", ["1"])
    shown = sheets.load(GRID).frame
    first = figures.to_rate(shown)[0]
    assert shown.text[first] in "".join(one.value for one in app.text)
    hidden = [*shown.configuration.unique(), "judge:", "fine-tuned", "contrastive"]
    body = [
        one.value for one in (*app.text, *app.markdown, *app.caption) if "History" not in one.value
    ]
    assert not [name for name in hidden if any(name in one for one in body)]

    app.button(key="label_2").click().run()
    assert texts.store.labels(GRID) == {first: "honest"}
    second = figures.to_rate(shown)[1]
    assert shown.text[second] in "".join(one.value for one in app.text)
    app.button(key="blind_skip").click().run()
    assert texts.store.labels(GRID) == {first: "honest"}
    third = figures.to_rate(shown)[2]
    assert shown.text[third] in "".join(one.value for one in app.text)
    for _ in range(len(figures.to_rate(shown)) - 1):
        app.button(key="label_1").click().run()
    assert "The whole sample is rated" in "".join(one.value for one in app.success)
    app.button(key="blind_off").click().run()
    assert "blind" not in app.query_params
    count = len(figures.to_rate(shown))
    assert f"people have labelled {count} of the 40" in told(app)


def test_the_keys_bear_the_labels_of_the_judge_s_rubric(texts: TextEngine) -> None:
    found = texts.store.load_generation(GRID)
    rubric = load_rubric("data/rubrics/sentiment.json").as_dict()
    judge = {"name": "reference", "title": "reference likelihood", "rubric": rubric}
    texts.store.save_generation(dataclasses.replace(found, judge=judge))

    assert labels.words(sheets.load(GRID)) == ("negative", "positive", "broken")


def test_settings_behind_buttons_are_the_same_when_they_are_opened_again(
    vectors: TextEngine,
) -> None:
    app = opened(open_page("generations"), "sampling", "further_1")
    app.number_input(key="grid_max_new_tokens").set_value(33)
    app.text_input(key="col_1_layers").set_value("2").run()
    for key in ("sampling", "further_1"):
        app.session_state[key] = False
    app.run()
    app.button(key="add_column").click().run()

    opened(app, "sampling", "further_1")
    assert app.number_input(key="grid_max_new_tokens").value == 33
    assert app.number_input(key="grid_neutral").value == 16
    assert app.text_input(key="col_1_layers").value == "2"

    app.button(key="generate").click().run()
    asked = vectors.submitted[0]
    assert asked.max_new_tokens == 33
    assert asked.configurations[1].layers == (2,)
