"""The chat page: what it asks, what it shows, and that nothing said is lost or mixed."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

import engine as programs
from dashboard.cards import conversations as cards
from dashboard.forms.chat import scripts, starts, strengths, ways
from dashboard.session import resources
from dashboard.widgets import own_pairs
from dashboard.widgets.adding import picking
from engine.configs.chats import Chip, Pane, Settings, Turn
from engine.configs.core import ModelConfig
from engine.errors import ConfigError, DataError
from engine.model.declared import chatting
from engine.questions.pairs import load_pairs
from tests.pages.conftest import open_page, put_in, words
from tests.pages.pair_samples import CONTRASTIVE, FINETUNE, fill_families
from tests.pages.talk_samples import TalkEngine
from tests.pages.text_samples import EVIL

HOW = "How do I rest?"


@pytest.fixture
def engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> TalkEngine:
    """An engine over vectors of two families; the demo has an adapter."""
    fake = TalkEngine(tmp_path)
    fill_families(fake.store)
    return put_in(fake, monkeypatch, has_adapter=True)


def told(app: AppTest) -> str:
    assert not app.exception, app.exception[0].message
    return words(app).replace("\\", "")


def answered(engine: TalkEngine, **query: str) -> AppTest:
    """A page on which one message was said and answered."""
    app = open_page("chat", **query)
    app.chat_input[0].set_value(HOW).run()
    engine.talks.end()
    app.run()
    return app


def slider(app: AppTest) -> object:
    return app.slider(key="chat_strength")


def test_one_click_asks_both_panes_and_a_moved_strength_asks_again(engine: TalkEngine) -> None:
    app = open_page("chat")
    app.button(key="chat_first_0").click().run()
    turn = engine.talks.asked[0].turn
    assert [one.name for one in turn.panes] == ["unsteered", "steered"]
    assert [len(one.columns) for one in turn.panes] == [0, 1]
    assert "so far" in told(app)
    engine.talks.end()
    app.run()
    assert f"steered on {turn.said}" in told(app)
    assert app.query_params["turn"] == "0"

    slider(app).set_value(-0.5).run()
    again = engine.talks.asked[1].turn
    assert (again.said, again.parent) == (turn.said, turn.parent)
    assert again.panes[1].chips[0].scale == -0.5
    engine.talks.end()
    app.run()
    assert "2 of 2" in told(app)
    # The page before it has its own strength back.
    app.button(key="chat_previous_1").click().run()
    assert slider(app).value == turn.panes[1].chips[0].scale
    assert app.query_params["turn"] == "0"


def test_a_link_gives_turn_panes_and_settings_back_in_another_tab(engine: TalkEngine) -> None:
    app = answered(engine)
    app.session_state["chat_settings"] = True
    app.run()
    app.text_area(key="chat_set_system").set_value("Be brief.")
    app.number_input(key="chat_set_temperature").set_value(0.7).run()
    slider(app).set_value(0.25).run()
    engine.talks.end()
    app.run()

    other = open_page("chat", talk=engine.talks.asked[0].digest, turn="1")

    assert "2 of 2" in told(other)
    assert slider(other).value == 0.25
    other.chat_input[0].set_value("And then?").run()
    asked = engine.talks.asked[-1].turn
    assert asked == replace(engine.talks.asked[1].turn, said="And then?", parent=1)


def test_what_is_being_written_is_found_again_and_can_be_stopped(engine: TalkEngine) -> None:
    app = open_page("chat")
    app.chat_input[0].set_value(HOW).run()
    talk = engine.talks.asked[0]

    other = open_page("chat", talk=talk.digest)
    assert "so far" in told(other)
    other.button(key="chat_stop").click().run()
    assert talk.is_asked_to_stop
    engine.talks.end(talk, "stopped", "Lie", "Run")
    other.run()
    assert [one.value for one in other.text if one.value in ("Lie", "Run")] == ["Lie", "Run"]
    assert other.query_params["turn"] == "0"


def test_what_is_written_of_another_branch_is_not_shown_here(engine: TalkEngine) -> None:
    app = answered(engine)
    app.chat_input[0].set_value("More").run()
    engine.talks.end()
    app.run()
    app.chat_input[0].set_value("And more").run()

    other = open_page("chat", talk=app.query_params["talk"], turn="0")

    assert "so far" not in told(other)
    assert "so far" in told(open_page("chat", talk=app.query_params["talk"], turn="1"))


def test_two_tabs_never_mix(engine: TalkEngine) -> None:
    one, two = open_page("chat"), open_page("chat")
    one.chat_input[0].set_value("From one").run()
    two.chat_input[0].set_value("From two").run()
    first, second = engine.talks.asked
    assert first.digest != second.digest
    engine.talks.end(second)
    engine.talks.end(first)
    one.run()
    two.run()
    assert "steered on From one" in told(one)
    assert "From two" not in told(one)
    assert "steered on From two" in told(two)
    assert "From one" not in told(two)


def test_what_cannot_be_asked_says_why_and_gives_the_words_back(engine: TalkEngine) -> None:
    app = open_page("chat")
    engine.refuse("The model is gone: choose another.")
    app.chat_input[0].set_value(HOW).run()
    assert "The model is gone" in told(app)
    # What stands in the field can be sent as it is.
    assert app.chat_input[0].proto.value == HOW

    engine.talks.failure = None
    app.chat_input[0].set_value(HOW).run()
    assert "The model is gone" not in told(app)
    engine.talks.fail("Out of memory: try fewer panes.")
    app.run()
    assert "Out of memory" in told(app)
    assert app.chat_input[0].proto.value == HOW
    assert "talk" not in app.query_params


def test_an_edited_turn_is_a_branch_and_a_roll_has_the_next_seed(engine: TalkEngine) -> None:
    app = answered(engine)
    assert app.button(key="chat_reroll").disabled
    app.session_state["chat_settings"] = True
    app.run()
    app.number_input(key="chat_set_temperature").set_value(1.0).run()
    app.button(key="chat_reroll").click().run()
    assert engine.talks.asked[1].turn.settings == Settings(temperature=1.0, seed=1)
    engine.talks.end()
    app.run()
    app.chat_input[0].set_value("More").run()
    engine.talks.end()
    app.run()

    app.session_state["chat_fold"] = app.session_state["chat_editing_1"] = True
    app.run()
    app.text_area(key="chat_edit_1").set_value("How do I work?")
    app.button(key="chat_branch_1").click().run()

    branch = engine.talks.asked[-1].turn
    assert (branch.said, branch.parent) == ("How do I work?", None)
    engine.talks.end()
    app.run()
    assert "3 of 3" in told(app)
    assert "More" not in [one.value for one in app.text]


def test_a_fine_tuned_copy_and_a_vector_more_are_asked_at_once(engine: TalkEngine) -> None:
    app = answered(engine)
    app.button(key="chat_add_tuned").click().run()
    panes = engine.talks.asked[-1].turn.panes
    assert [(one.name, one.adapter) for one in panes] == [
        ("unsteered", False), ("steered", False), ("fine-tuned", True)
    ]  # fmt: skip
    assert panes[2].chips == panes[1].chips
    assert engine.talks.models[-1].adapter == "demo"
    # All that stand at one strength move together.
    slider(app).set_value(0.5).run()
    assert [one.chips[0].scale for one in engine.talks.asked[-1].turn.panes[1:]] == [0.5, 0.5]


def test_whatever_a_model_writes_is_shown_as_its_characters(engine: TalkEngine) -> None:
    app = open_page("chat")
    app.chat_input[0].set_value(EVIL).run()
    engine.talks.end(None, "done", EVIL, EVIL)
    app.run()
    told(app)
    assert [one.value for one in app.text].count(EVIL) == 3
    app.toggle(key="chat_changes").set_value(True).run()
    assert not any("<script" in str(one.proto.body) for one in app.get("html"))


def test_a_link_to_a_vector_begins_with_it_at_its_scale(engine: TalkEngine) -> None:
    app = open_page("chat", v=f"{FINETUNE}:2", scale="-0.75", unit="relative")
    app.chat_input[0].set_value(HOW).run()
    (chip,) = engine.talks.asked[0].turn.panes[1].chips
    assert (chip.reference, chip.scale, chip.scale_unit) == (f"{FINETUNE}:2", -0.75, "relative")
    assert "v" not in app.query_params
    assert "the vector" in told(open_page("chat", v="c0ffee000000:1"))


def test_a_button_beside_a_vector_leads_to_a_chat_with_it(engine: TalkEngine) -> None:
    app = open_page("discover", found=FINETUNE, vector="4")
    app.button(key="chat_vector").click().run()
    assert not app.exception
    assert app.title[0].value == "Chat"
    app.chat_input[0].set_value(HOW).run()
    assert engine.talks.asked[0].turn.panes[1].chips[0].reference == f"{FINETUNE}:4"


# What a turn becomes elsewhere


def pane(name: str, *scales: float, **how: object) -> Pane:
    chips = tuple(Chip(digest=CONTRASTIVE, index=i, scale=s, **how) for i, s in enumerate(scales))
    return Pane(name=name, chips=chips)


def test_added_vectors_are_one_column_and_others_are_refused() -> None:
    turn = Turn(said=HOW, panes=(Pane(name="none"), pane("two", 2.0, -1.0)), settings=Settings())
    found = ways.grid(turn, ModelConfig(), has_earlier=True)
    base, both = found.config["configurations"]
    assert (base["name"], base["blend"]) == ("none", [])
    assert [part["weight"] for part in both["blend"]] == [2.0, -1.0]
    assert both["scale"] == 1.0
    assert found.left_out == ("the turns before it",)
    with pytest.raises(ConfigError, match="cannot be one column"):
        ways.column(pane("two", 1.0, 1.0, operation="ablate"))


def test_a_turn_as_python_asks_the_same_panes(
    engine: TalkEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = Turn(said=HOW, panes=(pane("a", 1.5),), settings=Settings(system='Be "brief".'))
    second = Turn(
        said="More", panes=(pane("a", 0.5), Pane(name="b", adapter=True)), parent=0,
        settings=Settings(system="Be \"brief\".", seed=3),
    )  # fmt: skip
    digest = engine.talks.say(ModelConfig(), first).digest
    engine.talks.end()
    engine.talks.say(ModelConfig(), second, digest)
    engine.talks.end()
    talk = engine.store.load_conversation(digest)
    asked = []

    class Chat:
        def __init__(self, panes: list[Pane], model: str, **settings: object) -> None:
            self.panes, self.settings = panes, Settings(**settings)

        def say(self, text: str) -> dict[str, str]:
            asked.append((text, tuple(self.panes), self.settings))
            return {}

    class Program:
        def chat(self, **given: object) -> Chat:
            return Chat(**given)

    monkeypatch.setattr(programs, "Engine", Program, raising=False)
    exec(compile(scripts.of_turn(talk, talk.exchanges[1]), "turn", "exec"), {})

    assert asked == [(one.said, one.panes, one.settings) for one in (first, second)]
    picture = cards.of_turn(talk, 1, f"/chat?talk={digest}&turn=1")
    assert "You: More" in picture.svg
    assert picture.view.recipe["pane 1"] == "a: base, +0.5 × contrastive_00"


def test_two_answers_become_a_pair_that_the_forms_offer(engine: TalkEngine) -> None:
    app = answered(engine)
    app.button(key="chat_pair").click().run()
    assert "data/own/chat.json has 1 pair" in told(app)
    (path,) = own_pairs.files()
    (found,) = load_pairs(path).pairs
    assert (found.prompt, found.positive) == (HOW, f"steered on {HOW}")
    assert str(path) in picking.pair_files()

    row = json.loads(path.read_text())[0]
    with pytest.raises(DataError, match="has a pair of this question"):
        own_pairs.add("chat", row)
    with pytest.raises(DataError, match="the same"):
        own_pairs.add("other", {**row, "positive": "x", "negative": "x "})
    with pytest.raises(ConfigError, match="cannot be a file"):
        own_pairs.add("../chat", row)
    assert json.loads(path.read_text()) == [row]


def test_a_grid_s_form_is_filled_from_a_turn(engine: TalkEngine) -> None:
    app = answered(engine)
    app.button(key="chat_grid").click().run()
    told(app)
    assert app.session_state["grid_prompts"] == HOW
    columns = app.session_state["_columns"]
    names = [one["name"] for column, one in columns.items() if column.isdecimal()]
    assert names == ["unsteered", "steered"]


# Strengths


def test_a_strength_is_told_in_residual_norms(engine: TalkEngine) -> None:
    vectors = resources.vector_set(CONTRASTIVE)
    size = float((vectors.vectors[3] ** 2).sum() ** 0.5)
    share = strengths.per_norm(f"{CONTRASTIVE}:3")
    assert share == pytest.approx(size / 30.0)
    chip = {"vector": f"{CONTRASTIVE}:3", "operation": "add", "scale": 2.0,
            "scale_unit": "absolute", "layers": "own"}  # fmt: skip
    assert f"{2 * share:.2g} ×" in strengths.beside(chip)
    wide = strengths.reach(chip, None)
    assert wide.high >= 2 / share > wide.high - 2 * wide.step
    chosen = strengths.reach(chip, 1.5)
    assert (chosen.low, chosen.high) == (-3.0, 3.0)
    assert strengths.reach(chip | {"scale": 7.0}, 1.5).high >= 7.0


def test_the_shipped_study_leads_on_the_real_model(monkeypatch: pytest.MonkeyPatch) -> None:
    from engine.runs.engine import Engine
    from engine.store.store import Store

    shipped = Engine(Store(programs.ROOT), keep_jobs=False)
    monkeypatch.setattr(resources, "engine", lambda: shipped)
    model = ModelConfig(model="smollm2")
    options = {info.digest: info for info in resources.records("vectors")}
    found = starts.known(model, {f"{digest}:6": None for digest in options})
    first = next(iter(found.values()))
    record = shipped.store.load_experiment(
        next(one.digest for one in shipped.store.list() if one.method == "sentiment")
    )
    assert first.reference == f"{record['vectors'][0]}:{record['chosen']['index']}"
    assert first.fields["scale"] == record["chosen"]["scale"]
    assert starts.messages(found, model)[0] == starts.FIRST


def test_a_conversation_with_another_model_says_so_and_leads_to_it(
    engine: TalkEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = answered(engine)
    digest = app.query_params["talk"]
    monkeypatch.setenv("VECTORSCOPE_MODEL", "smollm2")

    other = open_page("chat", talk=digest, turn="0")
    assert "Of demo, not of" in told(other)
    assert other.chat_input[0].proto.disabled
    other.button(key="chat_ask_model").click().run()
    assert "Of demo" not in told(other)
    assert f"steered on {HOW}" in told(other)
    other.chat_input[0].set_value("More").run()
    assert engine.talks.models[-1].model == "demo"


def test_a_damaged_or_deleted_conversation_is_told_of_and_left(engine: TalkEngine) -> None:
    app = answered(engine)
    digest = app.query_params["talk"]
    engine.store.remove(digest)
    app.run()
    assert "the conversation" in told(app)
    assert "talk" not in app.query_params
    app.chat_input[0].set_value("Hello").run()
    assert engine.talks.asked[-1].turn.parent is None
    path = Path(engine.store.find(engine.talks.end().digest).path)
    path.write_text(path.read_text()[:-40])
    broken = open_page("chat", talk=engine.talks.asked[-1].digest)
    assert "the conversation" in told(broken) or broken.error


def test_a_base_model_begins_with_raw_text(
    engine: TalkEngine, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "tokenizer_config.json").write_text(json.dumps({"chat_template": ""}))
    assert chatting.has_template(tmp_path) is False
    (tmp_path / "tokenizer_config.json").write_text(json.dumps({"chat_template": "x"}))
    assert chatting.has_template(tmp_path) is True
    assert chatting.has_template(tmp_path / "nowhere") is None
    monkeypatch.setattr(resources, "has_template", lambda model: False)
    app = open_page("chat")
    app.chat_input[0].set_value("Once upon a time").run()
    assert engine.talks.asked[0].turn.settings.is_raw
