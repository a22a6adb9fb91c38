"""The palette: what it can open, and what comes of a choice."""

import json

import pytest

from dashboard.frame.palette import choosing, codes, items
from tests.pages.conftest import open_page, start
from tests.pages.samples import FakeEngine


def test_every_vector_has_a_code_of_its_own_that_is_typed_in_three_keys() -> None:
    many = [f"{number // 40:012x}:{number % 40}" for number in range(2400)]

    found = codes.of(many)

    assert len(set(found.values())) == len(many)
    assert {len(code) for code in found.values()} == {3}
    assert all(code[1].isdigit() for code in found.values())
    # What is stored later leaves the codes of what was there as they are.
    assert codes.of(many[:1000]) == {name: found[name] for name in many[:1000]}


def test_codes_stay_apart_when_all_of_three_signs_are_taken(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(codes, "MOST", 50)
    found = codes.of(f"{number:012x}:0" for number in range(120))

    assert len(set(found.values())) == 120
    assert max(map(len, found.values())) == 4


def test_all_that_is_stored_is_there_by_its_name(filled: FakeEngine) -> None:
    found = items.stored()

    assert json.loads(json.dumps(found)) == found
    vectors = [one for one in found if one["kind"] == "Vector"]
    assert {one["with"]["v"] for one in vectors} == {
        f"{digest}:{place}" for digest in ("aaaa00000001", "bbbb00000002") for place in range(3)
    }
    run = next(one for one in found if one["kind"] == "Evaluation")
    assert (run["page"], run["with"]) == ("curves", {"run": "eeee00000003"})
    assert "survival" in run["label"]
    assert "survival" in [one["label"] for one in found if one["kind"] == "Questions"]
    assert [one["label"] for one in items.pages()][:3] == ["Home", "Chat", "Discover"]


def test_what_the_browser_sends_is_checked(filled: FakeEngine) -> None:
    for wrong in (None, "curves", {"page": "/etc"}, {"page": "curves", "with": "x"}, {"do": "rm"}):
        choosing.take(wrong)

    assert filled.submitted == []
    assert filled.jobs.all() == []


def test_a_choice_opens_its_page(filled: FakeEngine) -> None:
    app = start()
    app.session_state["_leaving"] = "curves", {"run": "eeee00000003"}

    app.run()

    assert not app.exception
    assert app.title[0].value == "Scale curves"
    assert app.query_params["run"] == "eeee00000003"


def test_the_tour_walks_the_pages_and_is_offered_once(filled: FakeEngine) -> None:
    app = start()
    app.button(key="tour_begin").click().run()
    assert any("1 of 6 · Home" in one.value for one in app.markdown)
    titles = []
    for _ in range(5):
        app.button(key="tour_next").click().run()
        assert not app.exception
        titles += [one.value for one in app.title]
    assert titles == ["Discover", "Scale curves", "Chat", "Generations", "Library"]
    app.button(key="tour_end").click().run()

    assert "tour_end" not in [one.key for one in app.button]
    assert "tour_begin" not in [one.key for one in start().button]
    assert "tour_begin" not in [one.key for one in open_page("library").button]
