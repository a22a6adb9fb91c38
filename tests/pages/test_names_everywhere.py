"""A reader's own names stand wherever a vector or its questions are told."""

import json

from dashboard.frame.palette import items
from dashboard.session import naming
from engine.store import notes
from tests.pages.conftest import open_page, words
from tests.pages.samples import FakeEngine


def _named(engine: FakeEngine, name: str = "joy of living") -> str:
    """Name a vector that the stored run has measured; gives its reference."""
    run = next(info for info in engine.store.list() if info.kind == "evaluation")
    frame = engine.store.load_evaluation(run.digest).frame
    own = frame[~frame["vector_set"].isin(["baseline", "control"])].iloc[0]
    reference = f"{own['vector_set']}:{own['vector']}"
    notes.keep(naming.root(), reference, name)
    return reference


def test_the_leaderboard_has_a_readers_own_name(filled: FakeEngine) -> None:
    digest, _, index = _named(filled).partition(":")
    app = open_page("discover", found=digest, vector=index)

    assert not app.exception
    assert "joy of living" in list(app.dataframe[0].value["name"])


def test_the_questions_of_one_evaluation_are_told_without_a_digest(filled: FakeEngine) -> None:
    run = next(info for info in filled.store.list() if info.kind == "evaluation")

    told = naming.asked([run])[run.digest]

    assert told == filled.store.load_evaluation(run.digest).questions.name
    assert run.digest[:4] not in told


def test_the_map_of_a_run_has_a_readers_own_name_and_links_stay(filled: FakeEngine) -> None:
    _named(filled)
    app = open_page("curves", tab="All vectors")

    assert not app.exception
    assert any("joy of living" in json.dumps(c.proto.spec) for c in app.get("vega_lite_chart"))


def test_the_map_of_directions_has_a_readers_own_name(filled: FakeEngine) -> None:
    _named(filled)
    app = open_page("similarity", mode="all")

    assert not app.exception
    assert any("joy of living" in json.dumps(c.proto.spec) for c in app.get("vega_lite_chart")) or (
        "joy of living" in words(app)
    )


def test_saved_filters_are_choices_of_the_palette(filled: FakeEngine) -> None:
    notes.keep(naming.root(), _named(filled), "joy of living", tags=("keep",))

    found = {one["label"]: one["with"] for one in items.filters()}

    assert found["Starred"] == {"lib_text": "is:starred"}
    assert found["#keep"] == {"lib_text": "tag:keep"}
