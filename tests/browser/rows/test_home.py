"""The frame of every page: where it draws, what it offers, and what it says of other tabs' work."""

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from dashboard.frame import tour
from tests.browser import states
from tests.browser.server import Dashboard, settle
from tests.browser.states import FIND
from tests.pages.pair_samples import CONTRASTIVE

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


# What offers itself


def test_a_finished_job_offers_itself_and_moves_nothing(page: Any) -> None:
    page.goto(f"/discover?found={CONTRASTIVE}&method=Random")
    page.get_by_text("Evaluate these vectors").wait_for()
    seed = page.get_by_label("Vectors", exact=True)
    seed.fill("3")
    seed.press("Enter")
    settle(page)
    page.locator(".st-key-find button").click()
    offer = page.locator('[class*="st-key-offer_"] button')
    offer.wait_for(timeout=WAIT)
    settle(page)

    assert f"found={CONTRASTIVE}" in page.url
    offer.click()
    page.wait_for_url(lambda url: "found=" in url and CONTRASTIVE not in url)
    offer.wait_for(state="detached")


def test_another_window_sees_a_job_that_begins_and_is_cancelled(
    page: Any, dashboard: Dashboard
) -> None:
    page.goto("/library")
    page.get_by_text("Jobs · none running").wait_for()

    dashboard.submit(states.requests()[0])
    page.get_by_text("Jobs · 1 active").wait_for()
    page.get_by_text(FIND).first.wait_for()
    dashboard.cancel()
    page.get_by_text("Jobs · none running").wait_for()


def test_the_tour_leads_through_six_pages_and_is_offered_once(page: Any) -> None:
    page.goto("/")
    page.locator(".st-key-tour_begin button").click()
    for number, step in enumerate(tour.STEPS):
        page.get_by_text(f"{number + 1} of {len(tour.STEPS)} · {step.title}.").wait_for()
        settle(page)
        title = "Vectorscope" if step.page == "overview" else step.title
        page.get_by_role("heading", name=title, exact=True).first.wait_for()
        is_last = number == len(tour.STEPS) - 1
        page.locator(f".st-key-tour_{'end' if is_last else 'next'} button").click()
    page.locator(".st-key-tour").wait_for(state="detached")

    page.goto("/")
    page.get_by_role("heading", name="Vectorscope").wait_for()
    settle(page)
    assert page.locator(".st-key-tour_begin").count() == 0
