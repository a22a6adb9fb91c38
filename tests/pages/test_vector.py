"""The page of one vector: its link, name, notes, figures, texts, neighbours and recipe."""

import io
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from dashboard.frames import cosines
from dashboard.session import naming, resources, vector_links
from dashboard.views import studies_vectors
from dashboard.views.similarity import clusters
from dashboard.views.vector import header, neighbours, sections, subject, talks, texts, users
from engine.configs.chats import Chip, Pane, Turn
from engine.configs.core import ModelConfig, VectorRef
from engine.configs.finders import MelboConfig
from engine.configs.sweeps import EvaluateConfig
from engine.statistics import similarity
from engine.store import notes
from engine.store.store import Store
from tests import shipped
from tests.pages.conftest import charts, open_page, words
from tests.pages.pair_samples import CONTRASTIVE, FINETUNE, fill_families
from tests.pages.samples import FakeEngine, evaluation, fill, vector_set
from tests.pages.talk_samples import TalkEngine
from tests.pages.text_samples import EVIL, GRID, SWEEP, fill_texts
from tests.shipped import ROOT

MELBO, POWER, RUN = "aaaa00000001", "bbbb00000002", "eeee00000003"


@pytest.fixture
def small(engine: FakeEngine) -> FakeEngine:
    """Two sets of two vectors and one evaluation of them."""
    fill(engine.store, vectors=2, controls=2, questions=3)
    return engine


def said(app: AppTest) -> str:
    """Every sentence, without the signs that keep Markdown from being read."""
    assert not app.exception, app.exception[0].message
    return "\n".join([words(app), *(code.value for code in app.code)]).replace("\\", "")


def title(app: AppTest) -> str:
    return str(app.title[0].value).replace("\\", "")


def test_a_measured_vector_shows_its_violin_verdict_and_neighbours(small: FakeEngine) -> None:
    app = open_page("vector", v=f"{MELBO}:1")

    told = said(app)
    assert title(app) == naming.called(f"{MELBO}:1")
    assert (
        f"MELBO \u00b7 set {MELBO} \u00b7 output of block 7 \u00b7 norm 1 \u00b7 Built-in" in told
    )
    assert "Most like " in told
    assert charts(app) == 2
    assert app.query_params["v"] in (f"{MELBO}:1", [f"{MELBO}:1"])
    assert "v_to_curves" in [button.key for button in app.button]


@pytest.mark.parametrize(
    ("asked", "shown"),
    [(MELBO, f"{MELBO}:0"), ("bbbb", f"{POWER}:0"), ("BB:1", f"{POWER}:1"), ("", None)],
)
def test_a_link_may_leave_out_the_index_and_the_end_of_the_digest(
    small: FakeEngine, asked: str, shown: str | None
) -> None:
    infos = {info.digest: info for info in small.store.list() if info.kind == "vectors"}

    assert subject.full(asked, infos) == shown


def test_a_link_to_nothing_says_so_and_names_what_is_near(engine: FakeEngine) -> None:
    engine.store.save_vectors(vector_set(MelboConfig(vectors=2), MELBO))
    app = open_page("vector")
    for asked in ("nonsense", f"{MELBO}:999", "<b>:1", "a:1:2", "b" * 300, f"{MELBO}:-1"):
        app.query_params["v"] = asked

        app.run()

        told = said(app)
        assert f"The link asks for the vector {asked}, which is not here. Nearest: " in told
        assert f"{MELBO}:0" in app.warning[0].value.replace("\\", "")
        assert title(app) == naming.called(f"{MELBO}:0")


def test_an_empty_store_offers_the_way_to_vectors(engine: FakeEngine) -> None:
    app = open_page("vector", v=f"{MELBO}:1")

    assert "No vector is stored yet" in said(app)
    assert "v_to_find" in [button.key for button in app.button]


def test_the_next_vector_of_the_set_is_a_key_away_and_stays_current(small: FakeEngine) -> None:
    app = open_page("vector", v=f"{MELBO}:0")

    app.button(key="v_next").click().run()

    assert title(app) == naming.called(f"{MELBO}:1")
    app.selectbox(key="v_set").set_value(POWER).run()
    assert title(app) == naming.called(f"{POWER}:0")
    app.query_params.clear()
    app.switch_page("../pages/library.py").run()
    app.query_params.clear()
    app.switch_page("../pages/vector.py").run()
    assert title(app) == naming.called(f"{POWER}:0")
    # In another tab the set is deleted.
    small.store.remove(POWER)
    app.run()
    assert f"the vector {POWER}:0, which is not here" in said(app)
    assert title(app) == naming.called(f"{MELBO}:0")


def test_a_vector_that_nothing_measured_offers_to_evaluate_it(engine: FakeEngine) -> None:
    fill_families(engine.store, null=False)

    app = open_page("vector", v=f"{CONTRASTIVE}:3", v_tab="Texts")

    told = said(app)
    assert "No sweep has measured this vector yet: evaluate it." in told
    assert "No stored text was written with this vector: write one." in told
    app.button(key="v_to_evaluate").click().run()
    assert app.selectbox(key="found").value == CONTRASTIVE
    assert app.query_params["vector"] in ("3", ["3"])


def test_a_vector_of_another_model_is_named_so_and_compared_with_its_own(
    engine: FakeEngine,
) -> None:
    fill_families(engine.store, null=False)
    other = replace(
        vector_set(MelboConfig(vectors=2), "dddd00000004"),
        vectors=np.eye(2, 9, dtype=np.float32),
        model={"short_name": "other", "fingerprint": "beef"},
    )
    engine.store.save_vectors(other)

    app = open_page("vector", v="dddd00000004:0")

    told = said(app)
    assert "Of other, not of Built-in demo model" in told
    assert "0 of 1 vector lies beyond" in told
    assert "contrastive" not in told.partition("At the output")[2]


def test_neighbours_are_signed_cosines_of_the_same_place_and_of_others(engine: FakeEngine) -> None:
    fill_families(engine.store)
    own, other = (engine.store.load_vectors(one) for one in (CONTRASTIVE, FINETUNE))

    app = open_page("vector", v=f"{CONTRASTIVE}:3")

    told = said(app)
    cosine = similarity.cosine_map(own, other)[3, 3]
    tuned = "Fine-tune difference · advice · answer-mean · adapter demo"
    assert f"Most like {tuned} · block 3 at its place: cosine {cosine:+.2f}" in told
    elsewhere = app.dataframe[0].value
    assert len(elsewhere) == 10
    # The shuffled labels' set is a null and no neighbour.
    contrastive = "Contrastive · answers · advice · answer-mean"
    assert set(elsewhere["name"].str.rpartition(" · ")[0]) == {contrastive, tuned}
    row = elsewhere[elsewhere["name"] == f"{tuned} · block 4"].iloc[0]
    assert row["cosine"] == pytest.approx(similarity.cosine_map(own, other)[3, 4])


def test_a_name_and_notes_are_kept_escaped_and_taken_back(small: FakeEngine) -> None:
    app = open_page("vector", v=f"{MELBO}:1")
    before = small.store.content(MELBO)

    app.text_input[0].set_value("  *liar* <b>one</b> ")
    app.text_area[0].set_value(EVIL)
    app.button(key=f"FormSubmitter:note_form__{MELBO}:1-Keep").click().run()

    assert title(app) == "*liar* <b>one</b>"
    assert app.title[0].value.startswith(r"\*liar\*")
    assert " ".join(EVIL.split()) in [text.value for text in app.text]
    assert notes.read(Path(small.store.root), f"{MELBO}:1").words == EVIL
    assert small.store.content(MELBO) == before
    again = open_page("vector", v=f"{MELBO}:1")
    assert title(again) == "*liar* <b>one</b>"
    assert again.text_area[0].value == EVIL
    assert "melbo_01 \u00b7 MELBO" in said(again)
    again.text_input[0].set_value("")
    again.text_area[0].set_value("")
    again.button(key=f"FormSubmitter:note_form__{MELBO}:1-Keep").click().run()
    assert title(again) == naming.called(f"{MELBO}:1")
    assert notes.every(Path(small.store.root)) == {}


def test_a_note_changed_in_another_tab_is_not_lost_nor_is_what_was_typed(
    small: FakeEngine,
) -> None:
    app = open_page("vector", v=f"{MELBO}:1")
    root = Path(small.store.root)
    notes.keep(root, f"{MELBO}:1", "theirs", "their words")
    app.text_area[0].set_value("my words")

    app.button(key=f"FormSubmitter:note_form__{MELBO}:1-Keep").click().run()

    assert any("changed elsewhere" in error.value for error in app.error)
    assert app.text_area[0].value == "my words"
    assert notes.read(root, f"{MELBO}:1").words == "their words"
    app.button(key="note_reload_").click().run()
    assert app.text_area[0].value == "their words"
    assert not app.error


def test_a_damaged_note_is_said_and_costs_nothing_else(small: FakeEngine) -> None:
    place = small.store.root / "results/notes"
    place.mkdir(parents=True)
    (place / f"{MELBO}_1.json").write_text(json.dumps({"name": 3}))

    app = open_page("vector", v=f"{MELBO}:1")

    assert "cannot be read" in said(app)
    assert title(app) == naming.called(f"{MELBO}:1")
    assert not app.text_area


def test_texts_are_those_of_grids_that_used_the_vector(engine: FakeEngine) -> None:
    fill_families(engine.store, null=False)
    fill_texts(engine.store)

    app = open_page("vector", v=f"{CONTRASTIVE}:0", v_tab="Texts")

    told = said(app)
    assert EVIL in [text.value for text in app.text]
    assert f"Open grid {GRID[:4]}" in "".join(link.label for link in app.get("page_link"))
    assert "of grid" in told
    known = {grid.digest: grid for grid in texts.grids(CONTRASTIVE, 0)}
    assert known[GRID].columns == ("base + 1\u00d7 contrastive_03",)
    assert known[GRID].baseline == "base"
    assert known[SWEEP].columns == ("-4", "-2", "-1", "+1", "+2", "+4")
    assert known[SWEEP].baseline == "+0"
    other = said(open_page("vector", v=f"{CONTRASTIVE}:1", v_tab="Texts"))
    assert "No stored text was written with this vector" in other


def test_every_sweep_stands_in_a_table_and_opens_above(small: FakeEngine) -> None:
    other = replace(
        small.store.load_evaluation(RUN),
        digest="eeee00000009",
        provenance=replace(small.store.load_evaluation(RUN).provenance, created="2026-11-22T10"),
    )
    small.store.save_evaluation(other)

    app = open_page("vector", v=f"{MELBO}:0", v_tab="Sweeps", v_run=RUN)

    table = app.dataframe[0].value
    assert table["digest"].tolist() == ["eeee00000009", RUN]
    assert table["effect"].notna().all()
    assert app.selectbox(key="v_run").value == RUN
    bare = open_page("vector", v=f"{MELBO}:0", v_run="nothing")
    assert "the sweep nothing, which is not here" in said(bare)
    assert bare.selectbox(key="v_run").value == "eeee00000009"


def test_the_recipe_tells_settings_commit_and_how_to_make_it_again(small: FakeEngine) -> None:
    app = open_page("vector", v=f"{POWER}:1", v_tab="Recipe")

    told = said(app)
    assert "python -m engine find power-iteration --model demo --source-layer 7" in told
    assert "found = engine.find(\n    'power-iteration'" in told
    rows = dict(app.table[0].value.itertuples(index=False))
    assert rows["commit"] == "abc"
    assert rows["seed"] == "0"
    assert rows["displacement"] == "8.7"


def test_a_card_and_exports_are_made_of_the_vector_that_is_shown(small: FakeEngine) -> None:
    info = small.store.find(MELBO)
    one = subject.Subject(info, 1, resources.header(info.digest, info.path), notes.NOTHING)

    data = header.array(small.store, one)
    address = vector_links.address(one.reference)
    shown = neighbours.card(one, address)().view

    assert np.array_equal(np.load(io.BytesIO(data)), small.store.load_vectors(MELBO).vectors[1])
    assert address == f"/vector?v={MELBO}%3A1"
    assert (shown.page, shown.query) == ("vector", {"v": [f"{MELBO}:1"]})
    assert shown.recipe["vector"].startswith(f"melbo_01: row 1 of set {MELBO}")


def test_every_section_of_a_bare_vector_of_another_tool_is_drawn(engine: FakeEngine) -> None:
    foreign = vector_set(MelboConfig(vectors=1), "dddd00000004")
    engine.store.save_vectors(replace(foreign, method="imported", config={}))
    app = open_page("vector", v="dddd")
    for tab in sections.SECTIONS:
        app.query_params["v_tab"] = app.session_state["v_tab"] = tab

        app.run()

        assert not app.exception, (tab, app.exception[0].message)
        assert title(app) == "Imported · 1 vector · 00"
        assert app.session_state["v_tab"] == tab
    assert "no finder makes it again" in said(app)


def links(app: AppTest) -> dict[str, str]:
    """Where each link to a vector's page leads, by what it says."""
    assert not app.exception, app.exception[0].message
    return {
        link.label.replace("\\", ""): link.query_string
        for link in app.get("page_link")
        if link.page == "vector"
    }


def test_every_page_that_names_a_vector_links_to_it(engine: FakeEngine) -> None:
    fill(engine.store, vectors=2, controls=2, questions=3)
    fill_families(engine.store, null=False)
    fill_texts(engine.store)
    app = open_page("overview", pin=f"{CONTRASTIVE}:3")

    def visit(page: str, **query: str) -> dict[str, str]:
        for key in list(app.query_params):
            del app.query_params[key]
        for key, value in query.items():
            app.query_params[key] = value
        return links(app.switch_page(f"../pages/{page}.py").run())

    notes.keep(Path(engine.store.root), f"{MELBO}:0", "*mine*", "")
    found = visit("overview")
    assert found["*mine*"].startswith(f"v={MELBO}%3A0")
    assert found[naming.called(f"{MELBO}:1")].startswith(f"v={MELBO}%3A1")
    # The pinned card of the sidebar, which stands beside every page.
    assert found[naming.called(f"{CONTRASTIVE}:3")].startswith(f"v={CONTRASTIVE}%3A3")
    found = visit("generations", gen=GRID)
    assert found[naming.called(f"{CONTRASTIVE}:0")].startswith(f"v={CONTRASTIVE}%3A0")
    assert found[naming.called(f"{FINETUNE}:0")].startswith(f"v={FINETUNE}%3A0")
    found = visit("similarity", a=CONTRASTIVE, b=FINETUNE, cell="3-2")
    assert found[naming.called(f"{FINETUNE}:2")].startswith(f"v={FINETUNE}%3A2")
    for page, query, key, shown in (
        ("discover", {"found": POWER, "vector": "1"}, "open_vector", f"{POWER}:1"),
        ("curves", {"run": RUN, "vec": "melbo_01"}, "open_vector", f"{MELBO}:1"),
        ("similarity", {"mode": "one", "one": f"{FINETUNE}:4"}, "open_vector", f"{FINETUNE}:4"),
        ("library", {"record": POWER}, "open_first", f"{POWER}:0"),
        ("audit", {"audit": POWER}, "open_audited", f"{POWER}:0"),
    ):
        visit(page, **query)
        app.button(key=key).click().run()
        assert title(app) == naming.called(shown), page


def test_the_library_opens_the_first_vector_of_a_set(small: FakeEngine) -> None:
    table = open_page("library").dataframe[0].value

    assert table.set_index("digest").loc[MELBO, "open"] == f"/vector?v={MELBO}%3A0"


def test_copies_of_one_direction_link_to_their_vectors(engine: FakeEngine) -> None:
    fill_families(engine.store, null=False)
    sets = [resources.vector_set(digest) for digest in (CONTRASTIVE, FINETUNE)]
    turned = replace(sets[1], vectors=-sets[0].vectors, digest="f1de0000000a")
    square = cosines.square([sets[0], turned])

    found = clusters.copies_of(square, 0)

    assert len(found) == square.groups["copies"].iloc[0] >= 2
    assert set(found.values()) <= {one.reference for one in square.members}
    assert {reference.partition(":")[0] for reference in found.values()} == {
        CONTRASTIVE, "f1de0000000a",
    }  # fmt: skip


def test_studies_that_name_the_set_are_linked(small: FakeEngine) -> None:
    told = {"model": small.store.load_vectors(MELBO).model, "name": "suggest", "method": "suggest"}
    small.store.save_experiment("5e5e00000009", {**told, "vectors": [MELBO], "summary": "one cell"})

    assert [info.digest for info in users.naming(MELBO)] == ["5e5e00000009"]
    assert users.naming(POWER) == []


def test_conversations_in_which_the_vector_acted_are_found_as_they_grow(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = TalkEngine(tmp_path)
    fill_families(engine.store, null=False)
    monkeypatch.setattr(resources, "engine", lambda: engine)
    base, reference = Pane(name="base"), f"{CONTRASTIVE}:3"

    def say(*chips: Chip) -> None:
        panes = (base, Pane(name="steered", chips=chips))
        turn = Turn(said="Hello", panes=panes, parent=None)
        digest = engine.talks.asked[0].digest if engine.talks.asked else None
        engine.talks.say(ModelConfig(), turn, digest)
        engine.talks.end()

    def found() -> list[tuple[str, int]]:
        return [(used.talk.title, used.turn) for used in talks.using(reference)]

    say(Chip(digest=CONTRASTIVE, index=3, is_on=False), Chip(digest=CONTRASTIVE, index=2))
    assert found() == []
    say(Chip(digest=CONTRASTIVE, index=3))
    say(Chip(digest=CONTRASTIVE, index=3, scale=0.0))
    assert found() == [("Hello", 1)]
    say(Chip(digest=CONTRASTIVE, index=3, scale=-2.0))
    assert found() == [("Hello", 3)]


@pytest.mark.parametrize("name", ["deception", "corrigibility", "operators"])
def test_the_vectors_that_a_shipped_study_chose_are_those_of_its_tables(name: str) -> None:
    store = Store(ROOT)
    record = store.load_experiment(shipped.digest(name))

    found = list(dict.fromkeys(studies_vectors.chosen(record)))

    assert found
    for digest, index in found:
        one, tables = store.load_vectors(digest), record["tables"]
        if name == "corrigibility":
            best = [(row["vector_set"], row["vector"]) for t in tables for row in t["best"][:3]]
            assert (digest, index) in best
        elif name == "operators":
            rows = tables["operators"]
            assert (digest, index) in {(row["vector_set"], row["vector"]) for row in rows}
        else:
            rows = [row for row in tables["arms"] if row["index"] == index]
            word = "contrastive" if one.method == "contrastive" else "fine-tune difference"
            assert any(word in row["arm"] for row in rows)
            assert all(one.sites[row["index"]].block == row["block"] for row in rows)


def test_a_sweep_of_some_vectors_of_a_set_is_none_of_the_others(engine: FakeEngine) -> None:
    found = vector_set(MelboConfig(vectors=2), MELBO)
    engine.store.save_vectors(found)
    ref = VectorRef(digest=MELBO, indices=(0,))
    config = EvaluateConfig(vectors=(ref,), controls=0, max_questions=2, scales=(0.0, 1.0))
    engine.store.save_evaluation(evaluation(config, [found], RUN, 2))

    assert [info.digest for info in resources.sweeps_of(MELBO, 0)] == [RUN]
    assert resources.sweeps_of(MELBO, 1) == []
