"""The library page in all its states, and what becomes of a file that is dropped on it."""

import dataclasses
import json
from pathlib import Path

import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from dashboard.cards import card as cards
from dashboard.cards import html as offline
from dashboard.cards import png_texts
from dashboard.charts import quick
from dashboard.views.library import dropping, filters, library, reading
from engine.statistics.across.best import Best
from engine.store import notes
from engine.store.library import disk, figures, trash
from engine.store.library.figures import Line
from engine.store.store import Store
from tests.pages.conftest import charts, open_page, opened, words
from tests.pages.samples import FakeEngine, fill
from tests.pages.test_cards import GOOD, png_with
from tests.pages.text_samples import GRID, fill_texts

SET, RUN = "aaaa00000001", "eeee00000003"


@pytest.fixture(autouse=True)
def nothing_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """Figures take their time; the tests of them read them first."""
    for name in ("AT_ONCE", "EACH"):
        monkeypatch.setattr(reading, name, 0.0)


@pytest.fixture
def filled(engine: FakeEngine) -> FakeEngine:
    """A run of few rows: what is measured does not matter here."""
    fill(engine.store, vectors=3, controls=2, questions=4)
    return engine


def html(app: AppTest) -> str:
    return "\n".join(str(element.proto.body) for element in app.get("html"))


def record_file(store: Store, digest: str) -> tuple[str, bytes]:
    path = Path(store.find(digest).path)
    return path.name, path.read_bytes()


def test_an_empty_store_says_how_to_fill_it(engine: FakeEngine) -> None:
    app = open_page("library")

    assert not app.exception
    assert "Nothing is stored yet" in words(app)
    assert len(app.file_uploader) == 1
    assert not app.dataframe


def test_every_record_is_a_line_newest_first_without_its_data(
    filled: FakeEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill_texts(filled.store)

    def refuse(*_: object) -> None:
        raise AssertionError("the data was read")

    for name in ("load_vectors", "load_evaluation", "load_generation", "load_experiment"):
        monkeypatch.setattr(filled.store, name, refuse)
    app = open_page("library", record=RUN)

    assert not app.exception
    table = app.dataframe[0].value
    others = table["kind"].isin(["Vectors", "Evaluations"])
    assert others.is_monotonic_decreasing
    assert table[others]["when"].is_monotonic_decreasing
    assert set(table["kind"]) == {"Vectors", "Evaluations", "Generations"}
    own = table.set_index("digest").loc[RUN]
    assert own["open"] == f"/curves?run={RUN}"
    assert own["size"] == "6 vectors, 4 questions, 7 scales"
    assert own["kilobytes"] > 0
    assert "6 vectors, 4 questions, 7 scales" in words(app)
    assert "data&#47;questions" in html(app) or "data/questions/survival.jsonl" in html(app)
    assert "abc" in html(app)


def test_filters_stand_in_the_link(filled: FakeEngine) -> None:
    fill_texts(filled.store)

    kinds = open_page("library", lib_kind="Generations").dataframe[0].value["kind"]
    texts = open_page("library", lib_text="melbo 3 vectors, block").dataframe[0].value["digest"]

    assert set(kinds) == {"Generations"}
    assert list(texts) == [SET]
    nothing = open_page("library", lib_text="nothing is like this")
    assert "No record matches these filters" in words(nothing)
    nothing.button(key="clear_filters").click().run()
    assert len(nothing.dataframe[0].value) == 5


def test_a_link_to_a_record_opens_it_and_the_button_its_page(filled: FakeEngine) -> None:
    app = open_page("library", record=SET[:6])
    assert "MELBO" in words(app)
    assert "/library?record=aaaa00000001" in [code.value for code in app.code]

    app.button(key="open_record").click().run()

    assert not app.exception
    assert app.title[0].value == "Discover"
    assert app.selectbox(key="found").value == SET


def test_a_link_to_what_is_not_here_says_so(filled: FakeEngine) -> None:
    app = open_page("library", record="ffff00000009")

    assert "record ffff00000009, which is not here" in words(app).replace("\\", "")
    assert "Tick a row to open it" in words(app)


def test_damaged_files_are_named_with_their_reason(filled: FakeEngine) -> None:
    (filled.store.root / "results" / "ab_demo_cut.parquet").write_bytes(b"PAR1")

    app = open_page("library")

    assert [one.label for one in app.expander if "cannot" in one.label] == ["1 file cannot be read"]
    assert "ab_demo_cut.parquet is damaged and cannot be read" in words(app)


def test_a_record_is_deleted_on_the_second_button_and_comes_back_by_the_first(
    filled: FakeEngine,
) -> None:
    filled.store.save_experiment(
        "5e5e00000001", {"name": "corrigibility", "model": {"short_name": "demo"}, "v": SET}
    )
    app = opened(open_page("library", record=SET), "deleting")
    told = words(app).replace("\\", "")
    assert "2 records name it and would miss it: " in told
    assert "survival · MELBO, Power iteration eeee00000003" in told
    assert "Corrigibility study 5e5e00000001" in told
    assert filled.store.has(SET)

    quick.kept("drawn before", lambda: None)

    app.button(key="delete_record").click().run()

    assert not app.exception
    assert not filled.store.has(SET)
    # The digest may come to name another record.
    assert not quick._kept
    assert filled.store.has(RUN)
    assert f"({SET}) was deleted." in words(app).replace("\\", "")
    assert SET not in set(app.dataframe[0].value["digest"])

    app.button(key="undo").click().run()

    assert not app.exception
    assert filled.store.has(SET)
    assert "is back" in app.success[0].value
    assert "undo" not in [button.key for button in app.button]


def test_the_trash_is_a_section_and_is_emptied_for_ever(filled: FakeEngine) -> None:
    trash.put(filled.store, SET)
    app = open_page("library", section="trash")
    assert list(app.dataframe[0].value["digest"]) == [SET]

    app.button(key="empty_trash").click().run()

    assert not app.exception
    assert trash.listed(filled.store) == []
    assert "are free again" in app.success[0].value
    assert "The trash is empty" in words(app)


def test_the_disk_is_told_by_kind(filled: FakeEngine) -> None:
    app = open_page("library", section="disk")

    table = app.dataframe[0].value.set_index("kind")
    assert list(table["files"]) == [2, 1]
    assert table["megabytes"].sum() == pytest.approx(
        sum(use.bytes for use in disk.used(filled.store)) / 1e6
    )
    assert app.button(key="empty_caches").disabled


def test_figures_stand_in_the_row_and_what_is_missing_is_empty_with_its_reason(
    filled: FakeEngine,
) -> None:
    fill_texts(filled.store)
    line = figures.read(filled.store, filled.store.find(RUN))[""]

    table = open_page("library").dataframe[0].value.set_index("digest")

    own = table.loc[RUN]
    assert own["effect"] == line.best.effect
    assert own["interval"] == f"{line.best.low:+.2f} … {line.best.high:+.2f}"
    assert own["held_out"] == line.best.held_out
    assert list(own["changes"]) == list(line.best.changes)
    assert table.loc[SET, "effect"] == figures.known(filled.store.find(RUN))[SET].best.effect
    assert table.loc[SET, "run"] == "survival · MELBO, Power iteration"
    for name in ("p", "kl"):
        assert pd.isna(own[name])
    assert "p: No p: too few controls." in own["empty"]
    assert "KL at best: KL was not measured" in own["empty"]
    assert pd.isna(table.loc[GRID, "effect"])
    assert "no answers to score" in table.loc[GRID, "empty"]


def test_records_are_grouped_and_filtered_by_what_stands_out(filled: FakeEngine) -> None:
    app = open_page("library", lib_group="Method")

    assert not app.exception
    labels = [one.label.replace("\\", "") for one in app.expander]
    assert labels[:3] == ["A/B sweep · 1 record", "Power iteration · 1 record", "MELBO · 1 record"]
    told = {
        RUN: reading.Told(line_of("beyond the best of 24 random"), None, ""),
        SET: reading.Told(None, None, ""),
    }
    asked = filters.Asked(only=("beyond",))
    infos = filled.store.list()
    assert [info.digest for info in filters.chosen(infos, asked, told)] == [RUN]
    notes.change(filled.store.root, SET, star=True)
    starred = filters.Asked(only=("starred",))
    assert [info.digest for info in filters.chosen(infos, starred, told)] == [SET]
    # "beyond random" holds for a vector named beforehand, not for the strongest of a run.
    for badge in ("beyond random", "within random"):
        told[RUN] = reading.Told(line_of(badge), None, "")
        assert filters.chosen(infos, asked, told) == []


def line_of(badge: str) -> Line:
    best = Best(
        vector_set=SET, vector=0, scale=1.0, effect=1.0, low=0.5, high=1.5, p=0.01, badge=badge,
        held_out=1.0, held_low=0.5, held_high=1.5, questions=4, controls=24, scales=(0.0, 1.0),
        changes=(0.0, 1.0),
    )  # fmt: skip
    return Line(best, None, "logits", {})


def test_two_ticked_runs_are_compared(filled: FakeEngine) -> None:
    first = filled.store.load_evaluation(RUN)
    filled.store.save_evaluation(dataclasses.replace(first, digest="eeee00000004"))
    app = open_page("library")
    app.session_state["_marked"] = [RUN, "eeee00000004"]
    app.run()

    app.button(key="compare_marked").click().run()

    assert not app.exception
    assert app.segmented_control(key="section").value == "compare"
    assert {app.selectbox(key=key).value for key in ("first", "second")} == {RUN, "eeee00000004"}
    assert "4 questions of survival" in words(app)
    assert "**+0.00** (+0.00 to +0.00)" in words(app)
    assert charts(app) == 2
    assert app.query_params["second"] == app.selectbox(key="second").value
    again = open_page("library", compare=f"{RUN},eeee00000004")
    assert again.selectbox(key="second").value == "eeee00000004"
    assert charts(again) == 2


def test_a_record_that_was_deleted_in_another_tab_is_said_to_be_gone(filled: FakeEngine) -> None:
    app = open_page("library", record=SET)
    trash.put(filled.store, SET)

    app.run()

    assert not app.exception
    assert f"the record {SET}, which is not here" in " ".join(w.value for w in app.warning)
    assert not app.run().warning


def test_what_a_record_says_is_shown_as_its_characters(engine: FakeEngine) -> None:
    evil = "<img src=x onerror=alert(1)>"
    record = {"kind": "experiment", "name": evil, "title": evil, "digest": "5e5e00000001"}
    known = {"model": {"short_name": evil}, "config": {evil: evil}, "notes": [evil], "tables": []}
    made = {"created": "2026-11-21T10:00:00+00:00", "seconds": 1.0, "packages": {evil: evil}}
    made |= {"commit": evil, "dirty": False, "device": evil, "dtype": evil}
    whole = {"schema_version": 1, **record, **known, "provenance": made}
    folder = engine.store.root / "results"
    folder.mkdir()
    (folder / "experiment_evil.json").write_text(json.dumps(whole))

    app = open_page("library", record="5e5e00000001")

    assert not app.exception
    assert "<img" not in html(app)
    assert offline.escape(evil) in html(app)
    assert evil not in words(app)


def test_a_record_without_provenance_is_still_shown(engine: FakeEngine) -> None:
    engine.store.save_experiment("c0ffee000001", {"name": "odd", "model": {"short_name": "demo"}})

    app = open_page("library", record="c0ffee000001")

    assert not app.exception
    assert app.header[0].value == "Odd"
    assert "a whole study" in words(app)


def test_nested_settings_become_lines() -> None:
    found = dict(
        library.flat({"a": {"b": [1, 2], "c": None}, "d": [{"e": 1}], "f": {}, "g": [{}] * 20})
    )

    assert found == {"a.b": "1, 2", "a.c": "none", "d.0.e": "1", "f": "{}", "g": "20 entries"}


def test_a_dropped_record_is_kept_and_shown(filled: FakeEngine, tmp_path: Path) -> None:
    name, content = record_file(filled.store, SET)
    filled.store.remove(SET)
    app = open_page("library")

    app.file_uploader[0].set_value((name, content, "application/octet-stream")).run()

    assert not app.exception
    assert filled.store.has(SET)
    assert f"is stored as {SET}" in app.success[0].value.replace("\\", "")
    assert "MELBO" in words(app)


def test_a_dropped_card_opens_its_view(filled: FakeEngine) -> None:
    told = GOOD | {"query": {"run": [RUN], "vec": ["melbo_01"]}}
    app = open_page("library")

    app.file_uploader[0].set_value(("card.png", png_with(told), "image/png")).run()

    assert not app.exception
    assert app.title[0].value == "Scale curves"
    assert app.selectbox(key="run").value == RUN
    assert app.selectbox(key="vec").value == "melbo_01"


def test_a_foreign_file_is_sent_to_the_audit(filled: FakeEngine) -> None:
    app = open_page("library")

    app.file_uploader[0].set_value(("theirs.gguf", b"GGUF", "application/octet-stream")).run()

    assert not app.exception
    assert "open it in Library under Audit" in app.error[0].value.replace("\\", "")


def test_dropped_files_are_dealt_with_one_by_one(tmp_path: Path) -> None:
    source, store = Store(tmp_path / "a"), Store(tmp_path / "b")
    fill(source, vectors=2, controls=2, questions=3)
    fill_texts(source)
    card = ("card.PNG", png_with(GOOD | {"page": "generations", "query": {"gen": [GRID]}}))

    alone = dropping.take([card], store)
    assert [one.kind for one in alone.said] == ["warning"]
    assert GRID in alone.said[0].words
    assert alone.view is None

    both = dropping.take([card, record_file(source, GRID)], store)
    assert [one.kind for one in both.said] == ["success", "card"]
    assert both.record == GRID
    assert both.view == cards.View("generations", {"gen": [GRID]}, {"seed": "0"})

    bad = ("bad.png", png_texts.SIGNATURE)
    many = dropping.take([card, bad, ("x.pt", b"")], store)
    assert sorted(one.kind for one in many.said) == ["card", "error", "error"]
    assert many.view is None
