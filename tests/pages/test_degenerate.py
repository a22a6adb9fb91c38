"""A figure is computed of something, or is absent: tables, reports, cards, exports, pages."""

from pathlib import Path

import pytest

from dashboard.frames import sweep, undefined
from dashboard.session import resources
from engine.runs.engine import Engine
from engine.statistics import whole
from engine.store.store import Store
from tests.pages import degenerate, everything

PAGES = ("one vector undefined",)
"""Drawn on the pages and as pictures too, which takes seconds."""
SHORT = (
    *PAGES, "baseline undefined", "all undefined", "controls undefined", "one row a cell",
    "all tied", "only controls", "side effects unknown",
)  # fmt: skip
"""`python -m tests.pages.drawable` draws all cases everywhere."""


@pytest.mark.matrix(keep=2)
@pytest.mark.parametrize("name", SHORT)
def test_no_figure_of_nothing_reaches_a_reader(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = Store(tmp_path)
    digest = degenerate.save(store, degenerate.CASES[name])
    engine = Engine(store, keep_jobs=False)
    monkeypatch.setattr(resources, "engine", lambda: engine)

    is_whole = name in PAGES
    assert everything.faults(store, digest, with_pages=is_whole, with_cards=is_whole) == []


def test_one_of_a_kind_is_not_many(tmp_path: Path) -> None:
    store = Store(tmp_path)
    digest = degenerate.save(store, degenerate.CASES["one vector"])

    shown = " ".join(everything.audited(store, digest))

    assert "1 vector can be compared" in " ".join(shown.replace("│", " ").split())
    assert not everything.ONE_OF_MANY.search(shown)


def test_what_is_absent_is_said(tmp_path: Path) -> None:
    store = Store(tmp_path)
    digest = degenerate.save(store, degenerate.CASES["one vector undefined"])

    shown = " ".join(everything.printed(store, digest))

    assert "Logits are undefined (not finite) in 24 of" in shown
    told = undefined.words(sweep.build(store.load_evaluation(digest)))
    assert told.startswith("Logits are undefined (not finite) in 12 of 342 answers, steered ones")
    assert told.endswith("from scale 10 on: these are in no figure.")


def test_nothing_is_said_to_be_absent_that_is_not(tmp_path: Path) -> None:
    store = Store(tmp_path)
    digest = degenerate.save(store, degenerate.CASES["all tied"])

    assert undefined.words(sweep.build(store.load_evaluation(digest))) == ""


def test_ties_and_single_rows_give_no_p_below_one_of_the_controls(tmp_path: Path) -> None:
    for index, name in enumerate(("all tied", "controls alike", "one row a cell")):
        store = Store(tmp_path / str(index))
        found = whole.read(store.load_evaluation(degenerate.save(store, degenerate.CASES[name])))

        p = found.cells["p"].dropna()
        assert (p >= 1 / 25).all()
