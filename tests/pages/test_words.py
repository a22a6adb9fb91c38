"""What a vector says, on screen: in a table, a column, a picture, and asked for with a button."""

import pytest

from dashboard.views.library import library
from dashboard.widgets import places
from dashboard.widgets.words import stored
from engine.cli.reads import words_table
from engine.configs.core import VectorRef
from engine.configs.reads.words import WordsConfig
from engine.errors import StoreError
from engine.records import soundness
from engine.runs.job import Job
from tests.pages import word_samples
from tests.pages.conftest import open_page, words
from tests.pages.samples import FakeEngine

FIRST = f"{word_samples.SET}:0"


def test_words_stand_in_a_column_and_a_table_beside_random_ones(filled: FakeEngine) -> None:
    word_samples.words(filled.store)
    app = open_page("discover", found=word_samples.SET, vector="0", says="true")

    assert not app.exception
    told = app.dataframe[0].value.set_index("vector")["says"]
    assert told[0] == "Never \u2605, \u2423Rub, *_[x](y)"
    assert told[1] == "chance: <script>, \\n"
    assert set(told.drop([0, 1])) == {"not read"}
    table = next(one.value for one in app.dataframe if "promoted" in one.value)
    assert table["promoted"].tolist() == [
        "Never \u2605", "\u2423Rub", "*_[x](y)", "fourth",
    ]  # fmt: skip
    assert table["more"].tolist() == [4.5, 3.9, 3.0, 2.0]
    assert table["suppressed"].iloc[0] == "plain"
    said = words(app).replace("\\", "")
    assert "melbo_00: 1 word is beyond chance (1 by measured effect)." in said
    assert "Jacobian lens: \u25bc plain" in said
    assert "A random vector here promotes copies." in said
    assert "Read in the base model after 4 neutral prompts." in said


def test_a_closed_card_names_the_first_words(filled: FakeEngine) -> None:
    before = [one.label for one in open_page("curves", vec="melbo_00").expander]
    word_samples.words(filled.store)
    after = [one.label for one in open_page("curves", vec="melbo_00").expander]

    assert "What it says" in before
    assert "What it says: Never \u2605, \u2423Rub, *_[x](y)" in [
        label.replace("\\", "") for label in after
    ]


def test_a_vector_without_stars_is_said_to_have_none(filled: FakeEngine) -> None:
    word_samples.words(filled.store)
    app = open_page("curves", vec="melbo_01", says="true")

    assert not app.exception
    assert "melbo_01: no word is beyond chance (64 random vectors)." in words(app).replace("\\", "")


def test_a_set_that_was_not_read_has_a_button_for_all_of_it(filled: FakeEngine) -> None:
    app = open_page("curves", vec="melbo_00", says="true")

    app.button(key=f"read_words_{FIRST}").click().run()

    assert not app.exception
    config = filled.submitted[0]
    assert isinstance(config, WordsConfig)
    assert config.vectors == (VectorRef(digest=word_samples.SET),)
    assert config.model.adapter is None


def test_the_fine_tuned_model_can_be_read_and_both_are_kept_apart(filled: FakeEngine) -> None:
    word_samples.words(filled.store)
    word_samples.words(filled.store, adapter="data/demo/adapter")
    app = open_page("curves", vec="melbo_00", says="true")
    assert "Read in the base model" in words(app).replace("\\", "")

    app.toggle(key=f"read_words_{FIRST}_tuned").set_value(True).run()
    app.button(key=f"read_words_{FIRST}").click().run()

    assert not app.exception
    assert filled.submitted[0].model.adapter == "demo"
    app.button_group(key=f"words_in_{FIRST}").set_value("model with adapter adapter").run()
    assert "Read in the model with adapter adapter after" in words(app).replace("\\", "")


def test_the_card_of_a_vector_holds_its_words(filled: FakeEngine) -> None:
    assert stored.on_card((word_samples.SET, 0), "demo") == ""
    word_samples.words(filled.store)

    assert stored.on_card((word_samples.SET, 0), "demo") == (
        "\u25b2 Never \u2605, \u2423Rub, *_[x](y)  \u25bc plain (measured effect; \u2605 beyond 64 "
        "random vectors)"
    )
    assert stored.on_card((word_samples.SET, 1), "demo").endswith("; no word is beyond chance)")


def test_a_finished_reading_leads_to_its_first_vector(filled: FakeEngine) -> None:
    digest = word_samples.words(filled.store)
    job = Job(id="1", title="", kind="words", state="done", result=digest)
    info = next(one for one in filled.store.list() if one.digest == digest)

    assert places.of_job(job) == library.place(info) == ("vector", {"v": FIRST})


def test_the_command_line_prints_words_as_they_are(filled: FakeEngine, capsys) -> None:
    words_table.table(filled.store.load_experiment(word_samples.words(filled.store)))

    said = " ".join(capsys.readouterr().out.split())
    assert "Never\u2605 +4.5" in said
    assert "*_[x](y) +3" in said
    assert "a random vector at the output of block 1: copies." in said


def test_damaged_words_are_refused(filled: FakeEngine) -> None:
    record = filled.store.load_experiment(word_samples.words(filled.store))
    record["tables"]["words"][1]["value"] = "large"

    with pytest.raises(StoreError, match="tables/words/1/value"):
        soundness.check(record, "words.json")
