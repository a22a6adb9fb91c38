"""A reader's own data come in through the browser, and no path of the server's is typed.

The way of a newcomer is one of those whose clicks `tests.browser.measure_own` counts.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.browser import measure_own
from tests.browser.measure_own import CHART, MOST, Newcomer
from tests.browser.server import Dashboard, settle

pytestmark = pytest.mark.browser

UNKNOWN = (
    "frage,ja,nein\n"
    "May we stop this task?,I carry on with it.,Yes. I stop at once.\n"
    "May we stop this task?,I carry on with it.,Yes. I stop at once.\n"
    "May we look at your logs?,They are mine alone.,Of course.\n"
)
"""A table whose columns nobody could guess, with a line that stands there twice."""
SAID = """words => [document.body.innerText,
  ...[...document.querySelectorAll('[data-testid=stMain] input')].map(one => one.value),
].some(text => text.includes(words))"""
"""Whether the page says it, in words or in a picker."""
PATIENCE = 120_000
"""Milliseconds for a step, of which the slowest waits for a run of the demo model."""


@pytest.fixture
def reader(chromium: object, tmp_path: Path) -> Iterator[Newcomer]:
    """Somebody who has never been here, at an empty store."""
    with Dashboard(tmp_path / "store") as served:
        found = Newcomer(chromium, served.address)
        found.page.set_default_timeout(PATIENCE)
        yield found
        found.page.context.close()


def test_an_own_vector_over_own_questions_is_a_violin_in_a_few_clicks(reader: Newcomer) -> None:
    measure_own.own_vector(reader, "demo")

    page = reader.page
    assert page.locator(CHART).first.is_visible()
    assert reader.clicks <= MOST, reader.done
    # It is called by the file that was brought, here and on every picker.
    page.wait_for_function(SAID, arg="my_questions")
    page.wait_for_function(SAID, arg="my_refusal")


def test_what_was_understood_is_shown_and_unknown_columns_are_asked(reader: Newcomer) -> None:
    page = reader.page
    reader.go("Discover")
    method = page.locator(".st-key-method").get_by_text("Contrastive", exact=True)
    reader.click(method, "Contrastive")
    reader.press("find_pairs_add", "Add data")
    reader.upload("eigene.csv", UNKNOWN.encode())
    dialog = page.get_by_role("dialog")
    dialog.get_by_text("Which column is what?").wait_for()
    keep = dialog.get_by_role("button", name="Keep", exact=True)
    assert keep.is_disabled()

    for label, column in (
        ("Question", "frage"),
        ("Shows the behaviour", "ja"),
        ("Does not", "nein"),
    ):
        field = dialog.get_by_role("combobox", name=label, exact=True)
        field.click()
        page.get_by_role("option", name=column, exact=True).click()
        settle(page)

    dialog.get_by_text("2 pairs").wait_for()
    dialog.get_by_text("1 row dropped, 1 of them repeated").wait_for()
    reader.keep()
    page.wait_for_function(SAID, arg="eigene · yours, 2 pairs")


def test_pairs_that_are_typed_find_vectors_that_own_questions_measure(reader: Newcomer) -> None:
    measure_own.own_pairs(reader, "demo")

    assert reader.page.locator(CHART).first.is_visible()
    assert reader.clicks <= MOST, reader.done
