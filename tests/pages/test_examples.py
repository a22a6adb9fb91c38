"""Examples and drift on pages: what they say, and what is asked for them."""

import html
import time
from dataclasses import replace
from typing import Any

import pytest

from dashboard.charts import drift as charts
from dashboard.views.library import library
from dashboard.widgets import places
from dashboard.widgets.drift import drawing as drifting
from dashboard.widgets.examples import corpora, drawing
from dashboard.words import drift as drift_words
from dashboard.words import tokens
from dashboard.words.inks import DARK, LIGHT
from engine.configs.reads.examples import ExamplesConfig
from engine.configs.reads.strips import Passage
from engine.errors import DataError
from engine.records.drift import Drift, Moved, TurnRead
from engine.runs.job import Job
from engine.runs.live import Asked
from tests.pages import example_samples
from tests.pages.conftest import open_page, words
from tests.pages.samples import FakeEngine

PLACE = f"{example_samples.SET}:0"


def test_a_vector_s_page_shows_both_ends_beside_random_directions(filled: FakeEngine) -> None:
    digest = example_samples.examples(filled.store)
    example_samples.examples(filled.store, "other.txt")
    app = open_page("vector", v=PLACE, v_tab="Examples")

    assert not app.exception
    said = words(app).replace("\\", "")
    assert "The highest text lies at +3.0 SD; those of 64 random directions at -3.0 to +3.0" in said
    assert "beyond random" in said
    assert "1 of the 1 highest and 0 of the 1 lowest texts are deceptive; 4 of 64" in said
    drawn = [one.proto.body for one in app.get("html")]
    assert any("&lt;b&gt;cake&lt;/b&gt;" in one for one in drawn)
    assert not any("<b>cake" in one for one in drawn)
    [info] = [one for one in filled.store.list() if one.digest == digest]
    place = "vector", {"v": PLACE, "v_tab": "Examples", "examples": digest}
    assert library.place(info) == place
    job = Job(id="j", title="t", kind="examples", created=0.0, state="done", result=digest)
    assert places.of_job(job) == place
    again = open_page("vector", v=PLACE, v_tab="Examples", examples=digest)
    assert again.selectbox(key="examples").value == digest
    assert app.selectbox(key="examples").value != digest
    # What this tab has asked for is offered when it is there, and does not replace what is read.
    made = filled.jobs.submit("Examples in advice", "examples", lambda _progress: digest)
    while made.active:
        time.sleep(0.02)
    before = app.selectbox(key="examples").value
    app.session_state["_jobs"] = {made.id: "vector"}
    assert app.run().selectbox(key="examples").value == before
    app.button(key=f"offer_{made.id}").click().run()
    assert app.selectbox(key="examples").value == digest
    assert f"offer_{made.id}" not in [one.key for one in app.run().button]


def test_a_corpus_is_searched_with_a_button(filled: FakeEngine) -> None:
    app = open_page("vector", v=PLACE, v_tab="Examples")
    app.selectbox(key="examples_corpus").select("prompts: sentiment").run()
    app.segmented_control(key="examples_by").set_value("token").run()
    app.button(key="examples_search").click().run()

    assert not app.exception
    config: Any = filled.submitted[0]
    assert isinstance(config, ExamplesConfig)
    assert (config.corpus, config.form, config.by) == (
        *("data/prompts/sentiment.txt", "prompt", "token"),
    )


def test_a_dropped_corpus_is_kept_by_its_content(filled: FakeEngine) -> None:
    path = corpora.keep("My notes/é.TXT", b"one text\ntwo texts\n")
    assert path == corpora.keep("My notes/é.txt", b"one text\ntwo texts\n")
    assert path != corpora.keep("My notes/é.txt", b"another text\n")
    assert path.parent == filled.store.root / corpora.FOLDER
    assert path.read_bytes() == b"one text\ntwo texts\n"
    assert [one.form for one in corpora.dropped().values()] == ["auto", "auto"]
    with pytest.raises(DataError, match="is no file of texts: drop one of txt"):
        corpora.keep("a.exe", b"MZ")
    assert corpora.has_held_out("data/pairs/advice.json")
    assert not corpora.has_held_out("data/pairs/sentiment.json")


def test_a_text_is_opened_as_the_model_was_given_it() -> None:
    text = {"prompt": "Why?", "system": "Be.", "lead": "A", "pieces": [" book", "."]}
    alone = text | {"prompt": None}
    assert drawing.passage(text, "auto") == Passage(prompt="Why?", system="Be.", answer="A book.")
    assert drawing.passage(text, "plain") == Passage(plain="A book.")
    assert drawing.passage(alone, "auto") == Passage(plain="A book.")
    assert drawing.passage(alone, "prompt") == Passage(prompt="A book.", system="Be.")


def test_tokens_are_told_without_colour_too_and_are_never_markup() -> None:
    drawn = tokens.as_html("<i>", ["<script>", " b"], [2.5, -0.1])

    assert "<script>" not in drawn
    assert "<i>" not in drawn
    assert html.escape("<script>") in drawn
    assert drawn.count("font-weight:600") == 1
    assert 'title="+2.50 SD"' in drawn
    assert 'title="-0.10 SD"' in drawn


def turn(place: int, role: str, mean: float, is_steered: bool = False) -> TurnRead:
    return TurnRead(
        place=place, role=role, is_steered=is_steered, pieces=("a", "b"),
        values=(mean - 1, mean + 1), mean=mean, bound=0.5,
    )  # fmt: skip


def drift(pane: str, means: list[float], is_steered: bool) -> Drift:
    roles = ["system", *["user", "assistant"] * (len(means) // 2)]
    turns = [
        turn(i, role, mean, is_steered and role == "assistant")
        for i, (role, mean) in enumerate(zip(roles, [0.0, *means], strict=True))
    ]
    return Drift(
        vector=PLACE, name="melbo_00", site="output of block 1", pane=pane, turns=tuple(turns),
        moved=Moved(value=1.5, bound=0.9, rank=2, of=65), randoms=64, seed=0,
    )  # fmt: skip


PANES = [
    drift("unsteered", [0.1, 0.2, 0.1, 0.4], False),
    drift("steered", [0.1, 2.0, 0.0, 3.0], True),
]


def test_the_chart_of_a_drift_has_every_turn_with_its_band() -> None:
    found = charts.frame(PANES)

    assert list(found["who"]) == ["user", "answer"] * 4
    assert list(found["turn"]) == [1, 1, 2, 2] * 2
    assert set(found["high"]) == {0.5}
    steered = found[found["is"] == "steered"]
    assert list(steered["beside"]) == ["beyond random"] * 2
    for inks in (LIGHT, DARK):
        drawn = charts.over_turns(PANES, inks).to_dict(validate=True)
        rows = next(iter(drawn["datasets"].values()))
        assert {row["pane"] for row in rows} == {"unsteered", "steered"}


def test_a_drift_in_words_never_leaves_out_random_directions() -> None:
    assert drift_words.answers(PANES[1]) == (
        "steered: 2 of 2 answers beyond 95% of 64 random directions, about 0.1 by chance; 2 "
        "steered."
    )
    assert drift_words.moved(PANES[1]) == (
        "From the first to the last answer +1.50 SD; 95% of 64 random directions move less than "
        "0.90: beyond random (rank 2 of 65)."
    )
    far = replace(PANES[1], moved=Moved(value=1.5, bound=0.9, rank=9, of=65))
    assert "not beyond random (rank 9 of 65)" in drift_words.moved(far)
    assert "A second answer" in drift_words.moved(replace(far, moved=None))


@pytest.mark.parametrize("state", ["done", "failed", "stopped"])
def test_a_drift_is_asked_live_and_drawn(engine: FakeEngine, monkeypatch, state: str) -> None:
    shown: list[Any] = []
    monkeypatch.setattr(engine.store, "load_conversation", lambda digest: digest, raising=False)
    monkeypatch.setattr(drifting.reads, "asks", lambda *_: ["one", "two"])
    values = {"one": [PANES[0]], "two": [PANES[1]]}

    def ask(_engine, asked, is_again=False) -> Asked[Any]:
        error = "It is too long." if state == "failed" else None
        found = Asked(asked, state=state, value=values[asked], error=error)
        found._over.set()
        return found

    monkeypatch.setattr(drifting.reads, "ask", ask)
    monkeypatch.setattr(drifting.widgets, "chart", lambda *a, **_: shown.append(a))

    def page() -> None:
        from dashboard.widgets import drift as widget

        widget.draw("aaaabbbbcccc", 3, "aaaa00000001:0")

    from streamlit.testing.v1 import AppTest

    app = AppTest.from_function(page, default_timeout=20).run()

    assert not app.exception
    said = words(app).replace("\\", "")
    if state == "done":
        assert len(shown) == 1
        assert "not that a vector was added" in said
        app.selectbox[0].select_index(2).run()
        [body] = [one.proto.body for one in app.get("html")]
        assert body.index('title="-0.80 SD"') < body.index('title="+1.20 SD"')
    else:
        assert ("It is too long." in said) == (state == "failed")
        assert any("again" in one.key for one in app.button)
