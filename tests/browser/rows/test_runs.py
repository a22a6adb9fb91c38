"""All runs in one table: sorted by a figure, two of them compared, deleted and brought back."""

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from engine.store.store import Store
from tests.browser.server import settle

pytestmark = pytest.mark.browser

RUN, TWIN = "eeee00000003", "eeee00000007"
TABLE = "[data-testid=stMain] [data-testid=stDataFrame]"
LINE, HEAD = 35, 38
TICK, NAME, FIGURE = 16, 120, 280
"""Pixels from the table's left edge, inside the ticks, the name and the best effect."""
CELLS = """() => [...document.querySelectorAll('[data-testid=stMain] [data-testid=stDataFrame]')]
  .slice(0, 1).flatMap(one => [...one.querySelectorAll('tbody tr')])
  .map(row => [...row.querySelectorAll('td')].map(cell => cell.textContent))"""


@pytest.fixture
def runs(page: Any, store: Path) -> Any:
    """The table of two runs of the same questions, the later one moved half as far."""
    kept = Store(store)
    if not kept.has(TWIN):
        found = kept.load_evaluation(RUN)
        frame = found.frame.assign(
            logit_a=found.frame["logit_a"] * 0.5,
            logit_b=found.frame["logit_b"] * 0.5,
            difference=found.frame["difference"] * 0.5,
        )
        later = replace(found.provenance, created="2026-11-22T10:05:00+00:00")
        kept.save_evaluation(replace(found, digest=TWIN, frame=frame, provenance=later))
    page.goto("/library?lib_kind=Evaluations")
    page.get_by_text("2 of").first.wait_for()
    page.locator(TABLE).first.locator("canvas").first.wait_for()
    page.wait_for_function(f"({CELLS})().length === 2")
    # Figures are read after the table has come.
    page.wait_for_function(f"({CELLS})().every(row => row[1])")
    settle(page)
    return page


def click(page: Any, x: int, line: int | None = None) -> None:
    """A cell by its place, or the head of its column."""
    y = HEAD // 2 if line is None else HEAD + LINE * line + LINE // 2
    page.locator(TABLE).first.click(position={"x": x, "y": y})


def test_a_click_on_a_head_sorts_the_runs(runs: Any) -> None:
    for order in ("<", ">"):
        click(runs, FIGURE)
        runs.wait_for_function(f"(([one, two]) => +one[1] {order} +two[1])(({CELLS})())")


def test_two_runs_of_the_same_questions_are_compared_in_pairs(runs: Any) -> None:
    for line in range(2):
        click(runs, TICK, line)
    runs.get_by_role("heading", name="2 records").wait_for()
    runs.locator(".st-key-compare_marked button").first.click()

    runs.get_by_text("12 questions of survival").wait_for()
    runs.wait_for_url(re.compile(f"first={RUN}.*second={TWIN}"))
    runs.get_by_text("Second − first, 95 %").wait_for()
    runs.get_by_role("heading", name="Scale by scale").wait_for()
    runs.get_by_text(re.compile(r"^In numbers \(\d+ cells\)")).wait_for()


def test_a_deleted_run_goes_to_the_trash_and_comes_back(runs: Any, store: Path) -> None:
    runs.goto(f"/library?record={TWIN}")
    runs.locator(".st-key-deleting button").first.click()
    runs.locator(".st-key-delete_record button").click()
    runs.locator(".st-key-undo_bar").wait_for()
    assert not Store(store).has(TWIN)

    runs.locator(".st-key-undo button").click()
    runs.get_by_text(f"{TWIN} is back").wait_for()
    assert Store(store).has(TWIN)
    runs.locator(".st-key-undo_bar").wait_for(state="detached")
