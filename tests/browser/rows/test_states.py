"""What there is no time for in the suite: empty stores, keys alone, themes, failures, kills.

One dashboard serves all of these in turn: first empty, then filled, at last killed.
"""

import re
from pathlib import Path

import pytest

from tests.browser import states
from tests.browser.server import Dashboard, settle
from tests.browser.states import FIND, View, requests
from tests.browser.test_dashboard import CHART, LOOKS, WAIT, walk
from tests.browser.walk import FACTS, Watched, problems
from tests.pages.pair_samples import CONTRASTIVE

pytestmark = pytest.mark.browser

TILES = "[data-testid=stVegaLiteChart] path[aria-roledescription='rect mark']"


def test_every_screen_of_an_empty_store(watched: Watched) -> None:
    watched.open("/")

    # Each in one look, and in the other one when it is filled; `walk` sees all in every look.
    for index, view in enumerate(states.EMPTY):
        assert walk(watched, view, looks=(LOOKS[index % 2],)) == []


LOOK = """() => {
  // The element that has the focus, or had it before the last step.
  const one = window.had || document.activeElement;
  window.had = window.had ? null : one;
  return [one, one.parentElement, one.parentElement.parentElement].map(each => {
    const look = getComputedStyle(each);
    return [look.outline, look.boxShadow, look.backgroundColor, look.borderColor];
  }).join();
}"""


NAME = "(document.activeElement.ariaLabel || document.activeElement.innerText).trim()"


def test_the_keyboard_alone_skips_the_menu_and_changes_the_vector(page: object) -> None:
    page.goto("/curves?vec=melbo_01")
    page.get_by_text("Wilson intervals").wait_for()
    settle(page)
    page.keyboard.press("Tab")
    assert page.evaluate(NAME) == "Skip to main content"
    page.keyboard.press("Enter")

    names = []
    while not names or "Next" not in names[-1]:
        page.keyboard.press("Tab")
        names.append(page.evaluate(NAME))
        assert len(names) < 9, names
        if names[-1] in ("Run", "Vector"):
            page.wait_for_timeout(250)
            with_focus = page.evaluate(LOOK)
            page.keyboard.press("Tab")
            page.wait_for_timeout(250)
            assert page.evaluate(LOOK) != with_focus, names
            page.keyboard.press("Shift+Tab")
    page.keyboard.press("Enter")

    page.wait_for_url(re.compile("vec=melbo_02"))
    settle(page)
    page.keyboard.press("ArrowLeft")
    page.wait_for_url(re.compile("vec=melbo_01"))


def test_a_reader_in_a_hurry_does_not_lose_the_page(page: object) -> None:
    page.goto("/curves?vec=melbo_00")
    page.locator(CHART).nth(1).wait_for()
    settle(page)

    for key in 3 * (4 * ["ArrowRight"] + 4 * ["ArrowLeft"]):
        page.keyboard.press(key)
        page.wait_for_timeout(100)
    assert is_alive(page)
    seen = {page.url}
    for _ in range(4):
        # A key that is pressed while others still wait may undo one of them.
        page.keyboard.press("ArrowRight")
        page.wait_for_timeout(300)
        settle(page)
        seen.add(page.url)
    assert is_alive(page)
    assert len(seen) > 1


def is_alive(page: object) -> bool:
    """Whether the page is still connected; one that is lost never rests either."""
    return page.locator("[data-testid=stApp][data-test-connection-state=CONNECTED]").count() == 1


def test_charts_follow_a_theme_that_changes_while_the_page_is_sent(
    fresh: Watched, address: str
) -> None:
    page, held = fresh.tab, []

    def keep(from_browser: object) -> None:
        server = from_browser.connect_to_server()
        server.on_message(lambda part: held.append((from_browser, part)))

    page.route_web_socket(re.compile("/_stcore/stream"), keep)
    page.emulate_media(color_scheme="light")
    page.goto("/curves?vec=melbo_00")
    before = -1
    while len(held) > before or before < 10:
        before = len(held)
        page.wait_for_timeout(500)
    page.emulate_media(color_scheme="dark")
    for _ in range(100):
        while held:
            to, part = held.pop(0)
            to.send(part)
        page.wait_for_timeout(100)
        wrong = problems(page.evaluate(FACTS), "dark")
        if page.locator(CHART).count() > 1 and not wrong:
            break

    assert page.locator(CHART).count() > 1
    assert wrong == []


def test_a_click_on_the_heat_map_opens_the_vector(page: object) -> None:
    page.goto("/curves?tab=All+vectors")

    page.locator(
        "[data-testid=stVegaLiteChart] path[aria-roledescription='rect mark']"
    ).last.click()

    page.get_by_text("Wilson intervals").wait_for()
    page.wait_for_url(re.compile("vec="))


def test_a_click_on_the_layer_map_opens_its_cell(page: object) -> None:
    page.goto("/similarity")
    page.locator(CHART).first.wait_for()

    page.locator(TILES).nth(8).click()

    page.wait_for_url(re.compile(f"a={CONTRASTIVE}.*cell="))
    page.get_by_role("button", name="Generate").first.wait_for()


def test_a_job_fails_on_a_model_that_cannot_be_read(
    watched: Watched, dashboard: Dashboard, tmp_path: Path
) -> None:
    model = states.torn_model(tmp_path / "torn")
    dashboard.submit(requests(str(model))[0])
    dashboard.wait(FIND, "failed", seconds=WAIT)
    watched.open("/")

    failed = View("discover", "failed", "/discover", ("failed:", "cannot be loaded"))
    assert walk(watched, failed) == []


def test_jobs_of_a_dashboard_that_was_killed_can_be_run_again(
    watched: Watched, dashboard: Dashboard
) -> None:
    dashboard.submit(requests()[0])
    dashboard.wait(FIND, "running", seconds=WAIT)
    # A page that is open would complain that nobody answers.
    watched.open("about:blank")
    dashboard.kill()
    dashboard.start()
    watched.open("/")

    assert walk(watched, states.interrupted("")[0], looks=LOOKS[:1]) == []
    card = watched.tab.locator("[data-testid=stVerticalBlock]", has_text="Interrupted when").last
    card.get_by_role("button", name="Run again").click()
    dashboard.wait(FIND, "running", seconds=WAIT)
    dashboard.cancel()
