"""The frame of every page: where it draws, what it offers, and what it says of other tabs' work."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.browser import states
from tests.browser.server import Dashboard
from tests.browser.states import FIND

pytestmark = pytest.mark.browser

TITLES = ("Scale curves", "Library", "Similarity", "Discover")
WAIT = 60_000
"""Milliseconds, on a machine that others use too."""


class Slow(Dashboard):
    """Its runs end slowly."""

    host = "tests.browser.rows.slow_ends"


@pytest.fixture
def slow(chromium: object) -> Iterator[Dashboard]:
    with tempfile.TemporaryDirectory() as folder, Slow(Path(folder)) as found:
        states.fill_small(found.store)
        yield found


def test_a_page_is_never_drawn_into_the_sidebar(chromium: object, slow: Dashboard) -> None:
    slow.submit(states.requests()[0])
    slow.wait(FIND, "running")
    page = chromium.new_page(base_url=slow.address)
    page.goto("/")
    page.get_by_text("Jobs · 1 active").wait_for(timeout=WAIT)

    astray = []
    for number in range(16):
        title = TITLES[number % len(TITLES)]
        # The tray looks twice a second, and each look ends slowly: some clicks fall into its end.
        page.wait_for_timeout(90 * (number % 8))
        page.get_by_test_id("stSidebarNav").get_by_role("link", name=title, exact=True).click()
        heading = page.get_by_role("heading", name=title, exact=True)
        heading.first.wait_for(timeout=WAIT)
        if page.get_by_test_id("stSidebar").get_by_role("heading", name=title).count():
            astray.append(title)
            page.goto("/")

    slow.cancel()
    page.close()
    assert astray == []
