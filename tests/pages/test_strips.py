"""Strips on pages: what they say, what is asked for them, and what a chosen token shows."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from dashboard.session import resources
from dashboard.widgets.strip import asking, drawing
from dashboard.words import strips as worded
from engine.records.strips import Standing
from tests.pages.conftest import charts, open_page, words
from tests.pages.pair_samples import FINETUNE, fill_families
from tests.pages.strip_samples import PROMPT, TEXTS, Answers, strip
from tests.pages.text_samples import GRID, TextEngine, fill_texts

BAND = "95% of 64 random directions"


@pytest.fixture
def answers(monkeypatch: pytest.MonkeyPatch) -> Answers:
    """Strips without a model."""
    found = Answers()
    monkeypatch.setattr(asking.reads, "ask", found.ask)
    return found


@pytest.fixture
def texts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> TextEngine:
    """An engine with stored grids."""
    fake = TextEngine(tmp_path)
    monkeypatch.setattr(resources, "engine", lambda: fake)
    fill_families(fake.store)
    fill_texts(fake.store)
    return fake


def test_words_never_leave_out_random_directions() -> None:
    one = strip()

    assert worded.standing(one) == (
        f"2 of 3 tokens of the answer beyond {BAND}, about 0.2 by chance. The mean, +0.17 sd, "
        "ranks 20 of 65: not beyond random."
    )
    bare = replace(one, answer=None, whole=Standing(tokens=1, beyond=0, mean=3.0, rank=1, of=65))
    assert worded.standing(bare).startswith(f"0 of 1 token of the text beyond {BAND}")
    assert worded.standing(bare).endswith("ranks 1 of 65: beyond random.")
    ranks = [Standing(tokens=9, beyond=0, mean=1.0, rank=rank, of=65) for rank in (3, 4)]
    assert list(map(worded.verdict, ranks)) == ["beyond random", "not beyond random"]
    assert worded.changed(one) == (
        "Steering changes 4 of 8 positions, and log p of the answer by +9.00 nats. 2 random "
        "vectors of the same norm change it by \u22120.50 to +0.25."
    )
    assert worded.changed(replace(one, is_steered=False)) == ""
    assert worded.visible(" a\n\u202e") == "·a⏎U+202E"


def test_what_the_browser_is_given_is_plain_and_known_by_its_content() -> None:
    one, other = strip(), strip(name="pinned_00")

    sent = drawing._sent([one, other])

    assert json.loads(json.dumps(sent)) == sent
    assert sent["tokens"] == list(TEXTS)
    assert (sent["special"], sent["steered"], sent["prompt"]) == ([0], [4, 5, 6, 7], PROMPT)
    assert [row["name"] for row in sent["rows"]] == ["contrastive_01", "pinned_00"]
    assert sent["change"][:2] == [None, 0.0]
    assert drawing._sent([replace(one, is_steered=False)])["change"] is None
    assert sent["id"] != drawing._sent([one])["id"]


def _chosen() -> None:
    from dashboard.widgets.strip import drawing
    from tests.pages.strip_samples import strip

    drawing.draw([strip()], "one")
    drawing._drawer([strip(), strip(name="pinned_00")], 6, "one")
    drawing._drawer([strip()], 0, "first")


def test_a_chosen_token_shows_its_blocks_and_what_was_expected() -> None:
    app = AppTest.from_function(_chosen).run()

    assert not app.exception
    assert f"beyond {BAND}" in words(app).replace("\\", "")
    assert charts(app) == 2
    heading = next(one.value for one in app.text if "nore" in one.value)
    assert "contrastive_01 \u22122.50 sd, projection \u22125.00, beyond ±1.50" in heading
    table = app.dataframe[0].value
    assert table["token"].tolist() == ["▸ nore (in the text)", "·sleep", "⏎", "·Never"]
    assert table["p"].tolist()[1:3] == [0.5, 0.25]
    assert table["p steered"].tolist()[3] == 0.75
    assert table["p steered"][0] == pytest.approx(table["p"][0] * 20.0855, rel=1e-4)
    assert "Nothing stands before the first token" in words(app)


@pytest.mark.parametrize(
    ("found", "picked"),
    [
        ({"id": "this", "index": 3}, 3),
        ({"id": "other", "index": 3}, None),
        ({"id": "this", "index": 8}, None),
        ({"id": "this", "index": -1}, None),
        ({"id": "this", "index": "3"}, None),
        ("odd", None),
        (None, None),
    ],
)
def test_a_choice_is_of_its_own_text_only(monkeypatch, found, picked) -> None:
    monkeypatch.setattr(drawing.st, "session_state", {"key": {"picked": found}})

    assert drawing._picked("key", "this", 8) == picked


def test_texts_of_a_grid_are_read_under_their_own_columns(texts, answers: Answers) -> None:
    app = open_page("generations", gen=GRID, tokens="true", pin=f"{FINETUNE}:0")

    assert not app.exception
    assert app.toggle(key="tokens").value
    assert words(app).count("random directions") >= len(answers.asked) > 2
    by_column = {one.columns[0].name: one for one in answers.asked if one.columns}
    steered = next(iter(by_column.values()))
    frame = texts.store.load_generation(GRID).frame
    assert steered.passage.prompt == frame["prompt"][0]
    assert steered.vectors[0].digest == steered.columns[0].blend[0].digest
    assert steered.vectors[1].reference == f"{FINETUNE}:0"
    assert steered.passage.answer in set(frame["text"])
    plain = next(one for one in answers.asked if not one.columns)
    assert plain.vectors == next(one for one in answers.asked if one.columns).vectors
    assert not plain.adapter


def test_questions_and_ones_own_text_are_read_under_the_shown_vector(
    filled, answers: Answers
) -> None:
    app = open_page("curves")
    question = app.selectbox(key="q").options[0]
    assert answers.asked == []
    app.selectbox(key="q").select_index(0).run()

    app.toggle(key="question_tokens").set_value(True)
    app.text_area(key="own_text").set_value("Mine <b>")
    app.selectbox(key="own_block").set_value(0)
    app.segmented_control(key="own_kind").set_value("prompt").run()

    assert not app.exception
    asked, own = answers.asked
    assert asked.passage.prompt.startswith(question)
    assert "(A)" in asked.passage.prompt
    assert asked.vectors[0].block is None
    assert (own.vectors[0].block, own.passage.prompt) == (0, "Mine <b>")
    assert own.vectors[0].reference == asked.vectors[0].reference
    assert words(app).replace("\\", "").count(BAND) >= 2


def test_what_fails_and_what_waits_is_said(filled, monkeypatch) -> None:
    failed = Answers(state="failed", error="The text is too long: shorten it.")
    monkeypatch.setattr(asking.reads, "ask", failed.ask)
    app = open_page("curves")
    app.text_area(key="own_text").set_value("Mine").run()

    assert any("too long: shorten it" in one.value.replace("\\", "") for one in app.error)
    assert failed.again == 0
    app.button(key="own_strip_again").click().run()
    assert failed.again == 1

    waits = Answers(state="loading", message="loading demo")
    monkeypatch.setattr(asking.reads, "ask", waits.ask)
    monkeypatch.setattr(asking, "AT_ONCE", 0.0)
    app.text_area(key="own_text").set_value("Other").run()
    assert not app.exception
    assert "loading demo" in words(app)
    assert app.button(key="own_strip_stop")
